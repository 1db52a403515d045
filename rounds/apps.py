from django.apps import AppConfig


class RoundsConfig(AppConfig):
    name = "rounds"
    verbose_name = "创投期次"

    def ready(self) -> None:
        """Make the kinds of messages and the deadlines known."""
        from rounds import deadlines, kinds  # noqa: F401
