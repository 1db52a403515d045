from django.urls import URLPattern, path

from messaging.views import deliveries, inbox, mass, quiet, robots, wordings

app_name = "messaging"
urlpatterns: list[URLPattern] = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/unread/", inbox.unread, name="unread"),
    path("inbox/settings/", inbox.preferences, name="preferences"),
    path("inbox/read/", inbox.read_all, name="read_all"),
    path("inbox/<int:notice_id>/read/", inbox.read, name="read"),
    path("messages/", mass.masses, name="masses"),
    path("messages/new/", mass.mass_new, name="mass_new"),
    path("messages/<int:mass_id>/", mass.mass, name="mass"),
    path("messages/<int:mass_id>/edit/", mass.mass_edit, name="mass_edit"),
    path("messages/held/", mass.held, name="held"),
    path("messages/held/<int:held_id>/recall/", mass.recall, name="recall"),
    path("messages/deliveries/", deliveries.deliveries, name="deliveries"),
    path("messages/deliveries/<int:delivery_id>/", deliveries.delivery, name="delivery"),
    path("messages/wordings/", wordings.wordings, name="wordings"),
    path("messages/wordings/<int:street_id>/<str:kind_key>/", wordings.wording, name="wording"),
    path("messages/quiet/", quiet.quiet, name="quiet"),
    path("messages/robots/", robots.robots, name="robots"),
    path("messages/robots/new/", robots.robot_new, name="robot_new"),
    path("messages/robots/<int:robot_id>/", robots.robot, name="robot"),
    path("messages/robots/lines/<int:posting_id>/", robots.posting, name="posting"),
]
