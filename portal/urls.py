from django.urls import URLPattern, path

from portal import track, views
from portal.elder import elder
from portal.gallery import gallery

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("desk/<int:round_id>/", views.desk, name="desk"),
    path("track/<str:code>/", track.track, name="track"),
    path("track/<str:code>/rate/<int:proposal_id>/", track.rate, name="rate"),
    path("healthz", views.healthz, name="healthz"),
    path("help/", views.help_page, name="help"),
    path("elder/", elder, name="elder"),
    path("gallery/", gallery, name="gallery"),
]
