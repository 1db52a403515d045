"""分配评审: who reviews what, proposed by least cost, applied as it was shown; and the pool of judges."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import Area, Role, User
from accounts.rules import may
from accounts.services import belong
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.exact import digest
from judging.domain.assignment import assign
from judging.domain.expertise import FITS, misfit
from judging.hints import hints
from judging.models import Assignment, Entry, Judge, PoolJudge, Session
from judging.services.setup import in_setup


class PreviewIsOld(DomainError):
    message = "评委、项目或回避在预览之后有变化，请看过新的预览再确定。"


class NobodyToAssign(DomainError):
    message = "请先排好参评项目和评委，再分配评审。"
    status = 400


@dataclass(frozen=True, slots=True)
class Preview:
    """A proposed assignment: entry id → judge ids by seat; judge id → load; pairs whose expertise fits; its digest."""

    by_entry: Mapping[int, Sequence[int]]
    loads: Mapping[int, int]
    fitting: frozenset[tuple[int, int]]
    apart: int
    digest: str


def propose(session: Session, *, needed: int, most: int, at: datetime) -> Preview:
    """`needed` judges an entry, at most `most` entries a judge; nobody with a recusal or an open hint of one; loads as
    equal as possible first, then the best fit of expertise. Raises NobodyToAssign, CannotBeReviewed, BadAssignmentInput.
    """
    judges = list(Judge.objects.filter(session=session).order_by("seat").values_list("pk", "user_id"))
    entries = list(
        Entry.objects.filter(session=session, proposal__state="passed")
        .order_by(F("position").asc(nulls_last=True), "pk")
        .values_list("pk", "proposal__title", "version__content__theme", "version__content__category")
    )
    if not judges or not entries:
        raise NobodyToAssign
    known = dict(
        PoolJudge.objects.filter(street=session.round.street_id, user__in=[u for _, u in judges]).values_list(
            "user_id", "expertise"
        )
    )
    apart = {(h.entry_id, h.judge_id) for h in hints(session, at) if h.state != "kept"}
    apart |= set(Entry.objects.filter(session=session, recusals__isnull=False).values_list("pk", "recusals__judge_id"))
    cost = {
        (e, j): misfit(known.get(user, ""), f"{theme or ''} {category or ''} {title}")
        for e, title, theme, category in entries
        for j, user in judges
    }
    names = {e: title for e, title, *_ in entries}
    keys = {f"{names[e]}#{e}": e for e in names}
    found = assign(
        list(keys), [str(j) for j, _ in judges], needed=needed, most=most,
        forbidden={(f"{names[e]}#{e}", str(j)) for e, j in apart if e in names},
        costs={(f"{names[e]}#{e}", str(j)): c for (e, j), c in cost.items()},
    )  # fmt: skip
    by_entry: dict[int, list[int]] = {e: [] for e in names}
    for key, judge in found:
        by_entry[keys[key]].append(int(judge))
    pairs = [(e, j) for e, own in by_entry.items() for j in own]
    loads = Counter(j for _, j in pairs)
    return Preview(
        by_entry, {j: loads[j] for j, _ in judges}, frozenset(p for p in pairs if cost[p] == FITS), len(apart),
        digest({"pairs": [[str(e), str(j)] for e, j in sorted(pairs)]}),
    )  # fmt: skip


@transaction.atomic(durable=True)
def apply_assignment(*, session_id: int, needed: int, most: int, seen: str, by: User, at: datetime) -> Session:
    """Apply the preview whose digest was `seen`. Raises NotInSetup, NotAllowed, PreviewIsOld and what `propose` raises."""
    session = in_setup(session_id, by)
    found = propose(session, needed=needed, most=most, at=at)
    if found.digest != seen:
        raise PreviewIsOld
    Assignment.objects.filter(judge__session=session).delete()
    Assignment.objects.bulk_create(
        Assignment(judge_id=j, entry_id=e) for e, judges in found.by_entry.items() for j in judges
    )
    _set(session, True)
    record(
        actor=by, verb="judging.assigned", about=session, at=at, scope_id=session.round.street_id,
        facts={"needed": needed, "most": most, "pairs": sum(found.loads.values()), "digest": found.digest},
    )  # fmt: skip
    return session


@transaction.atomic(durable=True)
def clear_assignment(*, session_id: int, by: User, at: datetime) -> Session:
    """Every judge scores every entry again. Raises NotInSetup, NotAllowed."""
    session = in_setup(session_id, by)
    Assignment.objects.filter(judge__session=session).delete()
    _set(session, False)
    record(actor=by, verb="judging.assignment_cleared", about=session, at=at, scope_id=session.round.street_id)
    return session


def _set(session: Session, is_assigned: bool) -> None:
    session.is_assigned = is_assigned
    session.save(update_fields=["is_assigned"])


@transaction.atomic(durable=True)
def keep_in_pool(
    *, street: Area, user: User, unit: str, expertise: str, by: User, at: datetime, is_active: bool = True
) -> PoolJudge:  # fmt: skip
    """Put somebody into the street's pool, or change what stands there. Raises NotAllowed."""
    if not may(by, street, Role.OFFICE):
        raise NotAllowed
    row, _ = PoolJudge.objects.update_or_create(
        street=street, user=user, defaults={"unit": unit.strip()[:60], "expertise": expertise.strip()[:120], "is_active": is_active},
        create_defaults={"unit": unit.strip()[:60], "expertise": expertise.strip()[:120], "is_active": is_active, "added_by": by, "added_at": at},
    )  # fmt: skip
    belong(user=user, street_id=street.pk)
    record(
        actor=by, verb="judging.pool_kept", about=row, at=at, scope_id=street.pk, facts={"active": is_active},
    )  # fmt: skip
    return row
