"""How judges get in: an invitation that only answers, a seat QR for once, the PIN of the hall; one device at a time."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import SignInAttempt, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.models import Judge, SeatPass, Session
from judging.services.setup import locked

LASTS = timedelta(minutes=10)
TRIES = 5
WINDOW = timedelta(minutes=10)


class UnknownPass(DomainError):
    message = "这个链接或二维码已经作废。请现场工作人员重新出示。"
    status = 404


class PassExpired(DomainError):
    message = "这个二维码已超过 10 分钟，不能再用。请现场工作人员重新出示。"
    status = 410


class PassUsed(DomainError):
    message = "这个二维码已经用过一次。如果不是您本人用的，请立即告诉现场工作人员。"
    status = 410


class NotYet(DomainError):
    message = "评分还没有开放。请等主持人宣布开始后再进入。"


class Over(DomainError):
    message = "这场评审会的评分已经结束，不用再进入。谢谢您。"
    status = 410


class WrongPin(DomainError):
    message = "口令不对，请再听一遍。连续输错 5 次要等 10 分钟。"
    status = 400


class TooManyTries(DomainError):
    message = "输错次数太多，请 10 分钟后再试，或请现场工作人员出示席位二维码。"
    status = 429


class NoPin(DomainError):
    message = "现场口令还没有公布。请等主持人宣布。"


class SeatElsewhere(DomainError):
    message = "您的席位已在另一台设备上打开。要在这台设备上继续，请刷新本页并点“在这台设备上继续”。"


def digest_of(token: str) -> str:
    """What the database keeps of a token or of a device's cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def _hosted(session_id: int, by: User) -> Session:
    session = locked(session_id)
    if not rules.can_host(by, session):
        raise NotAllowed
    if session.state not in (Session.State.SETUP, Session.State.SCORING):
        raise Over
    return session


@transaction.atomic(durable=True)
def issue_pass(*, session_id: int, judge_id: int, kind: str, by: User, at: datetime) -> str:
    """A new token for one seat; the one before is void. A QR lasts ten minutes. Returns the token, kept nowhere.

    Raises NotAllowed, Over, NotYet (a QR before scoring is open).
    """
    session = _hosted(session_id, by)
    if kind == SeatPass.Kind.QR and session.state == Session.State.SETUP:
        raise NotYet
    judge = Judge.objects.get(pk=judge_id, session=session)
    token = secrets.token_urlsafe(18)
    facts = {
        "digest": digest_of(token), "made_at": at, "made_by": by, "used_at": None,
        "expires_at": at + LASTS if kind == SeatPass.Kind.QR else None,
    }  # fmt: skip
    SeatPass.objects.update_or_create(judge=judge, kind=kind, defaults=facts)
    record(
        actor=by, verb="judging.pass_issued", about=session, at=at, scope_id=session.round.street_id,
        facts={"judge": judge.pk, "kind": kind},
    )  # fmt: skip
    return token


def pass_of(token: str, kind: str) -> SeatPass:
    """The pass behind a token. Raises UnknownPass."""
    found = SeatPass.objects.select_related("judge__user", "judge__session__round__street").filter(
        digest=digest_of(token), kind=kind, judge__user__is_active=True
    )
    seat_pass = found.first()
    if seat_pass is None:
        raise UnknownPass
    return seat_pass


@transaction.atomic(durable=True)
def answer_invitation(*, token: str, answer: str, words: str, at: datetime) -> Judge:
    """Whether the judge will come; may be changed until the session is over. Signs nobody in. Raises UnknownPass, Over."""
    judge = pass_of(token, SeatPass.Kind.INVITATION).judge
    if judge.session.state not in (Session.State.SETUP, Session.State.SCORING):
        raise Over
    judge.answer, judge.answer_words, judge.answered_at = Judge.Answer(answer).value, words.strip()[:100], at
    judge.save(update_fields=["answer", "answer_words", "answered_at"])
    record(
        actor=judge.user, verb="judging.invitation_answered", about=judge.session, at=at, scope_id=judge.session.round.street_id,
        facts={"judge": judge.pk, "answer": answer},
    )  # fmt: skip
    return judge


