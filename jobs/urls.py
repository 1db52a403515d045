from django.urls import URLPattern, path

from jobs import views

app_name = "jobs"
urlpatterns: list[URLPattern] = [
    path("jobs/", views.job_list, name="list"),
    path("jobs/<int:job_id>/", views.detail, name="detail"),
    path("jobs/<int:job_id>/state/", views.state, name="state"),
    path("jobs/<int:job_id>/file/", views.download, name="download"),
    path("jobs/<int:job_id>/cancel/", views.cancel, name="cancel"),
    path("jobs/<int:job_id>/retry/", views.retry, name="retry"),
]
