from django.urls import URLPattern, path

from rounds import views

app_name = "rounds"
urlpatterns: list[URLPattern] = [
    path("rounds/", views.round_list, name="list"),
    path("rounds/new/", views.round_new, name="new"),
    path("rounds/<int:round_id>/", views.round_detail, name="detail"),
    path("rounds/<int:round_id>/edit/", views.round_edit, name="edit"),
    path("rounds/<int:round_id>/open/", views.round_open, name="open"),
    path("rounds/<int:round_id>/close/", views.round_close, name="close"),
    path("calls/", views.calls, name="calls"),
    path("calls/<int:round_id>/", views.call, name="call"),
]
