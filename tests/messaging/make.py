"""Notices for tests."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from messaging.models import Notice
from messaging.services import notify


@transaction.atomic
def make_notice(
    user: User, at: datetime, occasion: str = "test:1", link: str = "/help/", *, email: bool = True
) -> Notice:
    """One notice to one person, with its e-mail due."""
    notify(
        recipients=[user.pk],
        occasion=occasion,
        subject=f"通知 {occasion}",
        body="请看一看。",
        link=link,
        at=at,
        email=email,
    )
    return Notice.objects.get(recipient=user, occasion=occasion)
