"""Score sheets and their ledger: every request of a judge's device, in the order of cause, never of arrival."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction

from accounts.models import User
from audit.services import record
from core.clock import local
from core.errors import DomainError, FormatError, NotAllowed
from judging.domain.ballot import columns, votes
from judging.domain.ledger import move_document
from judging.domain.scoring import check_marks, check_rule, sheet_total
from judging.domain.values import TICK, Rule
from judging.models import Judge, Move, ScoreSheet, Session
from judging.services.access import SeatElsewhere
from projects.models import Proposal


class AlreadyHandedIn(DomainError):
    message = "这张评分表已经提交，仍然有效。要改分，请改好后再次提交。"


class ScoringClosed(DomainError):
    message = "评审会已于 {at} 锁定，不能再评分。您在本机填写的内容没有丢，请联系现场工作人员。"
    status = 423


class ScoringNotOpen(DomainError):
    message = "评分还没有开放，请等主持人宣布。"
    status = 423


class Recused(DomainError):
    message = "您已回避此项目，不能评分。"
    status = 403


class EntryNotOpen(DomainError):
    message = "“{title}”的评分还没有开放，请等主持人宣布。您填写的内容留在本机，开放后会自动送出。"
    status = 423


class EntryClosed(DomainError):
    message = "“{title}”的评分已由主持人关闭。要补交，请举手告诉主持人。您填写的内容留在本机。"
    status = 423


class ProposalGone(DomainError):
    message = "该项目已撤回，不用评分。"


class BadMark(DomainError):
    """A mark is not allowed; `key` names the criterion."""

    status = 400

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class TooManyVotes(DomainError):
    message = "每位评委最多投 {most} 票，您已投满。请先去掉一票，再投“{title}”。"


class TooBusy(DomainError):
    message = "现场提交的人太多，这一次没有存上。您填写的内容还在，请再点一次。"
    status = 503


class SheetChangedMeanwhile(DomainError):
    """Somebody (the same judge on another device) saved in between; `sheet` is what stands now."""

    message = "这张评分表刚刚在另一台设备上改过：那边合计 {there} 分。请核对，再提交一次将以您现在填写的为准。"

    def __init__(self, sheet: ScoreSheet) -> None:
        voted = {(True, 1): "1（已投票）", (False, 0): "0（没有投票）"}.get((TICK in sheet.marks, len(sheet.marks)))
        super().__init__(there=voted or ("未填完" if sheet.total is None else f"{sheet.total:.2f}"))
        self.sheet = sheet


def _when(moment: datetime) -> str:
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


FULL_WIDTH = str.maketrans("０１２３４５６７８９．", "0123456789.")


def plain_mark(text: str) -> str:
    """A mark as typed, in the spelling of the file format: full-width digits, `08` and `.5` are understood."""
    typed = text.strip().translate(FULL_WIDTH)
    typed = typed.lstrip("0") or ("0" if typed else "")
    return f"0{typed}" if typed.startswith(".") else typed.removesuffix(".")


@lru_cache(maxsize=64)
def _rule_of(text: str) -> Rule:
    """A rule read once for the many sheets that are marked under it."""
    return check_rule(json.loads(text))


def read_marks(
    rule: Mapping[str, Any], given: Mapping[str, str], *, whole: bool
) -> tuple[dict[str, str], Decimal | None]:
    """Marks as decimal strings in the rule's order, and their weighted total when all are there.

    `whole`: every criterion must have one. Of a tick-vote: the vote, if there is one, and 1 or 0.
    Raises BadMark naming the criterion and its range.
    """
    read = _rule_of(json.dumps(rule))
    if read.by_tick:
        vote = plain_mark(given.get(TICK) or "")
        if vote not in ("", "0", "1"):
            raise BadMark(TICK, "投票请填 1，不投请留空。")
        return ({TICK: "1"}, Decimal(1)) if vote == "1" else ({}, Decimal(0))
    found = {c["key"]: text for c in rule["criteria"] if (text := plain_mark(given.get(c["key"]) or ""))}
    try:
        check_marks(read, found, complete=whole)
    except FormatError as error:
        key = error.path.rpartition(".")[2]
        line = next(c for c in rule["criteria"] if c["key"] == key)
        words = f"“{line['label']}”请填写数字，例如 {line['max']}。" if error.code == "not_decimal" else error.message
        raise BadMark(key, words) from error
    # A rule that trims by criterion can do without a mark; a judge who hands in cannot.
    missing = next((c for c in rule["criteria"] if whole and c["key"] not in found), None)
    if missing is not None:
        raise BadMark(missing["key"], f"“{missing['label']}”没有打分。")
    return found, sheet_total(read, found) if len(found) == len(rule["criteria"]) else None


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a device. `client_id` names it for ever; `base` is the revision of the sheet that the judge saw (0 for
    a new one); `after` are this device's own requests that it builds on and whose answers it may not have seen; `counter`
    counts the device's requests. A page without scripts sends only `client_id` and `base`.
    """

    client_id: str = ""
    base: int = 0
    device: str = ""
    counter: int = 0
    after: tuple[str, ...] = ()
    by: str = "judge"


