from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = "消息"

    def ready(self) -> None:
        """Listen for jobs that end."""
        from messaging import receivers

        receivers.connect()
