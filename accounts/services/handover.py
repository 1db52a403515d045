"""Somebody leaves her post: her roles go to a successor, her account ends, all in one moment."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.kinds import HANDED_OVER
from accounts.models import Invitation, Role, RoleGrant, RoleRequest, User
from accounts.services.endings import end_sessions
from accounts.services.people import GrantToOneself, grant_role, revoke_role
from audit.services import record
from core.errors import DomainError
from messaging.models import Notice
from messaging.services import notify

MOST_FORWARDED = 50  # newest first; they are put into the inbox, no mail is sent again


class HandOverRefused(DomainError):
    message = "{why}"


@transaction.atomic(durable=True)
def hand_over(
    *, user_id: int, successor_id: int, reason: str, by: User, at: datetime, streets: Collection[int]
) -> list[RoleGrant]:
    """Give the successor every role that the person holds in these streets, take them from her, and end her account.

    What a role has to do is found by role, so it is the successor's from this moment; unread messages of these streets go
    on to her too. An account that still holds a role of another street stays. Raises GrantToOneself, RolesExclude,
    HandOverRefused.
    """
    if by.pk in (user_id, successor_id):
        raise GrantToOneself
    people = {u.pk: u for u in User.objects.select_for_update().filter(pk__in=[user_id, successor_id]).order_by("pk")}
    user, successor = people[user_id], people.get(successor_id)
    _check(user, successor)
    assert successor is not None  # noqa: S101 - checked above
    grants = RoleGrant.objects.select_related("area").filter(user=user, area__street__in=streets)
    given = []
    for grant in grants.order_by("pk"):
        given.append(grant_role(user=successor, role=Role(grant.role), area=grant.area, at=at, by=by))
        revoke_role(grant_id=grant.pk, at=at, by=by, reason=reason)
    scope = given[0].area.street_id if given else min(streets)
    stays = RoleGrant.objects.filter(user=user).exists()
    record(
        actor=by, verb="accounts.handed_over", about=user, at=at, scope_id=scope, reason=reason,
        facts={"to": successor.pk, "roles": [g.role for g in given]},
    )  # fmt: skip
    if not stays:
        _end(user, by, at, reason, scope)
    _tell(user, successor, given, at, scope, streets)
    return given


def _check(user: User, successor: User | None) -> None:
    if successor is None or successor.pk == user.pk:
        raise HandOverRefused(why="请选择另一位接手人。")
    if not successor.is_active:
        raise HandOverRefused(why="接手人的账号已停用，请先启用。")
    if not user.is_active:
        raise HandOverRefused(why="这个账号已经停用，不能再交接。")


def _end(user: User, by: User, at: datetime, reason: str, scope: int | None) -> None:
    user.is_active = False
    user.save(update_fields=["is_active"])
    Invitation.objects.filter(user=user, used_at=None, revoked_at=None).update(revoked_at=at)
    RoleRequest.objects.filter(user=user, decided_at=None).exclude(asked_by=by).update(
        decided_at=at, decided_by=by, is_granted=False
    )
    end_sessions([user.pk])
    record(actor=by, verb="accounts.disabled", about=user, at=at, reason=reason, scope_id=scope)


def _tell(
    user: User, successor: User, given: list[RoleGrant], at: datetime, scope: int | None, streets: Collection[int]
) -> None:
    unread = Notice.objects.filter(recipient=user, read_at=None, scope_id__in=streets).shown()
    mine = list(unread.exclude(kind__startswith="accounts.").order_by("-pk")[:MOST_FORWARDED])
    for n in reversed(mine):
        notify(
            recipients=[successor.pk], occasion=f"handover:{n.pk}", subject=n.subject, body=n.body, link=n.link, at=at,
            kind=n.kind, scope_id=n.scope_id, email=False,
        )  # fmt: skip
    words = "、".join(f"{Role(g.role).label}（{g.area.name}）" for g in given) or "（无角色）"
    notify(
        recipients=[successor.pk], occasion=f"accounts.handed_over:{user.pk}:{at.isoformat()}",
        subject=f"您接手了{user.display_name}的工作",
        body=f"角色：{words}。待办事项已出现在您的工作台，转来未读消息 {len(mine)} 条。", link="/home/", at=at,
        kind=HANDED_OVER.key, scope_id=scope,
    )  # fmt: skip