@dataclass(frozen=True, slots=True)
class Place:
    """A judge's seat and an entry, as one locked row tells them."""

    judge_id: int
    seat: int
    moves: int
    head: str
    session_id: int
    state: str
    locked_at: datetime | None
    rule: dict[str, Any]
    is_paced: bool
    street_id: int
    entry_id: int
    key: str
    title: str
    standing: str
    opened_at: datetime | None
    closed_at: datetime | None
    device: str


# The path of every sheet, forty judges at once: said in SQL, because building it anew costs more than running it.
# Only the judge's row is locked; what else may have changed while waiting for it is read by the statement after.
PLACE = """
SELECT j.id, j.seat, j.moves, j.head, s.id, s.state, s.locked_at, s.rule::text, s.is_paced, r.street_id,
       e.id, p.receipt_number, p.title, p.state, e.opened_at, e.closed_at, j.device
FROM judging_judge j
JOIN judging_session s ON s.id = j.session_id
JOIN judging_entry e ON e.session_id = s.id
JOIN projects_proposal p ON p.id = e.proposal_id
JOIN rounds_round r ON r.id = s.round_id
WHERE j.user_id = %s AND e.id = %s
  AND (NOT s.is_assigned OR EXISTS (SELECT 1 FROM judging_assignment a WHERE a.judge_id = j.id AND a.entry_id = e.id))
FOR NO KEY UPDATE OF j
"""
STANDING = """
SELECT EXISTS (SELECT 1 FROM judging_recusal WHERE judge_id = %(judge)s AND entry_id = %(entry)s),
       x.id, x.session_id, x.judge_id, x.entry_id, x.state, x.marks::text, x.total, x.comment, x.revision, x.client_id,
       x.device, x.counter, x.saved_at, x.submitted_at
FROM (SELECT) one LEFT JOIN judging_scoresheet x ON x.judge_id = %(judge)s AND x.entry_id = %(entry)s
"""
SHEET = (  # in the model's order
    "id", "session_id", "judge_id", "entry_id", "state", "marks", "total", "comment", "revision", "client_id", "device", "counter",
    "saved_at", "submitted_at",
)  # fmt: skip


def place_of(judge: User, entry_id: int) -> Place:
    """Lock the judge's row: her requests come one after another, nobody else waits. Raises NotAllowed."""
    with connection.cursor() as cursor:
        cursor.execute(PLACE, [judge.pk, entry_id])
        row = cursor.fetchone()
    if row is None:
        raise NotAllowed
    cells = list(row)
    cells[7] = _dict_of(row[7])
    return Place(*cells)


