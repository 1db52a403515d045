from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "账号与权限"

    def ready(self) -> None:
        """Tell messaging who runs the messages of which street."""
        from accounts import desk

        desk.install()
