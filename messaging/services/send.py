"""Sending what is due: claim in a committed statement, send, note. At most once, and nothing lost without a mark.

Each run first tidies: claims that were never noted become 送达未知, what is past its use is dropped with that reason, and
too many due e-mails for one person become one. Then it sends until nothing is due or its time is up. Two runs at once
are harmless: the claim is a compare-and-swap, and the row count decides.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from core import clock
from messaging.channels import Channel, Letter, Outcome, Unreachable, Unsendable, Word, unknown
from messaging.channels.email import Email
from messaging.channels.robots import Line
from messaging.channels.sms import Sms
from messaging.domain.timing import LATE, USUAL, pause_after
from messaging.kinds import all_kinds, kind_of
from messaging.models import Delivery, Notice, Outgoing, Posting, Robot
from messaging.services.quiet import quiet_hours_now
from messaging.services.robots import WAYS

log = logging.getLogger(__name__)
GIVEN_UP = timedelta(minutes=10)
AT_ONCE = 100  # rows looked at together
SILENCES = 3  # unknown outcomes in a row: the rest is left to the next sweep instead of becoming unknown too
BUDGET = 45.0  # seconds of one run; the next sweep goes on
OVER = "事项已办结或已变更，不用再提醒"
LOST = "取出后没有结果，可能已送出，不再自动重发"
STATE = Outgoing.State


class Outlet(Protocol):
    """One kind of row with its channel."""

    model: Any
    channel: Channel

    def due(self, at: datetime, most: int) -> list[Any]: ...
    def letter(self, row: Any) -> Any: ...


def send_due_deliveries() -> int:
    """Send what is due; returns how many were accepted. Never inside a transaction: a claim must be committed first."""
    if not settings.SENDING:
        return 0
    with transaction.atomic(durable=True):
        _tidy(clock.now())
    end = time.monotonic() + BUDGET
    outlets: list[Outlet] = [Mails(), Messages(), *(Lines(channel) for channel in WAYS)]
    return sum(_run(outlet, end) for outlet in outlets)


# --- tidying


def _tidy(at: datetime) -> None:
    late = {"state": STATE.DUE, "expires_at__lte": at}
    # One that carries others goes on: they may still be useful.
    for model, dropped in ((Delivery, late | {"merged": None}), (Posting, late)):
        claimed = model.objects.filter(state=STATE.CLAIMED, claimed_at__lt=at - GIVEN_UP)
        claimed.update(state=STATE.UNKNOWN, error=LOST)
        model.objects.filter(**dropped).update(state=STATE.DROPPED, error="发送时已过时效，没有再发")
    with connection.cursor() as cursor:
        cursor.execute(MERGE, {"at": at, "late": LATE})


# The due e-mails of one person, when they are too many (or two, for who wants a digest), become one: the oldest carries
# the others. One that carries already goes on doing so. Rows that another run holds are left to it.
MERGE = """
WITH ready AS MATERIALIZED (
  SELECT d.id, n.recipient_id FROM messaging_delivery d JOIN messaging_notice n ON n.id = d.notice_id
  WHERE d.state = 'due' AND d.channel = 'email' AND (d.not_before IS NULL OR d.not_before <= %(at)s)
  ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
), seen AS (
  SELECT r.*, EXISTS (SELECT FROM messaging_delivery c WHERE c.merged_into_id = r.id) AS carries,
    count(*) OVER (PARTITION BY r.recipient_id) AS together
  FROM ready r
), many AS (
  SELECT s.*, first_value(s.id) OVER (PARTITION BY s.recipient_id ORDER BY s.carries DESC, s.id) AS carrier
  FROM seen s LEFT JOIN messaging_preference p ON p.person_id = s.recipient_id
  WHERE s.together > %(late)s OR (s.together > 1 AND p.digest_hour IS NOT NULL)
)
UPDATE messaging_delivery d SET state = 'merged', merged_into_id = m.carrier
FROM many m WHERE d.id = m.id AND m.id <> m.carrier AND NOT m.carries
"""


# --- outlets


def _ready(at: datetime) -> Q:
    return Q(state=STATE.DUE) & (Q(not_before=None) | Q(not_before__lte=at))


def _may_ring(at: datetime) -> Q:
    """SMS that may go now: not those of streets whose quiet hours it is, except urgent ones. What was late or refused
    before them waits too.
    """
    streets = quiet_hours_now()
    quiet = [pk for pk, row in streets.items() if row.hours.covers(at)]
    waits = Q(notice__scope_id__in=quiet)
    if USUAL.covers(at):
        waits |= Q(notice__scope_id=None) | ~Q(notice__scope_id__in=list(streets))
    return ~waits | Q(notice__kind__in=[kind.key for kind in all_kinds() if kind.is_urgent])


class Over(Unsendable):
    """Nothing is left to tell: it was done meanwhile."""


def _look_again(rows: list[Delivery], at: datetime) -> None:
    """Ask the kinds that want it whether these deliveries, and those they carry, still hold; some statements for all."""
    asked: dict[str, list[Notice]] = {}
    for row in rows:
        for notice in _notices(row):
            asked.setdefault(notice.kind, []).append(notice)
    for key, notices in asked.items():
        recheck = kind_of(key).recheck
        if recheck is None:
            continue
        try:
            changed = recheck(notices, at)
        except Exception:
            log.exception("%s cannot be looked at again, sent as it was", key)
            continue
        for notice in notices:
            if notice.pk in changed:
                notice.subject, notice.body = changed[notice.pk] or ("", "")


def _notices(row: Delivery) -> list[Notice]:
    return [row.notice, *(m.notice for m in sorted(row.merged.all(), key=lambda m: m.pk))]


def _standing(row: Delivery) -> list[Notice]:
    """The notices of a delivery of which something is left. Raises Over where there is none."""
    found = [notice for notice in _notices(row) if notice.body or kind_of(notice.kind).recheck is None]
    if not found:
        raise Over(OVER)
    return found


class Mails:
    """Deliveries by e-mail."""

    model = Delivery

    def __init__(self) -> None:
        self.channel: Channel = Email()

    def due(self, at: datetime, most: int) -> list[Delivery]:
        rows = Delivery.objects.filter(_ready(at), channel=Delivery.Channel.EMAIL).order_by("pk")
        found = list(rows.select_related("notice__recipient").prefetch_related("merged__notice")[:most])
        _look_again(found, at)
        return found

    def letter(self, row: Delivery) -> Letter:
        person = row.notice.recipient
        if not person.is_active:
            raise Unsendable("账号已停用")
        notices = _standing(row)
        if len(notices) == 1:
            notice = notices[0]
            return Letter(
                person.email,
                row.message_id,
                notice.subject,
                notice.body,
                settings.SITE_URL + (notice.link or "/inbox/"),
            )
        parts = [
            f"{i}. {n.subject}\n{n.body}\n{settings.SITE_URL}{n.link or '/inbox/'}" for i, n in enumerate(notices, 1)
        ]
        return Letter(
            person.email,
            row.message_id,
            f"您有 {len(notices)} 条消息",
            "\n\n".join(parts),
            f"{settings.SITE_URL}/inbox/",
        )


class Messages:
    """Deliveries by SMS."""

    model = Delivery

    def __init__(self) -> None:
        self.channel: Channel = Sms()

    def due(self, at: datetime, most: int) -> list[Delivery]:
        rows = Delivery.objects.filter(_ready(at), _may_ring(at), channel=Delivery.Channel.SMS).order_by("pk")
        found = list(rows.select_related("notice__recipient").prefetch_related("merged__notice")[:most])
        _look_again(found, at)
        return found

    def letter(self, row: Delivery) -> Letter:
        person = row.notice.recipient
        if not person.is_active:
            raise Unsendable("账号已停用")
        _standing(row)
        return Letter(getattr(person, "phone", "") or "", row.message_id, kind_of(row.notice.kind).label, "", "")


class Lines:
    """Lines of the robots of one platform."""

    model = Posting

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.channel: Channel = WAYS[Robot.Channel(platform)]()

    def due(self, at: datetime, most: int) -> list[Posting]:
        rows = Posting.objects.filter(_ready(at), robot__channel=self.platform).order_by("pk")
        return list(rows.select_related("robot")[:most])

    def letter(self, row: Posting) -> Line:
        if not row.robot.is_active:
            raise Unsendable("群机器人已停用")
        robot = row.robot
        return Line(robot.address, robot.secret, kind_of(row.kind).label, row.count, settings.SITE_URL, row.link)


# --- the run


def _run(outlet: Outlet, end: float) -> int:
    """Send until nothing is due, the time is up, or SILENCES in a row say that the other side is in trouble."""
    sent = silences = 0
    try:
        while rows := outlet.due(clock.now(), AT_ONCE):
            for row in rows:
                if time.monotonic() > end or silences >= SILENCES:
                    return sent
                word = _send(outlet, row)
                sent += word == Word.ACCEPTED
                silences = silences + 1 if word == Word.UNKNOWN else 0
    except Unreachable:
        log.warning("channel not reachable, left to the next sweep")
    finally:
        outlet.channel.close()
    return sent


def _send(outlet: Outlet, row: Any) -> Word | None:
    """One row: how it ended, None when nothing was tried. Raises Unreachable before anything is claimed.

    A row that breaks the program is marked and does not hold up those behind it.
    """
    due = outlet.model.objects.filter(pk=row.pk, state=STATE.DUE)
    outlet.channel.open()
    try:
        prepared = outlet.channel.prepare(outlet.letter(row))
    except Over as error:
        due.update(state=STATE.DROPPED, error=str(error)[:300])
        return None
    except Unsendable as error:
        due.update(state=STATE.FAILED, error=str(error)[:300])
        return None
    except Exception:
        log.exception("%s %s cannot be prepared", outlet.model.__name__, row.pk)
        due.update(state=STATE.FAILED, error="程序出错，没有发送，请联系系统管理员")
        return None
    if not due.update(state=STATE.CLAIMED, claimed_at=Now()):
        return None
    try:
        outcome = outlet.channel.send(prepared)
    except Exception:
        log.exception("%s %s broke the channel", outlet.model.__name__, row.pk)
        outcome = unknown("程序出错，可能已送出")
    return _note(outlet.model, row, outcome)


def _note(model: Any, row: Any, outcome: Outcome) -> Word:
    claimed = model.objects.filter(pk=row.pk, state=STATE.CLAIMED)
    if outcome.word == Word.ACCEPTED:
        claimed.update(state=STATE.SENT, sent_at=Now(), error="")
        return outcome.word
    log.warning("%s %s: %s %s", model.__name__, row.pk, outcome.word, outcome.reason)
    pause = pause_after(row.attempts + 1) if outcome.may_pass else None
    if outcome.word == Word.UNKNOWN:
        claimed.update(state=STATE.UNKNOWN, error=outcome.reason[:300])
    elif pause is not None:
        claimed.update(
            state=STATE.DUE, attempts=F("attempts") + 1, not_before=Now() + pause, claimed_at=None, error=outcome.reason[:300]
        )  # fmt: skip
    else:
        words = f"试了多次，{outcome.reason}" if outcome.may_pass else outcome.reason
        claimed.update(state=STATE.FAILED, error=words[:300])
    return outcome.word
