from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = "项目实施"

    def ready(self) -> None:
        """Make the messages, reports and deadlines of this app known."""
        from delivery import deadlines, exports, kinds  # noqa: F401
