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
    path("rounds/<int:round_id>/word/<slug:what>/", views.round_word, name="word"),
    path("rounds/<int:round_id>/graces/", views.graces, name="graces"),
    path("rounds/<int:round_id>/questions/", views.questions, name="questions"),
    path("rounds/questions/<int:question_id>/", views.question, name="question"),
    path("rounds/questions/<int:question_id>/decline/", views.question_decline, name="question_decline"),
    path("calls/", views.calls, name="calls"),
    path("calls/<int:round_id>/", views.call, name="call"),
    path("calls/<int:round_id>/word/", views.call_word, name="call_word"),
    path("calls/<int:round_id>/rules.json", views.call_rules, name="call_rules"),
]
