"""The Django project: settings, URLs, entry points and the embedded servers.

Celery's app is made where the settings are read, so that every process with Django has it and the others (push, the
launcher) do without both.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chuangtou.celery import app as celery_app

__all__ = ["celery_app"]


def __getattr__(name: str) -> Any:
    if name == "celery_app":
        from chuangtou.celery import app

        return app
    raise AttributeError(name)
