from django.urls import URLPattern, path

from portal import views
from portal.elder import elder
from portal.gallery import gallery

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("help/", views.help_page, name="help"),
    path("elder/", elder, name="elder"),
    path("gallery/", gallery, name="gallery"),
]
