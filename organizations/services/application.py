"""Self-registration: an organization applies, the office decides, the applicant makes an account."""

import uuid
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Area, Role, RoleGrant, User
from accounts.services import add_user, belong
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.numbers import code
from messaging.services import notify
from organizations import rules
from organizations.models import Application, Organization
from organizations.services.registry import (
    CommunityMissing,
    UsccMissing,
    add_member,
    check_group,
    clean_uscc,
    register,
)

FLOOD = 30  # applications to a street in ten minutes
LINK_DAYS = 60  # how long after the approval the account can be made


class TooManyApplications(DomainError):
    message = "街道刚刚收到很多登记申请，请十分钟后再提交。您填写的内容还在。"
    status = 429


class CodeKnown(DomainError):
    message = "这个统一社会信用代码已经登记或正在审核，不用重复申请。需要增加经办人员的，请联系{street}创投办。"


class NameKnown(DomainError):
    message = "{street}已有同名组织，或同名申请正在审核，不用重复申请。需要增加经办人员的，请联系{street}创投办。"


class ApplicationDecided(DomainError):
    message = "这份申请已经审核，结论是“{state}”。"


class ReasonMissing(DomainError):
    message = "请写明不予登记的原因，申请人会看到。"


class ApplicationNotApproved(DomainError):
    message = "申请还没有通过审核，不能设置账号。"


class AccountMade(DomainError):
    message = "账号已经设置，请直接登录。忘记密码请联系街道的系统管理员。"


class LinkExpired(DomainError):
    message = "审核通过已超过 {days} 天，不能再在这里设置账号，请联系街道创投办。"


class UsernameTaken(DomainError):
    message = "该用户名已被使用，请换一个。"


@transaction.atomic(durable=True)
def apply(
    *, street: Area, kind: str, name: str, uscc: str, community: Area | None, legal_name: str, secretary: str,
    licence_until: date | None, business: str, applicant: str, duty: str, phone: str, once_key: uuid.UUID, at: datetime,
    supporter: str = "",
) -> Application:  # fmt: skip
    """Ask a street to register an organization; the same `once_key` gives the same application back.

    Raises UsccMissing, BadUscc, CommunityMissing, GroupIncomplete, GroupHasNoCode, CodeKnown, NameKnown, TooManyApplications.
    """
    known = Application.objects.filter(once_key=once_key).first()
    if known is not None:
        return known
    if community is not None and community.street_id != street.pk:
        raise CommunityMissing("所选社区不属于这个街道，请重新选择。")
    if kind == Organization.Kind.SOCIAL and not uscc:
        raise UsccMissing
    check_group(kind, uscc=uscc, community=community, legal_name=legal_name, supporter=supporter)
    number, called = clean_uscc(uscc) if uscc else "", name.strip()
    refuse_known(street, called, number)
    recent = Application.objects.filter(street=street, applied_at__gt=at - timedelta(minutes=10))
    if recent.count() >= FLOOD:
        raise TooManyApplications
    try:
        with transaction.atomic():
            row = Application.objects.create(
                street=street, kind=kind, name=called, uscc=number, community=community, legal_name=legal_name.strip(),
                secretary=secretary.strip(), supporter=supporter.strip(), licence_until=licence_until, business=business.strip(), applicant=applicant.strip(),
                duty=duty, phone=phone, code=code(12), once_key=once_key, applied_at=at,
            )  # fmt: skip
    except IntegrityError:  # another like it came in meanwhile
        known = Application.objects.filter(once_key=once_key).first()
        if known is not None:
            return known
        refuse_known(street, called, number)
        raise
    record(actor=None, verb="organizations.applied", about=row, at=at, scope_id=street.pk)
    office = RoleGrant.objects.filter(role=Role.OFFICE, area=street, user__is_active=True)
    notify(
        recipients=sorted(set(office.values_list("user_id", flat=True))), occasion=f"organization_application:{row.pk}",
        subject="新的组织登记申请", body=f"“{row.name}”申请登记，请核对证书后审核。", link=f"/organizations/applications/{row.pk}/",
        at=at, email=False, kind="organizations.applied", scope_id=street.pk,
    )  # fmt: skip
    return row


