"""Training sessions: announced, changed, called off; organizations sign up; who came is put on record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.numbers import code
from messaging.services import notify
from organizations import rules
from organizations.domain.account import holds_number
from organizations.models import Membership, Organization, SignUp, Training

CODE = 8
MOST_PEOPLE = 50
FACTS = ("series", "title", "begins_at", "place", "capacity", "audience", "is_mandatory", "sign_up_until", "note")


class SignUpAfterBeginning(DomainError):
    message = "报名截止不能晚于开始时间。"


class BeginsInPast(DomainError):
    message = "开始时间应晚于现在。"


class AlreadyAnnounced(DomainError):
    message = "同一时间已有同名的培训，不用重复发布。"


class CapacityTaken(DomainError):
    message = "已有 {people} 人报名，容纳人数不能少于它。"


class AudienceSigned(DomainError):
    message = "“{names}”已经报名，不能把它们的性质从参加对象里去掉。"


class TrainingOver(DomainError):
    message = "培训已经取消或已经开始，不能再改。"


class CancelReasonMissing(DomainError):
    message = "请写明取消的原因，已报名的单位会收到。"


class SignUpClosed(DomainError):
    message = "报名已经截止或培训已取消。需要参加的，请直接联系街道创投办。"


class NotInvited(DomainError):
    message = "这次培训的参加对象不包括本单位。"
    status = 403


class NoRoom(DomainError):
    message = "名额不够：还剩 {left} 个名额。"


class PeopleOutOfRange(DomainError):
    message = "报名人数应为 1 至 50。"


class FunctionsHoldNumber(DomainError):
    message = "参加人只写职务，不写电话。"


class NotSignedUp(DomainError):
    message = "本单位没有报名这次培训，请现场找工作人员登记。"


class WrongCode(DomainError):
    message = "签到码不对，请照签到表上的码填写。"


class CodeNotTaken(DomainError):
    message = "现在不能用签到码签到：开始前一小时到结束后两天内可以。请联系街道创投办登记。"


class NotBegun(DomainError):
    message = "培训还没有开始，不能登记到场。"


class MoreThanSaid(DomainError):
    message = "到场人数应为 0 至 {most}。"


def _check(facts: Mapping[str, Any], at: datetime) -> None:
    if facts["begins_at"] <= at:
        raise BeginsInPast
    if facts["sign_up_until"] > facts["begins_at"]:
        raise SignUpAfterBeginning


def announce(*, street: Area, facts: Mapping[str, Any], by: User, at: datetime, is_demo: bool = False) -> Training:
    """Announce a session; those who are meant are told. Needs an open transaction.

    Raises NotAllowed, BeginsInPast, SignUpAfterBeginning, AlreadyAnnounced.
    """
    if not rules.announces(by, street.pk):
        raise NotAllowed
    _check(facts, at)
    Area.objects.select_for_update().get(pk=street.pk)
    _refuse_double(street.pk, facts)
    row = Training.objects.create(
        street=street, code=code(CODE), announced_by=by, announced_at=at, is_demo=is_demo, **{k: facts[k] for k in FACTS}
    )  # fmt: skip
    record(
        actor=by, verb="organizations.training_announced", about=row, at=at, scope_id=street.pk,
        facts={"audience": list(row.audience), "mandatory": row.is_mandatory},
    )  # fmt: skip
    meant = Membership.objects.filter(
        organization__street=street, organization__kind__in=row.audience, user__is_active=True
    )
    begins, until = local(row.begins_at), local(row.sign_up_until)
    notify(
        recipients=sorted(set(meant.values_list("user_id", flat=True))), occasion=f"training:{row.pk}",
        subject=f"培训报名：{row.title}"[:120],
        body=f"{begins:%m月%d日 %H:%M}在{row.place}举办“{row.title}”{'（必修）' if row.is_mandatory else ''}，报名到{until:%m月%d日 %H:%M}截止。",
        link=f"/organizations/trainings/{row.pk}/", at=at, kind="organizations.training", scope_id=street.pk,
        useful_until=row.begins_at,
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def announce_training(*, street: Area, facts: Mapping[str, Any], by: User, at: datetime) -> Training:
    """`announce` in a transaction of its own."""
    return announce(street=street, facts=facts, by=by, at=at)


def _refuse_double(street_id: int, facts: Mapping[str, Any], but: int = 0) -> None:
    same = Training.objects.filter(
        street=street_id, title=facts["title"], begins_at=facts["begins_at"], cancelled_at=None
    )
    if same.exclude(pk=but).exists():
        raise AlreadyAnnounced


def _locked(training_id: int) -> Training:
    return Training.objects.select_for_update(of=("self",)).select_related("street").get(pk=training_id)


def _tell(row: Training, subject: str, body: str, occasion: str, at: datetime) -> None:
    people = Membership.objects.filter(
        organization__in=row.sign_ups.filter(withdrawn_at=None).values("organization"), user__is_active=True
    )
    notify(
        recipients=sorted(set(people.values_list("user_id", flat=True))), occasion=occasion, subject=subject[:120], body=body,
        link=f"/organizations/trainings/{row.pk}/", at=at, kind="organizations.training", scope_id=row.street_id,
    )  # fmt: skip


@transaction.atomic(durable=True)
def change_training(*, training_id: int, facts: Mapping[str, Any], by: User, at: datetime) -> list[str]:
    """Change what has not begun; gives the names of what changed; those signed up are told of time and place.

    Raises NotAllowed, TrainingOver, BeginsInPast, SignUpAfterBeginning, AlreadyAnnounced, CapacityTaken, AudienceSigned.
    """
    # parents before children: the street, then the session
    Area.objects.select_for_update().get(pk=Training.objects.get(pk=training_id).street_id)
    row = _locked(training_id)
    if not rules.runs_training(by, row):
        raise NotAllowed
    if row.cancelled_at is not None or row.begins_at <= at:
        raise TrainingOver
    _check(facts, at)
    _refuse_double(row.street_id, facts, row.pk)
    taken = row.capacity - rules.room_left(row)
    if facts["capacity"] < taken:
        raise CapacityTaken(people=taken)
    left_out = row.sign_ups.filter(~Q(organization__kind__in=facts["audience"]), withdrawn_at=None)
    names = list(left_out.order_by("organization__pinyin").values_list("organization__name", flat=True)[:3])
    if names:
        raise AudienceSigned(names="”“".join(names))
    changed = [key for key in FACTS if getattr(row, key) != facts[key]]
    for key in changed:
        setattr(row, key, facts[key])
    if not changed:
        return []
    row.save(update_fields=changed)
    record(
        actor=by, verb="organizations.training_changed", about=row, at=at, scope_id=row.street_id, facts={"fields": changed}
    )  # fmt: skip
    if {"begins_at", "place"} & set(changed):
        begins = local(row.begins_at)
        _tell(
            row, f"培训时间或地点有变：{row.title}", f"“{row.title}”改为{begins:%m月%d日 %H:%M}，地点：{row.place}。",
            f"training_moved:{row.pk}:{at:%Y%m%d%H%M%S}", at,
        )  # fmt: skip
    return changed


@transaction.atomic(durable=True)
def cancel_training(*, training_id: int, reason: str, by: User, at: datetime) -> Training:
    """Call off what has not begun; those signed up are told. Raises NotAllowed, TrainingOver, CancelReasonMissing."""
    row = _locked(training_id)
    if not rules.runs_training(by, row):
        raise NotAllowed
    if row.cancelled_at is not None or row.begins_at <= at:
        raise TrainingOver
    if not reason.strip():
        raise CancelReasonMissing
    row.cancelled_at, row.cancelled_by, row.cancel_reason = at, by, reason.strip()
    row.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    record(
        actor=by, verb="organizations.training_cancelled", about=row, at=at, scope_id=row.street_id, reason=row.cancel_reason
    )  # fmt: skip
    _tell(row, f"培训取消：{row.title}", f"“{row.title}”取消。{row.cancel_reason}", f"training_cancelled:{row.pk}", at)
    return row


def enrol(
    *, training_id: int, organization: Organization, people: int, functions: str, by: User, at: datetime
) -> SignUp:
    """An organization comes with so many people; a second time corrects the first. Needs an open transaction.

    Raises NotAllowed, NotInvited, SignUpClosed, PeopleOutOfRange, FunctionsHoldNumber, NoRoom.
    """
    row = _locked(training_id)
    if not rules.acts_for(by, organization.pk):
        raise NotAllowed
    if organization.street_id != row.street_id or organization.kind not in row.audience:
        raise NotInvited
    if row.cancelled_at is not None or at >= row.sign_up_until:
        raise SignUpClosed
    if not 1 <= people <= MOST_PEOPLE:
        raise PeopleOutOfRange
    if holds_number(functions):
        raise FunctionsHoldNumber
    known = row.sign_ups.filter(organization=organization).first()
    own = known.people if known is not None and known.withdrawn_at is None else 0
    left = rules.room_left(row) + own
    if people > left:
        raise NoRoom(left=left)
    facts = {
        "people": people, "functions": functions.strip(), "signed_by": by, "signed_at": at, "withdrawn_at": None,
    }  # fmt: skip
    found, _ = SignUp.objects.update_or_create(training=row, organization=organization, defaults=facts)
    record(
        actor=by, verb="organizations.training_signed_up", about=row, at=at, scope_id=row.street_id,
        facts={"organization": organization.pk, "people": people},
    )  # fmt: skip
    return found


@transaction.atomic(durable=True)
def sign_up(
    *, training_id: int, organization: Organization, people: int, functions: str, by: User, at: datetime
) -> SignUp:
    """`enrol` in a transaction of its own."""
    return enrol(training_id=training_id, organization=organization, people=people, functions=functions, by=by, at=at)


@transaction.atomic(durable=True)
def withdraw_sign_up(*, training_id: int, organization: Organization, by: User, at: datetime) -> SignUp:
    """An organization does not come after all. Raises NotAllowed, SignUpClosed, NotSignedUp."""
    row = _locked(training_id)
    if not rules.acts_for(by, organization.pk):
        raise NotAllowed
    if row.cancelled_at is not None or at >= row.begins_at:
        raise SignUpClosed
    found = row.sign_ups.filter(organization=organization, withdrawn_at=None).first()
    if found is None:
        raise NotSignedUp
    found.withdrawn_at = at
    found.save(update_fields=["withdrawn_at"])
    record(
        actor=by, verb="organizations.training_withdrawn", about=row, at=at, scope_id=row.street_id,
        facts={"organization": organization.pk},
    )  # fmt: skip
    return found


@transaction.atomic(durable=True)
def attend_by_code(*, training_id: int, organization: Organization, typed: str, by: User, at: datetime) -> SignUp:
    """An organization that signed up says that it came, by the code on the sheet; said twice, it is said once.

    Raises NotAllowed, CodeNotTaken, NotSignedUp, WrongCode.
    """
    row = _locked(training_id)
    if not rules.acts_for(by, organization.pk):
        raise NotAllowed
    if not rules.takes_code(row, at):
        raise CodeNotTaken
    found = row.sign_ups.filter(organization=organization, withdrawn_at=None).first()
    if found is None:
        raise NotSignedUp
    if typed.strip().upper() != row.code:
        raise WrongCode
    if found.attended is None:
        _came(row, found, found.people, SignUp.Way.CODE, by, at)
    return found


def _came(row: Training, found: SignUp, people: int | None, way: str, by: User, at: datetime) -> None:
    found.attended, found.way = people, way if people is not None else ""
    found.attended_by, found.attended_at = (by, at) if people is not None else (None, None)
    found.save(update_fields=["attended", "way", "attended_by", "attended_at"])
    record(
        actor=by, verb="organizations.training_attended", about=row, at=at, scope_id=row.street_id,
        facts={"organization": found.organization_id, "people": people, "way": str(way)},
    )  # fmt: skip


@transaction.atomic(durable=True)
def tick_attendance(*, training_id: int, came: Mapping[int, int | None], by: User, at: datetime) -> int:
    """The office puts down how many came, by organization: those signed up and those who came all the same.

    None leaves it open. All or nothing; gives how many rows changed. Raises NotAllowed, NotBegun, MoreThanSaid, NotInvited.
    """
    row = _locked(training_id)
    if not rules.runs_training(by, row):
        raise NotAllowed
    if row.cancelled_at is not None or at < row.begins_at - rules.CODE_FROM:
        raise NotBegun
    known = {s.organization_id: s for s in row.sign_ups.filter(organization__in=list(came))}
    units = {o.pk: o for o in Organization.objects.filter(pk__in=list(came), street=row.street_id)}
    changed = 0
    for pk, people in sorted(came.items()):
        if people is not None and not 0 <= people <= MOST_PEOPLE:
            raise MoreThanSaid(most=MOST_PEOPLE)
        if pk not in units:
            raise NotInvited
        found = known.get(pk)
        if found is None or found.withdrawn_at is not None:
            if not people:
                continue
            facts = {"people": people, "functions": "", "signed_by": by, "signed_at": at, "withdrawn_at": None}
            found, _ = SignUp.objects.update_or_create(training=row, organization=units[pk], defaults=facts)
        if found.attended != people:
            _came(row, found, people, SignUp.Way.TICKED, by, at)
            changed += 1
    return changed
