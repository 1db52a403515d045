"""The conductor's acts 导播: who presents, the clock, opening and closing, revealing. Each makes a new version of the board."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.models import Entry, ResultLine, Session, Stage
from judging.services.setup import in_setup, store
from judging.services.telling import new_key, stage_of, tell


class StageMoved(DomainError):
    message = "导播台刚刚在别处操作过，页面已更新。请看清现在的状态，再操作一次。"


class WaitsForItself(DomainError):
    message = "两组不能互相等对方先公布。"
    status = 400


class NotOnStageNow(DomainError):
    message = "现在不能这样操作：{why}。"


ACTS = {
    "present": "开始陈述", "questions": "转入答辩", "pause": "暂停计时", "resume": "继续计时", "stop": "结束本项目", "open": "开放评分",
    "close": "关闭评分", "break": "休息", "reveal": "揭晓下一名", "final": "显示全部结果", "key": "更换大屏链接", "times": "设定时长",
}  # fmt: skip


@transaction.atomic(durable=True)
def direct(
    *, session_id: int, act: str, by: User, at: datetime, version: int | None = None, entry_id: int | None = None,
    note: str = "", seconds: tuple[int, int, int] | None = None,
) -> Stage:  # fmt: skip
    """One act of the conductor. `version`: the board she saw; an older one is refused, so a second click does nothing.

    `entry_id`: for `present`, `open` and `close`. `note`: what interrupted, with `pause`. `seconds`: presentation, questions,
    warning, with `times`. Raises NotAllowed, StageMoved, NotOnStageNow.
    """
    session = Session.objects.select_related("round__street").get(pk=session_id)
    if not rules.can_host(by, session):
        raise NotAllowed
    stage_of(session, at)
    stage = Stage.objects.select_for_update(of=("self",)).select_related("entry").get(session=session)
    if version is not None and version != stage.version:
        raise StageMoved
    session.refresh_from_db(fields=["state", "is_paced"])
    facts = _ACTIONS[act](session, stage, at, entry_id, seconds)
    stage.version, stage.changed_at = stage.version + 1, at
    stage.save()
    record(
        actor=by, verb=f"judging.stage_{act}", about=session, at=at, scope_id=session.round.street_id, reason=note.strip()[:200],
        facts={"version": stage.version, **facts},
    )  # fmt: skip
    tell(session, stage, at)
    return stage


def _entry(session: Session, entry_id: int | None) -> Entry:
    entry = Entry.objects.select_related("proposal").filter(session=session, pk=entry_id or 0).first()
    if entry is None or entry.position is None:
        raise NotOnStageNow(why="请先抽签，再选择要上台的项目")
    if entry.proposal.state != "passed":
        raise NotOnStageNow(why="该项目已撤回")
    return entry


def _scoring(session: Session) -> None:
    if session.state != Session.State.SCORING:
        raise NotOnStageNow(why="评审会不在评分中")


def _present(session: Session, stage: Stage, at: datetime, entry_id: int | None, _seconds: Any) -> dict[str, Any]:
    if session.state not in (Session.State.SETUP, Session.State.SCORING):
        raise NotOnStageNow(why="评审会已锁定")
    entry = _entry(session, entry_id)
    stage.entry, stage.phase = entry, Stage.Phase.PRESENTING
    stage.started_at, stage.paused_at, stage.paused_seconds = at, None, 0
    return {"entry": entry.pk}


def _questions(_session: Session, stage: Stage, at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    if stage.phase != Stage.Phase.PRESENTING:
        raise NotOnStageNow(why="没有项目正在陈述")
    stage.phase = Stage.Phase.QUESTIONS
    stage.started_at, stage.paused_at, stage.paused_seconds = at, None, 0
    return {}


def _pause(_session: Session, stage: Stage, at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    if stage.phase not in (Stage.Phase.PRESENTING, Stage.Phase.QUESTIONS) or stage.paused_at is not None:
        raise NotOnStageNow(why="没有正在走的计时")
    stage.paused_at = at
    return {}


def _resume(_session: Session, stage: Stage, at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    if stage.paused_at is None:
        raise NotOnStageNow(why="计时没有暂停")
    seconds = max(0, round((at - stage.paused_at) / timedelta(seconds=1)))
    stage.paused_seconds += seconds
    stage.paused_at = None
    return {"compensated_seconds": seconds}


def _stop(_session: Session, stage: Stage, _at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    stage.phase, stage.started_at, stage.paused_at, stage.paused_seconds = Stage.Phase.WAITING, None, None, 0
    return {}


def _break(_session: Session, stage: Stage, _at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    stage.phase, stage.started_at, stage.paused_at, stage.paused_seconds = Stage.Phase.BREAK, None, None, 0
    return {}


def _open(session: Session, _stage: Stage, at: datetime, entry_id: int | None, _seconds: Any) -> dict[str, Any]:
    """Open the scoring of a project; with a calibration, the first ones are opened together when the last of them came."""
    _scoring(session)
    entry = _entry(session, entry_id)
    position = entry.position or 0
    if entry.opened_at is None and position < session.opens_after:
        raise NotOnStageNow(why=f"本场设定前 {session.opens_after} 个项目讲完后一起开放评分")
    rows = Entry.objects.filter(session=session, proposal__state="passed")
    if position == session.opens_after:
        rows.filter(position__lt=position, opened_at=None).update(opened_at=at)
    if entry.opened_at is None:
        rows.filter(pk=entry.pk).update(opened_at=at)
    else:
        rows.filter(pk=entry.pk).update(closed_at=None)
    return {"entry": entry.pk}


def _close(session: Session, _stage: Stage, at: datetime, entry_id: int | None, _seconds: Any) -> dict[str, Any]:
    _scoring(session)
    entry = _entry(session, entry_id)
    if not Entry.objects.filter(pk=entry.pk, opened_at__isnull=False, closed_at=None).update(closed_at=at):
        raise NotOnStageNow(why="该项目没有在评分")
    return {"entry": entry.pk}


def waits_for(session: Session) -> Session | None:
    """The other group that must be locked before this one's scores may be told, as long as it is not."""
    other = session.reveals_after
    return other if other is not None and other.locked_at is None else None


