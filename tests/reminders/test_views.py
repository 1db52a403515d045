"""Who was reminded when."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reminders.models import Reminder
from reminders.services import remind_closing_drafts
from tests.projects import make
from tests.world import organization, person


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def test_office_leader_and_supervisor_read_it_and_nobody_else(world, at):
    make.make_draft(world.here, at)
    remind_closing_drafts(at=world.here.round.apply_closes_at - timedelta(days=1))
    path = f"/rounds/{world.here.round.pk}/reminders/"
    codes = {name: as_(u).get(path).status_code for name, u in world.here.people.items()}
    assert {n for n, code in codes.items() if code == 200} == {"office", "leader", "supervisor"}
    assert set(codes.values()) <= {200, 403, 404}
    assert {as_(u).get(path).status_code for u in world.there.people.values()} == {404}
    page = as_(world.here.people["office"]).get(path).content.decode()
    assert ("测试member_a" in page, "2026年11月30日 12:00:00" in page, "3 天" in page) == (True, True, True)


def test_an_empty_page_says_when_it_fills(world, settings):
    settings.REMINDER_DAYS_BEFORE = [1, 7, 3]
    page = as_(world.here.people["office"]).get(f"/rounds/{world.here.round.pk}/reminders/").content.decode()
    assert "申报截止前 7、3、1 天" in page


def test_the_page_takes_the_same_number_of_queries_for_3_and_30(world, at):
    here = world.here
    client, path = as_(here.people["office"]), f"/rounds/{here.round.pk}/reminders/"

    def more(numbers):
        for i in numbers:
            org, who = organization(here.area, f"第{i}互助社", at), person(f"m{i}", at)
            org.members.create(user=who, duty="clerk", since=at)
            make.make_draft(here, at, organization=org, by=who)
        remind_closing_drafts(at=here.round.apply_closes_at - timedelta(days=1))

    def count():
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            client.get(path)
        return len(found)

    more(range(3))
    few = count()
    more(range(3, 33))
    assert (Reminder.objects.count(), count()) == (33, few)
    assert len(client.get(path).context["page"]) == 30
