"""What the frame of every page shows: the menu of this person, her roles, and how many messages wait unread."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import held
from judging.rules import is_any_judge
from messaging.rules import unread_count
from organizations.rules import organizations_of
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
    ("下载中心", "jobs:list", frozenset({R.OFFICE, R.LEADER, R.FINANCE, R.SUPERVISOR, R.HOST})),
    ("账号", "accounts:people", frozenset({R.SYSTEM_ADMIN})),
    ("角色授权", "accounts:grants", frozenset({R.SECURITY_ADMIN})),
    ("操作记录", "accounts:records", frozenset({R.AUDIT_ADMIN})),
]


def _entries(user: User) -> list[tuple[str, str]]:
    roles = {Role(grant.role) for grant in held(user)}
    found = [("工作台", "portal:home")]
    found += [(label, name) for label, name, who in BY_ROLE if roles & who]
    if organizations_of(user):
        found += [("我的申报", "projects:mine"), ("征集公告", "rounds:calls"), ("项目超市", "needs:market")]
    return found


def menu(request: HttpRequest) -> dict[str, Any]:
    """`menu`: entries {label, href, active}; `role_words`; `unread`. No query for visitors."""
    user = getattr(request, "user", None)
    signed_in = isinstance(user, User)
    entries = _entries(user) if isinstance(user, User) else PUBLIC
    front = reverse("portal:front")
    found = []
    for label, name in entries:
        href = reverse(name)
        active = request.path == href or (href != front and request.path.startswith(href))
        found.append({"label": label, "href": href, "active": active})
    if not isinstance(user, User):
        return {"menu": found, "unread": 0, "role_words": ""}
    words = titles(user) or (
        "评委" if signed_in and is_any_judge(user) else "、".join(o.name for o in organizations_of(user)[:1])
    )
    return {"menu": found, "unread": unread_count(user), "role_words": words}
