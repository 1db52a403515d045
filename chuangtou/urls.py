"""The URL table. Every app mounts its own names; errors answer in Chinese."""

from django.urls import URLPattern, URLResolver, include, path

APPS = [
    "portal",
    "accounts",
    "organizations",
    "rounds",
    "needs",
    "projects",
    "judging",
    "funding",
    "delivery",
    "reminders",
    "messaging",
    "jobs",
    "workdays",
    "audit",
]

urlpatterns: list[URLPattern | URLResolver] = [path("", include(f"{app}.urls")) for app in APPS]
handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
handler500 = "portal.views.broken"
