"""Writing people, areas and roles."""

from datetime import datetime

from django.db import transaction

from accounts.models import Area, Role, RoleGrant, User
from audit.services import record
from core.errors import DomainError
from core.pinyin import pinyin_key


class GrantToOneself(DomainError):
    message = "不能给自己授予角色，请由其他安全管理员操作。"


class RolesExclude(DomainError):
    message = "同一人不能同时担任{first}和{second}。"


class DisablesOneself(DomainError):
    message = "不能停用自己的账号。"


EXCLUSIVE: tuple[frozenset[Role], ...] = (
    frozenset({Role.OFFICE, Role.LEADER}),
    frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}),
)


def add_area(*, kind: Area.Kind, name: str, parent: Area | None = None, alias: str = "") -> Area:
    """Add a node of the area tree. `path` and `street` follow from the parent. Needs an open transaction."""
    area = Area(
        kind=kind,
        name=name,
        alias=alias,
        parent=parent,
        pinyin=pinyin_key(name),
        path=f"new:{kind}:{name}:{parent and parent.pk}",
    )
    area.save()
    area.path = f"{parent.path if parent else '/'}{area.pk}/"
    if kind == Area.Kind.STREET:
        area.street = area
    elif parent is not None:
        area.street = parent.street
    area.save(update_fields=["path", "street"])
    return area


def add_user(
    *,
    username: str,
    display_name: str,
    password: str | None,
    at: datetime,
    by: User | None,
    phone: str | None = None,
    email: str = "",
    is_demo: bool = False,
    scope_id: int | None = None,
    hashed: str = "",
    must_change: bool = False,
) -> User:
    """Create an account; `hashed` is a password hash to use instead of hashing again. Needs an open transaction.

    Without a password nobody signs in before an invitation was used. `must_change`: somebody else knows the password.
    """
    user = User(
        username=username,
        display_name=display_name,
        phone=phone,
        email=email,
        is_demo=is_demo,
        must_change_password=must_change,
    )
    if hashed:
        user.password = hashed
    else:
        user.set_password(password)
    user.save()
    record(actor=by, verb="accounts.added", about=user, at=at, scope_id=scope_id)
    return user


def grant_role(*, user: User, role: Role, area: Area, at: datetime, by: User | None) -> RoleGrant:
    """Give a person a role for an area. Raises GrantToOneself. Needs an open transaction."""
    if by is not None and by.pk == user.pk:
        raise GrantToOneself
    User.objects.select_for_update().get(pk=user.pk)
    for other in RoleGrant.objects.filter(user=user).exclude(role=role).values_list("role", flat=True):
        if any({role, Role(other)} <= group for group in EXCLUSIVE):
            raise RolesExclude(first=Role(other).label, second=role.label)
    grant, made = RoleGrant.objects.get_or_create(
        user=user, role=role, area=area, defaults={"granted_at": at, "granted_by": by}
    )
    if made:
        record(
            actor=by,
            verb="accounts.role_granted",
            about=user,
            at=at,
            scope_id=area.street_id,
            facts={"role": role, "area": area.pk},
        )
    return grant


def revoke_role(*, grant_id: int, at: datetime, by: User, reason: str) -> None:
    """Take a role away again. Raises GrantToOneself for one's own. Needs an open transaction."""
    grant = RoleGrant.objects.select_for_update().select_related("area", "user").get(pk=grant_id)
    if grant.user_id == by.pk:
        raise GrantToOneself
    record(
        actor=by, verb="accounts.role_revoked", about=grant.user, at=at, scope_id=grant.area.street_id, reason=reason,
        facts={"role": grant.role, "area": grant.area_id},
    )  # fmt: skip
    grant.delete()


@transaction.atomic(durable=True)
def set_active(*, user_id: int, active: bool, by: User, at: datetime, reason: str, scope_id: int | None = None) -> User:
    """Enable or disable an account; a disabled account is signed out at its next request. Raises DisablesOneself."""
    if user_id == by.pk:
        raise DisablesOneself
    user = User.objects.select_for_update().get(pk=user_id)
    user.is_active = active
    user.save(update_fields=["is_active"])
    verb = "accounts.enabled" if active else "accounts.disabled"
    record(actor=by, verb=verb, about=user, at=at, reason=reason, scope_id=scope_id)
    return user


def note_sign_in(*, user: User | None, success: bool, at: datetime) -> None:
    """Write a sign-in into the record: success with the person, failure without what was typed."""
    with transaction.atomic():
        record(
            actor=user if success else None, verb="accounts.signed_in" if success else "accounts.sign_in_refused",
            about=user or User(), at=at, scope_id=street_of(user),
        )  # fmt: skip


def street_of(user: User | None) -> int | None:
    """The street whose record an act about this account belongs to: of its first role, else where it belongs."""
    if user is None:
        return None
    first = RoleGrant.objects.filter(user=user).order_by("id").values_list("area__street_id", flat=True).first()
    return first or user.street_id


def belong(*, user: User, street_id: int) -> None:
    """Note which street an account belongs to before it holds any role. Needs an open transaction."""
    User.objects.filter(pk=user.pk).update(street_id=street_id)


@transaction.atomic(durable=True)
def change_password(*, user: User, new: str, at: datetime) -> None:
    """Set a new password, already validated; the sessions of other devices end by their changed hash."""
    write_password(user=user, new=new, at=at)
    record(actor=user, verb="accounts.password_changed", about=user, at=at, scope_id=street_of(user))


def write_password(*, user: User, new: str, at: datetime) -> None:
    """The person's own new password, already validated. Needs an open transaction."""
    user.set_password(new)
    user.must_change_password, user.password_changed_at = False, at
    user.save(update_fields=["password", "must_change_password", "password_changed_at"])


def note_step_refused(*, user: User, at: datetime) -> None:
    """Write into the record that a right password was followed by a wrong code."""
    with transaction.atomic():
        record(actor=None, verb="accounts.step_refused", about=user, at=at, scope_id=street_of(user))
