"""Writing people, areas and roles."""

from datetime import datetime

from django.db import transaction

from accounts.models import Area, Role, RoleGrant, User
from audit.services import record
from core.errors import DomainError
from core.pinyin import pinyin_key


class GrantToOneself(DomainError):
    message = "不能给自己授予角色，请由其他安全管理员操作。"


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
    password: str,
    at: datetime,
    by: User | None,
    phone: str | None = None,
    email: str = "",
    is_demo: bool = False,
    scope_id: int | None = None,
) -> User:
    """Create an account. Needs an open transaction."""
    user = User(username=username, display_name=display_name, phone=phone, email=email, is_demo=is_demo)
    user.set_password(password)
    user.save()
    record(actor=by, verb="accounts.added", about=user, at=at, scope_id=scope_id)
    return user


def grant_role(*, user: User, role: Role, area: Area, at: datetime, by: User | None) -> RoleGrant:
    """Give a person a role for an area. Raises GrantToOneself. Needs an open transaction."""
    if by is not None and by.pk == user.pk:
        raise GrantToOneself
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


@transaction.atomic(durable=True)
def set_active(*, user_id: int, active: bool, by: User, at: datetime, reason: str) -> User:
    """Enable or disable an account; a disabled account is signed out at its next request."""
    user = User.objects.select_for_update().get(pk=user_id)
    user.is_active = active
    user.save(update_fields=["is_active"])
    record(actor=by, verb="accounts.enabled" if active else "accounts.disabled", about=user, at=at, reason=reason)
    return user
