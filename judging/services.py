"""Sessions: set-up, draw, scoring, lock, publication."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Subquery

from accounts.models import User
from accounts.services import add_user, belong
from audit.services import record
from core.clock import local
from core.errors import DomainError, FormatError, NotAllowed
from core.exact import digest, plain_text
from judging import rules
from judging.domain.draw import commitment, order
from judging.domain.scoring import check_marks, check_rule, compute, sheet_total
from judging.domain.values import Rule
from judging.models import Draw, Entry, Judge, Recusal, Result, ResultLine, ScoreSheet, Session
from organizations.models import Membership
from projects.models import Proposal, ProposalVersion
from rounds.models import Round


class SameSession(DomainError):
    message = "本期已有同名评审会，请换一个名称。"


class NotInSetup(DomainError):
    message = "评分已开放，设置不能再改。"


class MaximaDoNotAddUp(DomainError):
    message = "各评分项满分之和为 {total} 分，应为 {full} 分。请修改评分项，或改填满分合计。"


class BadRule(DomainError):
    message = "评分规则不对：{why}"


class NotReady(DomainError):
    message = "还不能开放评分：{gaps}。"


class AlreadyDrawn(DomainError):
    message = "已经抽过签，不能重抽。"


class NoCommitment(DomainError):
    message = "请先公布承诺值，再现场抽签。"


class NoWitness(DomainError):
    message = "请填写现场号码和见证人，再抽签。"


class NoReason(DomainError):
    message = "请写明回避理由。"


class UsernameTaken(DomainError):
    message = "用户名“{username}”已有人使用，请换一个；如果就是这位评委，请直接填入评委名单。"


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


class ProposalGone(DomainError):
    message = "该项目已撤回，不用评分。"


class BadMark(DomainError):
    """A mark is not allowed; `key` names the criterion."""

    status = 400

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class SheetChangedMeanwhile(DomainError):
    """Somebody (the same judge on another device) saved in between; `sheet` is what stands now."""

    message = "这张评分表刚刚在另一台设备上改过：那边合计 {there} 分。请核对，再提交一次将以您现在填写的为准。"

    def __init__(self, sheet: ScoreSheet) -> None:
        super().__init__(there="未填完" if sheet.total is None else f"{sheet.total:.2f}")
        self.sheet = sheet


class Gaps(DomainError):
    message = "还有 {count} 张评分表没有交。请催交，或写明缺评理由后再锁定。"


class FiguresFrozen(DomainError):
    message = "评审会已锁定，其他部分得分和加减分不能再改。"


class NotScoring(DomainError):
    message = "评审会不在评分中，不能锁定。请刷新页面查看。"


class NotLocked(DomainError):
    message = "评审会尚未锁定，或已经公布。"


def _when(moment: datetime) -> str:
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


def make_rule(
    criteria: Sequence[Mapping[str, str]], *, high: int = 1, low: int = 1, start: int = 5, decimals: int = 2, quorum: int = 3,
    ties: Sequence[str] | None = None, by: str = "printed", on: str = "total", aggregate: str = "mean",
    parts: Sequence[Mapping[str, Any]] = (), own_part: str | None = None, bonus_cap: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The `rule` of chuangtou/scoring@1 from the office's choices. Criteria: key, label, max, step, and min if not 0.

    `by`: rank by the `printed` or the `exact` score. `ties`: what decides between equals, in order. `on`: trim each
    sheet's `total` or each `criterion`. `parts`: key, weight and perhaps scale, `own_part` the one scored here.
    """
    first = criteria[0]["key"] if criteria else ""
    return {
        "version": "v1",
        "criteria": [
            {"key": c["key"], "label": c["label"], "min": c.get("min", "0"), "max": c["max"], "step": c["step"], "weight": "1"} for c in criteria
        ],
        "trim": {"high": high, "low": low, "from": start, "on": on} if high or low or on != "total" else None,
        "clamp": None, "calibration": None, "aggregate": aggregate, "criterion_decimals": None, "product_decimals": None,
        "decimals": decimals, "quorum": quorum, "own_part": own_part, "parts": [dict(p) for p in parts], "bonus_cap": bonus_cap,
        "rank": {"by": by, "style": "competition", "ties": list(ties) if ties is not None else [f"criterion:{first}", "untrimmed_mean"]},
    }  # fmt: skip


