"""Messages of this app."""

from datetime import datetime, timedelta
from typing import Any

from messaging.kinds import Kind, register


def _with_link(notices: list[Any], at: datetime) -> dict[int, tuple[str, str] | None]:
    """The link is put into the mail when it goes out: in the database it stands nowhere. Used or void: nothing is sent."""
    from accounts.services.invitations import mail_of

    return mail_of(notices, at)


INVITED = register(
    Kind("accounts.invited", "账号邀请", is_required=True, is_urgent=True, useful=timedelta(days=7), recheck=_with_link)
)
SECURITY = register(
    Kind("accounts.security", "账号安全提醒", is_required=True, is_urgent=True, useful=timedelta(days=7))
)
HANDED_OVER = register(Kind("accounts.handed_over", "岗位交接", useful=timedelta(days=30)))
