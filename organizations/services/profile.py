"""What the registry knows about an organization beside its name and code."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.models import Organization

PROFILE = (
    "legal_name", "secretary", "supporter", "founded_on", "licence_until", "business", "inspection", "grade", "moved_in_on", "moved_out_on",
)  # fmt: skip


class ProfileChanged(DomainError):
    message = "登记信息刚刚被别人修改过。您填写的内容还在，请对照现在的内容后再保存。"


class GroupNeeds(DomainError):
    message = "居民小组必须有负责人和支持单位，不能清空。"


class LeftBeforeIn(DomainError):
    message = "退出日期不能早于入驻日期；没有入驻日期时不能填写退出日期。"


def write_profile(*, organization: Organization, facts: Mapping[str, Any], by: User, at: datetime) -> list[str]:
    """Write those of the facts that differ; gives their names. The row is locked by the caller.

    Raises LeftBeforeIn, GroupNeeds.
    """
    changed = [key for key in PROFILE if key in facts and getattr(organization, key) != facts[key]]
    for key in changed:
        setattr(organization, key, facts[key])
    came, left = organization.moved_in_on, organization.moved_out_on
    if left is not None and (came is None or left < came):
        raise LeftBeforeIn
    if organization.kind == Organization.Kind.GROUP and not (organization.legal_name and organization.supporter):
        raise GroupNeeds
    if changed:
        organization.revision += 1
        organization.save(update_fields=[*changed, "revision"])
        record(
            actor=by, verb="organizations.profile_changed", about=organization, at=at, scope_id=organization.street_id,
            facts={"fields": changed},
        )  # fmt: skip
    return changed


@transaction.atomic(durable=True)
def change_profile(
    *, organization_id: int, facts: Mapping[str, Any], revision: int, by: User, at: datetime
) -> Organization:
    """The office corrects the registry. `revision` is the one that was shown. Raises NotAllowed, ProfileChanged, LeftBeforeIn."""
    row = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if not rules.may_manage(by, row):
        raise NotAllowed
    if row.revision != revision:
        raise ProfileChanged
    write_profile(organization=row, facts=facts, by=by, at=at)
    return row