def _check_rule(rule: Mapping[str, Any], full_marks: Decimal) -> None:
    """Refuse a rule that the engine refuses, or whose maxima do not add up to the declared full marks."""
    try:
        check_rule(rule)
    except FormatError as error:
        raise BadRule(why=error.message) from error
    total = sum((Decimal(c["max"]) for c in rule["criteria"]), Decimal(0))
    if total != full_marks:
        raise MaximaDoNotAddUp(total=f"{total.normalize():f}", full=f"{full_marks.normalize():f}")


@transaction.atomic(durable=True)
def create_session(
    *,
    round_id: int,
    name: str,
    held_on: date,
    venue: str,
    rule: Mapping[str, Any],
    by: User,
    at: datetime,
    is_demo: bool = False,
    full_marks: Decimal = Decimal(100),
    notes: Mapping[str, Any] | None = None,
) -> Session:
    """A session in preparation with its rule and what is told beside it. Raises NotAllowed, SameSession, BadRule, MaximaDoNotAddUp."""
    round_ = Round.objects.select_related("street").get(pk=round_id)
    session = Session(
        round=round_, name=name.strip(), held_on=held_on, venue=venue.strip(), rule=dict(rule), is_demo=is_demo,
        notes=dict(notes or {}),
    )  # fmt: skip
    if not rules.can_run(by, session):
        raise NotAllowed
    _check_rule(rule, full_marks)
    _store(session)
    record(
        actor=by, verb="judging.session_created", about=session, at=at, scope_id=round_.street_id,
        facts={"full_marks": str(full_marks)},
    )  # fmt: skip
    return session


def _store(session: Session) -> None:
    try:
        with transaction.atomic():
            session.save()
    except IntegrityError as error:
        raise SameSession from error


@transaction.atomic(durable=True)
def set_details(*, session_id: int, name: str, held_on: date, venue: str, by: User, at: datetime) -> Session:
    """Change name, day and place while the session is in preparation. Raises NotInSetup, SameSession."""
    session = _setup(session_id, by)
    session.name, session.held_on, session.venue = name.strip(), held_on, venue.strip()
    _store(session)
    record(actor=by, verb="judging.details_set", about=session, at=at, scope_id=session.round.street_id)
    return session


def _setup(session_id: int, by: User) -> Session:
    session = _locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state != Session.State.SETUP:
        raise NotInSetup
    return session


def _locked(session_id: int) -> Session:
    return Session.objects.select_for_update(of=("self",)).select_related("round__street").get(pk=session_id)


@transaction.atomic(durable=True)
def set_rule(
    *, session_id: int, rule: Mapping[str, Any], by: User, at: datetime, full_marks: Decimal = Decimal(100),
    notes: Mapping[str, Any] | None = None,
) -> Session:  # fmt: skip
    """Change the rule, and the notes if given, in preparation. Raises NotInSetup, BadRule, MaximaDoNotAddUp."""
    session = _setup(session_id, by)
    _check_rule(rule, full_marks)
    session.rule = dict(rule)
    if notes is not None:
        session.notes = dict(notes)
    session.save(update_fields=["rule", "notes"])
    record(
        actor=by, verb="judging.rule_set", about=session, at=at, scope_id=session.round.street_id,
        facts={"full_marks": str(full_marks)},
    )  # fmt: skip
    return session


