"""Sweeps in processes of their own that are killed at any moment, two at a time: each person is told exactly once."""

import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from django.conf import settings

from accounts.models import User
from core.deadlines import midnight
from messaging.models import Delivery, Notice
from needs.models import Need
from reminders.models import Reminder
from tests.messaging.worker import environment, until
from tests.needs.make import post
from tests.world import build

PEOPLE = 400
SWEEP = (
    "import sys, importlib, django\n"
    "from datetime import datetime\n"
    "django.setup()\n"
    "sweeping = importlib.import_module('reminders.services.remind')\n"
    "sweeping.BATCH = 10\n"
    "print(sweeping.remind(at=datetime.fromisoformat(sys.argv[1]), kinds=('needs.handling',)), flush=True)\n"
)


@pytest.mark.django_db(transaction=True)
def test_a_sweep_killed_at_any_moment_tells_nobody_twice_and_leaves_nobody_out(at):
    world = build(at)
    people = User.objects.bulk_create(
        User(username=f"k{i}", display_name=f"测试{i}", email=f"k{i}@test.invalid", password="!") for i in range(PEOPLE)
    )
    first = post(world, at)
    facts = {f.attname: getattr(first, f.attname) for f in Need._meta.concrete_fields if f.name != "id"}
    Need.objects.filter(pk=first.pk).update(state="closed")
    Need.objects.bulk_create(
        Need(**facts | {"number": f"K{i}", "tracking_code": f"k{i}", "handler_id": p.pk, "deputy_id": None, "tier": "street",
                        "due_on": date(2026, 11, 25), "once_key": None})
        for i, p in enumerate(people)
    )  # fmt: skip
    world.here.people["office"].grants.all().delete()
    moment = (midnight(date(2026, 11, 24)) + timedelta(hours=9)).isoformat()
    env = environment(DJANGO_SETTINGS_MODULE="chuangtou.settings", PYTHONWARNINGS="ignore")
    half_done = 0

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", SWEEP, moment], cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True
        )

    for some in (60, 230):
        together = [start(), start()]
        until(lambda some=some: Reminder.objects.count() >= some, 180)
        for sweep in together:
            sweep.kill()
            sweep.communicate()
        half_done += 0 < Reminder.objects.count() < PEOPLE
        until(lambda: Notice.objects.filter(kind="reminders.digest").count() == Reminder.objects.count())
    last = start()
    said, _ = last.communicate(timeout=180)
    assert last.returncode == 0, said
    told = Counter(Notice.objects.filter(kind="reminders.digest").values_list("recipient__username", flat=True))
    assert told == Counter(p.username for p in people)
    assert Counter(Reminder.objects.values_list("person__username", flat=True)) == told
    assert Delivery.objects.filter(notice__kind="reminders.digest").count() == PEOPLE
    assert half_done, "no sweep was killed half way"
