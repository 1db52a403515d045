from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "门户"

    def ready(self) -> None:
        """Make the reports known to the background jobs, and listen to the rounds."""
        from portal import exports, lists, receivers  # noqa: F401
        from portal.demo import loading  # noqa: F401
        from portal.history import exports as history_exports  # noqa: F401

        receivers.connect()
