"""Bank accounts: entered and changed in versions, looked at in full on record, confirmed by a second person."""

from datetime import datetime

from django.db import transaction

from accounts.models import Role, RoleGrant, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from organizations import rules
from organizations.domain.account import clean_account, holds_number
from organizations.models import BankAccount, Membership, Organization


class BadAccount(DomainError):
    message = "账号应为 8 至 30 位数字。"


class HolderNotSupporter(DomainError):
    message = "居民小组没有自己的账户，户名应是支持单位“{supporter}”。"


class AccountReasonMissing(DomainError):
    message = "已经登记过账户，变更须写明原因。"


class AccountSame(DomainError):
    message = "与现在登记的账户相同，没有变更。"


class AccountMoved(DomainError):
    message = "账户刚刚被别人修改过，请看过现在的账户再办。"


class NumberInWords(DomainError):
    message = "这里不要写账号或电话号码。"


class LookReasonMissing(DomainError):
    message = "请写明查看完整账号的事由。"


class HowMissing(DomainError):
    message = "请写明核实方式，例如与单位负责人通话核实。"


class AccountConfirmed(DomainError):
    message = "这个账户已经核实过。"


class OwnAccount(DomainError):
    message = "登记账户的人不能自己核实，请由另一位财务人员核实。"
    status = 403


def _locked(organization_id: int) -> Organization:
    rows = Organization.objects.select_for_update(of=("self",)).select_related("street")
    return rows.get(pk=organization_id)


def _clean_words(text: str) -> str:
    if holds_number(text):
        raise NumberInWords
    return text.strip()


def enter_account(
    *, organization_id: int, holder: str, bank: str, account: str, reason: str, shown: int, by: User, at: datetime
) -> BankAccount:  # fmt: skip
    """Enter an account, or a changed one with its reason; `shown` is the version that was on the page, 0 for none.

    Needs an open transaction. Raises NotAllowed, BadAccount, AccountMoved, AccountReasonMissing, AccountSame,
    HolderNotSupporter, NumberInWords.
    """
    row = _locked(organization_id)
    if not rules.enters_account(by, row):
        raise NotAllowed
    try:
        digits = clean_account(account)
    except ValueError as error:
        raise BadAccount(str(error)) from error
    before = row.bank_accounts.order_by("-number").first()
    if (before.number if before else 0) != shown:
        raise AccountMoved
    called, at_bank, why = holder.strip(), _clean_words(bank), _clean_words(reason)
    if row.kind == Organization.Kind.GROUP and called != row.supporter:
        raise HolderNotSupporter(supporter=row.supporter)
    if before is not None:
        if not why:
            raise AccountReasonMissing
        if (before.holder, before.bank, before.account) == (called, at_bank, digits):
            raise AccountSame
    made = BankAccount.objects.create(
        organization=row, number=before.number + 1 if before else 1, holder=called, bank=at_bank, account=digits, tail=digits[-4:],
        reason=why if before else "", entered_by=by, entered_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.account_changed" if before else "organizations.account_entered", about=made, at=at,
        scope_id=row.street_id, reason=made.reason, facts={"organization": row.pk, "number": made.number},
    )  # fmt: skip
    _tell(row, made, by, at)
    return made


def _tell(row: Organization, made: BankAccount, by: User, at: datetime) -> None:
    """Finance must confirm it; the organization's managers hear of it, whoever did it."""
    finance = RoleGrant.objects.filter(role=Role.FINANCE, area=row.street_id, user__is_active=True)
    heads = row.members.filter(duty=Membership.Duty.HEAD, user__is_active=True).exclude(user=by)
    changed = made.number > 1
    word, link = ("有变更" if changed else "已登记"), f"/organizations/{row.pk}/account/"
    notify(
        recipients=sorted(set(finance.values_list("user_id", flat=True))), occasion=f"bank_account:{made.pk}",
        subject=f"收款账户{word}，待核实：{row.name}",
        body=f"“{row.name}”的收款账户{word}。核实以前请勿按这个账户付款；请用以前留下的联系方式与单位核实。",
        link=link, at=at, kind="organizations.account", scope_id=row.street_id,
    )  # fmt: skip
    notify(
        recipients=sorted(set(heads.values_list("user_id", flat=True))), occasion=f"bank_account_own:{made.pk}",
        subject=f"本单位的收款账户{word}", body=f"“{row.name}”的收款账户{word}（{by.display_name}登记）。如果不是本单位办理的，请马上联系街道。",
        link=link, at=at, kind="organizations.account", scope_id=row.street_id,
    )  # fmt: skip


@transaction.atomic(durable=True)
def change_account(
    *, organization_id: int, holder: str, bank: str, account: str, reason: str, shown: int, by: User, at: datetime
) -> BankAccount:
    """`enter_account` in a transaction of its own."""
    return enter_account(
        organization_id=organization_id, holder=holder, bank=bank, account=account, reason=reason, shown=shown, by=by, at=at
    )  # fmt: skip


@transaction.atomic(durable=True)
def show_account(*, organization_id: int, reason: str, shown: int, by: User, at: datetime) -> BankAccount:
    """The account in full, for one who may see it; that she looked, and why, stays on record.

    Raises NotAllowed, LookReasonMissing, NumberInWords, AccountMoved.
    """
    row = _locked(organization_id)
    if not rules.sees_account(by, row):
        raise NotAllowed
    why = _clean_words(reason)
    if not why:
        raise LookReasonMissing
    found = rules.current_account(row.pk)
    if found is None or found.number != shown:
        raise AccountMoved
    record(
        actor=by, verb="organizations.account_seen", about=found, at=at, scope_id=row.street_id, reason=why,
        facts={"organization": row.pk, "number": found.number},
    )  # fmt: skip
    return found


@transaction.atomic(durable=True)
def confirm_account(*, organization_id: int, how: str, shown: int, by: User, at: datetime) -> BankAccount:
    """Finance says that the account is the organization's, and how it knows.

    Raises NotAllowed, HowMissing, NumberInWords, AccountMoved, AccountConfirmed, OwnAccount.
    """
    row = _locked(organization_id)
    if not rules.confirms_account(by, row):
        raise NotAllowed
    words = _clean_words(how)
    if not words:
        raise HowMissing
    found = rules.current_account(row.pk)
    if found is None or found.number != shown:
        raise AccountMoved
    if found.confirmed_at is not None:
        raise AccountConfirmed
    if found.entered_by_id == by.pk:
        raise OwnAccount
    found.confirmed_by, found.confirmed_at, found.how = by, at, words
    found.save(update_fields=["confirmed_by", "confirmed_at", "how"])
    record(
        actor=by, verb="organizations.account_confirmed", about=found, at=at, scope_id=row.street_id,
        facts={"organization": row.pk, "number": found.number},
    )  # fmt: skip
    notify(
        recipients=[found.entered_by_id], occasion=f"bank_account_confirmed:{found.pk}", subject=f"收款账户已核实：{row.name}",
        body=f"“{row.name}”的收款账户已由街道财务核实。", link=f"/organizations/{row.pk}/account/", at=at, email=False,
        kind="organizations.account", scope_id=row.street_id,
    )  # fmt: skip
    return found
