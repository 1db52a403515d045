"""异议: taking it in, investigating, the written answer that another person signs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from core.numbers import code
from funding import rules
from funding.models import AllocationPlan, Objection, PublicNotice
from funding.services.files import check_evidence, keep
from funding.services.plan import ReasonMissing
from workdays.domain import add_workdays
from workdays.models import DayOverride

ANSWER_DAYS = 15  # working days for the written answer
FLOOD = 30  # objections to one notice in ten minutes


class NoticeNotRunning(DomainError):
    message = "公示期为 {first} 至 {last}，现在不在公示期内，不能提出异议。如有其他情况，请直接联系：{contact}。"


class TooManyObjections(DomainError):
    message = "短时间内收到的异议太多，请十分钟后再试。您填写的内容还在页面上。"
    status = 429


class NameAndPhone(DomainError):
    message = "实名异议请把姓名（或单位）和联系电话都填写；匿名反映请把两项都留空，只作为线索。"
    status = 400


class NotInNotice(DomainError):
    message = "该项目不在这份公示内。"
    status = 400


class ObjectionMoved(DomainError):
    message = "这条异议的状态已变化，可能已由他人处理，请刷新页面查看。"


class DrafterSigns(DomainError):
    message = "核查人不能审批自己的答复，请由其他领导审批。"


@transaction.atomic(durable=True)
def raise_objection(
    *, notice_id: int, proposal_id: int | None, name: str, phone: str, words: str, files: Sequence[Any] = (), once_key: str | None = None,
    at: datetime,
) -> Objection:  # fmt: skip
    """Anybody objects during the notice. With name and phone it is numbered and answered within the term; without,
    it is kept as a clue. The same `once_key` gives the same objection back.

    Raises NoticeNotRunning, TooManyObjections, NameAndPhone, NotInNotice, BadEvidence.
    """
    known = Objection.objects.filter(once_key=once_key).first() if once_key else None
    if known is not None:
        return known
    notice = rules.public_notices().get(pk=notice_id)
    # one at a time per plan: numbers without gaps
    AllocationPlan.objects.select_for_update().only("pk").get(pk=notice.plan_id)
    _acceptable(notice, proposal_id, name, phone, at)
    check_evidence(files)
    own = Objection.objects.filter(notice__plan__round=notice.plan.round_id)
    day = local(at).date()
    overrides = dict(DayOverride.objects.values_list("day", "is_workday"))
    signed = bool(name.strip())
    try:
        with transaction.atomic():
            objection = Objection.objects.create(
                notice=notice, number=f"YY-{day.year}-{notice.plan.round_id:04d}-{own.count() + 1:03d}", code=code(10), proposal_id=proposal_id,
                name=name.strip(), phone=phone.strip(), words=words.strip(), received_at=at, once_key=once_key,
                state=Objection.State.RECEIVED if signed else Objection.State.CLUE,
                answer_by=add_workdays(day, ANSWER_DAYS, overrides) if signed else None,
            )  # fmt: skip
    except IntegrityError:
        known = Objection.objects.filter(once_key=once_key).first() if once_key else None
        if known is None:
            raise
        return known
    for number, file in enumerate(files, 1):
        objection.evidence.add(keep(file, f"{objection.number}-证据{number}", at))
    record(
        actor=None, verb="funding.objection_received", about=objection, at=at, scope_id=notice.plan.round.street_id,
        facts={"number": objection.number, "signed": signed, "files": len(files)},
    )  # fmt: skip
    return objection


def _acceptable(notice: PublicNotice, proposal_id: int | None, name: str, phone: str, at: datetime) -> None:
    if not notice.starts_on <= local(at).date() <= notice.ends_on:
        raise NoticeNotRunning(first=spoken(notice.starts_on), last=spoken(notice.ends_on), contact=notice.contact)
    if bool(name.strip()) != bool(phone.strip()):
        raise NameAndPhone
    if proposal_id is not None and not notice.plan.awards.filter(proposal=proposal_id, amount__gt=0).exists():
        raise NotInNotice
    if Objection.objects.filter(notice=notice, received_at__gt=at - timedelta(minutes=10)).count() >= FLOOD:
        raise TooManyObjections


def _locked(objection_id: int) -> Objection:
    return (
        Objection.objects.select_for_update(of=("self",))
        .select_related("notice__plan__round__street")
        .get(pk=objection_id)
    )


@transaction.atomic(durable=True)
def draft_answer(*, objection_id: int, finding: str, outcome: str, answer: str, by: User, at: datetime) -> Objection:
    """The office writes what it found and the answer; a leader signs it. Of a clue only the finding is kept.

    Raises NotAllowed, ReasonMissing, ObjectionMoved.
    """
    objection = _locked(objection_id)
    if not rules.can_draft(by, objection.notice.plan.round):
        raise NotAllowed
    clue = objection.state == Objection.State.CLUE
    if not finding.strip() or (not clue and not (outcome and answer.strip())):
        raise ReasonMissing
    if not clue and objection.state != Objection.State.RECEIVED:
        raise ObjectionMoved
    objection.finding, objection.drafted_by, objection.drafted_at = finding.strip(), by, at
    if not clue:
        objection.outcome, objection.answer, objection.return_note = outcome, answer.strip(), ""
        objection.state = Objection.State.DRAFTED
    objection.save()
    _note(objection, "funding.objection_examined", by, at)
    return objection


@transaction.atomic(durable=True)
def sign_answer(*, objection_id: int, by: User, at: datetime) -> Objection:
    """A leader who did not draft it signs the answer; from here on it stands. Raises NotAllowed, DrafterSigns, ObjectionMoved."""
    objection = _signable(objection_id, by)
    objection.state, objection.decided_by, objection.decided_at = Objection.State.ANSWERED, by, at
    objection.save()
    _note(objection, "funding.objection_answered", by, at)
    return objection


@transaction.atomic(durable=True)
def return_answer(*, objection_id: int, note: str, by: User, at: datetime) -> Objection:
    """A leader sends the draft back with a reason. Raises as sign_answer, and ReasonMissing."""
    objection = _signable(objection_id, by)
    if not note.strip():
        raise ReasonMissing
    objection.state, objection.return_note = Objection.State.RECEIVED, note.strip()
    objection.save()
    _note(objection, "funding.objection_returned", by, at, reason=note.strip())
    return objection


def _signable(objection_id: int, by: User) -> Objection:
    objection = _locked(objection_id)
    if objection.state != Objection.State.DRAFTED:
        raise ObjectionMoved
    if objection.drafted_by_id == by.pk:
        raise DrafterSigns
    if not rules.can_sign_answer(by, objection):
        raise NotAllowed
    return objection


def _note(objection: Objection, verb: str, by: User, at: datetime, *, reason: str = "") -> None:
    record(
        actor=by, verb=verb, about=objection, at=at, scope_id=objection.notice.plan.round.street_id, reason=reason,
        facts={"number": objection.number, "outcome": objection.outcome},
    )  # fmt: skip