def standing_of(place: Place) -> tuple[bool, ScoreSheet | None]:
    """Whether the judge has stepped back from the entry, and the sheet that stands; the judge's row is locked."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"judge": place.judge_id, "entry": place.entry_id})
        is_recused, *row = cursor.fetchone()
    if row[0] is None:
        return is_recused, None
    row[5] = json.loads(row[5])
    return is_recused, ScoreSheet.from_db(DEFAULT_DB_ALIAS, SHEET, row)


@lru_cache(maxsize=64)
def _dict_of(text: str) -> dict[str, Any]:
    """A stored rule; shared by its readers, who only read."""
    found: dict[str, Any] = json.loads(text)
    return found


def save_sheet(
    *,
    entry_id: int,
    judge: User,
    marks: Mapping[str, str],
    submit: bool,
    at: datetime,
    request: Request,
    comment: str = "",
    session_id: int | None = None,
    holder: str | None = None,
) -> ScoreSheet:
    """Keep or hand in one judge's marks for one entry. A judge may change a handed-in sheet until the lock.

    Order is that of cause: a request that builds on what stands replaces it; one that is known is answered as it was; one
    that the same device has since replaced changes nothing; one that knew less than what stands is kept on record and
    refused with what stands. A request after the lock is kept as late and never counts. A sheet that was handed in stays
    so: it can be handed in anew, not taken back. `session_id`, where given, must be the entry's;
    `holder`: digest of the device that sends, refused where another one holds the seat.
    Raises ScoringNotOpen, EntryNotOpen, EntryClosed, ScoringClosed, Recused, ProposalGone, BadMark, AlreadyHandedIn,
    TooManyVotes, SheetChangedMeanwhile, SeatElsewhere, NotAllowed, TooBusy.
    """
    for _ in range(3):
        try:
            done = _save(entry_id, judge, marks, submit, at, request, comment, session_id, holder)
        except IntegrityError as error:  # locked between our look and our write, or a seat's first sheet twice at once
            if "guard" not in str(error) and "once" not in str(error):
                raise
            continue
        if isinstance(done, DomainError):
            raise done
        return done
    raise TooBusy


@transaction.atomic(durable=True)
def _save(
    entry_id: int, judge: User, marks: Mapping[str, str], submit: bool, at: datetime, request: Request, comment: str,
    session_id: int | None, holder: str | None,
) -> ScoreSheet | DomainError:  # fmt: skip
    return take_sheet(entry_id, judge, marks, submit, at, request, comment, session_id, judge, holder)


def take_sheet(
    entry_id: int, judge: User, marks: Mapping[str, str], submit: bool, at: datetime, request: Request, comment: str,
    session_id: int | None, actor: User, holder: str | None = None,
) -> ScoreSheet | DomainError:  # fmt: skip
    """The inside of `save_sheet`, in the caller's transaction.

    `actor`: who does it, a clerk for a paper sheet. A refusal that leaves a line in the ledger is returned, so that the
    line stays; others are raised.

    The session is not locked here: the guards on sheets and ledger take it FOR SHARE in the write itself, and the lock
    takes it FOR UPDATE, so a write is entirely before the lock or refused.
    """
    place = place_of(judge, entry_id)
    if session_id not in (None, place.session_id):
        raise NotAllowed
    if place.state == Session.State.SCORING and holder is not None and place.device not in ("", holder):
        raise SeatElsewhere
    if place.state == Session.State.SETUP:
        raise ScoringNotOpen
    is_recused, sheet = standing_of(place)
    if is_recused:
        raise Recused
    if request.client_id and _may_be_known(place, sheet, request):
        known = (
            Move.objects.filter(judge=place.judge_id, entry=entry_id, client_id=request.client_id)
            .values_list("kind", flat=True)
            .first()
        )
        if known is not None:
            return _as_before(known, sheet, place)
    if place.state != Session.State.SCORING:
        _append(place, "late", _plain(place.rule, marks), request, at)
        return closed(place.locked_at)
    _must_be_open(place)
    if sheet is not None and not _builds_on(sheet, request):
        return _beside(place, sheet, marks, request, at)
    if place.is_paced and place.closed_at is not None:
        raise EntryClosed(title=place.title)
    found, total = read_marks(place.rule, marks, whole=submit)
    if sheet is not None and sheet.state == ScoreSheet.State.SUBMITTED and not submit:
        raise AlreadyHandedIn
    _must_have_a_vote(place, found, submit and request.by == "judge")
    sheet = _store(place, sheet, found, total, submit, request, at, comment)
    sheet.title = place.title
    _append(place, "submitted" if submit else "kept", found, request, at, revision=sheet.revision)
    if submit:
        record(
            actor=actor, verb="judging.sheet_submitted", about=sheet, at=at, scope_id=place.street_id,
            facts={"revision": sheet.revision, "by": request.by},
        )  # fmt: skip
    return sheet


def _must_be_open(place: Place) -> None:
    if place.standing != Proposal.State.PASSED:
        raise ProposalGone
    if place.is_paced and place.opened_at is None:
        raise EntryNotOpen(title=place.title)


def _must_have_a_vote(place: Place, marks: Mapping[str, str], counts: bool) -> None:
    """A judge's device cannot spoil her ballot; what a clerk copies from paper is counted as it stands. Her row is locked."""
    most = votes(place.rule)
    if most is None or TICK not in marks or not counts:
        return
    handed = ScoreSheet.objects.filter(judge=place.judge_id, state=ScoreSheet.State.SUBMITTED, marks__has_key=TICK)
    if handed.exclude(entry=place.entry_id).count() >= most:
        raise TooManyVotes(most=most, title=place.title)


def _may_be_known(place: Place, sheet: ScoreSheet | None, request: Request) -> bool:
    """Whether it is worth a look into the ledger: a request that builds on what stands is new."""
    if sheet is None:
        return place.state != Session.State.SCORING
    return (
        sheet.revision != request.base or sheet.client_id == request.client_id or place.state != Session.State.SCORING
    )


