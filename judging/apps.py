from django.apps import AppConfig


class JudgingConfig(AppConfig):
    name = "judging"
    verbose_name = "评审"

    def ready(self) -> None:
        """Make the reports known to the background jobs; the spreadsheet library is only loaded when one is built."""
        from accounts.services.sessions import add_patience
        from judging import deadlines, exports, people, ready, rules  # noqa: F401

        people.install()
        ready.install()
        add_patience(rules.sits_in_hall)
