"""The people of organizations, as messaging may write to them."""

from collections.abc import Iterable
from typing import Any

from messaging.directory import Audience, add_audience, add_homes
from organizations.models import Membership


def _members(**which: Any) -> Any:
    def people(street_id: int) -> Iterable[int]:
        rows = Membership.objects.filter(organization__street=street_id, user__is_active=True, **which)
        return rows.order_by("user").values_list("user_id", flat=True).distinct()

    return people


def homes(people: list[int]) -> dict[int, int]:
    """The street of a person's first organization."""
    rows = Membership.objects.filter(user__in=people).order_by("-id")
    return {user: street for user, street in rows.values_list("user_id", "organization__street_id") if street}


def install() -> None:
    """Tell messaging."""
    add_homes(homes)
    add_audience(Audience("organizations.members", "社会组织的全部人员", _members()))
    add_audience(Audience("organizations.heads", "社会组织负责人", _members(duty=Membership.Duty.HEAD)))
