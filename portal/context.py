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
    ("需求公开", "needs:open"),
    ("公示", "funding:notices"),
    ("提需求", "needs:ask"),
    ("查进度", "needs:track_entry"),
]
R = Role
BY_ROLE: list[tuple[str, str, frozenset[Role]]] = [
    ("期次", "rounds:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.HOST, R.COMMUNITY})),
    ("居民需求", "needs:list", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY, R.GRID})),
    ("书记沙龙", "needs:salons", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY})),
    ("服务项目单", "needs:orders", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY})),
    ("资源清单", "needs:resources", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY})),
    ("主题库", "needs:themes", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.COMMUNITY})),
    ("申报项目", "projects:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.COMMUNITY})),
    ("评审会", "judging:list", frozenset({R.OFFICE, R.LEADER, R.HOST, R.SUPERVISOR})),
    ("资金总览", "funding:overview", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR})),
    ("分配方案", "funding:plans", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR})),
    ("协议", "funding:agreements", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.COMMUNITY})),
    ("拨付", "funding:payments", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.COMMUNITY})),
    ("项目支出", "delivery:projects", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.COMMUNITY})),
    ("社会组织", "organizations:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR})),
    ("述职评议", "organizations:hearings", frozenset({R.OFFICE, R.LEADER, R.SUPERVISOR, R.HOST, R.COMMUNITY})),
    ("群发消息", "messaging:masses", frozenset({R.OFFICE, R.LEADER})),
    ("送达情况", "messaging:deliveries", frozenset({R.SYSTEM_ADMIN})),
    ("报表中心", "portal:reports", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR})),
    ("下载中心", "jobs:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.HOST})),
    ("运行状态", "portal:operations", frozenset({R.SYSTEM_ADMIN})),
    ("工作日历", "portal:workdays", frozenset({R.SYSTEM_ADMIN})),
    ("账号", "accounts:people", frozenset({R.SYSTEM_ADMIN})),
    ("角色授权", "accounts:grants", frozenset({R.SECURITY_ADMIN})),
    ("操作记录", "accounts:records", frozenset({R.AUDIT_ADMIN})),
    ("每日自检", "portal:self_checks", frozenset({R.AUDIT_ADMIN})),
]
MOST_FLAT = 9  # entries that fit side by side on a laptop; more are put in drawers
DRAWERS = {
    "needs": "需求",
    "rounds": "申报和评审",
    "projects": "申报和评审",
    "judging": "申报和评审",
    "funding": "资金",
    "delivery": "资金",
    "portal:reports": "报表和下载",
    "jobs": "报表和下载",
}  # by view or by app; what stands in none keeps its own place


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
    found = [("工作台", "portal:home"), ("日历", "reminders:calendar")]
    found += [(label, name) for label, name, who in BY_ROLE if roles & who]
    if frame.organization:
        found = [
            entry
            for entry in found
            if entry[1] not in ("funding:agreements", "funding:payments", "delivery:projects", "needs:resources")
        ]
        found += [
            ("我的申报", "projects:mine"),
            ("征集公告", "rounds:calls"),
            ("项目超市", "needs:market"),
            ("我的认领", "needs:my_claims"),
            ("资源清单", "needs:resources"),
            ("主题库", "needs:themes"),
            ("我的协议", "funding:agreements"),
            ("我的拨付", "funding:payments"),
            ("我的支出", "delivery:projects"),
        ]
    return found


def in_drawers(entries: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """The menu as {label, entries, active}, in its order; `label` is empty for an entry that stands alone."""
    found: dict[str, dict[str, Any]] = {}
    for entry, name in zip(entries, names, strict=True):
        label = DRAWERS.get(name) or DRAWERS.get(name.partition(":")[0]) or ""
        if len(entries) <= MOST_FLAT:
            label = ""
        drawer = found.setdefault(label or entry["href"], {"label": label, "entries": [], "active": False})
        drawer["entries"].append(entry)
        drawer["active"] = drawer["active"] or entry["active"]
    for drawer in found.values():
        if len(drawer["entries"]) == 1:
            drawer["label"] = ""
    return list(found.values())


def menu(request: HttpRequest) -> dict[str, Any]:
    """`menu`: entries {label, href, active}; `menu_drawers`: the same in drawers; `role_words`; `unread` and `inbox_push`.

    No query for visitors.
    """
    user = getattr(request, "user", None)
    frame = _frame(user) if isinstance(user, User) else None
    entries = _entries(user, frame) if isinstance(user, User) and frame else PUBLIC
    front = reverse("portal:front")
    found = []
    places = [reverse(name) for _, name in entries]
    over = [p for p in places if request.path == p or (p != front and request.path.startswith(p))]
    here = max(over, key=len, default="")  # one place at a time, the nearest: an address may begin with that of another
    for (label, _), href in zip(entries, places, strict=True):
        found.append({"label": label, "href": href, "active": href == here})
    drawers = in_drawers(found, [name for _, name in entries])
    if not isinstance(user, User) or frame is None:
        return {"menu": found, "menu_drawers": drawers, "unread": 0, "role_words": "", "inbox_push": ""}
    words = titles(user) or ("评委" if frame.is_judge else frame.organization)
    push = live.address(request.get_host(), request.is_secure(), bell_of(user.pk))
    return {"menu": found, "menu_drawers": drawers, "unread": frame.unread, "role_words": words, "inbox_push": push}
