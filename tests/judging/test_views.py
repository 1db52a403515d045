"""Pages: what each person may read and when, no leak before the lock, constant numbers of queries."""

import json
import re

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from judging import services
from judging.models import Entry, Judge, ScoreSheet
from tests.judging.make import full_marks, hand_in, lock, make_session, open_session, publish, signed_in
from tests.world import person

SENTINEL = {"mark": "13.37", "total": "37.13"}


def odd_rule():
    """A rubric in hundredths, so that planted marks are like nothing else on a page."""
    lines = [
        {"key": k, "label": n, "max": m, "step": "0.01"}
        for k, n, m in (("need", "需求契合", "50"), ("plan", "项目设计", "50"))
    ]
    return services.make_rule(lines, quorum=2)


def planted(world, at):
    """A session in which one judge has handed in 13.37 + 23.76 = 37.13."""
    session, entries = open_session(world, at, entries=2, rule=odd_rule())
    sheet = hand_in(session, entries[0], world.here.people["judge"], at, marks={"need": "13.37", "plan": "23.76"})
    assert str(sheet.total) == SENTINEL["total"]
    return session, entries


def judging_urls(session, entries):
    """Every URL of this app, for these objects."""
    values = {
        "session_id": session.pk,
        "round_id": session.round_id,
        "key": session.stage.key,
        "carried_id": 0,
        "attachment_id": 0,
        "token": "x",
        "what": "e5",
    }
    found = []
    for resolver in get_resolver(settings.ROOT_URLCONF).url_patterns:
        if isinstance(resolver, URLResolver) and resolver.app_name == "judging":
            for pattern in resolver.url_patterns:
                assert isinstance(pattern, URLPattern)
                keys = pattern.pattern.converters
                for entry in entries if "entry_id" in keys else [None]:
                    known = values | ({"entry_id": entry.pk} if entry else {})
                    found.append(reverse(f"judging:{pattern.name}", kwargs={k: known[k] for k in keys}))
    return found


def everybody_else(world):
    """Everybody but the judge whose marks are planted; None is a visitor."""
    here = [u for k, u in world.here.people.items() if k != "judge"]
    return [None, *here, *world.there.people.values()]


def said(answer):
    """All that an answer says: body, headers, cookies; instants left out, whose seconds may look like a mark."""
    text = answer.content.decode() + str(dict(answer.headers)) + str(answer.cookies)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", "", text)


def test_nobody_else_learns_a_mark_before_the_lock(world, at):
    session, entries = planted(world, at)
    urls = judging_urls(session, entries)
    urls += [
        "/",
        "/home/",
        "/records/",
        "/inbox/",
        "/jobs/",
        "/plans/",
        "/proposals/",
        "/notices/",
        f"/desk/{session.round_id}/",
    ]
    urls += [f"/proposals/{e.proposal_id}/" for e in entries]
    assert len(urls) >= 27
    leaks = []
    for user in everybody_else(world):
        client = Client(raise_request_exception=False) if user is None else signed_in(user)
        for url in urls:
            text = said(client.get(url))
            leaks += [(user and user.username, url, w) for w in (*SENTINEL.values(), "23.76") if w in text]
    assert leaks == []


def test_another_judges_refused_posts_tell_nothing_either(world, at):
    session, entries = planted(world, at)
    client = signed_in(world.here.people["second_judge"])
    url = f"/judge/{session.pk}/{entries[0].pk}/"
    for fields in (
        {"do": "submit", "revision": "1"},
        {"do": "submit", "revision": "1", "mark-need": "51"},
        {"do": "check"},
        {"do": "keep", "revision": "7", "client_id": f"{world.here.people['judge'].pk}-{entries[0].pk}-0"},
    ):
        text = said(client.post(url, fields))
        assert not [w for w in (*SENTINEL.values(), "23.76") if w in text]


def test_the_judge_sees_her_own_marks_again(world, at):
    session, entries = planted(world, at)
    body = signed_in(world.here.people["judge"]).get(f"/judge/{session.pk}/{entries[0].pk}/").content.decode()
    assert 'value="13.37"' in body
    assert "37.13" in body


# Answers by person: result page, scoring document, public page.
READERS = ("office", "leader", "host", "supervisor")
OUTSIDERS = ("finance", "community", "grid", "judge", "member", "system_admin", "security_admin", "audit_admin")


