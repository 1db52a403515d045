"""Who sees, runs and scores which session; what may be told before and after the lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import may, street_ids
from core.clock import drift
from judging.hints import hints
from judging.models import Absence, Assignment, Entry, Judge, Recusal, Result, ResultLine, ScoreSheet, Session
from organizations.models import Membership
from projects.models import ProposalVersion

Person = User | AnonymousUser
WATCHERS = (Role.OFFICE, Role.LEADER, Role.HOST, Role.SUPERVISOR)
READERS = (Role.OFFICE, Role.LEADER, Role.SUPERVISOR, Role.HOST)


def visible_sessions(user: Person) -> "QuerySet[Session]":
    """Sessions of the street for office, leader, host and supervisor."""
    return Session.objects.filter(round__street__in=street_ids(user, *WATCHERS)).select_related(
        "round__street", "locked_by"
    )


def is_any_judge(user: Person) -> bool:
    """Whether the person has a seat anywhere: for menus."""
    return Judge.objects.filter(user=user.pk).exists()


def sits_in_hall(user: User) -> bool:
    """Whether a session is on in which the person judges or which she runs: there one listens for longer than one types."""
    scoring = Session.objects.filter(state=Session.State.SCORING)
    if scoring.filter(judges__user=user).exists():
        return True
    return scoring.filter(round__street__in=street_ids(user, Role.OFFICE, Role.HOST)).exists()


def can_run(user: Person, session: Session) -> bool:
    """The office sets up, opens, locks and publishes."""
    return may(user, session.round.street, Role.OFFICE)


def can_host(user: Person, session: Session) -> bool:
    """The host, or the office in her place, conducts: clock, opening, revealing."""
    return may(user, session.round.street, Role.OFFICE, Role.HOST)


def can_read_result(user: Person, session: Session) -> bool:
    """After the lock: office, leader, host and supervisor. Judges and the public after publication."""
    if session.state == Session.State.LOCKED:
        return may(user, session.round.street, *READERS)
    return session.state == Session.State.PUBLISHED


def rule_sessions(user: Person) -> "QuerySet[Session]":
    """Sessions whose rule the person may read: those of her street's watchers; a judge's own once scoring is open."""
    seat = Judge.objects.filter(session=OuterRef("pk"), user=user.pk)
    own = ~Q(state=Session.State.SETUP) & Exists(seat)
    return Session.objects.filter(Q(round__street__in=street_ids(user, *WATCHERS)) | own).select_related(
        "round__street"
    )


def can_check_result(user: Person, session: Session) -> bool:
    """Sensitivity and severity: office, leader and supervisor after the lock, and nobody who judged the session."""
    locked = session.state in {Session.State.LOCKED, Session.State.PUBLISHED}
    watches = may(user, session.round.street, Role.OFFICE, Role.LEADER, Role.SUPERVISOR)
    return locked and watches and not Judge.objects.filter(session=session, user=user.pk).exists()


def anchors(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Criterion key → what each grade means, (grade, sentence) in the office's order; the grade may be empty."""
    told = session.notes.get("anchors", {})
    return {
        c["key"]: [(grade, words) for grade, words in told[c["key"]]] for c in session.rule["criteria"] if told.get(c["key"])
    }  # fmt: skip


def other_parts(rule: Mapping[str, Any]) -> list[str]:
    """Which values are typed in per entry: the rule's other parts, then those that only its tie-breakers name."""
    keys = [p["key"] for p in rule["parts"]]
    keys += [tie.partition(":")[2] for tie in rule["rank"]["ties"] if tie.startswith(("part:", "vote:"))]
    return [key for key in dict.fromkeys(keys) if key != rule["own_part"]]


def public_results() -> "QuerySet[Session]":
    """Sessions whose result anybody may read."""
    return Session.objects.filter(state=Session.State.PUBLISHED).select_related("round__street", "current")


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One entry on a judge's list."""

    entry_id: int
    position: int | None
    title: str
    organization: str
    state: str
    words: str
    theme: str = ""
    requested: str = ""


WORDS = {
    "todo": "未评",
    "draft": "已暂存",
    "submitted": "已提交",
    "recused": "已回避",
    "gone": "已撤回",
    "void": "已作废",
}


def assigned_to(judge: Judge) -> Q:
    """Which entries of her session a judge has to do with: all, or what she is assigned."""
    own = Assignment.objects.filter(judge=judge, entry=OuterRef("pk"))
    return Q(session__is_assigned=False) | Q(Exists(own))


