"""Setting up a session: by its services and by the office's page."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Event
from core.errors import NotAllowed
from judging import services
from judging.domain.rubrics import RUBRICS
from judging.models import Draw, Entry, Judge, Recusal, Session
from judging.preparing import first_code
from judging.services.repeat import NothingToRepeat, repeat_session
from tests.judging.make import make_session, open_session, signed_in
from tests.rounds.make import make_round


@pytest.fixture
def office(world):
    return world.here.people["office"]


def send(office, session, **fields):
    return signed_in(office).post(f"/sessions/{session.pk}/setup/", fields)


def rule_fields(session, **more):
    """What the office's form of criteria and rule sends."""
    rule, lines = session.rule, session.rule["criteria"]
    fields = {
        "part": "rule", "c-TOTAL_FORMS": str(len(lines)), "c-INITIAL_FORMS": str(len(lines)), "c-MIN_NUM_FORMS": "0", "c-MAX_NUM_FORMS": "20",
        "high": "1", "low": "1", "start": "5", "quorum": str(rule["quorum"]), "decimals": "2", "by": "printed", "full_marks": "100",
    }  # fmt: skip
    for i, c in enumerate(lines):
        fields |= {
            f"c-{i}-label": c["label"],
            f"c-{i}-most": c["max"],
            f"c-{i}-step": c["step"],
            f"c-{i}-key": c["key"],
        }
    return fields | more


@pytest.mark.parametrize("key", sorted(RUBRICS))
def test_every_ready_rubric_makes_a_session_with_its_own_full_marks(world, at, office, key):
    answer = signed_in(office).post(
        f"/sessions/new/{world.here.round.pk}/", {"name": "路演", "held_on": "2026年11月30日", "rubric": key}
    )
    session = Session.objects.get()
    assert answer["Location"] == f"/sessions/{session.pk}/setup/"
    assert session.rule["criteria"] == RUBRICS[key].as_criteria()
    assert sum(Decimal(c["max"]) for c in session.rule["criteria"]) == RUBRICS[key].full_marks


def test_a_session_is_set_up_like_last_seasons_with_rule_texts_and_judges(world, at, office):
    """A judge whose account was disabled since is left out; no recusal, no entry and no mark comes along."""
    rule = services.make_rule(RUBRICS["party"].as_criteria(), quorum=2, decimals=3)
    old = make_session(world, at, rule=rule, name="去年路演")
    old.notes = {"anchors": {"x": [["好", "清楚"]]}}
    old.save(update_fields=["notes"])
    User.objects.filter(pk=world.here.people["second_judge"].pk).update(is_active=False)
    answer = signed_in(office).post(
        f"/sessions/new/{world.here.round.pk}/",
        {"name": "路演", "held_on": "2026-12-10", "venue": "剧院", "rubric": "community", "like": old.pk},
    )
    session = Session.objects.get(name="路演")
    assert answer["Location"] == f"/sessions/{session.pk}/setup/"
    assert (session.rule, session.notes, session.state) == (rule, old.notes, Session.State.SETUP)
    here = world.here.people
    assert list(session.judges.order_by("seat").values_list("user", "seat")) == [
        (here["judge"].pk, 1), (here["third_judge"].pk, 2),
    ]  # fmt: skip
    assert not Entry.objects.filter(session=session).exists()
    assert not Recusal.objects.filter(judge__session=session).exists()
    assert Event.objects.get(verb="judging.session_created", object_id=session.pk).facts["like"] == old.pk


def test_the_round_cloned_from_last_season_proposes_its_session(world, at, office):
    old = make_session(world, at, name="去年路演")
    cloned = make_round(world, at, opened=True, origin=f"往期：{world.here.round.title}")
    body = signed_in(office).get(f"/sessions/new/{cloned.pk}/").content.decode()
    assert f'<option value="{old.pk}" selected>' in body