def _must_be_locked(session: Session) -> None:
    if session.state not in (Session.State.LOCKED, Session.State.PUBLISHED):
        raise NotOnStageNow(why="锁定评审会以后才能揭晓")
    other = waits_for(session)
    if other is not None:
        raise NotOnStageNow(why=f"要等“{other.name}”评完并锁定，才能揭晓本场")


def _reveal(session: Session, stage: Stage, _at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    _must_be_locked(session)
    ranked = ResultLine.objects.filter(result=session.current_id, outcome="ranked").count()
    if stage.phase == Stage.Phase.REVEALING and stage.revealed >= ranked:
        raise NotOnStageNow(why="已经全部揭晓")
    stage.revealed = stage.revealed + 1 if stage.phase == Stage.Phase.REVEALING else 1
    stage.phase, stage.started_at, stage.paused_at = Stage.Phase.REVEALING, None, None
    return {"revealed": stage.revealed}


def _final(session: Session, stage: Stage, _at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    _must_be_locked(session)
    stage.phase, stage.started_at, stage.paused_at = Stage.Phase.FINAL, None, None
    stage.revealed = ResultLine.objects.filter(result=session.current_id, outcome="ranked").count()
    return {}


def _key(_session: Session, stage: Stage, _at: datetime, _entry_id: Any, _seconds: Any) -> dict[str, Any]:
    stage.key = new_key()
    return {}


def _times(_session: Session, stage: Stage, _at: datetime, _entry_id: Any, seconds: Any) -> dict[str, Any]:
    stage.seconds_present, stage.seconds_question, stage.seconds_warning = seconds
    return {"seconds": list(seconds)}


_ACTIONS = {
    "present": _present, "questions": _questions, "pause": _pause, "resume": _resume, "stop": _stop, "open": _open,
    "close": _close, "break": _break, "reveal": _reveal, "final": _final, "key": _key, "times": _times,
}  # fmt: skip


def _other_group(session: Session, pk: int | None) -> Session | None:
    """Another session of the same round that does not wait for this one in turn."""
    other = Session.objects.filter(pk=pk, round=session.round_id, rehearsal_of=None).first() if pk else None
    step, seen = other, 0
    while step is not None and seen < 50:  # a chain of groups ends somewhere, or it comes back here
        if step.pk == session.pk:
            raise WaitsForItself
        step, seen = step.reveals_after, seen + 1
    return other


@transaction.atomic(durable=True)
def add_group(*, session_id: int, name: str, by: User, at: datetime) -> Session:
    """Another group of a grouped review: a session of its own with the same day, place, rule and pace.

    Raises NotAllowed, NotInSetup, SameSession.
    """
    session = in_setup(session_id, by)
    copy = Session(
        round=session.round, name=name.strip(), held_on=session.held_on, venue=session.venue, rule=session.rule, notes=session.notes,
        is_paced=session.is_paced, opens_after=session.opens_after, is_demo=session.is_demo,
    )  # fmt: skip
    store(copy)
    stage_of(copy, at)
    record(
        actor=by, verb="judging.session_created", about=copy, at=at, scope_id=session.round.street_id,
        facts={"name": copy.name, "group_of": session.pk},
    )  # fmt: skip
    return copy


@transaction.atomic(durable=True)
def set_pace(
    *, session_id: int, is_paced: bool, opens_after: int, by: User, at: datetime, names_public: bool = False,
    reveals_after: int | None = None, severity: bool = False, feedback: bool = True,
) -> Session:  # fmt: skip
    """How scoring opens: one by one by the host or all at once, after how many presentations; whether applicants read the
    judges' names, and whether they get `feedback` (means per criterion, comments); whether judges' `severity` is worked out after the lock; which other session of the round must be locked before this one's scores are told.

    Raises NotInSetup, NotAllowed, WaitsForItself.
    """
    session = in_setup(session_id, by)
    session.reveals_after = _other_group(session, reveals_after)
    session.is_paced, session.opens_after = is_paced, opens_after
    session.notes = {**session.notes, "names_public": names_public, "severity": severity, "feedback": feedback}
    session.save(update_fields=["is_paced", "opens_after", "notes", "reveals_after"])
    record(
        actor=by, verb="judging.pace_set", about=session, at=at, scope_id=session.round.street_id,
        facts={"is_paced": is_paced, "opens_after": opens_after, "names_public": names_public, "reveals_after": reveals_after, "severity": severity, "feedback": feedback},
    )  # fmt: skip
    return session
