from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _install(sender: Any, **kwargs: Any) -> None:
    from needs.services import install_library

    install_library()


class NeedsConfig(AppConfig):
    name = "needs"
    verbose_name = "居民需求"

    def ready(self) -> None:
        """Whoever migrates has the theme library as shipped; the messages of this app are known."""
        from needs import deadlines, exports, kinds  # noqa: F401

        post_migrate.connect(_install, sender=self)
