"""Undoing a lock before publication: the leader approves, the supervisor co-signs; and the supervisor's notes."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Role, User
from accounts.rules import may
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging.models import Entry, Judge, Session, Stage, SupervisorNote, Unlock
from judging.services.setup import NoReason, locked
from judging.services.telling import session_changed

LASTS = timedelta(hours=24)


class NotUnlockable(DomainError):
    message = "只有已锁定、还没有公布的评审会可以解锁。"


class UnlockWaits(DomainError):
    message = "已有一项解锁申请等待会签。"


class UnlockOver(DomainError):
    message = "这项解锁申请已经办完、撤回或过期，请刷新页面查看。"


class OneSigns(DomainError):
    message = "批准和会签必须是两个人。"


class JudgeUnlocks(DomainError):
    message = "本场评委不能参与解锁。"
    status = 403


def _locked_session(session_id: int, by: User) -> Session:
    session = locked(session_id)
    if Judge.objects.filter(session=session, user=by).exists():
        raise JudgeUnlocks
    if session.state != Session.State.LOCKED:
        raise NotUnlockable
    return session


@transaction.atomic(durable=True)
def ask_unlock(*, session_id: int, reason: str, by: User, at: datetime) -> Unlock:
    """Office or leader asks, with the reason. Raises NotAllowed, JudgeUnlocks, NotUnlockable, NoReason, UnlockWaits."""
    session = _locked_session(session_id, by)
    if not may(by, session.round.street, Role.OFFICE, Role.LEADER):
        raise NotAllowed
    if not reason.strip():
        raise NoReason
    Unlock.objects.filter(session=session, state=Unlock.State.WAITING, expires_at__lte=at).update(
        state=Unlock.State.WITHDRAWN
    )
    try:
        with transaction.atomic():
            row = Unlock.objects.create(
                session=session, result=session.result, reason=reason.strip()[:300], asked_by=by, asked_at=at,
                expires_at=at + LASTS,
            )  # fmt: skip
    except IntegrityError as error:
        raise UnlockWaits from error
    record(
        actor=by, verb="judging.unlock_asked", about=session, at=at, scope_id=session.round.street_id, reason=row.reason
    )
    return row


@transaction.atomic(durable=True)
def sign_unlock(*, unlock_id: int, by: User, at: datetime) -> Unlock:
    """The leader approves or the supervisor co-signs, in either order; with both the session is scored again.

    Raises NotAllowed, JudgeUnlocks, NotUnlockable, UnlockOver, OneSigns.
    """
    session_id = Unlock.objects.values_list("session_id", flat=True).get(pk=unlock_id)
    session = _locked_session(session_id, by)
    row = Unlock.objects.select_for_update(of=("self",)).get(pk=unlock_id)
    if row.state != Unlock.State.WAITING or at >= row.expires_at or row.result_id != session.current_id:
        raise UnlockOver
    if by.pk in (row.approved_by_id, row.cosigned_by_id):
        raise OneSigns
    if row.approved_by_id is None and may(by, session.round.street, Role.LEADER):
        row.approved_by, row.approved_at, verb = by, at, "judging.unlock_approved"
    elif row.cosigned_by_id is None and may(by, session.round.street, Role.SUPERVISOR):
        row.cosigned_by, row.cosigned_at, verb = by, at, "judging.unlock_cosigned"
    else:
        raise NotAllowed
    whole = row.approved_by_id is not None and row.cosigned_by_id is not None
    row.state = Unlock.State.DONE if whole else Unlock.State.WAITING
    row.save()
    record(actor=by, verb=verb, about=session, at=at, scope_id=session.round.street_id, reason=row.reason)
    if whole:
        session.state, session.current, session.locked_at, session.locked_by, session.head = (
            Session.State.SCORING,
            None,
            None,
            None,
            "",
        )
        session.save(update_fields=["state", "current", "locked_at", "locked_by", "head"])
        # What the hall was shown belongs to the old result: the next one is revealed from its first line again.
        Stage.objects.filter(session=session, phase__in=[Stage.Phase.REVEALING, Stage.Phase.FINAL]).update(
            phase=Stage.Phase.WAITING, revealed=0
        )
        record(
            actor=by, verb="judging.unlocked", about=session, at=at, scope_id=session.round.street_id, reason=row.reason,
            facts={"result": row.result_id},
        )  # fmt: skip
        session_changed(session, at)
    return row


@transaction.atomic(durable=True)
def withdraw_unlock(*, unlock_id: int, by: User, at: datetime) -> None:
    """Whoever may ask may also leave it. Raises NotAllowed, UnlockOver."""
    row = Unlock.objects.select_for_update(of=("self",)).select_related("session__round__street").get(pk=unlock_id)
    if not may(by, row.session.round.street, Role.OFFICE, Role.LEADER):
        raise NotAllowed
    if row.state != Unlock.State.WAITING:
        raise UnlockOver
    row.state = Unlock.State.WITHDRAWN
    row.save(update_fields=["state"])
    record(actor=by, verb="judging.unlock_withdrawn", about=row.session, at=at, scope_id=row.session.round.street_id)


@transaction.atomic(durable=True)
def add_note(*, session_id: int, words: str, by: User, at: datetime, entry_id: int | None = None) -> SupervisorNote:
    """The supervisor writes down what she saw; nothing is ever changed or removed. Raises NotAllowed, NoReason."""
    session = Session.objects.select_related("round__street").get(pk=session_id)
    if not may(by, session.round.street, Role.SUPERVISOR):
        raise NotAllowed
    if not words.strip():
        raise NoReason
    entry = Entry.objects.filter(pk=entry_id, session=session).first() if entry_id else None
    note = SupervisorNote.objects.create(session=session, entry=entry, words=words.strip()[:500], by=by, at=at)
    record(actor=by, verb="judging.supervisor_noted", about=session, at=at, scope_id=session.round.street_id)
    return note
