"""The second factor: who must have it, binding an authenticator, its codes, recovery codes, taking it away."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django_otp.oath import TOTP

from accounts.domain import codes
from accounts.kinds import SECURITY
from accounts.models import Area, Authenticator, FactorPolicy, RecoveryCode, Role, RoleGrant, User
from accounts.services.endings import end_sessions
from accounts.services.people import street_of
from audit.services import record
from core.errors import DomainError
from messaging.services import notify

DEFAULT = (Role.OFFICE, Role.LEADER, Role.FINANCE)
CODES = 10
STEP = 30  # seconds a code is new
DRIFT = 1  # so many steps early or late are let through


class CodeWrong(DomainError):
    message = "动态码不对或已经用过。请等下一个新的码出现后再输入。"


class AlreadyBound(DomainError):
    message = "这个账号已经绑定了动态码。"


class NotBound(DomainError):
    message = "这个账号还没有绑定动态码。"


class FactorRequired(DomainError):
    message = "请先绑定动态码。"


class ResetsOneself(DomainError):
    message = "不能重置自己的动态码，请由本街道的其他安全管理员操作。"


# --- who must


def policy_of(street: Area) -> FactorPolicy:
    """The street's policy; unless somebody has decided otherwise, the default roles must have a second factor."""
    found = FactorPolicy.objects.select_related("decided_by").filter(street=street).first()
    return found or FactorPolicy(street=street, is_required=True, roles=[role.value for role in DEFAULT])


def must_have_factor(user: User) -> bool:
    """Whether one of the person's roles demands it. One statement, two where she holds roles."""
    held = list(RoleGrant.objects.filter(user=user).values_list("role", "area__street_id"))
    if not held:
        return False
    streets = {street for _, street in held}
    rows = FactorPolicy.objects.filter(street__in=[s for s in streets if s is not None])
    policies = {p.street_id: p for p in rows}
    for role, street in held:
        policy = policies.get(street) if street is not None else None
        if role in (DEFAULT if policy is None else policy.roles if policy.is_required else ()):
            return True
    return False


@transaction.atomic(durable=True)
def set_policy(*, street: Area, is_required: bool, roles: Collection[str], reason: str, by: User, at: datetime) -> None:
    """Decide for a street. Who must now have a second factor and has none is signed out and binds one when she is back."""
    write_policy(street=street, is_required=is_required, roles=roles, reason=reason, by=by, at=at)
    if not is_required:
        return
    bare = Q(user__authenticator__isnull=True) | Q(user__authenticator__confirmed_at__isnull=True)
    grants = RoleGrant.objects.filter(bare, area__street=street, role__in=list(roles)).exclude(user=by)
    end_sessions(grants.values_list("user_id", flat=True))


def write_policy(
    *, street: Area, is_required: bool, roles: Collection[str], reason: str, by: User | None, at: datetime
) -> None:
    """`set_policy` inside a caller's transaction; nobody is signed out."""
    wanted = [role.value for role in Role if role in roles]
    row, _ = FactorPolicy.objects.update_or_create(
        street=street,
        defaults={
            "is_required": is_required, "roles": wanted, "reason": reason, "decided_by": by, "decided_at": at,
        },
    )  # fmt: skip
    record(
        actor=by, verb="accounts.factor_policy_set", about=row, at=at, scope_id=street.pk, reason=reason,
        facts={"is_required": is_required, "roles": wanted},
    )  # fmt: skip


def let_off(*, street: Area, at: datetime, reason: str = "演示数据：凭密码即可登录") -> None:
    """A street where a password is enough: demonstration and tests. Needs an open transaction."""
    write_policy(
        street=street, is_required=False, roles=[role.value for role in DEFAULT], reason=reason, by=None, at=at
    )


# --- binding


@transaction.atomic(durable=True)
def begin_binding(*, user: User, at: datetime) -> Authenticator:
    """A fresh key to be confirmed with a code; one that was never confirmed is replaced. Raises AlreadyBound."""
    User.objects.select_for_update().get(pk=user.pk)
    row = Authenticator.objects.filter(user=user).first()
    if row is not None and row.confirmed_at is not None:
        raise AlreadyBound
    row, _ = Authenticator.objects.update_or_create(
        user=user, defaults={"key": codes.new_key(), "begun_at": at, "last_step": 0}
    )
    return row


