from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "reminders"
    verbose_name = "提醒"

    def ready(self) -> None:
        """Make the messages of this app known, and the terms that streets have set."""
        from core.deadlines import install_terms
        from reminders import kinds, rules  # noqa: F401

        install_terms(rules.terms_now)