@transaction.atomic(durable=True)
def set_entries(*, session_id: int, proposal_ids: Sequence[int], by: User, at: datetime) -> Session:
    """Which proposals are presented, each in its latest handed-in version. Raises NotInSetup, AlreadyDrawn."""
    session = _setup(session_id, by)
    if Draw.objects.filter(session=session, drawn_at__isnull=False).exists():
        raise AlreadyDrawn
    Recusal.objects.filter(judge__session=session).exclude(entry__proposal__in=proposal_ids).delete()
    Entry.objects.filter(session=session).exclude(proposal__in=proposal_ids).delete()
    known = set(Entry.objects.filter(session=session).values_list("proposal_id", flat=True))
    versions = ProposalVersion.objects.filter(proposal__in=proposal_ids, proposal__round=session.round_id)
    latest = dict(versions.order_by("number").values_list("proposal_id", "pk"))
    wanted = Proposal.objects.in_round(session.round).judgeable().filter(pk__in=proposal_ids).order_by("receipt_number")
    Entry.objects.bulk_create(
        Entry(session=session, proposal=p, version_id=latest[p.pk])
        for p in wanted
        if p.pk not in known and p.pk in latest
    )
    record(
        actor=by,
        verb="judging.entries_set",
        about=session,
        at=at,
        scope_id=session.round.street_id,
        facts={"proposals": sorted(proposal_ids)},
    )
    return session


@transaction.atomic(durable=True)
def seat_judges(*, session_id: int, user_ids: Sequence[int], by: User, at: datetime) -> Session:
    """Who judges, seats numbered in this order; seats of people who stay keep their recusals. Raises NotInSetup."""
    session = _setup(session_id, by)
    gone = Judge.objects.filter(session=session).exclude(user__in=user_ids)
    Recusal.objects.filter(judge__in=gone).delete()
    gone.delete()
    for offset in (1000, 0):  # seats are unique: move out of the way first
        for seat, user_id in enumerate(user_ids, 1):
            Judge.objects.update_or_create(session=session, user_id=user_id, defaults={"seat": seat + offset})
    record(
        actor=by,
        verb="judging.judge_seated",
        about=session,
        at=at,
        scope_id=session.round.street_id,
        facts={"users": list(user_ids)},
    )
    return session


@transaction.atomic(durable=True)
def add_judge(*, session_id: int, username: str, display_name: str, code: str, by: User, at: datetime) -> Judge:
    """A new account for a judge, with `code` as its first password, and the next free seat.

    Raises NotInSetup, UsernameTaken.
    """
    session = _setup(session_id, by)
    try:
        with transaction.atomic():
            user = add_user(
                username=username,
                display_name=display_name,
                password=code,
                at=at,
                by=by,
                scope_id=session.round.street_id,
            )
    except IntegrityError as error:
        raise UsernameTaken(username=username) from error
    belong(user=user, street_id=session.round.street_id)
    last = Judge.objects.filter(session=session).aggregate(last=Max("seat"))["last"] or 0
    judge = Judge.objects.create(session=session, user=user, seat=last + 1)
    record(
        actor=by, verb="judging.judge_seated", about=session, at=at, scope_id=session.round.street_id,
        facts={"users": [user.pk]},
    )  # fmt: skip
    return judge