def desk(judge: Judge) -> list[DeskRow]:
    """A judge's entries in running order with the state of her own sheets; one query."""
    own = ScoreSheet.objects.filter(judge=judge, entry=OuterRef("pk"))
    recused = Recusal.objects.filter(judge=judge, entry=OuterRef("pk"))
    rows = (
        Entry.objects.filter(assigned_to(judge), session=judge.session_id)
        .annotate(sheet_state=Subquery(own.values("state")[:1]), is_recused=Exists(recused))
        .order_by(F("position").asc(nulls_last=True), "pk")
    )
    found = []
    columns = (
        "pk", "position", "proposal__title", "proposal__organization__name", "proposal__state", "sheet_state", "is_recused",
        "version__content__theme", "version__content__requested",
    )  # fmt: skip
    for pk, position, title, organization, standing, sheet, hidden, theme, requested in rows.values_list(*columns):
        state = "recused" if hidden else "gone" if standing != "passed" else sheet or "todo"
        shown = ("", "", "") if hidden else (organization, theme or "", requested or "")
        found.append(DeskRow(pk, position, title, shown[0], state, WORDS[state], *shown[1:]))
    return found


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """One entry of the office's progress table: per judge one of 交 / 未交 / 回避 / 缺评, never a number."""

    entry_id: int
    position: int | None
    title: str
    cells: list[str]
    missing: int


def progress(session: Session) -> tuple[list[tuple[int, str]], list[ProgressRow]]:
    """Judges (seat, name) and rows; four queries whatever the size."""
    judges = list(
        Judge.objects.filter(session=session).order_by("seat").values_list("pk", "seat", "user__display_name")
    )
    handed = set(
        ScoreSheet.objects.filter(session=session, state=ScoreSheet.State.SUBMITTED).values_list("judge_id", "entry_id")
    )
    why = explained(session)
    rows = []
    entries = Entry.objects.filter(session=session, proposal__state="passed").order_by(
        F("position").asc(nulls_last=True), "pk"
    )
    for pk, position, title in entries.values_list("pk", "position", "proposal__title"):
        cells = [
            why[j, pk]
            if why.get((j, pk)) in ("recused", "free")
            else "in"
            if (j, pk) in handed
            else why.get((j, pk), "out")
            for j, _, _ in judges
        ]
        rows.append(ProgressRow(pk, position, title, cells, cells.count("out")))
    return [(seat, name) for _, seat, name in judges], rows


def explained(session: Session) -> dict[tuple[int, int], str]:
    """(judge id, entry id) → `recused`, `absent` or `free` (of another judge's share), the first that holds; one query.

    Four queries where the session is assigned.
    """
    absent = Absence.objects.filter(judge__session=session).values_list("judge_id", "entry_id", Value("absent"))
    recused = Recusal.objects.filter(judge__session=session).values_list("judge_id", "entry_id", Value("recused"))
    found = {(j, e): why for j, e, why in sorted(absent.union(recused))}
    if not session.is_assigned:
        return found
    own = set(Assignment.objects.filter(judge__session=session).values_list("judge_id", "entry_id"))
    judges = Judge.objects.filter(session=session).values_list("pk", flat=True)
    every = product(judges, Entry.objects.filter(session=session).values_list("pk", flat=True))
    return {pair: "free" for pair in every if pair not in own} | found


@dataclass(frozen=True, slots=True)
class Gap:
    """A sheet that is neither there nor explained."""

    judge_id: int
    seat: int
    name: str
    seen_at: datetime | None
    entry_id: int
    position: int | None
    title: str
    has_draft: bool


def gaps(session: Session) -> list[Gap]:
    """Judge by judge, in running order; four queries whatever the size."""
    judges = Judge.objects.filter(session=session).order_by("seat")
    seats = list(judges.values_list("pk", "seat", "user__display_name", "seen_at"))
    entries = Entry.objects.filter(session=session, proposal__state="passed")
    projects = list(
        entries.order_by(F("position").asc(nulls_last=True), "pk").values_list("pk", "position", "proposal__title")
    )
    sheets = {
        (j, e): state
        for j, e, state in ScoreSheet.objects.filter(session=session).values_list("judge_id", "entry_id", "state")
    }
    known = explained(session)
    return [
        Gap(judge, seat, name, seen, entry, position, title, sheets.get((judge, entry)) == ScoreSheet.State.DRAFT)
        for judge, seat, name, seen in seats
        for entry, position, title in projects
        if sheets.get((judge, entry)) != ScoreSheet.State.SUBMITTED and (judge, entry) not in known
    ]


