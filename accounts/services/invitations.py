"""Invitations: a link with which a person sets her password, once, within a week; see docs/decisions/invitations.md."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from accounts.domain.usernames import from_name
from accounts.kinds import INVITED
from accounts.models import Area, Authenticator, Invitation, Role, RoleGrant, RoleRequest, User
from accounts.services.endings import end_sessions
from accounts.services.people import add_user, belong, grant_role, street_of, write_password
from audit.services import record
from core.deadlines import inside
from core.errors import DomainError
from messaging.services import notify

DAYS = 7
SALT = "accounts.invitation"
SUBJECT = {Invitation.Purpose.NEW: "请启用您的账号", Invitation.Purpose.RESET: "请重设您的密码"}
NOTE = "您的账号需要您本人设置密码。打开邮件里的链接或向本街道的系统管理员索取链接后设置。"


class InvitationOver(DomainError):
    message = "这个链接已经失效：可能已经用过、超过 7 天或被撤销。请向本街道的系统管理员要一个新的。"
    status = 410


class NotOpen(DomainError):
    message = "这个邀请已经用过或撤销。"


class PlaceDoesNotFit(DomainError):
    message = "{role}的范围应是{kind}，请重新选择范围。"


class AlreadyHeld(DomainError):
    message = "该人员已有此角色，或同样的申请正在等待安全管理员决定。"


class AlreadyDecided(DomainError):
    message = "这个申请已经有人决定过了。"


class DecidesOwnRequest(DomainError):
    message = "申请人不能自己决定。"


class AdministratorUnguarded(DomainError):
    message = "{name}是{role}，还没有绑定动态码：有了链接就能冒用其身份，所以不能由系统管理员重设密码。请运维人员在服务器上用 reset_link 命令生成。"


class AlreadyThere(DomainError):
    message = "用户名或手机号刚刚被别的账号使用，请换一个。"


class AccountDisabled(DomainError):
    message = "账号已停用，请先启用。"


# --- the link


def link_token(row: Invitation) -> str | None:
    """What stands in the link, made again from the row and the server's own secret; None when the secret has changed."""
    token = _token(row.nonce)
    return token if _digest(token) == row.digest else None


def _token(nonce: str) -> str:
    return f"{nonce}{salted_hmac(SALT, nonce, algorithm='sha256').hexdigest()[:32]}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_invitation(*, token: str, at: datetime) -> Invitation:
    """The invitation of a link that still works. Raises InvitationOver."""
    row = Invitation.objects.select_related("user").filter(digest=_digest(token)).first()
    if row is None or not row.is_open(at) or not row.user.is_active:
        raise InvitationOver
    return row


def mail_of(notices: Sequence[Any], at: datetime) -> dict[int, tuple[str, str] | None]:
    """Subject and body of invitation mails about to go out, their links put in; None where there is nothing to open."""
    people = [notice.recipient_id for notice in notices]
    rows = Invitation.objects.filter(user__in=people, used_at=None, revoked_at=None, expires_at__gt=at)
    by_person = {row.user_id: row for row in rows}
    found: dict[int, tuple[str, str] | None] = {}
    for notice in notices:
        row = by_person.get(notice.recipient_id)
        token = link_token(row) if row is not None else None
        if row is None or token is None or not notice.occasion.endswith(_occasion(row)):
            found[notice.pk] = None
            continue
        notice.link = inside("accounts:welcome", token)
        words = "启用您在本系统的账号" if row.purpose == Invitation.Purpose.NEW else "重设您在本系统的密码"
        body = f"请打开下面的链接，设置您自己的密码，{words}。链接只能用一次，7 天内有效，请勿转给他人。"
        found[notice.pk] = notice.subject, body
    return found


def _occasion(row: Invitation) -> str:
    """The part of an occasion that names the issue of the link, so that a mail of an older one is not sent."""
    return f":{row.source_id or 'own'}:{row.invited_at.isoformat()}"


# --- issuing


def issue(
    *, users: Sequence[User], purpose: Invitation.Purpose, by: User | None, at: datetime, source_id: int | None = None,
    scope_id: int | None = None,
) -> list[Invitation]:  # fmt: skip
    """New links for these people, older ones void; who has an e-mail address gets it there. Needs an open transaction."""
    ids = [user.pk for user in users]
    Invitation.objects.filter(user__in=ids, used_at=None, revoked_at=None).update(revoked_at=at)
    rows = []
    for user in users:
        nonce = secrets.token_hex(16)
        rows.append(
            Invitation(
                user=user, purpose=purpose, nonce=nonce, digest=_digest(_token(nonce)), invited_by=by, invited_at=at,
                expires_at=at + timedelta(days=DAYS), source_id=source_id,
            )
        )  # fmt: skip
    made = Invitation.objects.bulk_create(rows, batch_size=500)
    reachable = [user.pk for user in users if user.email]
    if reachable:
        notify(
            recipients=reachable, occasion=f"accounts.invited{_occasion(made[0])}", subject=SUBJECT[purpose], body=NOTE,
            link="/account/", at=at, kind=INVITED.key, scope_id=scope_id, useful_until=at + timedelta(days=DAYS),
        )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def invite(
    *, street: Area, display_name: str, username: str, phone: str, email: str, role: Role | None, area: Area | None, by: User,
    at: datetime,
) -> Invitation:  # fmt: skip
    """An account without a password, its link, and the role asked for it. Raises PlaceDoesNotFit, AlreadyThere."""
    if not username:
        taken = set(User.objects.values_list("username", flat=True))
        username = from_name(display_name, taken.__contains__)
    user = _new_user(
        username=username, display_name=display_name, password=None, phone=phone or None, email=email, at=at, by=by,
        scope_id=street.pk,
    )  # fmt: skip
    belong(user=user, street_id=street.pk)
    if role is not None:
        ask_role(user=user, role=role, area=area or street, by=by, at=at)
    (row,) = issue(users=[user], purpose=Invitation.Purpose.NEW, by=by, at=at, scope_id=street.pk)
    record(
        actor=by, verb="accounts.invited", about=user, at=at, scope_id=street.pk, facts={"until": row.expires_at.isoformat()}
    )  # fmt: skip
    return row


