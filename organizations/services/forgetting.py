"""Who asked for a registration is forgotten when the application has long been decided."""

from datetime import datetime, timedelta

from django.db import transaction

from audit.services import record
from organizations.models import Application
from organizations.services.application import LINK_DAYS


@transaction.atomic(durable=True)
def forget_applicants(*, at: datetime) -> int:
    """Delete name and phone from applications decided so long ago that their link has expired; return how many.

    An approved applicant has an account by then, or asks the office anew. Safe to run twice at once.
    """
    over = Application.objects.filter(decided_at__lte=at - timedelta(days=LINK_DAYS)).exclude(applicant="", phone="")
    rows = list(over.select_for_update(skip_locked=True).order_by("pk")[:500])
    for row in rows:
        record(actor=None, verb="organizations.applicant_forgotten", about=row, at=at, scope_id=row.street_id)
    Application.objects.filter(pk__in=[row.pk for row in rows]).update(applicant="", phone="")
    return len(rows)