ONLINE = timedelta(seconds=70)


def online(session: Session, at: datetime) -> list[bool]:
    """Per seat, in order, whether the judge's device has been heard of just now."""
    seen = Judge.objects.filter(session=session).order_by("seat").values_list("seen_at", flat=True)
    return [moment is not None and at - moment < ONLINE for moment in seen]


@dataclass(frozen=True, slots=True)
class Light:
    """One line of the preflight: `green`, `amber` or `red`, and a sentence."""

    colour: str
    words: str


def preflight(session: Session, at: datetime) -> list[Light]:
    """Whether the hall is ready: rule, draw, materials, clock, judges, quorum, devices."""
    seats = online(session, at)
    rehearsed = session.rehearsals.exists()
    quorum = int(session.rule["quorum"])
    entries = Entry.objects.filter(session=session, proposal__state="passed")
    excused = Count("recusals", distinct=True)
    given = Count("assignments", distinct=True)
    thin = [
        title
        for title, stepped, assigned in entries.annotate(n=excused, a=given).values_list("proposal__title", "n", "a")
        if (assigned if session.is_assigned else len(seats)) - stepped < quorum
    ]
    newest = ProposalVersion.objects.filter(proposal=OuterRef("proposal")).order_by("-number").values("number")[:1]
    old = entries.exclude(version__number=Subquery(newest)).count()
    apart = abs(drift())
    here, frozen = sum(seats), bool(session.rule_digest)
    drawn = entries.exists() and not entries.filter(position=None).exists()
    coming = Judge.objects.filter(session=session, answer=Judge.Answer.COMING).count()
    away = Judge.objects.filter(session=session, answer=Judge.Answer.AWAY).count()
    open_claims = Recusal.objects.filter(judge__session=session, confirmed_at=None).count()
    told = hints(session, at) if session.state == Session.State.SETUP else []
    unanswered = sum(h.state == "open" for h in told)
    return [
        *([Light("amber" if unanswered else "green", f"有 {unanswered} 条回避提示没有处理" if unanswered else "回避提示都已处理")] if told else []),
        *([Light("green" if rehearsed else "amber", "已经排练过" if rehearsed else "还没有排练过")] if session.state == Session.State.SETUP else []),
        Light("green" if frozen else "amber", f"规则已冻结，摘要 {session.rule_digest[:8]}" if frozen else "规则还没有冻结，开放评分时自动冻结"),
        Light("green" if drawn else "red", "出场顺序已抽签确定" if drawn else "还没有抽签确定出场顺序"),
        Light("amber" if old else "green", f"{old} 个项目参评的不是最后提交的申报书" if old else "参评材料都是最后提交的版本"),
        Light("green" if apart < 2 else "amber" if apart < 60 else "red", f"服务器时钟与数据库相差 {apart:.0f} 秒，请校时" if apart >= 2 else "服务器时钟与数据库一致"),
        Light("green" if len(seats) >= quorum else "red", f"评委 {len(seats)} 位，有效评分至少要 {quorum} 份"),
        Light("red" if away else "green" if seats and coming == len(seats) else "amber", f"{away} 位评委答复不能出席，请换人" if away else f"评委答复出席 {coming}/{len(seats)}"),
        Light("red" if thin else "green", f"回避后评委不够 {quorum} 位：{'、'.join(thin[:3])}" if thin else "回避后每个项目的评委都够数"),
        Light("amber" if open_claims else "green", f"有 {open_claims} 条回避声明等待确认" if open_claims else "没有待确认的回避声明"),
        Light("green" if seats and here == len(seats) else "amber" if here else "red", f"评委设备在线 {here}/{len(seats)}"),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TallyRow:
    """One project of the tally sheet (E6). `marks`: per judge (total or None, left out?); amounts are points.

    `printed` is the score with exactly the digits that the rule names.
    """

    position: int | None
    title: str
    organization: str
    marks: list[tuple[Decimal | None, bool]]
    counted: int
    kept_sum: Decimal | None
    score: Decimal | None
    rank: int | None
    note: str
    printed: str | None


def tally(result: Result) -> tuple[list[str], list[TallyRow]]:
    """Judges' names in seat order and the rows of the tally sheet in ranking order; four queries."""
    session = result.session
    judges = list(
        Judge.objects.filter(session=session).order_by("seat").values_list("pk", "seat", "user__display_name")
    )
    key_of = {pk: f"J{seat}" for pk, seat, _ in judges}
    totals = {
        (judge, entry): total
        for judge, entry, total in ScoreSheet.objects.filter(session=session, state="submitted").values_list(
            "judge_id", "entry_id", "total"
        )
    }
    why = explained(session)
    trim = result.scoring["rule"]["trim"]
    by_total = trim is None or trim["on"] == "total"
    lines = ResultLine.objects.filter(result=result).select_related("entry__proposal__organization").order_by("place")
    rows = []
    for line in lines:
        left = {*line.detail["left_out"]["high"], *line.detail["left_out"]["low"]}
        marks: list[tuple[Decimal | None, bool]] = []
        notes = []
        kept = Decimal(0)
        for pk, seat, _ in judges:
            total = totals.get((pk, line.entry_id))
            reason = why.get((pk, line.entry_id), "")
            if total is None and reason != "free":
                notes.append(f"评委{seat}{'回避' if reason == 'recused' else '未评'}")
            out = key_of[pk] in left
            marks.append((total, out))
            if total is not None and not out:
                kept += total
        words = {"ranked": "", "below_quorum": "评分表不足", "withdrawn": "已撤回", "absent": "未到场"}[line.outcome]
        rows.append(
            TallyRow(
                line.entry.position, line.entry.proposal.title, line.entry.proposal.organization.name, marks,
                len(line.detail["counted"]), kept if by_total and line.detail["counted"] else None, line.score, line.rank,
                "；".join([*([words] if words else []), *notes]), line.detail["score"],
            )
        )  # fmt: skip
    return [name for _, _, name in judges], rows


def own_entries(user: Person) -> "QuerySet[Entry]":
    """Entries of published sessions whose proposal belongs to an organization of the person."""
    mine = Membership.objects.filter(user=user.pk).values("organization")
    return Entry.objects.filter(session__state=Session.State.PUBLISHED, proposal__organization__in=mine)


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """Sessions to score for a judge; sessions to run for the office."""
    found: list[dict[str, Any]] = []
    seats = (
        Judge.objects.filter(user=user, session__state=Session.State.SCORING)
        .select_related("session")
        .annotate(
            done=Count(
                "sheets", filter=Q(sheets__state="submitted", sheets__entry__proposal__state="passed"), distinct=True
            ),
            of=Case(
                When(
                    session__is_assigned=True,
                    then=Count("assignments", filter=Q(assignments__entry__proposal__state="passed"), distinct=True),
                ),
                default=Count("session__entries", filter=Q(session__entries__proposal__state="passed"), distinct=True),
            )
            - Count("recusals", filter=Q(recusals__entry__proposal__state="passed"), distinct=True),
        )
    )
    found += [
        {"title": f"评分：{j.session.name}", "href": reverse("judging:desk", args=[j.session_id]), "state": "todo", "count": 0,
         "hint": f"已评 {j.done}/{j.of}"}
        for j in seats.order_by("pk")
    ]  # fmt: skip
    streets = street_ids(user, Role.OFFICE)
    hosted = set(street_ids(user, Role.HOST)) - set(streets)
    if hosted:
        running = Session.objects.filter(round__street__in=hosted, state__in=["setup", "scoring", "locked"])
        found += [
            {"title": f"主持：{name}", "href": reverse("judging:conductor", args=[pk]), "state": "todo", "count": 0, "hint": ""}
            for pk, name in running.order_by("held_on", "pk").values_list("pk", "name")[:10]
        ]  # fmt: skip
    if streets:
        words = {"setup": "完成评审会设置", "scoring": "查看评分进度并锁定", "locked": "公布评审结果"}
        mine = Session.objects.filter(round__street__in=streets, state__in=words, rehearsal_of=None).order_by(
            "held_on", "pk"
        )
        found += [
            {
                "title": f"{words[state]}：{name}",
                "href": reverse("judging:session", args=[pk]),
                "state": "todo",
                "count": 0,
                "hint": "",
            }
            for pk, name, state in mine.values_list("pk", "name", "state")[:10]
        ]
    return found
