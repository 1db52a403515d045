"""Reminding organizations of unfinished drafts before the deadline: once per person, deadline and offset."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from core.clock import local
from messaging.models import Notice
from messaging.services import notify
from organizations.models import Membership
from projects.models import Proposal
from reminders.domain import due_offset
from reminders.models import Reminder
from rounds.models import Round


def remind_closing_drafts(*, at: datetime) -> int:
    """Remind every member of an organization with an unfinished draft; returns how many people were told now."""
    told = 0
    for round_ in Round.objects.accepting(at).order_by("pk"):
        days = due_offset(round_.apply_closes_at, at, settings.REMINDER_DAYS_BEFORE)
        if days is not None:
            told += _remind(round_, days, at)
    return told


@transaction.atomic
def _remind(round_: Round, days: int, at: datetime) -> int:
    drafts = Proposal.objects.filter(round=round_, state=Proposal.State.DRAFT).values_list(
        "organization_id", "pk", "title"
    )
    by_organization = {organization: (pk, title) for organization, pk, title in drafts}
    told = 0
    closes = local(round_.apply_closes_at)
    members = Membership.objects.filter(organization__in=by_organization, user__is_active=True).order_by("pk")
    reminded = set(
        Reminder.objects.filter(
            kind=Reminder.Kind.DRAFT_CLOSING, round=round_, deadline=round_.apply_closes_at, days_before=days
        ).values_list("person_id", flat=True)
    )
    for organization_id, user_id in members.values_list("organization_id", "user_id"):
        if user_id in reminded:
            continue
        reminded.add(user_id)
        pk, title = by_organization[organization_id]
        occasion = f"round:{round_.pk}:closing:{round_.apply_closes_at.isoformat()}:T-{days}"
        fresh = notify(
            recipients=[user_id], occasion=occasion, subject=f"申报快截止了：{round_.title}",
            body=f"“{title}”还是草稿。申报截止时间为 {closes.year}年{closes.month}月{closes.day}日 {closes:%H:%M:%S}（北京时间），请尽早提交。",
            link=f"/proposals/{pk}/edit/", at=at,
        )  # fmt: skip
        notice = fresh[0] if fresh else Notice.objects.get(recipient=user_id, occasion=occasion)
        _, made = Reminder.objects.get_or_create(
            kind=Reminder.Kind.DRAFT_CLOSING, round=round_, person_id=user_id, deadline=round_.apply_closes_at,
            days_before=days, defaults={"notice": notice, "made_at": at},
        )  # fmt: skip
        told += made
    return told
