from django.urls import URLPattern, path

from reminders import views

app_name = "reminders"
urlpatterns: list[URLPattern] = [path("rounds/<int:round_id>/reminders/", views.sent, name="sent")]