def _new_user(**facts: Any) -> User:
    try:
        with transaction.atomic():
            return add_user(**facts)
    except IntegrityError as error:
        raise AlreadyThere from error


@transaction.atomic(durable=True)
def send_again(*, user_id: int, by: User | None, at: datetime, scope_id: int | None) -> Invitation:
    """A new link in place of the old: to enable the account, or to set a new password where there is one.

    `by` is nobody where it is made on the server. Raises AccountDisabled, AdministratorUnguarded.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if not user.is_active:
        raise AccountDisabled
    is_new = not user.has_usable_password()
    if by is not None and not is_new:
        _guard_administrators(user)
    purpose = Invitation.Purpose.NEW if is_new else Invitation.Purpose.RESET
    (row,) = issue(users=[user], purpose=purpose, by=by, at=at, scope_id=scope_id)
    verb = "accounts.invited" if is_new else "accounts.reset_offered"
    record(
        actor=by, verb=verb, about=user, at=at, scope_id=scope_id, facts={"until": row.expires_at.isoformat()}
    )  # fmt: skip
    return row


def _guard_administrators(user: User) -> None:
    """One administrator does not become another by making her a link: with a second factor the link is not enough."""
    apart = RoleGrant.objects.filter(user=user, role__in=[Role.SECURITY_ADMIN, Role.AUDIT_ADMIN]).first()
    if apart is not None and not Authenticator.objects.filter(user=user, confirmed_at__isnull=False).exists():
        raise AdministratorUnguarded(name=user.display_name, role=apart.get_role_display())


@transaction.atomic(durable=True)
def revoke_invitation(*, user_id: int, by: User, at: datetime, scope_id: int) -> None:
    """Make the person's link void. Raises NotOpen."""
    user = User.objects.get(pk=user_id)
    if not Invitation.objects.filter(user=user, used_at=None, revoked_at=None).update(revoked_at=at):
        raise NotOpen
    record(actor=by, verb="accounts.invitation_revoked", about=user, at=at, scope_id=scope_id)


@transaction.atomic(durable=True)
def accept(*, token: str, new: str, at: datetime) -> User:
    """The person's own password, already validated; the link is used up, her other sessions end. Raises InvitationOver."""
    row = open_invitation(token=token, at=at)
    user = User.objects.select_for_update().get(pk=row.user_id)
    if not Invitation.objects.filter(pk=row.pk, used_at=None, revoked_at=None).update(used_at=at):
        raise InvitationOver
    write_password(user=user, new=new, at=at)
    end_sessions([user.pk])
    is_new = row.purpose == Invitation.Purpose.NEW
    verb = "accounts.invitation_used" if is_new else "accounts.password_changed"
    record(actor=user, verb=verb, about=user, at=at, scope_id=street_of(user))
    return user


# --- roles asked for

PLACES: dict[Role, Area.Kind] = {Role.COMMUNITY: Area.Kind.COMMUNITY, Role.GRID: Area.Kind.GRID}


def fits(role: Role, area: Area) -> bool:
    """Whether a role is held for such a place: community workers for a community, grid workers for a grid or community."""
    kind = PLACES.get(role, Area.Kind.STREET)
    return area.kind == kind or (role == Role.GRID and area.kind == Area.Kind.COMMUNITY)


def ask_role(*, user: User, role: Role, area: Area, by: User, at: datetime) -> RoleRequest:
    """Ask the security administrator for a role. Raises PlaceDoesNotFit, AlreadyHeld. Needs an open transaction."""
    if not fits(role, area):
        raise PlaceDoesNotFit(role=role.label, kind=PLACES.get(role, Area.Kind.STREET).label)
    open_one = RoleRequest.objects.filter(user=user, role=role, area=area, decided_at=None)
    if RoleGrant.objects.filter(user=user, role=role, area=area).exists() or open_one.exists():
        raise AlreadyHeld
    row = RoleRequest.objects.create(user=user, role=role, area=area, asked_by=by, asked_at=at)
    record(
        actor=by, verb="accounts.role_asked", about=user, at=at, scope_id=area.street_id,
        facts={"role": role.value, "area": area.pk},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def decide_request(*, request_id: int, is_granted: bool, by: User, at: datetime) -> RoleRequest:
    """Grant what was asked, or not. Raises AlreadyDecided, DecidesOwnRequest, GrantToOneself, RolesExclude."""
    row = RoleRequest.objects.select_for_update(of=("self",)).select_related("user", "area").get(pk=request_id)
    if row.decided_at is not None:
        raise AlreadyDecided
    if row.asked_by_id == by.pk:
        raise DecidesOwnRequest
    if is_granted:
        grant_role(user=row.user, role=Role(row.role), area=row.area, at=at, by=by)
    else:
        record(
            actor=by, verb="accounts.role_not_granted", about=row.user, at=at, scope_id=row.area.street_id,
            facts={"role": row.role, "area": row.area_id},
        )  # fmt: skip
    row.decided_by, row.decided_at, row.is_granted = by, at, is_granted
    row.save(update_fields=["decided_by", "decided_at", "is_granted"])
    return row