def _must_be_on(session: Session) -> None:
    if session.state == Session.State.SETUP:
        raise NotYet
    if session.state != Session.State.SCORING:
        raise Over


@transaction.atomic(durable=True)
def use_qr(*, token: str, device: str, at: datetime) -> Judge:
    """The QR signs its seat in, once. `device`: the cookie of the device that now holds the seat.

    Raises UnknownPass, PassUsed, PassExpired, NotYet, Over.
    """
    seat_pass = pass_of(token, SeatPass.Kind.QR)
    _must_be_on(seat_pass.judge.session)
    if seat_pass.expires_at is None or at >= seat_pass.expires_at:
        raise PassExpired
    fresh = SeatPass.objects.filter(pk=seat_pass.pk, digest=seat_pass.digest, used_at=None)
    if not fresh.update(used_at=at):
        raise PassUsed
    return _enter(seat_pass.judge, device, at, "qr")


def _enter(judge: Judge, device: str, at: datetime, how: str) -> Judge:
    Judge.objects.filter(pk=judge.pk).update(device=digest_of(device), device_at=at)
    record(
        actor=judge.user, verb="judging.seat_entered", about=judge.session, at=at, scope_id=judge.session.round.street_id,
        facts={"judge": judge.pk, "how": how},
    )  # fmt: skip
    return judge


@transaction.atomic(durable=True)
def make_pin(*, session_id: int, by: User, at: datetime) -> str:
    """Six digits to read out; a new one voids the old. Raises NotAllowed, Over."""
    session = _hosted(session_id, by)
    session.pin = f"{secrets.randbelow(10**6):06d}"
    session.save(update_fields=["pin"])
    record(actor=by, verb="judging.pin_made", about=session, at=at, scope_id=session.round.street_id)
    return session.pin


def enter_by_pin(*, token: str, pin: str, device: str, at: datetime) -> Judge:
    """Invitation and PIN together sign the seat in. Wrong ones are counted by seat and by device, never by address.

    Raises UnknownPass, NotYet, Over, NoPin, TooManyTries, WrongPin.
    """
    judge = pass_of(token, SeatPass.Kind.INVITATION).judge
    session = judge.session
    _must_be_on(session)
    if not session.pin:
        raise NoPin
    account = f"seat:{judge.pk}"
    recent = SignInAttempt.objects.filter(at__gt=at - WINDOW)
    here = digest_of(device)
    if (
        recent.filter(account=account).count() >= TRIES
        or recent.filter(account__startswith="seat:", device=here).count() >= TRIES
    ):
        raise TooManyTries
    if not secrets.compare_digest(pin.strip().encode(), session.pin.encode()):
        SignInAttempt.objects.create(account=account, device=here, at=at)
        raise WrongPin
    with transaction.atomic(durable=True):
        SignInAttempt.objects.filter(account=account).delete()
        return _enter(judge, device, at, "pin")


@transaction.atomic(durable=True)
def hold_seat(*, judge: Judge, device: str, at: datetime, move: bool = False) -> bool:
    """Whether this device holds the seat now. A seat that nobody holds is taken; `move`: taken from another device."""
    here = digest_of(device)
    free = Judge.objects.filter(pk=judge.pk) if move else Judge.objects.filter(pk=judge.pk, device="")
    if judge.device != here and free.update(device=here, device_at=at):
        judge.device, judge.device_at = here, at
        if move:
            record(
                actor=judge.user, verb="judging.seat_moved", about=judge.session, at=at,
                scope_id=judge.session.round.street_id, facts={"judge": judge.pk},
            )  # fmt: skip
        return True
    return judge.device == here
