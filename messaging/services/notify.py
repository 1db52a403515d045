"""Telling people: the notice is the inbox entry, its deliveries and the robots' lines are the outbox."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F

from core.queue import enqueue
from messaging.channels import sms
from messaging.directory import homes_of
from messaging.domain.timing import USUAL, after_all, at_hour
from messaging.kinds import GENERAL, Kind, fill, kind_of
from messaging.models import Delivery, Notice, Posting, Preference, QuietHours, Robot
from messaging.services.quiet import quiet_hours_now
from messaging.services.wordings import current_wording

ROBOTS_GATHER = timedelta(minutes=2)  # several tellings on one occasion become one line
ROBOTS_USEFUL = timedelta(days=1)


def notify(
    *,
    recipients: Sequence[int],
    occasion: str,
    subject: str,
    body: str,
    link: str,
    at: datetime,
    email: bool = True,
    kind: str = GENERAL,
    hold_minutes: int = 0,
    data: Mapping[str, Any] | None = None,
    scope_id: int | None = None,
    useful_until: datetime | None = None,
) -> list[Notice]:
    """Tell these people (user ids) once on this occasion, in the caller's transaction; it goes out after the commit.

    Returns the notices that were new: a person who was told before on the same occasion is not told again.

    `kind` is a key of messaging.kinds. With `data` (values by the keys of the kind's variables) and a registered
    template, the words are the street's own template instead of `subject` and `body`; KeyError when the data lacks one.
    `scope_id` is the street; without it, each recipient's own. `hold_minutes`: nobody reads or gets it before, and it
    may be recalled until then; without it, as long as the settings say where the kind is an officer's decision.
    `useful_until`: what has not gone out by then is dropped with that reason.
    `email=False` leaves it in the inbox alone.
    """
    what = kind_of(kind)
    people = list(dict.fromkeys(recipients))
    known = set(Notice.objects.filter(occasion=occasion, recipient__in=people).values_list("recipient_id", flat=True))
    new = [pk for pk in people if pk not in known]
    if not new:
        return []
    homes = dict.fromkeys(new, scope_id) if scope_id is not None else homes_of(new)
    words = _words(what, data, {homes.get(pk) for pk in new}, subject, body)
    hold = hold_minutes or (settings.OFFICER_HOLD_MINUTES if what.is_decision else 0)
    held_until = at + timedelta(minutes=hold) if hold else None
    rows = []
    for pk in new:
        title, text, version = words[homes.get(pk)]
        rows.append(
            Notice(
                recipient_id=pk, occasion=occasion, kind=kind, scope_id=homes.get(pk), subject=title, body=text, link=link,
                wording_version=version, created_at=at, held_until=held_until,
            )
        )  # fmt: skip
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    fresh = list(
        Notice.objects.filter(occasion=occasion, recipient__in=new, deliveries=None, created_at=at).order_by("pk")
    )
    if not fresh:
        return []
    if email:
        streets = quiet_hours_now()
        put_out(fresh, what, at, useful_until, streets)
        tell_robots(fresh, what, at, streets)
    from messaging.tasks import send_due

    enqueue(send_due, [n.recipient_id for n in fresh], int(at.timestamp() * 1_000_000))
    return fresh


Words = tuple[str, str, int | None]


def _words(
    kind: Kind, data: Mapping[str, Any] | None, scopes: set[int | None], subject: str, body: str
) -> dict[int | None, Words]:
    """Subject on one line, body and version of the template, per street."""
    found: dict[int | None, Words] = {}
    for scope in scopes:
        if data is None or not kind.has_template:
            title, text, version = subject, body, None
        else:
            wording = None if scope is None else current_wording(scope_id=scope, kind=kind.key)
            own = wording is not None and not wording.is_reset
            title = fill(kind, wording.subject if own and wording else kind.subject, data)
            text = fill(kind, wording.body if own and wording else kind.body, data)
            version = wording.version if wording else None
        found[scope] = " ".join(title.split())[:120], text, version
    return found


def put_out(
    fresh: list[Notice], kind: Kind, at: datetime, useful_until: datetime | None, streets: Mapping[int, QuietHours]
) -> None:
    """Outbox rows of new notices, as each person wants to be told of the kind and her street's quiet hours allow;
    three statements.
    """
    people = (
        get_user_model()
        .objects.filter(pk__in=[n.recipient_id for n in fresh], is_active=True)
        .values_list("pk", "email", "phone")
    )
    reach = {pk: (bool(address), bool(phone)) for pk, address, phone in people}
    wishes = {p.person_id: p for p in Preference.objects.filter(person__in=list(reach))}
    made = []
    for notice in fresh:
        address, phone = reach.get(notice.recipient_id, (False, False))
        wish = wishes.get(notice.recipient_id)
        street = streets.get(notice.scope_id or 0)
        expires = useful_until or (at + kind.useful if kind.useful else None)
        if address and wants(wish, kind, Delivery.Channel.EMAIL):
            start = _when(notice, kind, wish, street, at, expires)
            made.append(_delivery(notice, Delivery.Channel.EMAIL, start, expires))
        if phone and sms.is_set_up() and wants(wish, kind, Delivery.Channel.SMS):
            moment = notice.held_until or at
            quiet = street.hours if street else USUAL
            later = moment if kind.is_urgent else after_all(moment, quiet, wish.quiet if wish else None)
            start = notice.held_until if later == moment else later
            made.append(_delivery(notice, Delivery.Channel.SMS, start, expires))
    Delivery.objects.bulk_create(made, ignore_conflicts=True, batch_size=1000)


def wants(wish: Preference | None, kind: Kind, channel: str) -> bool:
    """Whether a person is told of a kind by a channel: e-mail unless switched off, SMS only if switched on."""
    if channel == Delivery.Channel.EMAIL and kind.is_required:
        return True
    usual = channel == Delivery.Channel.EMAIL
    if wish is None:
        return usual
    return bool(wish.choices.get(kind.key, {}).get(channel, usual))


def _when(
    notice: Notice, kind: Kind, wish: Preference | None, street: QuietHours | None, at: datetime, expires: datetime | None
) -> datetime | None:  # fmt: skip
    """Not before this moment: the end of the hold, of the quiet hours, or the daily digest; None: at once.

    A delay past the time it is useful is none.
    """
    moment = start = notice.held_until or at
    if not kind.is_urgent:
        if wish is not None and wish.digest_hour is not None and not kind.is_required:
            moment = at_hour(moment, wish.digest_hour)
        held = street.hours if street is not None and street.holds_email else None
        moment = after_all(moment, held, wish.quiet if wish else None)
    if moment == start or (expires is not None and moment >= expires):
        return notice.held_until
    return moment


def _delivery(notice: Notice, channel: str, not_before: datetime | None, expires: datetime | None) -> Delivery:
    number = f"<{notice.pk}.{secrets.token_hex(8)}@portal>"
    return Delivery(notice=notice, channel=channel, message_id=number, not_before=not_before, expires_at=expires)


def tell_robots(
    fresh: list[Notice], kind: Kind, at: datetime, streets: Mapping[int, QuietHours], occasion: str = ""
) -> None:
    """One line per robot and occasion (that of the notices, unless one is named); who is told later on the same occasion
    is added while the line waits.
    """
    scopes = {n.scope_id for n in fresh if n.scope_id is not None}
    robots = Robot.objects.filter(scope_id__in=scopes, is_active=True, kinds__contains=[kind.key])
    first = fresh[0]
    for robot in robots:
        count = sum(n.scope_id == robot.scope_id for n in fresh)
        start = max(first.held_until or at, at + ROBOTS_GATHER)
        street = streets.get(robot.scope_id)
        if street is not None and street.holds_email and not kind.is_urgent:
            start = street.hours.after(start)
        line = {
            "kind": kind.key, "count": count, "created_at": at, "not_before": start, "expires_at": start + ROBOTS_USEFUL,
            "link": "/home/",
        }  # fmt: skip
        posting, made = Posting.objects.get_or_create(robot=robot, occasion=occasion or first.occasion, defaults=line)
        if not made:
            Posting.objects.filter(pk=posting.pk, state=Posting.State.DUE).update(count=F("count") + count)
