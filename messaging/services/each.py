"""Telling many people, each her own words, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.queue import enqueue
from messaging.kinds import kind_of
from messaging.models import Notice
from messaging.services.notify import put_out, tell_robots
from messaging.services.quiet import quiet_hours_now


@dataclass(frozen=True, slots=True)
class Telling:
    """What one person is told on one occasion. `useful_until`: not sent any more after that."""

    person: int
    occasion: str
    kind: str
    subject: str
    body: str
    link: str
    scope_id: int
    useful_until: datetime | None = None

    @property
    def sort(self) -> tuple[str, datetime | None]:
        """What goes out alike."""
        return self.kind, self.useful_until


def notify_each(tellings: Sequence[Telling], *, at: datetime) -> list[Notice]:
    """Tell each person hers once, in the caller's transaction; it goes out after the commit.

    Returns the notices that were new; a person who was told before on the same occasion is not told again.
    """
    by_key = {(t.person, t.occasion): t for t in tellings}
    if not by_key:
        return []
    people, occasions = {t.person for t in tellings}, {t.occasion for t in tellings}
    same = Notice.objects.filter(recipient__in=people, occasion__in=occasions)
    known = set(same.values_list("recipient_id", "occasion"))
    new = {key: telling for key, telling in by_key.items() if key not in known}
    rows = [
        Notice(
            recipient_id=t.person, occasion=t.occasion, kind=t.kind, scope_id=t.scope_id, subject=" ".join(t.subject.split())[:120],
            body=t.body, link=t.link, created_at=at,
        )
        for t in new.values()
    ]  # fmt: skip
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    fresh = [
        n for n in same.filter(deliveries=None, created_at=at).order_by("pk") if (n.recipient_id, n.occasion) in new
    ]
    sorts: dict[tuple[str, datetime | None], list[Notice]] = {}
    for notice in fresh:
        sorts.setdefault(new[notice.recipient_id, notice.occasion].sort, []).append(notice)
    streets = quiet_hours_now() if fresh else {}
    for (kind, until), notices in sorts.items():
        put_out(notices, kind_of(kind), at, until, streets)
    for kind in dict.fromkeys(n.kind for n in fresh):
        tell_robots([n for n in fresh if n.kind == kind], kind_of(kind), at, streets, f"{kind}:{at:%Y-%m-%dT%H:%M}")
    if fresh:
        from messaging.tasks import send_due

        enqueue(send_due, sorted({n.recipient_id for n in fresh}), int(at.timestamp() * 1_000_000))
    return fresh
