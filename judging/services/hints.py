"""What the office does about a hint of 回避, and what judges declare of their relations."""

from datetime import datetime

from django.db import transaction

from accounts.models import Role, User
from accounts.rules import may
from audit.services import record
from core.errors import NotAllowed
from judging.hints import applicants_of
from judging.models import Entry, Judge, KeptJudge, Relation, Session
from judging.services.setup import NoReason, in_setup
from organizations.models import Organization


@transaction.atomic(durable=True)
def keep_judge(*, judge_id: int, entry_id: int, reason: str, by: User, at: datetime) -> KeptJudge:
    """The judge scores the entry in spite of a hint; the reason stays. Raises NotInSetup, NotAllowed, NoReason."""
    if not reason.strip():
        raise NoReason
    judge = Judge.objects.get(pk=judge_id)
    session = in_setup(judge.session_id, by)
    entry = Entry.objects.get(pk=entry_id, session=session)
    row, made = KeptJudge.objects.get_or_create(
        judge=judge, entry=entry, defaults={"reason": reason.strip()[:200], "decided_by": by, "decided_at": at}
    )
    if made:
        record(
            actor=by, verb="judging.judge_kept", about=session, at=at, scope_id=session.round.street_id, reason=row.reason,
            facts={"judge": judge.pk, "entry": entry.pk},
        )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def declare_relation(
    *, session_id: int, user_id: int, organization_id: int, kind: str, words: str, by: User, at: datetime
) -> Relation:
    """A judge of the session declares a relation, or the office for her; twice is once. Raises NotAllowed."""
    session = Session.objects.select_related("round__street").get(pk=session_id)
    seat = Judge.objects.filter(session=session, user=user_id)
    if not seat.exists() or (by.pk != user_id and not may(by, session.round.street, Role.OFFICE)):
        raise NotAllowed
    concerned = Organization.objects.filter(pk=organization_id, pk__in=applicants_of(session))
    organization = concerned.first()
    if organization is None:
        raise NotAllowed
    row, made = Relation.objects.get_or_create(
        user_id=user_id, organization=organization, kind=Relation.Kind(kind).value,
        defaults={"words": words.strip()[:100], "declared_by": by, "declared_at": at},
    )  # fmt: skip
    if made:
        record(
            actor=by, verb="judging.relation_declared", about=session, at=at, scope_id=session.round.street_id,
            facts={"user": user_id, "organization": organization.pk, "kind": kind},
        )  # fmt: skip
    return row
