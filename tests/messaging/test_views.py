"""The inbox: one's own notices, read by a POST."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from messaging import rules
from messaging.models import Notice
from tests.messaging.make import make_notice


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_inbox_holds_ones_own_newest_first(world, at):
    mine, hers = world.here.people["member"], world.here.people["other_member"]
    first, second = make_notice(mine, at), make_notice(mine, at, "test:2")
    make_notice(hers, at, "test:3")
    assert list(as_(mine).get("/inbox/").context["page"]) == [second, first]
    assert [rules.unread_count(u) for u in (mine, hers, AnonymousUser())] == [2, 1, 0]


def test_an_empty_inbox_says_what_comes(world):
    assert "初审结论、截止提醒会出现在这里。" in as_(world.here.people["member"]).get("/inbox/").content.decode()


def test_reading_goes_where_the_notice_points(world, at):
    user = world.here.people["member"]
    notice, plain = make_notice(user, at), make_notice(user, at, "test:2", link="")
    client = as_(user)
    assert client.get(f"/inbox/{notice.pk}/read/").status_code == 405
    assert client.post(f"/inbox/{notice.pk}/read/")["Location"] == "/help/"
    assert client.post(f"/inbox/{plain.pk}/read/")["Location"] == "/inbox/"
    assert rules.unread_count(user) == 0


@pytest.mark.parametrize("who", ["other_member", "office", "security_admin"])
def test_the_notice_of_somebody_else_is_not_found(world, at, who):
    notice = make_notice(world.here.people["member"], at)
    assert as_(world.here.people[who]).post(f"/inbox/{notice.pk}/read/").status_code == 404
    assert as_(world.there.people["member"]).post(f"/inbox/{notice.pk}/read/").status_code == 404
    assert Notice.objects.get().read_at is None


def test_all_read_is_about_oneself_alone(world, at):
    mine, hers = world.here.people["member"], world.here.people["other_member"]
    for user in (mine, hers):
        make_notice(user, at)
    assert as_(mine).post("/inbox/read/")["Location"] == "/inbox/"
    assert (rules.unread_count(mine), rules.unread_count(hers)) == (0, 1)


def test_words_of_a_notice_are_shown_as_text(world, at):
    user = world.here.people["member"]
    Notice.objects.create(recipient=user, occasion="x", subject="<b>甲</b>", body="<script>1</script>", created_at=at)
    page = as_(user).get("/inbox/").content.decode()
    assert ("&lt;b&gt;甲" in page, "&lt;script&gt;1" in page, "<script>1" in page) == (True, True, False)


def test_the_inbox_takes_the_same_number_of_queries_for_3_and_30(world, at):
    user = world.here.people["member"]
    client = as_(user)

    def count():
        client.get("/inbox/")
        with CaptureQueriesContext(connection) as found:
            client.get("/inbox/")
        return len(found)

    for i in range(3):
        make_notice(user, at, f"test:{i}")
    few = count()
    for i in range(3, 33):
        make_notice(user, at, f"test:{i}")
    assert count() == few
    assert len(client.get("/inbox/").context["page"]) == 30
