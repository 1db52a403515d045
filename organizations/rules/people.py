"""Who manages the people of an organization, and which invitation a link stands for."""

import hashlib
from datetime import datetime

from organizations.models import Invitation, Membership, Organization
from organizations.rules.account import has_duty
from organizations.rules.registry import Person, may_manage


def staffs(user: Person, organization: Organization) -> bool:
    """The office of the street, and the organization's own manager."""
    return may_manage(user, organization) or has_duty(user, organization, Membership.Duty.HEAD)


def digest_of(link_code: str) -> str:
    """What is kept of a link."""
    return hashlib.sha256(link_code.strip().upper().encode()).hexdigest()


def invitation_by_code(link_code: str) -> Invitation | None:
    """The invitation of a link, whatever became of it."""
    rows = Invitation.objects.select_related("organization__street", "invited_by")
    return rows.filter(digest=digest_of(link_code)).first()


def is_open(invitation: Invitation, at: datetime) -> bool:
    """Whether the link still works."""
    return invitation.accepted_at is None and invitation.withdrawn_at is None and at < invitation.expires_at


def open_invitations(organization: Organization, at: datetime) -> list[Invitation]:
    """Those that still work, newest first."""
    rows = organization.invitations.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=at)
    return list(rows.select_related("invited_by", "replaces").order_by("-pk"))
