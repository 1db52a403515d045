from django.urls import URLPattern, path

from messaging import views

app_name = "messaging"
urlpatterns: list[URLPattern] = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<int:notice_id>/read/", views.read, name="read"),
]
