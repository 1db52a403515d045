"""What must I do next? Gathered from every app for the person who asks."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

import delivery.rules
import funding.rules
import judging.rules
import messaging.rules
import needs.rules
import projects.rules
import reminders.rules
from accounts.models import Role, User
from accounts.rules import held, holds
from judging.rules import is_any_judge
from organizations.rules import organizations_of

MOST_DEADLINES = 20  # in the list; the calendar has them all

HEADLINES: list[tuple[Role, str]] = [
    (Role.OFFICE, "推进期次：收需求、审申报、办评审、定资金"),
    (Role.LEADER, "看进展，审批资金分配方案"),
    (Role.FINANCE, "查看已批准的资金分配方案"),
    (Role.HOST, "查看评审会进度"),
    (Role.SUPERVISOR, "监督全过程，只看不改"),
    (Role.COMMUNITY, "收集居民需求，制作服务项目单"),
    (Role.GRID, "登记网格内的居民需求"),
    (Role.SYSTEM_ADMIN, "管理账号"),
    (Role.SECURITY_ADMIN, "管理角色授权"),
    (Role.AUDIT_ADMIN, "查看操作记录"),
]


def todo(user: User, at: datetime) -> list[dict[str, Any]]:
    """Open tasks of a person over all apps, those with a due moment first; the number of queries does not grow.

    A deadline whose page is a task already gives it its day; the others become tasks of their own.
    """
    found: list[dict[str, Any]] = []
    for source in (judging.rules, projects.rules, needs.rules, funding.rules, delivery.rules, messaging.rules):
        found += source.open_tasks(user, at)
    by_page = {task["href"]: task for task in found}
    more = []
    for task in reminders.rules.open_tasks(user, at):
        known = by_page.get(task["href"])
        if known is None:
            more.append(task)
        elif known.get("due") is None:
            known |= {"due": task["due"], "due_on": task["due_on"], "state": task["state"]}
    found += more[:MOST_DEADLINES]
    if len(more) > MOST_DEADLINES:
        rest = len(more) - MOST_DEADLINES
        found.append(
            {
                "title": "日历里还有到期事项",
                "href": reverse("reminders:calendar"),
                "state": "todo",
                "count": rest,
                "hint": "",
            }
        )
    return sorted(found, key=lambda task: (task.get("due") is None, task.get("due") or at))


def headline(user: User) -> list[str]:
    """One line per role of the person: what this role is here for."""
    lines = [words for role, words in HEADLINES if holds(user, role)]
    if is_any_judge(user):
        lines.append("为路演项目打分")
    if organizations_of(user):
        lines.append("申报项目，查看结果")
    return lines or ["评审会安排好席位后，会出现在这里；其他人员没有角色的，请联系本街道的安全管理员授权。"]


KINDS = (
    "resident",
    "community",
    "grid",
    "organization",
    "judge",
    "office",
    "leader",
    "finance",
    "host",
    "supervisor",
    "admin",
)
ADMINS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)


def kinds_of(user: User | AnonymousUser) -> dict[str, list[str]]:
    """Which parts of the help are this person's `own`, and which are `others`. A visitor is a resident."""
    own = {str(role.value) for role in Role if holds(user, role)}
    own |= {"admin"} if holds(user, *ADMINS) else set()
    own |= {"organization"} if isinstance(user, User) and organizations_of(user) else set()
    own |= {"judge"} if isinstance(user, User) and is_any_judge(user) else set()
    own = own & set(KINDS) or {"resident", "organization"}
    return {"own": [k for k in KINDS if k in own], "others": [k for k in KINDS if k not in own]}


def first_step(user: User) -> tuple[str, str]:
    """(href, words) of the one thing to do when nothing is waiting."""
    if holds(user, Role.COMMUNITY, Role.GRID):
        return reverse("needs:new"), "登记需求"
    if holds(user, Role.OFFICE):
        return reverse("rounds:list"), "看期次"
    if organizations_of(user):
        return reverse("rounds:calls"), "看征集公告"
    return reverse("portal:front"), "看首页"


def shortcuts(user: User) -> list[tuple[str, str]]:
    """(words, href) of pages that this role opens again and again."""
    found = []
    if holds(user, Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR):
        found.append(("资金总览", reverse("funding:overview")))
    if holds(user, Role.FINANCE):
        found.append(("收款账户", reverse("organizations:accounts")))
    if organizations_of(user):
        found.append(("培训", reverse("organizations:trainings")))
    found += [(f"本单位：{o.name}", reverse("organizations:detail", args=[o.pk])) for o in organizations_of(user)]
    return found


def titles(user: User) -> str:
    """The person's roles in words, for the page head: `创投办、监督员`."""
    names = dict.fromkeys(Role(grant.role).label for grant in held(user))
    return "、".join(names)