def _as_before(known: str, sheet: ScoreSheet | None, place: Place) -> ScoreSheet | DomainError:
    """The answer that a known request got, with what stands now."""
    if known == Move.Kind.LATE:
        return closed(place.locked_at)
    if sheet is None:
        raise ScoreSheet.DoesNotExist
    sheet.title = place.title
    return SheetChangedMeanwhile(sheet) if known == Move.Kind.CONFLICT else sheet


def _builds_on(sheet: ScoreSheet, request: Request) -> bool:
    return sheet.revision == request.base or (bool(sheet.client_id) and sheet.client_id in request.after)


def _beside(
    place: Place, sheet: ScoreSheet, marks: Mapping[str, str], request: Request, at: datetime
) -> ScoreSheet | DomainError:
    """A request that does not build on what stands: overtaken by its own device, or made on another one."""
    found = _plain(place.rule, marks)
    if request.device and request.device == sheet.device and request.counter < sheet.counter:
        _append(place, "superseded", found, request, at)
        return sheet
    if request.client_id:
        _append(place, "conflict", found, request, at)
    return SheetChangedMeanwhile(sheet)


def _store(
    place: Place, sheet: ScoreSheet | None, marks: dict[str, str], total: Decimal | None, submit: bool, request: Request,
    at: datetime, comment: str,
) -> ScoreSheet:  # fmt: skip
    facts: dict[str, Any] = {
        "marks": marks, "total": total, "state": ScoreSheet.State.SUBMITTED if submit else ScoreSheet.State.DRAFT,
        "comment": comment.strip()[:300], "revision": 1 if sheet is None else sheet.revision + 1,
        "client_id": request.client_id, "device": request.device, "counter": request.counter, "saved_at": at,
        "submitted_at": at if submit else None,
    }  # fmt: skip
    if sheet is None:
        return ScoreSheet.objects.create(
            session_id=place.session_id, judge_id=place.judge_id, entry_id=place.entry_id, **facts
        )
    ScoreSheet.objects.filter(pk=sheet.pk).update(**facts)  # the judge's row is locked: nobody else writes this sheet
    for name, value in facts.items():
        setattr(sheet, name, value)
    return sheet


def _append(
    place: Place, kind: str, marks: Mapping[str, str], request: Request, at: datetime, *, revision: int = 0,
    reason: str = "",
) -> None:  # fmt: skip
    """The next line of this judge's ledger; her row is locked, and the guard of the ledger moves its count and head on."""
    line = move_document(
        session=str(place.session_id), judge=f"J{place.seat}", number=place.moves + 1, proposal=place.key, kind=kind,
        marks=marks, reason=reason, base=request.base, revision=revision, device=request.device, counter=request.counter,
        by=request.by, at=at, previous=place.head,
    )  # fmt: skip
    Move.objects.create(
        session_id=place.session_id, judge_id=place.judge_id, entry_id=place.entry_id, number=line["number"], kind=kind,
        marks=line["marks"], reason=reason, base=request.base, revision=revision, client_id=request.client_id,
        device=request.device, counter=request.counter, by=request.by, at=at, previous=place.head, digest=line["digest"],
    )  # fmt: skip


def _plain(rule: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, str]:
    """Marks for the record only, unread: known criteria, short texts."""
    return {c["key"]: str(marks[c["key"]])[:12] for c in columns(rule) if marks.get(c["key"])}


def closed(locked_at: datetime | None) -> ScoringClosed:
    """The refusal after the lock, with its time."""
    return ScoringClosed(at=_when(locked_at) if locked_at else "")


def void_sheet(*, judge_id: int, entry_id: int, reason: str, at: datetime) -> None:
    """After a late recusal: the sheet no longer counts, its trace stays. Inside the caller's transaction."""
    judge = Judge.objects.select_related("user").get(pk=judge_id)
    sheet = ScoreSheet.objects.filter(judge=judge_id, entry=entry_id).exclude(state=ScoreSheet.State.VOID).first()
    if sheet is None:
        return
    place = place_of(judge.user, entry_id)
    request = Request(base=sheet.revision, by="office")
    ScoreSheet.objects.filter(pk=sheet.pk).update(
        state=ScoreSheet.State.VOID, revision=sheet.revision + 1, client_id=""
    )
    _append(place, "void", sheet.marks, request, at, revision=sheet.revision + 1, reason=reason[:200])