@transaction.atomic(durable=True)
def confirm_binding(*, user: User, code: str, at: datetime) -> list[str]:
    """The app shows the right code: the key counts from now on; ten recovery codes, seen here only.

    Raises NotBound, AlreadyBound, CodeWrong.
    """
    row = Authenticator.objects.select_for_update().filter(user=user).first()
    if row is None:
        raise NotBound
    if row.confirmed_at is not None:
        raise AlreadyBound
    row.last_step = _step_of(row, code, at)
    row.confirmed_at = at
    row.save(update_fields=["last_step", "confirmed_at"])
    found = _fresh_codes(row)
    record(actor=user, verb="accounts.factor_bound", about=user, at=at, scope_id=street_of(user))
    return found


@transaction.atomic(durable=True)
def renew_codes(*, user: User, at: datetime) -> list[str]:
    """Ten new recovery codes in place of the old. Raises NotBound."""
    row = _bound(user)
    row.recovery_codes.all().delete()
    found = _fresh_codes(row)
    record(actor=user, verb="accounts.recovery_codes_renewed", about=user, at=at, scope_id=street_of(user))
    return found


def _fresh_codes(row: Authenticator) -> list[str]:
    found = [codes.new_recovery_code() for _ in range(CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(authenticator=row, digest=codes.digest(one)) for one in found])
    return found


def _bound(user: User) -> Authenticator:
    row = Authenticator.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if row is None:
        raise NotBound
    return row


# --- proving


def _step_of(row: Authenticator, typed: str, at: datetime) -> int:
    """The half minute to which a code belongs, later than any that was used. Raises CodeWrong."""
    code = codes.plain(typed)
    if not codes.CODE.fullmatch(code):
        raise CodeWrong
    generator = TOTP(codes.key_bytes(row.key), step=STEP)
    generator.time = at.timestamp()
    if not generator.verify(int(code), tolerance=DRIFT, min_t=row.last_step + 1):
        raise CodeWrong
    return int(generator.t())


@transaction.atomic(durable=True)
def use_code(*, user: User, code: str, at: datetime) -> str:
    """A code of the app, or a recovery code; either works once. How it was proved: `app` or `recovery`.

    Raises NotBound, CodeWrong.
    """
    row = _bound(user)
    plain = codes.plain(code)
    if codes.is_recovery(plain):
        left = row.recovery_codes.filter(digest=codes.digest(plain), used_at__isnull=True)
        if not left.update(used_at=at):
            raise CodeWrong
        record(actor=user, verb="accounts.recovery_code_used", about=user, at=at, scope_id=street_of(user))
        _tell(user, "有人用备用码登录了您的账号", "如果不是您本人，请马上修改密码并联系本街道的安全管理员。", at)
        return "recovery"
    row.last_step = _step_of(row, plain, at)
    row.save(update_fields=["last_step"])
    return "app"


def _tell(user: User, subject: str, body: str, at: datetime) -> None:
    notify(
        recipients=[user.pk], occasion=f"accounts.security:{user.pk}:{at.isoformat()}", subject=subject, body=body,
        link="/account/", at=at, kind=SECURITY.key, scope_id=street_of(user),
    )  # fmt: skip


# --- taking away


@transaction.atomic(durable=True)
def remove_factor(*, user: User, at: datetime) -> None:
    """The person takes her own factor off, having proved who she is. Raises NotBound."""
    _bound(user).delete()
    record(actor=user, verb="accounts.factor_removed", about=user, at=at, scope_id=street_of(user))
    _tell(user, "您的账号已解除动态码", "如果不是您本人操作，请马上修改密码并联系本街道的安全管理员。", at)


@transaction.atomic(durable=True)
def reset_factor(*, user_id: int, by: User, at: datetime, reason: str, scope_id: int) -> None:
    """The security administrator takes a lost factor off; the person is signed out everywhere. Raises ResetsOneself, NotBound."""
    if user_id == by.pk:
        raise ResetsOneself
    user = User.objects.select_for_update().get(pk=user_id)
    _bound(user).delete()
    end_sessions([user.pk])
    record(actor=by, verb="accounts.factor_reset", about=user, at=at, reason=reason, scope_id=scope_id)
    _tell(
        user,
        "您的动态码已被安全管理员重置",
        "下次登录时请重新绑定。如果您没有申请过，请马上联系本街道的安全管理员。",
        at,
    )
