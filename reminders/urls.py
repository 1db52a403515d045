from django.urls import URLPattern, path

from reminders.views import month, rule, sent

app_name = "reminders"
urlpatterns: list[URLPattern] = [
    path("rounds/<int:round_id>/reminders/", sent.sent, name="sent"),
    path("calendar/", month.calendar, name="calendar"),
    path("calendar/settings/", month.preferences, name="preferences"),
    path("calendar/feed/", month.feed_make, name="feed_make"),
    path("calendar/feed/revoke/", month.feed_revoke, name="feed_revoke"),
    path("calendar/feed/<str:secret>.ics", month.feed, name="feed"),
    path("calendar/rules/", rule.rules, name="rules"),
    path("calendar/rules/<int:street_id>/<str:deadline_key>/", rule.rule, name="rule"),
]