@pytest.mark.parametrize(
    ("until", "reader", "public"), [("scoring", 403, 404), ("locked", 200, 404), ("published", 200, 200)]
)
def test_results_open_step_by_step(world, at, until, reader, public):
    session, entries = open_session(world, at)
    for judge in ("judge", "second_judge"):
        hand_in(session, entries[0], world.here.people[judge], at)
    if until != "scoring":
        lock(world, session, at)
    if until == "published":
        publish(world, session, at)
    private = [f"/sessions/{session.pk}/{tail}" for tail in ("result/", "scoring.json", "result.json")]
    for role in READERS:
        client = signed_in(world.here.people[role])
        assert [client.get(u).status_code for u in private] == [reader] * 3
    for user in [world.here.people[r] for r in OUTSIDERS] + list(world.there.people.values()):
        client = signed_in(user)
        assert [client.get(u).status_code for u in private] == [404] * 3
    for client in (Client(), signed_in(world.here.people["judge"]), signed_in(world.here.people["member"])):
        assert client.get(f"/results/{session.pk}/").status_code == public


def test_the_public_page_names_no_judge(world, at):
    session, entries = open_session(world, at)
    for judge in ("judge", "second_judge"):
        hand_in(session, entries[0], world.here.people[judge], at)
    lock(world, session, at)
    publish(world, session, at)
    body = Client().get(f"/results/{session.pk}/").content.decode()
    for judge in Judge.objects.filter(session=session).select_related("user"):
        assert judge.user.display_name not in body
        assert judge.user.username not in body
    session.refresh_from_db()
    for step in session.result.lines.get().detail["steps"]:
        assert step in body


def test_exports_name_no_judge_either(world, at):
    session, entries = open_session(world, at)
    for judge in ("judge", "second_judge"):
        hand_in(session, entries[0], world.here.people[judge], at)
    lock(world, session, at)
    document = json.loads(signed_in(world.here.people["office"]).get(f"/sessions/{session.pk}/scoring.json").content)
    assert [j["name"] for j in document["judges"]] == ["评委1", "评委2", "评委3"]


def test_a_judge_of_another_session_finds_nothing(world, at):
    session, entries = open_session(world, at, judges=("judge", "second_judge"))
    third = signed_in(world.here.people["third_judge"])
    for url in (
        f"/judge/{session.pk}/",
        f"/judge/{session.pk}/{entries[0].pk}/",
        f"/judge/{session.pk}/{entries[0].pk}/material/",
    ):
        assert third.get(url).status_code == 404
    form = {f"mark-{k}": v for k, v in full_marks(session).items()} | {
        "do": "submit",
        "revision": "0",
        "client_id": "x",
    }
    assert third.post(f"/judge/{session.pk}/{entries[0].pk}/", form).status_code == 404
    assert not ScoreSheet.objects.exists()


def test_an_entry_under_the_wrong_session_is_not_found(world, at):
    session, entries = open_session(world, at)
    judge = signed_in(world.here.people["judge"])
    assert judge.get(f"/judge/{session.pk + 1}/{entries[0].pk}/").status_code == 404
    assert judge.get(f"/judge/{session.pk}/{entries[0].pk + 1000}/").status_code == 404