@transaction.atomic(durable=True)
def recuse(*, judge_id: int, entry_id: int, reason: str, by: User, at: datetime) -> Recusal:
    """回避: this judge does not score this entry. In preparation by the office.

    Raises NotInSetup, NotAllowed, NoReason.
    """
    if not reason.strip():
        raise NoReason
    judge = Judge.objects.select_related("session").get(pk=judge_id)
    session = _setup(judge.session_id, by)
    entry = Entry.objects.get(pk=entry_id, session=session)
    row, _ = Recusal.objects.get_or_create(
        judge=judge, entry=entry, defaults={"reason": reason.strip(), "declared_at": at}
    )
    record(
        actor=by, verb="judging.recused", about=session, at=at, scope_id=session.round.street_id, reason=reason.strip(),
        facts={"judge": judge.pk, "entry": entry.pk},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def withdraw_recusal(*, session_id: int, recusal_id: int, by: User, at: datetime) -> None:
    """Take back a recusal that was noted by mistake; the record keeps both. Raises NotInSetup, NotAllowed."""
    session = _setup(session_id, by)
    row = Recusal.objects.filter(pk=recusal_id, judge__session=session).first()
    if row is None:
        return
    record(
        actor=by, verb="judging.recusal_withdrawn", about=session, at=at, scope_id=session.round.street_id, reason=row.reason,
        facts={"judge": row.judge_id, "entry": row.entry_id},
    )  # fmt: skip
    row.delete()


@transaction.atomic(durable=True)
def commit_draw(*, session_id: int, by: User, at: datetime, secret: str | None = None) -> Draw:
    """Draw a secret and publish its commitment. The same call again gives the same draw. Raises NotInSetup."""
    session = _setup(session_id, by)
    known = Draw.objects.filter(session=session).first()
    if known is not None:
        return known
    secret = secret or secrets.token_hex(16)
    draw = Draw.objects.create(session=session, secret=secret, commitment=commitment(secret), committed_at=at)
    record(
        actor=by, verb="judging.draw_committed", about=session, at=at, scope_id=session.round.street_id,
        facts={"commitment": draw.commitment},
    )  # fmt: skip
    return draw


@transaction.atomic(durable=True)
def draw_order(*, session_id: int, public_number: str, witnesses: str, by: User, at: datetime) -> Draw:
    """Type in the public number before witnesses; sets the running order.

    Raises NotInSetup, NoWitness, NoCommitment, AlreadyDrawn.
    """
    session = _setup(session_id, by)
    if not (public_number.strip() and witnesses.strip()):
        raise NoWitness
    draw = Draw.objects.select_for_update().filter(session=session).first()
    if draw is None:
        raise NoCommitment
    if draw.drawn_at is not None:
        raise AlreadyDrawn
    entries = {
        e.proposal.receipt_number or "": e for e in Entry.objects.filter(session=session).select_related("proposal")
    }
    for position, key in enumerate(order(list(entries), draw.secret, public_number.strip()), 1):
        Entry.objects.filter(pk=entries[key].pk).update(position=position)
    draw.public_number, draw.witnesses = public_number.strip(), witnesses.strip()
    draw.drawn_at, draw.drawn_by = at, by
    draw.save()
    record(
        actor=by, verb="judging.drawn", about=session, at=at, scope_id=session.round.street_id,
        facts={"number": draw.public_number, "secret": draw.secret},
    )  # fmt: skip
    return draw


@dataclass(frozen=True, slots=True)
class Figures:
    """What an entry brings along: values by part (None takes one away), factor, bonus and penalty in points."""

    parts: Mapping[str, Decimal | None]
    factor: Decimal = Decimal(1)
    bonus: Decimal = Decimal(0)
    penalty: Decimal = Decimal(0)


@transaction.atomic(durable=True)
def set_figures(*, session_id: int, figures: Mapping[int, Figures], by: User, at: datetime) -> Session:
    """The other parts' values, factor, bonus and penalty by entry id, as long as the session is not locked.

    Parts that are not named stay as they are. Raises NotAllowed, FiguresFrozen.
    """
    session = _locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state not in {Session.State.SETUP, Session.State.SCORING}:
        raise FiguresFrozen
    changed = {}
    for entry in Entry.objects.filter(session=session, pk__in=figures).order_by("pk"):
        given = figures[entry.pk]
        parts = entry.parts | {k: None if v is None else plain_text(v) for k, v in given.parts.items()}
        parts = {k: v for k, v in parts.items() if v is not None}
        now = {"parts": parts, "factor": given.factor, "bonus": given.bonus, "penalty": given.penalty}
        before = {name: getattr(entry, name) for name in now}
        if now != before:
            Entry.objects.filter(pk=entry.pk).update(**now)
            changed[str(entry.pk)] = {"before": _as_text(before), "after": _as_text(now)}
    if changed:
        record(
            actor=by, verb="judging.figures_set", about=session, at=at, scope_id=session.round.street_id, facts={"entries": changed},
        )  # fmt: skip
    return session


def _as_text(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {k: plain_text(v) if isinstance(v, Decimal) else v for k, v in figures.items()}


def gaps_before_opening(session: Session) -> list[str]:
    """What is still missing before scoring may open, as sentences; empty when ready."""
    found = []
    entries = Entry.objects.filter(session=session)
    judges = Judge.objects.filter(session=session)
    if not entries.exists():
        found.append("还没有参评项目")
    if judges.count() < max(1, int(session.rule["quorum"])):
        found.append(f"评委少于 {session.rule['quorum']} 位")
    if not Draw.objects.filter(session=session, drawn_at__isnull=False).exists():
        found.append("还没有抽签")
    elif entries.filter(position=None).exists():
        found.append("有项目没有出场顺序")
    excused = set(
        Recusal.objects.filter(judge__session=session).values_list("judge_id", "entry__proposal__organization_id")
    )
    insiders = Membership.objects.filter(
        user__in=judges.values("user"), organization__in=entries.values("proposal__organization")
    ).select_related("user", "organization")
    seat_of = dict(judges.values_list("user_id", "pk"))
    found += [
        f"“{m.user.display_name}”是参评单位“{m.organization.name}”的成员，请登记回避"
        for m in insiders
        if (seat_of[m.user_id], m.organization_id) not in excused
    ]
    return found


@transaction.atomic(durable=True)
def open_scoring(*, session_id: int, by: User, at: datetime) -> Session:
    """Freeze the rule with its digest and open scoring. Raises NotReady, NotInSetup."""
    session = _setup(session_id, by)
    gaps = gaps_before_opening(session)
    if gaps:
        raise NotReady(gaps="；".join(gaps))
    check_rule(session.rule)
    session.rule_digest = digest(session.rule)
    session.state, session.scoring_opened_at = Session.State.SCORING, at
    session.save(update_fields=["rule_digest", "state", "scoring_opened_at"])
    record(
        actor=by, verb="judging.scoring_opened", about=session, at=at, scope_id=session.round.street_id,
        facts={"rule_digest": session.rule_digest},
    )  # fmt: skip
    return session


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

    `whole`: every criterion must have one. Raises BadMark naming the criterion and its range.
    """
    read = _rule_of(json.dumps(rule))
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


def save_sheet(
    *,
    entry_id: int,
    judge: User,
    marks: Mapping[str, str],
    submit: bool,
    base_revision: int,
    client_id: str,
    at: datetime,
    comment: str = "",
) -> ScoreSheet:
    """Keep or hand in one judge's marks for one entry. A judge may change a handed-in sheet until the lock.

    `base_revision` is the revision the judge saw (0 for a new sheet). The same `client_id` again answers as before, after
    the lock too. A sheet that was handed in stays so: it can be handed in anew, not taken back.
    Raises ScoringNotOpen, ScoringClosed, Recused, ProposalGone, BadMark, AlreadyHandedIn, SheetChangedMeanwhile,
    NotAllowed.
    """
    try:
        return _save_sheet(entry_id, judge, marks, submit, base_revision, client_id, at, comment)
    except IntegrityError as error:
        if "judging_sheet_guard" in str(error):  # locked between our look and our write
            closed = _closed(Session.objects.get(entries=entry_id))
            _note_refusal(entry_id, judge, closed, at)
            raise closed from error
        other = ScoreSheet.objects.select_related("entry__proposal").get(judge__user=judge, entry=entry_id)
        if client_id and other.client_id == client_id:
            return other
        raise SheetChangedMeanwhile(other) from error
    except ScoringClosed as closed:
        _note_refusal(entry_id, judge, closed, at)
        raise


def _closed(session: Session) -> ScoringClosed:
    return ScoringClosed(at=_when(session.locked_at) if session.locked_at else "")


@transaction.atomic(durable=True)
def _note_refusal(entry_id: int, judge: User, refusal: DomainError, at: datetime) -> None:
    """A score that came after the lock is on record, without its marks."""
    entry = Entry.objects.select_related("session__round").get(pk=entry_id)
    record(
        actor=judge, verb="judging.sheet_refused", about=entry, at=at, scope_id=entry.session.round.street_id,
        facts={"why": type(refusal).__name__},
    )  # fmt: skip


@transaction.atomic(durable=True)
def _save_sheet(
    entry_id: int,
    judge: User,
    marks: Mapping[str, str],
    submit: bool,
    base_revision: int,
    client_id: str,
    at: datetime,
    comment: str,
) -> ScoreSheet:
    """The hot path: three statements besides the record of the act.

    The session is not locked here: the guard on the table takes it FOR SHARE in the write itself, and the lock takes it
    FOR UPDATE, so a write is entirely before the lock or refused.
    """
    seat = Judge.objects.filter(session=OuterRef("session"), user=judge)
    recused = Recusal.objects.filter(entry=OuterRef("pk"), judge__user=judge)
    entry = (
        Entry.objects.select_related("session__round", "proposal")
        .annotate(seat_id=Subquery(seat.values("pk")[:1]), is_recused=Exists(recused))
        .get(pk=entry_id)
    )
    if entry.seat_id is None:
        raise NotAllowed
    session = entry.session
    sheet = ScoreSheet.objects.filter(judge=entry.seat_id, entry=entry).first()
    if sheet is not None and client_id and sheet.client_id == client_id:
        sheet.entry = entry
        return sheet
    if session.state == Session.State.SETUP:
        raise ScoringNotOpen
    if session.state != Session.State.SCORING:
        raise _closed(session)
    if entry.is_recused:
        raise Recused
    if entry.proposal.state != Proposal.State.PASSED:
        raise ProposalGone
    found, total = read_marks(session.rule, marks, whole=submit)
    if sheet is not None and sheet.revision != base_revision:
        raise SheetChangedMeanwhile(sheet)
    if sheet is not None and sheet.state == ScoreSheet.State.SUBMITTED and not submit:
        raise AlreadyHandedIn
    before = None if sheet is None else sheet.marks
    facts: dict[str, Any] = {
        "marks": found, "total": total, "state": ScoreSheet.State.SUBMITTED if submit else ScoreSheet.State.DRAFT,
        "comment": comment.strip()[:300], "revision": 1 if sheet is None else sheet.revision + 1, "client_id": client_id,
        "saved_at": at, "submitted_at": at if submit else None,
    }  # fmt: skip
    if sheet is None:
        sheet = ScoreSheet.objects.create(session=session, judge_id=entry.seat_id, entry=entry, **facts)
    else:
        if not ScoreSheet.objects.filter(pk=sheet.pk, revision=base_revision).update(**facts):
            raise SheetChangedMeanwhile(ScoreSheet.objects.get(pk=sheet.pk))
        for name, value in facts.items():
            setattr(sheet, name, value)
        sheet.entry = entry
    record(
        actor=judge, verb="judging.sheet_submitted" if submit else "judging.sheet_saved", about=sheet, at=at,
        scope_id=session.round.street_id, facts={"revision": sheet.revision, "marks": found, "before": before},
    )  # fmt: skip
    return sheet


def scoring_document(session: Session) -> dict[str, Any]:
    """The chuangtou/scoring@1 document of a session: judges `J<seat>`, proposals by receipt number in running order."""
    judges = list(Judge.objects.filter(session=session).order_by("seat").values_list("pk", "seat"))
    entries = list(
        Entry.objects.filter(session=session)
        .order_by(F("position").asc(nulls_last=True), "pk")
        .values_list("pk", "proposal__receipt_number", "proposal__title", "proposal__state", "position", "parts", "factor", "bonus", "penalty")
    )  # fmt: skip
    sheets = {
        (j, e): marks
        for j, e, marks in ScoreSheet.objects.filter(session=session, state=ScoreSheet.State.SUBMITTED).values_list(
            "judge_id", "entry_id", "marks"
        )
    }
    recused = set(Recusal.objects.filter(judge__session=session).values_list("judge_id", "entry_id"))
    rows = []
    for entry, key, *_ in entries:
        for judge, seat in judges:
            if (judge, entry) in recused:
                state, marks = "recused", {}
            elif (judge, entry) in sheets:
                state, marks = "submitted", sheets[judge, entry]
            else:
                state, marks = "absent", {}
            rows.append({"judge": f"J{seat}", "proposal": key, "state": state, "marks": marks})
    columns = set(rules.other_parts(session.rule))
    return {
        "format": "chuangtou/scoring@1",
        "rule": session.rule,
        "proposals": [
            {"key": key, "name": title, "state": "standing" if standing == "passed" else "withdrawn", "lot": None if position is None else str(position),
             **_brought(columns, parts, factor, bonus, penalty)}
            for _, key, title, standing, position, parts, factor, bonus, penalty in entries
        ],
        "judges": [{"key": f"J{seat}", "name": f"评委{seat}"} for _, seat in judges],
        "sheets": rows,
    }  # fmt: skip


def _brought(
    columns: set[str], parts: Mapping[str, str], factor: Decimal, bonus: Decimal, penalty: Decimal
) -> dict[str, Any]:
    """What a proposal brings along, as the format writes it; what is the format's default is left out."""
    known = {k: v for k, v in parts.items() if k in columns}
    found: dict[str, Any] = {"parts": known} if known else {}
    defaults = (("factor", factor, 1), ("bonus", bonus, 0), ("penalty", penalty, 0))
    return found | {name: plain_text(value) for name, value, default in defaults if value != default}


@transaction.atomic(durable=True)
def lock_session(*, session_id: int, by: User, at: datetime, gap_reason: str = "") -> Result:
    """Lock, and in the same transaction make the immutable result. Gaps need a reason and count as absent.

    Raises NotAllowed, NotScoring, Gaps.
    """
    session = _locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state != Session.State.SCORING:
        raise NotScoring
    _, rows = rules.progress(session)
    gaps = sum(row.missing for row in rows)
    if gaps and not gap_reason.strip():
        raise Gaps(count=gaps)
    session.state, session.locked_at, session.locked_by = Session.State.LOCKED, at, by
    session.save(update_fields=["state", "locked_at", "locked_by"])
    document = scoring_document(session)
    outcome = compute(document)
    result = Result.objects.create(
        session=session, scoring=document, outcome=outcome, digest=digest(outcome), made_at=at
    )
    entries = dict(Entry.objects.filter(session=session).values_list("proposal__receipt_number", "pk"))
    ResultLine.objects.bulk_create(
        ResultLine(
            result=result, entry_id=entries[row["proposal"]], place=place, outcome=row["outcome"], rank=row["rank"],
            score=None if row["score"] is None else Decimal(row["score"]), detail=row,
        )
        for place, row in enumerate(outcome["results"], 1)
    )  # fmt: skip
    record(
        actor=by, verb="judging.locked", about=session, at=at, scope_id=session.round.street_id, reason=gap_reason.strip(),
        facts={"gaps": gaps, "digest": result.digest},
    )  # fmt: skip
    return result


@transaction.atomic(durable=True)
def publish_result(*, session_id: int, by: User, at: datetime) -> Session:
    """Make the result public. Raises NotAllowed, NotLocked."""
    session = _locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    moved = Session.objects.filter(pk=session_id, state=Session.State.LOCKED).update(
        state=Session.State.PUBLISHED, published_at=at
    )
    if not moved:
        raise NotLocked
    record(actor=by, verb="judging.published", about=session, at=at, scope_id=session.round.street_id)
    session.refresh_from_db()
    return session
