from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "账号与权限"

    def ready(self) -> None:
        """Tell messaging who runs the messages of which street; sessions begin and end with their signs."""
        from accounts import desk, kinds  # noqa: F401

        desk.install()
        user_logged_in.connect(_came, dispatch_uid="accounts.came")
        user_logged_out.connect(_went, dispatch_uid="accounts.went")


def _came(*, request: Any, user: Any, **_: object) -> None:
    from accounts.services import sessions

    sessions.begin(request=request, user=user)


def _went(*, request: Any, **_: object) -> None:
    from accounts.services import sessions

    sessions.forget(request.session.session_key)
