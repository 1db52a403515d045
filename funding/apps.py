from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "资金"

    def ready(self) -> None:
        """Make the reports known to the background jobs."""
        from funding import exports  # noqa: F401
