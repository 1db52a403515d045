"""What the frame of every page shows: the menu of this person, her roles, and how many messages wait unread."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import held
from core import live
from judging.models import Judge
from messaging.models import Notice
from messaging.services.inbox import bell_of
from organizations.models import Membership
from portal.homes import titles

PUBLIC = [
    ("首页", "portal:front"),
    ("征集公告", "rounds:calls"),
    ("项目超市", "needs:market"),
    ("公示", "funding:notices"),
    ("提需求", "needs:ask"),
    ("查进度", "needs:track_entry"),
]
R = Role
BY_ROLE: list[tuple[str, str, frozenset[Role]]] = [
    ("期次", "rounds:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.HOST, R.COMMUNITY})),
    ("居民需求", "needs:list", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY, R.GRID})),
    ("服务项目单", "needs:orders", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY})),
    ("申报项目", "projects:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.COMMUNITY})),
    ("评审会", "judging:list", frozenset({R.OFFICE, R.LEADER, R.HOST, R.SUPERVISOR})),
    ("资金", "funding:plans", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR})),
    ("社会组织", "organizations:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR})),
    ("群发消息", "messaging:masses", frozenset({R.OFFICE, R.LEADER})),
    ("送达情况", "messaging:deliveries", frozenset({R.SYSTEM_ADMIN})),
    ("下载中心", "jobs:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.HOST})),
    ("账号", "accounts:people", frozenset({R.SYSTEM_ADMIN})),
    ("角色授权", "accounts:grants", frozenset({R.SECURITY_ADMIN})),
    ("操作记录", "accounts:records", frozenset({R.AUDIT_ADMIN})),
]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame needs of a person besides her roles, in one statement."""

    organization: str
    is_judge: bool
    unread: int


def _frame(user: User) -> Frame:
    unread = (
        Notice.objects.filter(recipient=OuterRef("pk"), read_at=None)
        .shown()
        .order_by()
        .values("recipient")
        .annotate(n=Count("pk"))
    )
    mine = Membership.objects.filter(user=OuterRef("pk")).order_by("organization").values("organization__name")
    seats = Judge.objects.filter(user=OuterRef("pk"))
    facts = User.objects.filter(pk=user.pk).values_list(Subquery(mine[:1]), Exists(seats), Subquery(unread.values("n")))
    organization, is_judge, count = facts.get()
    return Frame(organization or "", is_judge, count or 0)


def _entries(user: User, frame: Frame) -> list[tuple[str, str]]:
    roles = {Role(grant.role) for grant in held(user)}
    found = [("工作台", "portal:home")]
    found += [(label, name) for label, name, who in BY_ROLE if roles & who]
    if frame.organization:
        found += [("我的申报", "projects:mine"), ("征集公告", "rounds:calls"), ("项目超市", "needs:market")]
    return found


def menu(request: HttpRequest) -> dict[str, Any]:
    """`menu`: entries {label, href, active}; `role_words`; `unread` and `inbox_push`. No query for visitors."""
    user = getattr(request, "user", None)
    frame = _frame(user) if isinstance(user, User) else None
    entries = _entries(user, frame) if isinstance(user, User) and frame else PUBLIC
    front = reverse("portal:front")
    found = []
    for label, name in entries:
        href = reverse(name)
        active = request.path == href or (href != front and request.path.startswith(href))
        found.append({"label": label, "href": href, "active": active})
    if not isinstance(user, User) or frame is None:
        return {"menu": found, "unread": 0, "role_words": "", "inbox_push": ""}
    words = titles(user) or ("评委" if frame.is_judge else frame.organization)
    push = live.address(request.get_host(), request.is_secure(), bell_of(user.pk))
    return {"menu": found, "unread": frame.unread, "role_words": words, "inbox_push": push}
