"""Reminders made before there was one calendar keep their place: nobody who was told is told again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from reminders.models import Reminder
from reminders.services import remind_closing_drafts
from tests.projects import make
from tests.world import build

BEFORE, AFTER = [("reminders", "0001_initial")], [("reminders", "0003_quiet_hours")]


@pytest.mark.django_db(transaction=True)
def test_reminders_of_before_still_count(at):
    here = build(at).here
    make.make_draft(here, at)
    closes = here.round.apply_closes_at
    assert remind_closing_drafts(at=closes - timedelta(days=2)) == 1
    new = Reminder.objects.values().get()
    executor = MigrationExecutor(connection)
    with connection.cursor() as cursor:  # the table as it stood, with the same row in it
        cursor.execute("DROP TABLE reminders_reminder, reminders_rule, reminders_calendarwish")
        executor.recorder.record_unapplied("reminders", "0001_initial")
        executor.recorder.record_unapplied("reminders", "0002_one_calendar")
        executor.recorder.record_unapplied("reminders", "0003_quiet_hours")
    executor = MigrationExecutor(connection)
    old = executor.migrate(BEFORE).apps.get_model("reminders", "Reminder")
    old.objects.create(
        kind="draft_closing", round_id=here.round.pk, person_id=new["person_id"], deadline=new["deadline"], days_before=3,
        notice_id=new["notice_id"], made_at=new["made_at"],
    )  # fmt: skip
    executor = MigrationExecutor(connection)
    executor.migrate(AFTER)
    row = Reminder.objects.get()
    facts = (row.kind, row.object_id, row.scope_id, row.days_before, row.is_above, row.deadline)
    assert facts == ("projects.draft", here.round.pk, here.area.pk, 3, False, closes)
    assert remind_closing_drafts(at=closes - timedelta(days=2)) == 0
