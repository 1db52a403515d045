from django.apps import AppConfig


class JudgingConfig(AppConfig):
    name = "judging"
    verbose_name = "评审"

    def ready(self) -> None:
        """Make the reports known to the background jobs; the spreadsheet library is only loaded when one is built."""
        from judging import exports, people  # noqa: F401

        people.install()
