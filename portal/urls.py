from django.urls import URLPattern, path

from portal import views

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
]
