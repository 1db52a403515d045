"""What a street sets for its needs: deadlines, and who answers for which grid."""

from datetime import datetime

from django.db import transaction

from accounts.models import Area, Role, User
from accounts.rules import may
from audit.services import record
from core.errors import NotAllowed
from needs.domain.cycle import Terms
from needs.models import Duty, NeedTerms
from needs.services.cycle import NotAWorker, works_there


@transaction.atomic(durable=True)
def set_terms(*, street: Area, terms: Terms, by: User, at: datetime) -> NeedTerms:
    """The street's deadlines in working days; running ones stay. Raises NotAllowed."""
    if street.kind != Area.Kind.STREET or not may(by, street, Role.OFFICE):
        raise NotAllowed
    values = {name: getattr(terms, name) for name in Terms.__slots__}
    row, _ = NeedTerms.objects.update_or_create(street=street, defaults=values)
    record(actor=by, verb="needs.terms_set", about=row, at=at, scope_id=street.pk, facts=values)
    return row


@transaction.atomic(durable=True)
def set_duty(*, area: Area, worker: User | None, deputy: User | None, by: User, at: datetime) -> Duty | None:
    """Who takes the needs of a grid or community from now on; without `worker`, nobody in particular.

    Raises NotAllowed, NotAWorker.
    """
    if area.kind not in (Area.Kind.GRID, Area.Kind.COMMUNITY) or not may(by, area, Role.COMMUNITY, Role.OFFICE):
        raise NotAllowed
    known = Duty.objects.filter(area=area).first()
    if worker is None:
        if known is not None:
            record(
                actor=by,
                verb="needs.duty_set",
                about=known,
                at=at,
                scope_id=area.street_id,
                facts={"area": area.pk, "worker": None},
            )
            known.delete()
        return None
    community = area.parent if area.kind == Area.Kind.GRID else area
    ids = {p.pk for p in (worker, deputy) if p is not None}
    if community is None or (deputy is not None and deputy.pk == worker.pk) or not works_there(ids, community):
        raise NotAWorker
    row, _ = Duty.objects.update_or_create(area=area, defaults={"worker": worker, "deputy": deputy})
    facts = {"area": area.pk, "worker": worker.pk, "deputy": deputy.pk if deputy else None}
    record(actor=by, verb="needs.duty_set", about=row, at=at, scope_id=area.street_id, facts=facts)
    return row
