"""Celery entry point: worker and beat. Due dates live in the database; beat only polls them each minute."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chuangtou.settings")
app = Celery("chuangtou")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
