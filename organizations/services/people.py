"""People of an organization change: somebody is invited, leaves, takes over, and it stays known."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import add_user, belong
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.numbers import code
from messaging.services import notify
from organizations import rules
from organizations.models import FormerMember, Invitation, Membership, Organization
from organizations.services.application import UsernameTaken
from organizations.services.registry import AlreadyMember, add_member

LINK_DAYS = 7
LINK = 20  # characters, about a hundred bits
MOST_OPEN = 10


class LastMember(DomainError):
    message = "这是本组织唯一的成员，请同时填写接任人的用户名，或邀请接任人：接任人接受后才离任。"


class LastHead(DomainError):
    message = "这是本组织唯一的负责人，请同时填写接任人的用户名，或邀请接任人：接任人接受后才离任。"


class SamePerson(DomainError):
    message = "接任人不能是本人。"


class NotMember(DomainError):
    message = "这位成员已经离任。"


class LeavingReasonMissing(DomainError):
    message = "请写明离任原因。"


class NameMissing(DomainError):
    message = "请填写受邀人姓名。"


class TooManyInvitations(DomainError):
    message = "还有 10 份邀请没有接受，请先撤回不用的。"


class InvitationGone(DomainError):
    message = "这个邀请链接已经用过、撤回或过期，请联系邀请您的单位重新邀请。"


def _locked(organization_id: int) -> Organization:
    rows = Organization.objects.select_for_update(of=("self",)).select_related("street")
    return rows.get(pk=organization_id)


@transaction.atomic(durable=True)
def hand_over(*, membership_id: int, successor: User | None, reason: str, by: User, at: datetime) -> FormerMember:
    """End a membership; the successor, if there is one, acts for the organization in the same duty from now on.

    Proposals and all else belong to the organization and stay. A successor who is a member already keeps her duty, unless
    the last manager leaves: then she is the manager.
    Raises NotAllowed, NotMember, LeavingReasonMissing, SamePerson, LastMember, LastHead.
    """
    found = Membership.objects.filter(pk=membership_id).first()
    if found is None:
        raise NotMember
    organization = _locked(found.organization_id)
    if not rules.staffs(by, organization):
        raise NotAllowed
    row = Membership.objects.filter(pk=membership_id).first()
    if row is None:
        raise NotMember
    if not reason.strip():
        raise LeavingReasonMissing
    if successor is not None and successor.pk == row.user_id:
        raise SamePerson
    # A manager takes on whom she likes by invitation; by name only those who are with the organization already.
    if (
        successor is not None
        and not rules.may_manage(by, organization)
        and not rules.acts_for(successor, organization.pk)
    ):
        raise NotAllowed
    if successor is None:
        _check_leaving(organization, row)
    return _end(organization, row, successor=successor, reason=reason.strip(), by=by, at=at)


def _is_last_head(organization: Organization, row: Membership) -> bool:
    others = organization.members.filter(duty=Membership.Duty.HEAD).exclude(pk=row.pk)
    return row.duty == Membership.Duty.HEAD and not others.exists()


def _check_leaving(organization: Organization, row: Membership) -> None:
    if organization.members.count() == 1:
        raise LastMember
    if _is_last_head(organization, row):
        raise LastHead


def _end(
    organization: Organization, row: Membership, *, successor: User | None, reason: str, by: User, at: datetime
) -> FormerMember:
    """End a membership of an organization that is locked; all checks are done."""
    last_head = _is_last_head(organization, row)
    former = FormerMember.objects.create(
        organization=organization, user_id=row.user_id, duty=row.duty, since=row.since, until=max(at, row.since), successor=successor,
        reason=reason, ended_by=by,
    )  # fmt: skip
    row.delete()
    if successor is not None:
        known = organization.members.filter(user=successor).first()
        if known is None:
            _join(organization, successor, former.duty, by=by, at=at)
        elif last_head and known.duty != Membership.Duty.HEAD:
            known.duty = Membership.Duty.HEAD
            known.save(update_fields=["duty"])
            record(
                actor=by, verb="organizations.member_promoted", about=organization, at=at, scope_id=organization.street_id,
                facts={"user": successor.pk, "duty": known.duty},
            )  # fmt: skip
    record(
        actor=by, verb="organizations.member_left", about=organization, at=at, scope_id=organization.street_id,
        reason=former.reason,
        facts={"user": former.user_id, "duty": former.duty, "successor": successor.pk if successor else None},
    )  # fmt: skip
    return former


def _join(organization: Organization, user: User, duty: str, *, by: User, at: datetime) -> Membership:
    """`add_member` on behalf of one whose right to it was checked before."""
    if rules.may_manage(by, organization):
        return add_member(organization=organization, user=user, duty=duty, at=at, by=by)
    row = add_member(organization=organization, user=user, duty=duty, at=at, by=None)
    record(
        actor=by, verb="organizations.member_invited_in", about=organization, at=at, scope_id=organization.street_id,
        facts={"user": user.pk, "duty": duty},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def invite(
    *, organization_id: int, name: str, duty: str, by: User, at: datetime, replaces: int | None = None, reason: str = ""
) -> tuple[Invitation, str]:  # fmt: skip
    """A link for somebody new, good for a week and once; gives it and its code, which is kept nowhere.

    `replaces` is the membership that ends when the link is taken; until then that person stays.
    Raises NotAllowed, NameMissing, NotMember, LeavingReasonMissing, TooManyInvitations.
    """
    row = _locked(organization_id)
    if not rules.staffs(by, row):
        raise NotAllowed
    if not name.strip():
        raise NameMissing
    leaver = None
    if replaces is not None:
        leaver = row.members.filter(pk=replaces).first()
        if leaver is None:
            raise NotMember
        if not reason.strip():
            raise LeavingReasonMissing
    if len(rules.open_invitations(row, at)) >= MOST_OPEN:
        raise TooManyInvitations
    secret = code(LINK)
    made = Invitation.objects.create(
        organization=row, name=name.strip(), duty=leaver.duty if leaver else Membership.Duty(duty), digest=rules.digest_of(secret),
        replaces_id=leaver.user_id if leaver else None, reason=reason.strip() if leaver else "", invited_by=by, invited_at=at,
        expires_at=at + timedelta(days=LINK_DAYS),
    )  # fmt: skip
    record(
        actor=by, verb="organizations.member_asked", about=made, at=at, scope_id=row.street_id,
        facts={"organization": row.pk, "duty": made.duty, "replaces": made.replaces_id},
    )  # fmt: skip
    return made, secret


@transaction.atomic(durable=True)
def withdraw_invitation(*, invitation_id: int, by: User, at: datetime) -> Invitation:
    """The link works no more. Raises NotAllowed, InvitationGone."""
    found = Invitation.objects.get(pk=invitation_id)
    row = _locked(found.organization_id)
    if not rules.staffs(by, row):
        raise NotAllowed
    found.refresh_from_db()
    if not rules.is_open(found, at):
        raise InvitationGone
    found.withdrawn_at = at
    found.save(update_fields=["withdrawn_at"])
    record(
        actor=by, verb="organizations.invitation_withdrawn", about=found, at=at, scope_id=row.street_id,
        facts={"organization": row.pk},
    )  # fmt: skip
    return found


def _take(link_code: str, user: User, at: datetime) -> Invitation:
    found = rules.invitation_by_code(link_code)
    if found is None:
        raise InvitationGone
    row = _locked(found.organization_id)
    found = Invitation.objects.select_for_update().get(pk=found.pk)
    if not rules.is_open(found, at):
        raise InvitationGone
    # Who invited must still be somebody who may: a manager who left meanwhile brings nobody in.
    inviter = User.objects.get(pk=found.invited_by_id)
    if not inviter.is_active or not rules.staffs(inviter, row):
        raise InvitationGone
    leaver = row.members.filter(user=found.replaces_id).first() if found.replaces_id else None
    if found.replaces_id == user.pk:
        raise SamePerson
    if leaver is not None:
        _end(row, leaver, successor=user, reason=found.reason, by=inviter, at=at)
    elif row.members.filter(user=user).exists():
        raise AlreadyMember
    else:
        _join(row, user, found.duty, by=inviter, at=at)
    found.accepted_by, found.accepted_at = user, at
    found.save(update_fields=["accepted_by", "accepted_at"])
    record(
        actor=user, verb="organizations.invitation_accepted", about=found, at=at, scope_id=row.street_id,
        facts={"organization": row.pk, "replaces": found.replaces_id},
    )  # fmt: skip
    notify(
        recipients=[inviter.pk], occasion=f"invitation:{found.pk}", subject=f"{user.display_name}已加入：{row.name}",
        body=f"{user.display_name}接受了邀请，现在是“{row.name}”的{found.get_duty_display()}。", link=f"/organizations/{row.pk}/", at=at,
        email=False, kind="organizations.member", scope_id=row.street_id,
    )  # fmt: skip
    return found


@transaction.atomic(durable=True)
def accept_invitation(*, link_code: str, user: User, at: datetime) -> Invitation:
    """Somebody with an account joins. Raises InvitationGone, AlreadyMember, SamePerson."""
    return _take(link_code, user, at)


@transaction.atomic(durable=True)
def join_by_invitation(*, link_code: str, username: str, password: str, at: datetime) -> User:
    """Somebody without an account makes one and joins; `password` is already validated.

    Raises InvitationGone, UsernameTaken.
    """
    found = rules.invitation_by_code(link_code)
    if found is None or not rules.is_open(found, at):
        raise InvitationGone
    if User.objects.filter(username__iexact=username).exists():
        raise UsernameTaken
    street = found.organization.street_id
    try:
        with transaction.atomic():
            user = add_user(
                username=username, display_name=found.name, password=password, at=at, by=None, scope_id=street
            )
    except IntegrityError as error:
        raise UsernameTaken from error
    belong(user=user, street_id=street)
    _take(link_code, user, at)
    return user
