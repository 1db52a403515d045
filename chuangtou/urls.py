"""The URL table. Every app mounts its own; errors answer in Chinese."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.urls")),
]