def test_a_recused_project_is_listed_and_closed(world, at):
    session, office = make_session(world, at), world.here.people["office"]
    entry, seat = Entry.objects.get(session=session), Judge.objects.get(session=session, seat=1)
    services.recuse(judge_id=seat.pk, entry_id=entry.pk, reason="亲属", by=office, at=at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    client, desk = signed_in(world.here.people["judge"]), f"/judge/{session.pk}/"
    body = client.get(desk).content.decode()
    assert "已回避" in body
    assert "已评 <strong>0</strong> / 0" in body
    for tail in (f"{entry.pk}/", f"{entry.pk}/material/"):
        assert client.get(desk + tail)["Location"] == desk
        assert f'href="{desk}{tail}"' not in body
    refused = client.post(f"{desk}{entry.pk}/", {"do": "submit", "revision": "0"})
    assert refused["Location"] == desk
    assert not ScoreSheet.objects.exists()


def test_the_desk_counts_and_leads_to_the_next(world, at):
    session, entries = open_session(world, at, entries=3)
    judge, url = world.here.people["judge"], f"/judge/{session.pk}/"
    hand_in(session, entries[0], judge, at)
    hand_in(session, entries[1], judge, at, marks={"need_list": ""}, submit=False)
    page = signed_in(judge).get(url)
    assert (page.context["done"], page.context["all"], page.context["next"].entry_id) == (1, 3, entries[1].pk)
    assert [r.words for r in page.context["rows"]] == ["已提交", "已暂存", "未评"]
    lock(world, session, at)
    assert "评审会已于 2026年11月23日 13:00:00 锁定" in signed_in(judge).get(url).content.decode()


def test_a_locked_sheet_is_read_only_and_says_since_when(world, at):
    session, entries = open_session(world, at)
    judge = world.here.people["judge"]
    hand_in(session, entries[0], judge, at)
    lock(world, session, at)
    body = signed_in(judge).get(f"/judge/{session.pk}/{entries[0].pk}/").content.decode()
    assert "评审会已于 2026年11月23日 13:00:00 锁定" in body
    assert 'name="do"' not in body
    assert body.count(" readonly") == len(session.rule["criteria"]) + 1  # and the comment


def test_a_sheet_handed_in_offers_no_keeping(world, at):
    session, entries = open_session(world, at)
    judge, url = world.here.people["judge"], f"/judge/{session.pk}/{entries[0].pk}/"
    phone = signed_in(judge)
    assert 'value="keep"' in phone.get(url).content.decode()
    hand_in(session, entries[0], judge, at)
    assert 'value="keep"' not in phone.get(url).content.decode()
    form = {f"mark-{k}": v for k, v in full_marks(session).items()} | {"do": "check", "revision": "1"}
    check = phone.post(url, form).content.decode()
    assert "是否提交？" in check
    assert 'value="keep"' not in check


def test_locking_asks_for_the_word_and_for_every_gap(world, at):
    session, entries = open_session(world, at)
    client, url = signed_in(world.here.people["office"]), f"/sessions/{session.pk}/lock/"
    hand_in(session, entries[0], world.here.people["judge"], at)
    assert client.post(url, {"word": "好的"}).status_code == 409
    gaps = client.post(url, {"word": "锁定"})
    assert gaps.status_code == 409
    assert "还有 2 个空缺" in gaps.content.decode()
    for seat in Judge.objects.filter(session=session, seat__gt=1):
        client.post(f"/sessions/{session.pk}/absences/", {"judge": seat.pk, "reason": "临时离场"})
    assert client.post(url, {"word": "锁定"})["Location"] == f"/sessions/{session.pk}/result/"
    again = client.post(url, {"word": "锁定"})
    assert again.status_code == 409
    session.refresh_from_db()
    assert session.state == "locked"
    assert client.post(f"/sessions/{session.pk}/publish/").status_code == 302
    with pytest.raises(services.NotLocked):
        publish(world, session, at)


def cost(user, url, device="0" * 32):
    """Statements of the second reading of a page, always on the same device."""
    client = Client() if user is None else signed_in(user)
    client.cookies["seat"] = device
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def costs(world, at, session, entries):
    office, judge = world.here.people["office"], world.here.people["judge"]
    return {
        "session": cost(office, f"/sessions/{session.pk}/"),
        "desk": cost(judge, f"/judge/{session.pk}/"),
        "sheet": cost(judge, f"/judge/{session.pk}/{entries[0].pk}/"),
        "material": cost(judge, f"/judge/{session.pk}/{entries[0].pk}/material/"),
        "draw": cost(office, f"/sessions/{session.pk}/draw/"),
    }


def after_lock(world, session):
    office = world.here.people["office"]
    return {
        "result": cost(office, f"/sessions/{session.pk}/result/"),
        "scoring": cost(office, f"/sessions/{session.pk}/scoring.json"),
        "public": cost(None, f"/results/{session.pk}/"),
    }


def played(world, at, entries, judges):
    """All pages' costs of a session with so many entries and judges, each sheet handed in."""
    people = [world.here.people["judge"], *(person(f"seat{i}", at) for i in range(judges - 1))]
    session, rows = open_session(world, at, entries=entries, judges=people)
    for entry in rows:
        for judge in people:
            hand_in(session, entry, judge, at)
    found = costs(world, at, session, rows)
    lock(world, session, at)
    publish(world, session, at)
    return found | after_lock(world, session)


def test_pages_cost_the_same_with_few_and_with_many(world, at):
    found = []
    for size in ((2, 2), (12, 20)):
        point = transaction.savepoint()
        found.append(played(world, at, *size))
        transaction.savepoint_rollback(point)
    assert found[0] == found[1]
    # Four of them are the frame's: session, person, roles, and one for organization, seat and unread.
    assert found[0] == {
        "session": 11, "desk": 8, "sheet": 8, "material": 6, "draw": 7, "result": 12, "scoring": 4, "public": 2,
    }  # fmt: skip


def test_the_list_of_sessions_costs_the_same_at_3_and_30(world, at):
    office, session = world.here.people["office"], make_session(world, at)

    def more(first, last):
        for i in range(first, last):
            services.create_session(
                round_id=world.here.round.pk, name=f"第{i}场", held_on=session.held_on, venue="", rule=session.rule, by=office, at=at
            )  # fmt: skip

    more(0, 2)
    few = cost(office, "/sessions/")
    more(2, 35)
    assert cost(office, "/sessions/") == few
    assert len(signed_in(office).get("/sessions/?page=2").context["page"].object_list) == 6


def test_set_up_costs_the_same_with_many_judges(world, at):
    session, office = make_session(world, at), world.here.people["office"]
    few = cost(office, f"/sessions/{session.pk}/setup/")
    crowd = [person(f"crowd{i}", at).pk for i in range(20)]
    services.seat_judges(session_id=session.pk, user_ids=crowd, by=office, at=at)
    assert cost(office, f"/sessions/{session.pk}/setup/") == few


@pytest.mark.parametrize(("decimals", "words"), [(0, "89"), (2, "89.13"), (3, "89.125")])
def test_scores_are_shown_with_the_digits_of_the_rule(world, at, decimals, words):
    lines = [{"key": "all", "label": "总评", "max": "100", "step": "0.01"}]
    rule = services.make_rule(lines, quorum=2, decimals=decimals)
    session, (entry,) = open_session(world, at, rule=rule, judges=("judge", "second_judge"))
    for judge, mark in (("judge", "89.12"), ("second_judge", "89.13")):
        hand_in(session, entry, world.here.people[judge], at, marks={"all": mark})
    lock(world, session, at)
    publish(world, session, at)
    for client, url in (
        (signed_in(world.here.people["office"]), f"/sessions/{session.pk}/result/"),
        (Client(), f"/results/{session.pk}/"),
    ):
        assert f"<strong>{words}</strong>" in client.get(url).content.decode()


def test_the_next_project_is_never_one_that_was_stepped_back_from(world, at):
    session, office = make_session(world, at, entries=3), world.here.people["office"]
    seat, entries = Judge.objects.get(session=session, seat=1), list(Entry.objects.filter(session=session))
    for entry in entries[:1]:
        services.recuse(judge_id=seat.pk, entry_id=entry.pk, reason="亲属", by=office, at=at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    own = [e.pk for e in Entry.objects.filter(session=session).order_by("position") if e.pk != entries[0].pk]
    client = signed_in(world.here.people["judge"])
    first, last = (client.get(f"/judge/{session.pk}/{pk}/").context for pk in own)
    assert (first["before"], first["after"].entry_id) == (None, own[1])
    assert (last["before"].entry_id, last["after"]) == (own[0], None)


def test_tasks_count_only_what_is_to_be_scored(world, at):
    from judging.rules import open_tasks
    from projects.models import Proposal

    session, office, judge = make_session(world, at, entries=4), world.here.people["office"], world.here.people["judge"]
    seat = Judge.objects.get(session=session, user=judge)
    first, second, *_ = Entry.objects.filter(session=session).order_by("pk")
    services.recuse(judge_id=seat.pk, entry_id=first.pk, reason="亲属", by=office, at=at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    assert open_tasks(judge, at) == []
    services.open_scoring(session_id=session.pk, by=office, at=at)
    session.refresh_from_db()
    for entry in Entry.objects.filter(session=session).exclude(pk=first.pk):
        hand_in(session, entry, judge, at)
    assert [t["hint"] for t in open_tasks(judge, at)] == ["已评 3/3"]
    Proposal.objects.filter(pk=second.proposal_id).update(state="withdrawn")
    assert [t["hint"] for t in open_tasks(judge, at)] == ["已评 2/2"]
    assert [t["title"] for t in open_tasks(office, at)] == ["查看评分进度并锁定：路演"]
    assert open_tasks(world.there.people["office"], at) == []
    lock(world, session, at)
    assert open_tasks(judge, at) == []
