"""Sign-in by user name or phone."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q
from django.http import HttpRequest

from accounts.models import User


class NameOrPhone(BaseBackend):
    """Accept a user name or a phone number with the password. An unknown account costs the same time as a known one."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if not username or password is None:
            return None
        user = User.objects.filter(Q(username=username) | Q(phone=username)).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The user of a session; None ends the session of a disabled account at its next request."""
        return User.objects.filter(pk=user_id, is_active=True).first()