def refuse_known(street: Area, name: str, uscc: str) -> None:
    """Raises CodeKnown, NameKnown where the organization is registered or its application waits."""
    waiting = Application.objects.filter(state=Application.State.WAITING)
    if uscc and (Organization.objects.filter(uscc=uscc).exists() or waiting.filter(uscc=uscc).exists()):
        raise CodeKnown(street=street.name)
    same = {"street": street, "name": name}
    if Organization.objects.filter(**same).exists() or waiting.filter(**same).exists():
        raise NameKnown(street=street.name)


def _waiting(application_id: int, by: User) -> Application:
    row = (
        Application.objects.select_for_update(of=("self",)).select_related("street", "community").get(pk=application_id)
    )
    if not rules.can_register(by, row.street_id):
        raise NotAllowed
    if row.state != Application.State.WAITING:
        raise ApplicationDecided(state=row.get_state_display())
    return row


@transaction.atomic(durable=True)
def approve_application(*, application_id: int, by: User, at: datetime) -> Application:
    """Register the organization; its applicant may then make an account. Raises ApplicationDecided, AlreadyRegistered."""
    row = _waiting(application_id, by)
    made = register(
        street=row.street, kind=row.kind, name=row.name, at=at, by=by, uscc=row.uscc, community=row.community,
        legal_name=row.legal_name, supporter=row.supporter,
    )  # fmt: skip
    made.legal_name, made.secretary, made.licence_until, made.business = (
        row.legal_name, row.secretary, row.licence_until, row.business,
    )  # fmt: skip
    made.save(update_fields=["legal_name", "secretary", "licence_until", "business"])
    row.state, row.decided_at, row.decided_by, row.organization = Application.State.APPROVED, at, by, made
    row.save(update_fields=["state", "decided_at", "decided_by", "organization"])
    record(
        actor=by, verb="organizations.application_approved", about=row, at=at, scope_id=row.street_id,
        facts={"organization": made.pk},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def refuse_application(*, application_id: int, reason: str, by: User, at: datetime) -> Application:
    """Say no, and why; the applicant may apply again. Raises ReasonMissing, ApplicationDecided."""
    row = _waiting(application_id, by)
    if not reason.strip():
        raise ReasonMissing
    row.state, row.decided_at, row.decided_by, row.reason = Application.State.REFUSED, at, by, reason.strip()
    row.save(update_fields=["state", "decided_at", "decided_by", "reason"])
    record(
        actor=by, verb="organizations.application_refused", about=row, at=at, scope_id=row.street_id, reason=row.reason
    )
    return row


@transaction.atomic(durable=True)
def make_account(*, application_id: int, username: str, password: str, at: datetime) -> User:
    """The account of an approved application's applicant, once; `password` is already validated.

    Raises ApplicationNotApproved, AccountMade, LinkExpired, UsernameTaken.
    """
    row = Application.objects.select_for_update(of=("self",)).select_related("organization").get(pk=application_id)
    if row.organization is None or row.decided_at is None:
        raise ApplicationNotApproved
    if row.account_id is not None:
        raise AccountMade
    if at > row.decided_at + timedelta(days=LINK_DAYS):
        raise LinkExpired(days=LINK_DAYS)
    if User.objects.filter(username__iexact=username).exists():
        raise UsernameTaken
    phone = None if User.objects.filter(phone=row.phone).exists() else row.phone
    try:
        with transaction.atomic():
            user = add_user(
                username=username, display_name=row.applicant, password=password, phone=phone, at=at, by=None,
                scope_id=row.street_id,
            )  # fmt: skip
    except IntegrityError as error:
        raise UsernameTaken from error
    belong(user=user, street_id=row.street_id)
    add_member(organization=row.organization, user=user, duty=row.duty, at=at, by=None)
    row.account = user
    row.save(update_fields=["account"])
    return user
