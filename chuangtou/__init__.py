"""The Django project: settings, URLs, entry points and the embedded servers."""

from chuangtou.celery import app as celery_app

__all__ = ["celery_app"]