def test_a_session_of_the_other_street_is_no_model(world, at, office):
    old = make_session(world, at, name="去年路演")
    there = world.there.people["office"]
    sent = {"name": "路演", "held_on": "2026-12-10", "rubric": "community", "like": old.pk}
    body = signed_in(there).post(f"/sessions/new/{world.there.round.pk}/", sent).content.decode()
    assert 'aria-invalid="true"' in body
    with pytest.raises(NothingToRepeat):
        repeat_session(
            round_id=world.there.round.pk, like_id=old.pk, name="路演", held_on=date(2026, 12, 1), venue="", by=there, at=at
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        repeat_session(
            round_id=world.here.round.pk, like_id=old.pk, name="路演", held_on=date(2026, 12, 1), venue="", by=there, at=at
        )  # fmt: skip
    assert Session.objects.count() == 1


def test_details_change_until_scoring_opens(world, at, office):
    session = make_session(world, at)
    assert send(office, session, part="details", name="决赛", held_on="2026-12-01", venue="剧院").status_code == 302
    assert Session.objects.values_list("name", "held_on", "venue").get() == ("决赛", date(2026, 12, 1), "剧院")


def test_a_name_already_taken_is_refused_with_everything_typed_kept(world, at, office):
    session = make_session(world, at)
    services.create_session(
        round_id=world.here.round.pk, name="决赛", held_on=date(2026, 12, 1), venue="", rule=session.rule, by=office, at=at
    )  # fmt: skip
    body = send(office, session, part="details", name="决赛", held_on="2026-12-01", venue="剧院").content.decode()
    assert "本期已有同名评审会" in body
    assert 'value="剧院"' in body
    assert Session.objects.get(pk=session.pk).name == "路演"


def test_rank_and_ties_are_chosen_in_order(world, at, office):
    session = make_session(world, at)
    first = session.rule["criteria"][0]["key"]
    fields = rule_fields(session, by="exact", tie_1="top_sheets", tie_2=f"criterion:{first}", tie_3="lot")
    assert send(office, session, **fields).status_code == 302
    assert Session.objects.get().rule["rank"] == {
        "by": "exact", "style": "competition", "ties": ["top_sheets", f"criterion:{first}", "lot"],
    }  # fmt: skip
    page = signed_in(office).get(f"/sessions/{session.pk}/setup/")
    assert page.context["rule_form"].initial["tie_2"] == f"criterion:{first}"


def test_maxima_must_add_up_to_the_declared_total(world, at, office):
    session = make_session(world, at)
    before = Session.objects.values().get()
    body = send(office, session, **rule_fields(session, **{"c-0-most": "24"})).content.decode()
    assert "各评分项满分之和为 99 分，应为 100 分。" in body
    assert Session.objects.values().get() == before
    assert send(office, session, **rule_fields(session, full_marks="99", **{"c-0-most": "24"})).status_code == 302
    assert Session.objects.get().rule["criteria"][0]["max"] == "24"


def test_trimming_more_than_there_are_is_refused(world, at, office):
    session = make_session(world, at)
    before = Session.objects.values().get()
    body = send(office, session, **rule_fields(session, high="3", low="2", start="5")).content.decode()
    assert "应大于去掉的最高分和最低分个数之和。" in body
    assert Session.objects.values().get() == before


def test_an_account_for_a_judge_shows_its_code_once_and_signs_in(world, at, office):
    session = make_session(world, at)
    sent = {"part": "account", "new-username": "expert_li", "new-display_name": "测试专家"}
    made = send(office, session, **sent)
    code = re.search(r'class="code">([^<]+)<', made.content.decode())[1]
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", code)
    assert made["Cache-Control"].split(", ")[0] == "max-age=0"
    judge = Judge.objects.select_related("user").get(user__username="expert_li")
    assert (judge.seat, judge.user.street_id, judge.user.display_name) == (4, world.here.area.pk, "测试专家")
    assert Client().login(username="expert_li", password=code)
    assert code not in signed_in(office).get(f"/sessions/{session.pk}/setup/").content.decode()
    assert not Event.objects.filter(facts__icontains=code).exists()
    again = send(office, session, **sent).content.decode()
    assert "用户名“expert_li”已有人使用" in again
    assert (User.objects.filter(username="expert_li").count(), Judge.objects.filter(session=session).count()) == (1, 4)


def test_codes_are_never_the_same(db):
    assert len({first_code() for _ in range(200)}) == 200


def test_unknown_user_names_are_named(world, at, office):
    session = make_session(world, at)
    before = list(Judge.objects.order_by("pk").values())
    body = send(office, session, part="judges", usernames="judge_a\nnobody").content.decode()
    assert "没有这些用户名：nobody。" in body
    assert list(Judge.objects.order_by("pk").values()) == before


def test_a_recusal_noted_by_mistake_is_withdrawn_and_both_are_on_record(world, at, office):
    session = make_session(world, at)
    judge, entry = Judge.objects.get(session=session, seat=1), Entry.objects.get(session=session)
    assert send(office, session, part="recusal", judge=judge.pk, entry=entry.pk, reason="亲属").status_code == 302
    row = Recusal.objects.get()
    assert (row.judge_id, row.entry_id, row.reason) == (judge.pk, entry.pk, "亲属")
    assert send(office, session, part="unrecuse", recusal=row.pk).status_code == 302
    assert not Recusal.objects.exists()
    verbs = Event.objects.filter(verb__contains="recus").order_by("pk").values_list("verb", "reason")
    assert list(verbs) == [("judging.recused", "亲属"), ("judging.recusal_withdrawn", "亲属")]


def test_a_recusal_of_another_session_is_not_touched(world, at, office):
    session = make_session(world, at)
    other = services.create_session(
        round_id=world.here.round.pk, name="另一场", held_on=date(2026, 12, 1), venue="", rule=session.rule, by=office, at=at
    )  # fmt: skip
    judge, entry = Judge.objects.get(session=session, seat=1), Entry.objects.get(session=session)
    row = services.recuse(judge_id=judge.pk, entry_id=entry.pk, reason="亲属", by=office, at=at)
    services.withdraw_recusal(session_id=other.pk, recusal_id=row.pk, by=office, at=at)
    assert Recusal.objects.get().pk == row.pk


def test_a_recusal_has_a_reason(world, at, office):
    session = make_session(world, at)
    judge, entry = Judge.objects.get(session=session, seat=1), Entry.objects.get(session=session)
    with pytest.raises(services.NoReason):
        services.recuse(judge_id=judge.pk, entry_id=entry.pk, reason="  ", by=office, at=at)
    assert not Recusal.objects.exists()


@pytest.mark.parametrize(("number", "witnesses"), [("", "见证人"), ("42", " "), (" ", "")])
def test_a_draw_has_a_number_and_witnesses(world, at, office, number, witnesses):
    session = make_session(world, at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    before = Draw.objects.values().get()
    with pytest.raises(services.NoWitness):
        services.draw_order(session_id=session.pk, public_number=number, witnesses=witnesses, by=office, at=at)
    assert Draw.objects.values().get() == before
    assert Entry.objects.get().position is None


def test_the_secret_is_not_shown_before_the_draw(world, at, office):
    session = make_session(world, at)
    draw = services.commit_draw(session_id=session.pk, by=office, at=at)
    body = signed_in(office).get(f"/sessions/{session.pk}/draw/").content.decode()
    assert draw.commitment in body
    assert draw.secret not in body
    services.draw_order(session_id=session.pk, public_number="2026133", witnesses="监督员", by=office, at=at)
    assert draw.secret in signed_in(office).get(f"/sessions/{session.pk}/draw/").content.decode()


def test_entries_stay_after_the_draw(world, at, office):
    session = make_session(world, at, entries=2)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    before = list(Entry.objects.order_by("pk").values())
    with pytest.raises(services.AlreadyDrawn):
        services.set_entries(session_id=session.pk, proposal_ids=[], by=office, at=at)
    assert list(Entry.objects.order_by("pk").values()) == before
    assert "已经抽签，参评项目不能再增减" in signed_in(office).get(f"/sessions/{session.pk}/setup/").content.decode()


def test_too_few_judges_keep_scoring_closed(world, at, office):
    session = make_session(world, at, judges=("judge",), quorum=2)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    with pytest.raises(services.NotReady) as refused:
        services.open_scoring(session_id=session.pk, by=office, at=at)
    assert refused.value.message == "还不能开放评分：评委少于 2 位。"
    assert Session.objects.get().state == "setup"


@pytest.mark.parametrize("who", ["leader", "host", "supervisor", "judge", "foreign"])
def test_only_the_office_of_the_street_changes_anything(world, at, office, who):
    session = make_session(world, at)
    person = world.there.people["office"] if who == "foreign" else world.here.people[who]
    judge, entry = Judge.objects.get(session=session, seat=1), Entry.objects.get(session=session)
    before = (list(Session.objects.values()), Judge.objects.count(), User.objects.count())
    act = {"session_id": session.pk, "by": person, "at": at}
    for do in (
        lambda: services.set_details(**act, name="x", held_on=date(2026, 12, 1), venue=""),
        lambda: services.set_rule(**act, rule=session.rule),
        lambda: services.set_entries(**act, proposal_ids=[]),
        lambda: services.seat_judges(**act, user_ids=[]),
        lambda: services.add_judge(**act, username="x", display_name="x", code="x"),
        lambda: services.recuse(judge_id=judge.pk, entry_id=entry.pk, reason="x", by=person, at=at),
        lambda: services.withdraw_recusal(**act, recusal_id=1),
        lambda: services.commit_draw(**act),
        lambda: services.draw_order(**act, public_number="1", witnesses="x"),
        lambda: services.open_scoring(**act),
        lambda: services.lock_session(**act),
        lambda: services.publish_result(**act),
    ):
        with pytest.raises(NotAllowed):
            do()
    assert (list(Session.objects.values()), Judge.objects.count(), User.objects.count()) == before


def test_after_opening_every_part_is_refused(world, at, office):
    session, (entry,) = open_session(world, at)
    judge = Judge.objects.filter(session=session).first()
    act = {"session_id": session.pk, "by": office, "at": at}
    for do in (
        lambda: services.set_details(**act, name="x", held_on=date(2026, 12, 1), venue=""),
        lambda: services.add_judge(**act, username="x", display_name="x", code="x"),
        lambda: services.recuse(judge_id=judge.pk, entry_id=entry.pk, reason="x", by=office, at=at),
        lambda: services.withdraw_recusal(**act, recusal_id=1),
        lambda: services.open_scoring(**act),
    ):
        with pytest.raises(services.NotInSetup):
            do()
    assert not User.objects.filter(username="x").exists()
    assert signed_in(office).get(f"/sessions/{session.pk}/setup/")["Location"] == f"/sessions/{session.pk}/"
