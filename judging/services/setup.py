"""A session in preparation: details, rule, entries, judges, recusals, draw; opening; its open document."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from accounts.services import add_user, belong
from audit.services import record
from core.errors import DomainError, FormatError, NotAllowed
from judging import rules
from judging.domain.ballot import votes
from judging.domain.scoring import check_rule
from judging.models import Draw, Entry, Judge, Recusal, Session
from judging.services.telling import stage_of
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


class AlreadyDrawn(DomainError):
    message = "已经抽过签，不能重抽。"


class NoReason(DomainError):
    message = "请写明回避理由。"


class UsernameTaken(DomainError):
    message = "用户名“{username}”已有人使用，请换一个；如果就是这位评委，请直接填入评委名单。"


def make_rule(
    criteria: Sequence[Mapping[str, str]], *, high: int = 1, low: int = 1, start: int = 5, decimals: int = 2, quorum: int = 3,
    ties: Sequence[str] | None = None, by: str = "printed", on: str = "total", aggregate: str = "mean",
    parts: Sequence[Mapping[str, Any]] = (), own_part: str | None = None, bonus_cap: str | None = None, ticks: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """The `rule` of chuangtou/scoring@1 from the office's choices. Criteria: key, label, max, step, and min if not 0.

    `by`: rank by the `printed` or the `exact` score. `ties`: what decides between equals, in order. `on`: trim each
    sheet's `total` or each `criterion`. `parts`: key, weight and perhaps scale, `own_part` the one scored here.
    `aggregate="ticks"`: a tick-vote of so many `ticks` a judge; criteria, trimming and what compares marks are left out.
    """
    by_tick = aggregate == "ticks"
    if by_tick:
        criteria, high, low, on, decimals = (), 0, 0, "total", 0
        ties = [tie for tie in ties or () if tie == "lot" or tie.partition(":")[0] in ("part", "vote")]
    first = criteria[0]["key"] if criteria else ""
    return {
        "version": "v1",
        "criteria": [
            {"key": c["key"], "label": c["label"], "min": c.get("min", "0"), "max": c["max"], "step": c["step"], "weight": "1"} for c in criteria
        ],
        "trim": {"high": high, "low": low, "from": start, "on": on} if high or low or on != "total" else None,
        "clamp": None, "calibration": None, "aggregate": aggregate, **({"ticks": {"at_most": ticks}} if by_tick else {}),
        "criterion_decimals": None, "product_decimals": None,
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
    if votes(rule) is not None:
        if not votes(rule):
            raise BadRule(why="每位评委至少要有一票。")
    elif total != full_marks:
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
    store(session)
    stage_of(session, at)
    record(
        actor=by, verb="judging.session_created", about=session, at=at, scope_id=round_.street_id,
        facts={"full_marks": str(full_marks)},
    )  # fmt: skip
    return session


def store(session: Session) -> None:
    """Save a session. Raises SameSession."""
    try:
        with transaction.atomic():
            session.save()
    except IntegrityError as error:
        raise SameSession from error


@transaction.atomic(durable=True)
def set_details(*, session_id: int, name: str, held_on: date, venue: str, by: User, at: datetime) -> Session:
    """Change name, day and place while the session is in preparation. Raises NotInSetup, SameSession."""
    session = in_setup(session_id, by)
    session.name, session.held_on, session.venue = name.strip(), held_on, venue.strip()
    store(session)
    record(actor=by, verb="judging.details_set", about=session, at=at, scope_id=session.round.street_id)
    return session


def in_setup(session_id: int, by: User) -> Session:
    """The session, locked, while it is in preparation and `by` may run it. Raises NotAllowed, NotInSetup."""
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state != Session.State.SETUP:
        raise NotInSetup
    return session


def locked(session_id: int) -> Session:
    """The session, its row locked."""
    return Session.objects.select_for_update(of=("self",)).select_related("round__street").get(pk=session_id)


@transaction.atomic(durable=True)
def set_rule(
    *, session_id: int, rule: Mapping[str, Any], by: User, at: datetime, full_marks: Decimal = Decimal(100),
    notes: Mapping[str, Any] | None = None,
) -> Session:  # fmt: skip
    """Change the rule, and the notes if given, in preparation. Raises NotInSetup, BadRule, MaximaDoNotAddUp."""
    session = in_setup(session_id, by)
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
    session = in_setup(session_id, by)
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
    session = in_setup(session_id, by)
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
    session = in_setup(session_id, by)
    try:
        with transaction.atomic():
            user = add_user(
                username=username,
                display_name=display_name,
                password=code,
                at=at,
                by=by,
                scope_id=session.round.street_id,
                must_change=True,
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
    session = in_setup(judge.session_id, by)
    entry = Entry.objects.get(pk=entry_id, session=session)
    row, _ = Recusal.objects.get_or_create(
        judge=judge,
        entry=entry,
        defaults={"reason": reason.strip(), "declared_at": at, "confirmed_at": at, "confirmed_by": by},
    )
    record(
        actor=by, verb="judging.recused", about=session, at=at, scope_id=session.round.street_id, reason=reason.strip(),
        facts={"judge": judge.pk, "entry": entry.pk},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def withdraw_recusal(*, session_id: int, recusal_id: int, by: User, at: datetime) -> None:
    """Take back a recusal that was noted by mistake; the record keeps both. Raises NotInSetup, NotAllowed."""
    session = in_setup(session_id, by)
    row = Recusal.objects.filter(pk=recusal_id, judge__session=session).first()
    if row is None:
        return
    record(
        actor=by, verb="judging.recusal_withdrawn", about=session, at=at, scope_id=session.round.street_id, reason=row.reason,
        facts={"judge": row.judge_id, "entry": row.entry_id},
    )  # fmt: skip
    row.delete()
