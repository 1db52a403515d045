"""Last resorts: sheets on paper and files from devices. One person enters, another confirms; nobody edits."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.domain.codes import read_code
from judging.domain.device_file import read_device_file
from judging.models import CarriedSheet, Entry, Judge, Move, Recusal, ScoreSheet, Session
from judging.services.setup import NoReason
from judging.services.sheets import (
    ProposalGone,
    Recused,
    Request,
    ScoringNotOpen,
    closed,
    plain_mark,
    read_marks,
    take_sheet,
)  # fmt: skip


class NoSuchCode(DomainError):
    message = "没有这个编号：{code}。请对照纸质评分表每行前面的编号再输一遍。"
    status = 400


class AlreadyEntered(DomainError):
    message = "这张评分表已经录入，等待另一位工作人员复核。"


class SameAsPhone(DomainError):
    message = "评委已在手机上提交了这一项目，而且和纸上一样（合计 {total} 分），不用录入。"


class NothingToDecide(DomainError):
    message = "这张评分表已由他人复核或退回，请刷新页面查看。"


class EntererConfirms(DomainError):
    message = "录入和复核必须是两个人。请换一位工作人员复核。"


class TotalDiffers(DomainError):
    message = "您填的合计 {typed} 与录入的合计不一致。请核对纸质评分表：录入有误就选“不一致，退回重录”。"
    status = 400


class PhoneStands(DomainError):
    message = "评委已在手机上提交过这个项目，分数与纸上不同。默认以评委亲手提交的为准；要以纸上为准，请写明理由。"


class WrongFile(DomainError):
    message = "这个文件不是本场评审会这位评委的：{why}。"
    status = 400


class NotAssigned(DomainError):
    message = "这个项目没有分给这位评委，请核对评分表编号。"
    status = 400


class NothingNew(DomainError):
    message = "文件里的评分都已送达，不用导入。"


def may_carry(by: User, session: Session) -> bool:
    """Office or host, and nobody who judges the session."""
    return rules.can_host(by, session) and not Judge.objects.filter(session=session, user=by).exists()


def _session(session_id: int, by: User) -> Session:
    session = Session.objects.select_related("round__street").get(pk=session_id)
    if not may_carry(by, session):
        raise NotAllowed
    if session.state == Session.State.SETUP:
        raise ScoringNotOpen
    if session.state != Session.State.SCORING:
        raise closed(session.locked_at)
    return session


@transaction.atomic(durable=True)
def enter_paper(*, session_id: int, code: str, marks: Mapping[str, str], by: User, at: datetime) -> CarriedSheet:
    """Enter a paper sheet by its code; it waits for another person.

    Raises NotAllowed, ScoringNotOpen, ScoringClosed, NoSuchCode, Recused, ProposalGone, NotAssigned, BadMark, SameAsPhone, AlreadyEntered.
    """
    session = _session(session_id, by)
    judge, entry = _place(session, code)
    if rules.explained(session).get((judge.pk, entry.pk)) == "free":
        raise NotAssigned
    if Recusal.objects.filter(judge=judge, entry=entry).exists():
        raise Recused
    if entry.proposal.state != "passed":
        raise ProposalGone
    found, total = read_marks(session.rule, marks, whole=True)
    stands = ScoreSheet.objects.filter(judge=judge, entry=entry, state=ScoreSheet.State.SUBMITTED).first()
    if stands is not None and _same(stands.marks, found):
        raise SameAsPhone(total=f"{stands.total:.2f}")
    try:
        with transaction.atomic():
            row = CarriedSheet.objects.create(
                judge=judge, entry=entry, source="paper", marks=found, total=total, entered_by=by, entered_at=at
            )
    except IntegrityError as error:
        raise AlreadyEntered from error
    _record("paper_entered", row, session, by, at)
    return row


def _place(session: Session, code: str) -> tuple[Judge, Entry]:
    read = read_code(code)
    if read is not None and read[0] == session.pk:
        judge = Judge.objects.filter(session=session, seat=read[1]).select_related("user").first()
        entry = Entry.objects.filter(session=session, position=read[2]).select_related("proposal").first()
        if judge is not None and entry is not None:
            return judge, entry
    raise NoSuchCode(code=code.strip()[:30])


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return {k: Decimal(v) for k, v in one.items()} == {k: Decimal(v) for k, v in other.items()}


@transaction.atomic(durable=True)
def enter_file(*, session_id: int, text: str, by: User, at: datetime) -> list[CarriedSheet]:
    """Take what a device gave out; what the ledger knows already is left aside. It waits for another person.

    Raises NotAllowed, ScoringNotOpen, ScoringClosed, DeviceFileUnread, WrongFile, NothingNew, BadMark.
    """
    session = _session(session_id, by)
    file = read_device_file(text)
    if file.session != session.pk:
        raise WrongFile(why="评审会不同")
    judge = Judge.objects.filter(session=session, pk=file.judge, seat=file.seat).first()
    if judge is None:
        raise WrongFile(why="没有这个席位")
    entries = set(Entry.objects.filter(session=session).values_list("pk", flat=True))
    if not {s.entry for s in file.sheets} <= entries:
        raise WrongFile(why="里面有别场的项目")
    known = set(Move.objects.filter(judge=judge).exclude(client_id="").values_list("client_id", flat=True))
    known |= {
        row["id"] for row in CarriedSheet.objects.filter(judge=judge, source="file").values_list("request", flat=True)
    }
    made = []
    for sheet in sorted(file.sheets, key=lambda s: s.counter):
        if sheet.id in known:
            continue
        given = {k: plain_mark(v) for k, v in sheet.marks.items()}
        found, total = read_marks(session.rule, given, whole=sheet.do == "submit")
        request = {k: v for k, v in asdict(sheet).items() if k not in ("entry", "marks")} | {"device": file.device}
        made.append(
            CarriedSheet(
                judge=judge, entry_id=sheet.entry, source="file", marks=found, total=total, request=request, entered_by=by,
                entered_at=at,
            )
        )  # fmt: skip
    if not made:
        raise NothingNew
    CarriedSheet.objects.bulk_create(made)
    record(
        actor=by, verb="judging.file_entered", about=session, at=at, scope_id=session.round.street_id,
        facts={"judge": judge.pk, "sheets": len(made)},
    )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def confirm_carried(
    *, carried_id: int, by: User, at: datetime, total: Decimal | None = None, replace_reason: str = ""
) -> CarriedSheet:
    """Another person confirms: the sheet goes into the ledger as if it had just come. `total`: read off the paper.

    Where the judge has handed in other marks on her own device, hers stand unless `replace_reason` says why not.
    Raises NotAllowed, NothingToDecide, EntererConfirms, TotalDiffers, PhoneStands and whatever save_sheet raises.
    """
    row = _waiting(carried_id, by)
    if row.source == CarriedSheet.Source.PAPER and total != row.total:
        raise TotalDiffers(typed="（空）" if total is None else f"{total:f}")
    done = take_sheet(
        row.entry_id, row.judge.user, row.marks, _submits(row), at, _request(row, replace_reason), str(row.request.get("comment", "")),
        row.judge.session_id, by,
    )  # fmt: skip
    if isinstance(done, DomainError):
        raise done
    _decide(row, CarriedSheet.State.CONFIRMED, by, at, replace_reason)
    _record("carried_confirmed", row, row.judge.session, by, at, replace_reason)
    return row


def _submits(row: CarriedSheet) -> bool:
    return row.source == CarriedSheet.Source.PAPER or row.request["do"] == "submit"


def _request(row: CarriedSheet, replace_reason: str) -> Request:
    """A paper sheet builds on what stands; a request from a device on what it built on."""
    if row.source == CarriedSheet.Source.FILE:
        said: dict[str, Any] = row.request
        return Request(said["id"], said["base"], said["device"], said["counter"], tuple(said["after"]), by="file")
    # The judge's row first, so that what stands cannot change until the sheet is stored.
    Judge.objects.select_for_update(of=("self",), no_key=True).get(pk=row.judge_id)
    stands = ScoreSheet.objects.filter(judge=row.judge_id, entry=row.entry_id).first()
    given = stands.marks if stands and stands.state == ScoreSheet.State.SUBMITTED else row.marks
    if not _same(given, row.marks) and not replace_reason.strip():
        raise PhoneStands
    return Request(client_id=f"paper-{row.pk}", base=stands.revision if stands else 0, by="clerk")


@transaction.atomic(durable=True)
def reject_carried(*, carried_id: int, by: User, at: datetime, note: str) -> CarriedSheet:
    """What was entered is not what stands on the paper: back to the start. Raises NotAllowed, NothingToDecide, EntererConfirms, NoReason."""
    if not note.strip():
        raise NoReason
    row = _waiting(carried_id, by)
    _decide(row, CarriedSheet.State.REJECTED, by, at, note)
    _record("carried_rejected", row, row.judge.session, by, at, note)
    return row


def _waiting(carried_id: int, by: User) -> CarriedSheet:
    row = (
        CarriedSheet.objects.select_for_update(of=("self",))
        .select_related("judge__user", "judge__session__round__street")
        .get(pk=carried_id)
    )
    session = _session(row.judge.session_id, by)
    row.judge.session = session
    if row.state != CarriedSheet.State.ENTERED:
        raise NothingToDecide
    if row.entered_by_id == by.pk:
        raise EntererConfirms
    return row


def _decide(row: CarriedSheet, state: str, by: User, at: datetime, note: str) -> None:
    row.state, row.decided_by, row.decided_at, row.note = state, by, at, note.strip()[:200]
    row.save(update_fields=["state", "decided_by", "decided_at", "note"])


def _record(verb: str, row: CarriedSheet, session: Session, by: User, at: datetime, reason: str = "") -> None:
    record(
        actor=by, verb=f"judging.{verb}", about=row, at=at, scope_id=session.round.street_id, reason=reason.strip()[:200],
        facts={"judge": row.judge_id, "entry": row.entry_id},
    )  # fmt: skip


def carried_of(session: Session) -> Sequence[CarriedSheet]:
    """All of a session, those that wait first."""
    return list(
        CarriedSheet.objects.filter(judge__session=session)
        .select_related("judge__user", "entry__proposal", "entered_by", "decided_by")
        .order_by("-state", "-pk")[:200]
    )
