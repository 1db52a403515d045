"""工作日历: reading, changing a day, pasting a decree as a trial and for good, and what a change moves."""

from datetime import date, timedelta

import pytest
from django.test import Client

from audit.models import Event
from portal.days import effects
from tests.funding.money import noticed
from workdays.domain import BadLine, end_of_notice, months_of, read_decree
from workdays.models import DayOverride

NOTE = {"day": "2021-08-19", "is_workday": "0", "note": "防汛", "document": "测府〔2021〕1号"}


def client_of(world, who="system_admin"):
    client = Client()
    client.force_login(world.here.people[who])
    return client


def test_months_have_every_day_once():
    days = [d.day for month in months_of(2024, {}) for week in month for d in week if d]
    assert days == [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]


def test_decree_is_read_by_days_and_spans():
    text = "2021-10-01 至 2021-10-03 休 国庆节\n\n2021年10月9日\t班\t国庆节 调休\n2021/9/18,上班"
    assert read_decree(text) == {
        date(2021, 10, 1): (False, "国庆节"), date(2021, 10, 2): (False, "国庆节"), date(2021, 10, 3): (False, "国庆节"),
        date(2021, 10, 9): (True, "国庆节 调休"), date(2021, 9, 18): (True, ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "国庆节放七天", "2021-02-30 休", "2021-10-01 玩", "2021-10-03 至 2021-10-01 休", "2021-01-01 至 2021-12-31 休",
     "2021-10-01 休\n2021-10-01 班", "2021-10-01 休\n" * 201],
)  # fmt: skip
def test_decree_that_cannot_be_read_is_refused(text):
    with pytest.raises(BadLine):
        read_decree(text)


@pytest.mark.django_db
def test_the_worked_example_moves_with_the_table(world):
    """Domain §3.11: five working days from Wednesday 2021-08-18 end on Tuesday 2021-08-24; a day off makes it Wednesday."""
    client = client_of(world)

    def end():
        overrides = dict(DayOverride.objects.values_list("day", "is_workday"))
        return end_of_notice(date(2021, 8, 18), 5, overrides)

    assert end() == date(2021, 8, 24)
    assert client.post("/workdays/set/", NOTE).status_code == 302
    assert end() == date(2021, 8, 25)
    page = client.get("/workdays/?year=2021").content.decode()
    assert page.count("测府〔2021〕1号") == 1
    assert Event.objects.get(verb="workdays.set").reason == "防汛"
    assert client.post("/workdays/remove/", {"override": DayOverride.objects.get().pk}).status_code == 302
    assert (end(), DayOverride.objects.count()) == (date(2021, 8, 24), 0)
    assert client.post("/workdays/remove/", {"override": "1"}).status_code == 404


@pytest.mark.django_db
def test_set_twice_is_one_row(world):
    client = client_of(world)
    for words in ("防汛", "防汛二"):
        client.post("/workdays/set/", NOTE | {"note": words})
    assert list(DayOverride.objects.values_list("day", "is_workday", "note")) == [(date(2021, 8, 19), False, "防汛二")]


@pytest.mark.django_db
def test_paste_shows_first_and_writes_when_confirmed(world):
    client = client_of(world)
    sent = {"lines": "2027-02-20 班 春节调休\n2027-02-22 休 春节", "document": "国办发明电〔2026〕1号"}
    trial = client.post("/workdays/paste/", sent)
    assert (trial.status_code, trial.context["changed"], DayOverride.objects.count()) == (200, 2, 0)
    assert client.post("/workdays/paste/", sent | {"confirm": "1"}).status_code == 302
    assert list(DayOverride.objects.order_by("day").values_list("day", "is_workday", "document")) == [
        (date(2027, 2, 20), True, sent["document"]), (date(2027, 2, 22), False, sent["document"]),
    ]  # fmt: skip


@pytest.mark.django_db
def test_refused_forms_keep_what_was_typed(world):
    client = client_of(world)
    one = client.post("/workdays/set/", NOTE | {"note": ""})
    assert (one.status_code, one.context["form"]["document"].value()) == (400, NOTE["document"])
    many = client.post("/workdays/paste/", {"lines": "不成行", "document": "号"})
    assert (many.status_code, many.context["paste_form"]["lines"].value()) == (400, "不成行")
    assert client.post("/workdays/paste/", {"lines": "x" * 20001, "document": "号"}).status_code == 400


@pytest.mark.django_db
def test_only_the_system_administrator_changes_days(world):
    for who in ("office", "leader", "security_admin", "member"):
        client = client_of(world, who)
        assert client.get("/workdays/").status_code == 200
        assert [client.post(f"/workdays/{verb}/", NOTE).status_code for verb in ("set", "paste", "remove")] == [403] * 3
    assert DayOverride.objects.count() == 0


@pytest.mark.django_db
def test_a_change_names_running_notices_and_leaves_them(world, at):
    notice = noticed(world, at).plan.notices.get()
    before = notice.ends_on
    found = effects({before: False}, notice.starts_on, [])
    assert [(e.title, e.frozen, e.now) for e in found] == [
        (notice.title, before, end_of_notice(notice.starts_on, notice.plan.round.notice_days, {before: False}))
    ]
    assert effects({}, notice.starts_on, []) == []
    notice.refresh_from_db()
    assert notice.ends_on == before


@pytest.mark.django_db
def test_a_year_not_decreed_says_so(world):
    assert "还没有收录" in client_of(world).get("/workdays/?year=2028").content.decode()
    assert "还没有收录" not in client_of(world).get("/workdays/?year=2021").content.decode()
    assert client_of(world).get("/workdays/?year=9999").status_code == 200
