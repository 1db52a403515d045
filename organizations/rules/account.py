"""Who enters, sees and confirms the bank account of an organization; which version counts."""

from collections.abc import Iterable

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Role, User
from accounts.rules import may, street_ids
from organizations.domain.account import doubts
from organizations.models import BankAccount, Membership, Organization
from organizations.rules.registry import Person, acts_for

Duty = Membership.Duty


def has_duty(user: Person, organization: Organization, *duties: str) -> bool:
    """Whether the person is a member with one of the duties."""
    if not isinstance(user, User) or not acts_for(user, organization.pk):
        return False
    return Membership.objects.filter(user=user, organization=organization, duty__in=duties).exists()


def enters_account(user: Person, organization: Organization) -> bool:
    """The organization's manager or finance, and the office for those who hand in paper."""
    return may(user, organization.street, Role.OFFICE) or has_duty(user, organization, Duty.HEAD, Duty.FINANCE)


def sees_account(user: Person, organization: Organization) -> bool:
    """The whole number is for the organization's manager and street finance, and each look is recorded."""
    return may(user, organization.street, Role.FINANCE) or has_duty(user, organization, Duty.HEAD)


def confirms_account(user: Person, organization: Organization) -> bool:
    """Street finance, but nobody the account of her own organization."""
    return may(user, organization.street, Role.FINANCE) and not acts_for(user, organization.pk)


def current_account(organization_id: int) -> BankAccount | None:
    """The version that counts, confirmed or not; its number stays sealed until somebody asks for it."""
    rows = BankAccount.objects.filter(organization=organization_id).select_related("entered_by", "confirmed_by")
    return rows.defer("account").order_by("-number").first()


def expected_holder(organization: Organization) -> str:
    """Whose account it should be: the organization's own, or its supporting unit's where it has one."""
    return organization.supporter or organization.name


def account_doubts(organization: Organization, row: BankAccount) -> list[str]:
    """What finance should look at."""
    return doubts(holder=row.holder, expected=expected_holder(organization), account=row.account)


def newest_accounts(street_ids_: Iterable[int]) -> "QuerySet[BankAccount]":
    """The versions that count in some streets, sealed numbers left alone."""
    newest = BankAccount.objects.filter(organization=OuterRef("organization")).order_by("-number").values("pk")[:1]
    rows = BankAccount.objects.filter(organization__street__in=list(street_ids_), pk=Subquery(newest))
    return rows.select_related("organization", "entered_by", "confirmed_by").defer("account")


def waiting_accounts(user: Person) -> int:
    """How many wait for the person's confirmation."""
    streets = street_ids(user, Role.FINANCE)
    return newest_accounts(streets).filter(confirmed_at=None).count() if streets else 0
