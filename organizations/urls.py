from django.urls import URLPattern, path

from organizations import views

app_name = "organizations"
urlpatterns: list[URLPattern] = [
    path("organizations/", views.organization_list, name="list"),
    path("organizations/new/", views.organization_new, name="new"),
    path("organizations/<int:organization_id>/", views.organization_detail, name="detail"),
]
