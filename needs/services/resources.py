"""Writing the resource list 资源清单: registering, changing, taking off; contact data as a recorded act."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from needs import rules
from needs.models import PartnerUnit, Resource
from needs.services.history import ReasonMissing
from needs.services.pledges import PledgeTooMuch, given_of
from organizations.models import Organization

FIELDS = (
    "community", "kind", "category", "title", "details", "capacity", "amount", "times", "available_from", "available_until", "contact_name",
    "contact_phone",
)  # fmt: skip


class ResourceMoved(DomainError):
    message = "这项资源刚刚由别人改过，这次没有保存。请看最新内容再改。"


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.strip() if isinstance(v, str) else v for k, v in facts.items() if k in FIELDS}


def _unit(street_id: int, name: str, kind: str, organization: Organization | None, at: datetime) -> PartnerUnit:
    """The unit of that name in the street, made on its first resource; a registered organization is found by its name."""
    plain = " ".join(name.split())
    known = organization or Organization.objects.filter(street=street_id, name=plain).first()
    if known is not None:
        row, _ = PartnerUnit.objects.get_or_create(
            street_id=street_id, name=known.name,
            defaults={"kind": PartnerUnit.Kind.ORGANIZATION, "organization": known, "created_at": at},
        )  # fmt: skip
        return row
    row, _ = PartnerUnit.objects.get_or_create(
        street_id=street_id, name=plain, defaults={"kind": kind, "created_at": at}
    )
    return row


def _note(resource: Resource, verb: str, by: User, at: datetime, reason: str = "") -> None:
    record(
        actor=by, verb=verb, about=resource, at=at, scope_id=resource.street_id, reason=reason,
        facts={"unit": resource.unit.name, "kind": resource.kind, "title": resource.title},
    )  # fmt: skip


@transaction.atomic(durable=True)
def register_resource(
    *, street: Area, unit_name: str, unit_kind: str, facts: Mapping[str, Any], by: User, at: datetime,
    organization: Organization | None = None, once_key: str | None = None, is_demo: bool = False,
) -> Resource:  # fmt: skip
    """Put what a unit offers on the list. Staff do it on behalf of units, members for their own organization.

    The same `once_key` gives the same resource back. Raises NotAllowed.
    """
    clean = _facts(facts)
    community: Area | None = clean.get("community")
    elsewhere = community is not None and community.street_id != street.pk
    foreign = organization is not None and organization.street_id != street.pk
    if elsewhere or foreign:
        raise NotAllowed
    if not rules.can_register_for(by, street.pk, community, organization.pk if organization else None):
        raise NotAllowed
    known = Resource.objects.filter(once_key=once_key, street=street).first() if once_key else None
    if known is not None:
        return known
    unit = _unit(street.pk, unit_name, unit_kind, organization, at)
    try:
        with transaction.atomic():
            row = Resource.objects.create(
                unit=unit,
                street=street,
                registered_by=by,
                registered_at=at,
                once_key=once_key,
                is_demo=is_demo,
                **clean,
            )
    except IntegrityError:
        known = Resource.objects.filter(once_key=once_key, street=street).first() if once_key else None
        if known is None:
            raise
        return known
    _note(row, "needs.resource_registered", by, at)
    return row


def _own(resource_id: int, by: User, seen: int | None) -> Resource:
    """The resource, locked, for who may change it. Raises NotAllowed, ResourceMoved."""
    rows = Resource.objects.select_for_update(of=("self",)).select_related("unit", "street", "community")
    resource = rows.get(pk=resource_id)
    if not rules.can_edit_resource(by, resource):
        raise NotAllowed
    if seen is not None and resource.version != seen:
        raise ResourceMoved
    return resource


@transaction.atomic(durable=True)
def edit_resource(
    *, resource_id: int, facts: Mapping[str, Any], by: User, at: datetime, seen: int | None = None
) -> Resource:
    """Change what is offered; the kind stays. Raises NotAllowed, ResourceMoved, PledgeTooMuch (less money than pledged)."""
    resource = _own(resource_id, by, seen)
    clean = _facts(facts) | {"kind": resource.kind}
    community: Area | None = clean.get("community", resource.community)
    if community is not None and community.street_id != resource.street_id:
        raise NotAllowed
    if not rules.can_register_for(by, resource.street_id, community, resource.unit.organization_id):
        raise NotAllowed
    if resource.amount is not None and clean.get("amount") is not None and clean["amount"] < given_of(resource):
        raise PledgeTooMuch(f"金额不能低于已承诺的 {show_yuan(given_of(resource))} 元。")
    Resource.objects.filter(pk=resource.pk).update(version=F("version") + 1, **clean)
    resource.refresh_from_db()
    _note(resource, "needs.resource_edited", by, at)
    return resource


@transaction.atomic(durable=True)
def set_active(*, resource_id: int, is_active: bool, by: User, at: datetime, reason: str = "") -> Resource:
    """Take a resource off the list, with a reason, or put it on again; what was pledged stands. Raises NotAllowed, ReasonMissing."""
    resource = _own(resource_id, by, None)
    if not is_active and not reason.strip():
        raise ReasonMissing
    if resource.is_active != is_active:
        Resource.objects.filter(pk=resource.pk).update(is_active=is_active, version=F("version") + 1)
        _note(resource, "needs.resource_on" if is_active else "needs.resource_off", by, at, reason.strip())
        resource.refresh_from_db()
    return resource


@transaction.atomic(durable=True)
def show_resource_contact(*, resource_id: int, reason: str, by: User, at: datetime) -> tuple[str, str]:
    """Name and phone of a unit's contact, to staff of the street, as a recorded act with its reason."""
    resource = Resource.objects.select_related("unit").get(pk=resource_id)
    if not rules.can_see_resource_contact(by, resource):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    _note(resource, "needs.resource_contact_shown", by, at, reason.strip())
    return resource.contact_name, resource.contact_phone
