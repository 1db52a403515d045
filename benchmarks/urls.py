"""The portal's URLs and the yardstick."""

from django.urls import path

from benchmarks.views import upsert
from chuangtou.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401

urlpatterns = [path("bench/upsert/<int:pk>/", upsert), *urlpatterns]
