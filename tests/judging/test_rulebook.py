"""The rule as the office sets it and everybody reads it; what entries bring along; how firm the ranking is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core.errors import FormatError, NotAllowed
from judging import rules, services
from judging.domain.rubrics import RUBRICS
from judging.domain.scoring import compute
from judging.models import Entry, Judge, Session
from judging.services import Figures
from portal.invariants import results_can_be_recomputed
from tests.judging.make import full_marks, hand_in, lock, make_session, open_session, publish, signed_in
from tests.judging.test_setup import rule_fields
from tests.world import person

PARTS = [{"key": "书面评审", "weight": "0.4"}, {"key": "路演", "weight": "0.6"}]


@pytest.fixture
def office(world):
    return world.here.people["office"]


def composite_rule(**more):
    options = {"parts": PARTS, "own_part": "路演", "quorum": 2} | more
    return services.make_rule(RUBRICS["community"].as_criteria(), **options)


def send(office, session, **fields):
    return signed_in(office).post(f"/sessions/{session.pk}/setup/", rule_fields(session, **fields))


def body(user, url):
    answer = signed_in(user).get(url)
    assert answer.status_code == 200
    return answer.content.decode()


# --- setting the rule ---


def test_the_whole_rule_is_set_by_the_form(world, at, office):
    session = make_session(world, at)
    first = session.rule["criteria"][0]["key"]
    answer = send(
        office, session, high="2", low="1", start="7", on="criterion", aggregate="median", quorum="4", decimals="3", bonus_cap="5.50", by="exact",
        tie_1="part:路演", tie_2=f"criterion:{first}", tie_3="part:初评", tie_4="vote:评委合议投票", tie_5="lot",
        **{"part-name_1": "书面评审", "part-weight_1": "40", "part-name_2": "大众评审", "part-weight_2": "12.5", "part-most_2": "425", "part-to_2": "100",
           "part-name_4": "路演", "part-weight_4": "47.5", "part-own": "4"},
        **{"c-0-anchors": "优：对应需求清单\n\n良:部分对应\n看调研数据", "c-0-least": "5"},
    )  # fmt: skip
    # The tie on a part is on offer only once the part is there.
    assert answer.status_code == 200
    assert "part:路演" in answer.context["rule_form"].errors["tie_1"][0]
    fields = {
        "high": "2", "low": "1", "start": "7", "on": "criterion", "aggregate": "median", "quorum": "4", "decimals": "3", "bonus_cap": "5.50",
        "by": "exact", "tie_1": f"criterion:{first}", "tie_2": "part:初评", "tie_3": "vote:评委合议投票", "tie_4": "top_sheets", "tie_5": "lot",
        "part-name_1": "书面评审", "part-weight_1": "40", "part-name_2": "大众评审", "part-weight_2": "12.5", "part-most_2": "425", "part-to_2": "100",
        "part-name_4": "路演", "part-weight_4": "47.5", "part-own": "4", "c-0-anchors": "优：对应需求清单\n\n良:部分对应\n看调研数据", "c-0-least": "5",
    }  # fmt: skip
    assert send(office, session, **fields).status_code == 302
    session = Session.objects.get()
    rule = session.rule
    assert {k: rule[k] for k in ("trim", "aggregate", "quorum", "decimals", "bonus_cap", "own_part", "parts", "rank")} == {
        "trim": {"high": 2, "low": 1, "from": 7, "on": "criterion"}, "aggregate": "median", "quorum": 4, "decimals": 3, "bonus_cap": "5.5",
        "own_part": "路演",
        "parts": [
            {"key": "书面评审", "weight": "0.4"}, {"key": "大众评审", "weight": "0.125", "scale": {"max": "425", "to": "100"}},
            {"key": "路演", "weight": "0.475"},
        ],
        "rank": {"by": "exact", "style": "competition", "ties": [f"criterion:{first}", "part:初评", "vote:评委合议投票", "top_sheets", "lot"]},
    }  # fmt: skip
    assert rules.anchors(session) == {first: [("优", "对应需求清单"), ("良", "部分对应"), ("", "看调研数据")]}
    assert rule["criteria"][0]["min"] == "5"
    page = signed_in(office).get(f"/sessions/{session.pk}/setup/")
    assert page.context["composite"].initial["own"] == "3"
    assert page.context["criteria"][0].initial["anchors"] == "优：对应需求清单\n良：部分对应\n看调研数据"
    # What the page shows, sent as it is, changes nothing.
    form, lines, parts = (page.context[k] for k in ("rule_form", "criteria", "composite"))
    again = {f.html_name: f.value() for form_ in (form, *lines, parts) for f in form_ if f.value() is not None}
    answer = signed_in(office).post(
        f"/sessions/{session.pk}/setup/",
        {"part": "rule"} | again | {f.html_name: f.value() for f in lines.management_form},
    )
    assert answer.status_code == 302
    assert Session.objects.values_list("rule", "notes").get() == (session.rule, session.notes)


ROW = {"part-name_1": "书面", "part-weight_1": "40", "part-name_2": "路演", "part-weight_2": "60", "part-own": "2"}


@pytest.mark.parametrize(
    ("changes", "where", "field", "words"),
    [
        ({"part-weight_2": "50"}, "composite", "weight_2", "各部分权重之和为 90%，应为 100%。"),
        ({"part-own": ""}, "composite", "own", "请指明哪一行是本场路演的得分。"),
        ({"part-own": "3"}, "composite", "own", "所选的这一行还没有填写。"),
        ({"part-name_2": "书面"}, "composite", "name_2", "两个部分不能同名。"),
        ({"part-name_2": ""}, "composite", "name_2", "请填写这一部分的名称。"),
        ({"part-weight_2": ""}, "composite", "weight_2", "请填写权重。"),
        ({"part-most_1": "425"}, "composite", "to_1", "要折算，请填写折算成多少分。"),
        ({"part-to_1": "100"}, "composite", "most_1", "要折算，请填写原满分。"),
        ({"tie_1": "lot", "tie_2": "lot"}, "rule_form", "tie_2", "这一项前面已经比过，请另选一项。"),
        ({"tie_2": "lot"}, "rule_form", "tie_2", "前面已选“不比了”，请按顺序选，中间不要留空。"),
        ({"start": "2"}, "rule_form", "start", "应大于去掉的最高分和最低分个数之和。"),
        ({"full_marks": "101"}, "rule_form", "full_marks", "各评分项满分之和为 100 分，应为 101 分。请修改评分项，或改填满分合计。"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_said_at_the_field(world, at, office, changes, where, field, words):
    session = make_session(world, at)
    before = Session.objects.values().get()
    page = send(office, session, **(ROW | changes))
    assert page.context[where].errors == {field: [words]}
    assert words in page.content.decode()
    assert Session.objects.values().get() == before


def test_ready_rubrics_bring_what_to_look_at_and_say_what_is_behind_them(world, at, office):
    answer = signed_in(office).get(f"/sessions/new/{world.here.round.pk}/")
    labels = dict(answer.context["form"].fields["rubric"].choices)
    assert labels["community"] == "社区公益创投立项评审表（6 项，满分 100 分）（参考）"
    assert labels["branch_closing"] == "党支部创新项目结项评分表（3 项，满分 100 分）（真实）"
    assert labels["ticks"] == "票选（不打分，每位评委投若干票，得票多者在前）"
    assert set(labels) - {"ticks"} == {
        "community",
        "party",
        "volunteer",
        "branch_closing",
        "midterm",
        "final",
        "micro",
        "charity_market",
        "grade",
        "monthly",
    }
    signed_in(office).post(
        f"/sessions/new/{world.here.round.pk}/", {"name": "路演", "held_on": "2026年11月30日", "rubric": "community"}
    )
    told = rules.anchors(Session.objects.get())
    assert told["need"] == [
        ("看点", "来自需求清单或书记沙龙（10 分）"), ("看点", "有调研数据，受益人群清楚（10 分）"), ("看点", "与现有服务不重复（5 分）"),
    ]  # fmt: skip
    assert set(told) == {c.key for c in RUBRICS["community"].criteria}


def test_a_new_line_never_takes_the_key_of_another(world, at, office):
    lines = [{"key": k, "label": k, "max": "50", "step": "1"} for k in ("c2", "c1")]
    session = make_session(world, at, rule=services.make_rule(lines, quorum=2))
    fields = {"c-TOTAL_FORMS": "4", "c-2-label": "新", "c-2-most": "10", "c-2-step": "1", "full_marks": "110"}
    assert send(office, session, **fields).status_code == 302
    assert [c["key"] for c in Session.objects.get().rule["criteria"]] == ["c2", "c1", "c3"]


def test_what_grades_mean_is_frozen_with_the_rule(world, at, office):
    session, _ = open_session(world, at)
    with pytest.raises(services.NotInSetup):
        services.set_rule(session_id=session.pk, rule=session.rule, by=office, at=at, notes={})
    with pytest.raises(IntegrityError, match="评分说明不能再改"), transaction.atomic():
        Session.objects.filter(pk=session.pk).update(notes={"anchors": {}, "x": 1})


def test_a_judge_hands_in_every_mark_also_where_criteria_are_trimmed(world, at):
    rule = services.make_rule(RUBRICS["community"].as_criteria(), quorum=2, on="criterion", start=3)
    session, (entry,) = open_session(world, at, rule=rule)
    marks = full_marks(session)
    del marks["design"]
    with pytest.raises(services.BadMark) as refused:
        hand_in(session, entry, world.here.people["judge"], at, marks=marks)
    assert (refused.value.key, refused.value.message) == ("design", "“项目设计”没有打分。")
    assert hand_in(session, entry, world.here.people["judge"], at, marks=marks, submit=False).total is None


# --- what entries bring along ---


def test_parts_factor_bonus_and_penalty_make_the_score(world, at, office):
    rule = composite_rule(bonus_cap="3", ties=["part:初评"])
    session, entries = open_session(world, at, entries=2, rule=rule)
    url = f"/sessions/{session.pk}/figures/"
    page = signed_in(office).get(url)
    assert page.context["columns"] == ["书面评审", "初评"]
    a, b = entries
    sent = {
        f"p{a.pk}_0": "82.40",
        f"p{b.pk}_0": "80",
        f"factor{a.pk}": "0.9",
        f"factor{b.pk}": "1",
        f"bonus{a.pk}": "5",
        f"penalty{a.pk}": "1.5",
    }
    assert signed_in(office).post(url, sent).status_code == 302
    assert Entry.objects.filter(pk=a.pk).values_list("parts", "factor", "bonus", "penalty").get() == (
        {"书面评审": "82.4"}, Decimal("0.9"), Decimal(5), Decimal("1.5"),
    )  # fmt: skip
    for judge in ("judge", "second_judge", "third_judge"):
        for entry in entries:
            hand_in(session, entry, world.here.people[judge], at)
    result = lock(world, session, at)
    proposals = result.scoring["proposals"]
    assert proposals[0] == {
        "key": a.proposal.receipt_number, "name": a.proposal.title, "state": "standing", "lot": None,
        "parts": {"书面评审": "82.4"}, "factor": "0.9", "bonus": "5", "penalty": "1.5",
    }  # fmt: skip
    assert proposals[1].keys() == {"key", "name", "state", "lot", "parts"}
    # 82.4 × 0.4 + (100 × 0.9) × 0.6 + 3 − 1.5
    assert {r["proposal"]: r["score"] for r in result.outcome["results"]} == {
        a.proposal.receipt_number: "88.46", b.proposal.receipt_number: "92.00",
    }  # fmt: skip
    assert compute(result.scoring) == result.outcome
    assert list(results_can_be_recomputed()) == []
    event = Event.objects.get(verb="judging.figures_set")
    assert event.facts["entries"][str(a.pk)]["after"] == {
        "parts": {"书面评审": "82.4"}, "factor": "0.9", "bonus": "5", "penalty": "1.5",
    }  # fmt: skip


def test_without_figures_the_document_is_as_it_always_was(world, at):
    session, _ = open_session(world, at)
    assert services.scoring_document(session)["proposals"][0].keys() == {"key", "name", "state", "lot"}


def test_values_of_parts_that_are_no_more_are_left_out(world, at, office):
    session = make_session(world, at)
    entry = Entry.objects.get()
    Entry.objects.update(parts={"旧的": "80", "路演": "70"})
    services.set_rule(session_id=session.pk, rule=composite_rule(), by=office, at=at)
    session.refresh_from_db()
    assert "parts" not in services.scoring_document(session)["proposals"][0]
    services.set_figures(
        session_id=session.pk, figures={entry.pk: Figures({"书面评审": Decimal(80)})}, by=office, at=at
    )
    assert services.scoring_document(session)["proposals"][0]["parts"] == {"书面评审": "80"}
    assert Entry.objects.get().parts == {"旧的": "80", "路演": "70", "书面评审": "80"}
    services.set_figures(session_id=session.pk, figures={entry.pk: Figures({"书面评审": None})}, by=office, at=at)
    assert Entry.objects.get().parts == {"旧的": "80", "路演": "70"}


def test_locking_without_a_part_names_the_project(world, at, office):
    session, (entry,) = open_session(world, at, rule=composite_rule())
    for judge in ("judge", "second_judge", "third_judge"):
        hand_in(session, entry, world.here.people[judge], at)
    with pytest.raises(FormatError) as refused:
        lock(world, session, at)
    assert refused.value.message == f"“{entry.proposal.title}”缺少“书面评审”部分的得分。"
    answer = signed_in(office).post(f"/sessions/{session.pk}/lock/", {"word": "锁定"})
    assert refused.value.message in answer.content.decode()
    assert Session.objects.get().state == "scoring"


def test_after_the_lock_figures_stay(world, at, office):
    session, (entry,) = open_session(world, at)
    lock(world, session, at)
    before = Entry.objects.values().get()
    with pytest.raises(services.FiguresFrozen):
        services.set_figures(session_id=session.pk, figures={entry.pk: Figures({}, bonus=Decimal(1))}, by=office, at=at)
    with pytest.raises(IntegrityError, match="不能再改"), transaction.atomic():
        Entry.objects.update(bonus=1)
    page = signed_in(office).post(f"/sessions/{session.pk}/figures/", {f"bonus{entry.pk}": "1"})
    assert "评审会已锁定，其他部分得分和加减分不能再改。" in page.content.decode()
    assert Entry.objects.values().get() == before


@pytest.mark.parametrize("wrong", [{"bonus": -1}, {"penalty": -1}, {"factor": 0}])
def test_figures_are_not_negative(world, at, wrong):
    make_session(world, at)
    with pytest.raises(IntegrityError, match="entry_figures_not_negative"), transaction.atomic():
        Entry.objects.update(**wrong)


def test_wrong_figures_are_refused_with_what_was_typed(world, at, office):
    session = make_session(world, at)
    entry = Entry.objects.get()
    page = signed_in(office).post(
        f"/sessions/{session.pk}/figures/", {f"bonus{entry.pk}": "-1", f"penalty{entry.pk}": "abc"}
    )
    assert set(page.context["form"].errors) == {f"bonus{entry.pk}", f"penalty{entry.pk}"}
    assert 'value="abc"' in page.content.decode()
    assert not Event.objects.filter(verb="judging.figures_set").exists()


def test_figures_said_again_are_not_recorded_again(world, at, office):
    session = make_session(world, at)
    entry = Entry.objects.get()
    for _ in range(2):
        services.set_figures(session_id=session.pk, figures={entry.pk: Figures({}, bonus=Decimal(1))}, by=office, at=at)
    assert Event.objects.filter(verb="judging.figures_set").count() == 1


@pytest.mark.parametrize("who", ["leader", "host", "supervisor", "judge", "foreign"])
def test_only_the_office_sets_figures(world, at, who):
    session = make_session(world, at)
    user = world.there.people["office"] if who == "foreign" else world.here.people[who]
    with pytest.raises(NotAllowed):
        services.set_figures(session_id=session.pk, figures={}, by=user, at=at)
    expected = 404 if who in ("judge", "foreign") else 403
    assert signed_in(user).get(f"/sessions/{session.pk}/figures/").status_code == expected


def test_a_formula_is_written_only_where_it_says_the_score(world, at, office):
    from judging.exports import _is_plain_mean

    session, (entry,) = open_session(world, at)
    document = services.scoring_document(session)
    assert _is_plain_mean(document)
    services.set_figures(session_id=session.pk, figures={entry.pk: Figures({}, bonus=Decimal(1))}, by=office, at=at)
    assert not _is_plain_mean(services.scoring_document(session))
    for changes in ({"trim": {"on": "criterion"}}, {"aggregate": "median"}, {"parts": PARTS}):
        assert not _is_plain_mean(document | {"rule": document["rule"] | changes})


# --- the rule page ---


def test_a_rule_that_is_not_frozen_says_so(world, at, office):
    session = make_session(world, at)
    assert "还没有冻结，开放评分前可能修改" in body(office, f"/sessions/{session.pk}/rule/")


def test_a_frozen_rule_shows_its_version_and_digest(world, at, office):
    notes = {"anchors": {"need": [["优", "对应需求清单"], ["", "看调研"]]}}
    session = make_session(world, at)
    services.set_rule(session_id=session.pk, rule=session.rule, by=office, at=at, notes=notes)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    session.refresh_from_db()
    page = body(office, f"/sessions/{session.pk}/rule/")
    for words in (
        "规则v1。",
        session.rule_digest,
        "<strong>优：</strong>对应需求清单",
        "看调研</p>",
        "例3　两个项目同分",
        "去掉一个最高分",
    ):
        assert words in page


def test_who_reads_the_rule(world, at):
    session = make_session(world, at)
    url, judge = f"/sessions/{session.pk}/rule/", world.here.people["judge"]
    for who in ("office", "leader", "host", "supervisor"):
        assert signed_in(world.here.people[who]).get(url).status_code == 200
    # A judge reads it once scoring is open, like her sheets.
    assert signed_in(judge).get(url).status_code == 404
    office = world.here.people["office"]
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    assert "全部项目" in body(judge, url)
    strangers = [*world.there.people.values(), *(world.here.people[k] for k in ("finance", "member", "community"))]
    assert {signed_in(u).get(url).status_code for u in strangers} == {404}


# --- how firm the ranking is ---


def marked(session, share):
    return {
        c["key"]: str(Decimal(c["max"]) * share // Decimal(c["step"]) * Decimal(c["step"]))
        for c in session.rule["criteria"]
    }


def locked_session(world, at, **options):
    session, entries = open_session(world, at, **options)
    for i, entry in enumerate(entries):
        for k, judge in enumerate(("judge", "second_judge", "third_judge")):
            share = Decimal(80 - 3 * i - k + (20 * (k == 2 and i == 1) - 10 * (k == 2 and i == 0))) / 100
            hand_in(session, entry, world.here.people[judge], at, marks=marked(session, share))
    lock(world, session, at)
    session.refresh_from_db()
    return session, entries


def test_a_rank_that_hangs_on_one_judge_is_shown(world, at, office):
    session, (first, second) = locked_session(world, at, entries=2)
    url = f"/sessions/{session.pk}/check/"
    page = signed_in(office).get(url + "?cut=1")
    third = page.context["judges"][2]["change"]
    names = {first.proposal.title, second.proposal.title}
    assert set(third["crossed"]) == names
    assert all("1→2" in t or "2→1" in t for t in third["told"])
    assert "越线：" in page.content.decode()
    assert "越线：" not in body(office, url)
    assert "不改变任何名次" in body(office, url)


@pytest.mark.parametrize("cut", ["", "abc", "-1", "99999", "２"])
def test_an_odd_line_is_no_line(world, at, office, cut):
    session, _ = locked_session(world, at, entries=2)
    page = signed_in(office).get(f"/sessions/{session.pk}/check/", {"cut": cut})
    assert (page.status_code, page.context["cut"]) == (200, None)


def test_sensitivity_only_after_the_lock_and_never_for_judges(world, at, office):
    session, _ = open_session(world, at)
    url = f"/sessions/{session.pk}/check/"
    here = world.here.people
    assert {signed_in(here[k]).get(url).status_code for k in ("office", "leader", "host", "supervisor")} == {403}
    lock(world, session, at)
    assert {signed_in(here[k]).get(url).status_code for k in ("office", "leader", "supervisor")} == {200}
    assert signed_in(here["host"]).get(url).status_code == 403
    assert {
        signed_in(u).get(url).status_code for u in (here["judge"], here["member"], *world.there.people.values())
    } == {404}
    publish(world, session, at + timedelta(hours=1))
    assert signed_in(here["judge"]).get(url).status_code == 404


def test_a_leader_who_judged_does_not_see_it(world, at):
    leader = world.here.people["leader"]
    session, _ = open_session(world, at, judges=("judge", "second_judge", leader))
    lock(world, session, at)
    assert signed_in(leader).get(f"/sessions/{session.pk}/check/").status_code == 403


def test_these_pages_cost_the_same_whatever_the_size(world, at, office):
    session, _ = locked_session(world, at, entries=2)
    few = [cost(office, f"/sessions/{session.pk}/{page}/") for page in ("rule", "figures", "check")]
    big = make_big(world, at, office)
    assert [cost(office, f"/sessions/{big.pk}/{page}/") for page in ("rule", "figures", "check")] == few


def make_big(world, at, office):
    """A second session with the same proposals and many more judges, locked."""
    from datetime import date

    proposals = list(Entry.objects.values_list("proposal_id", flat=True))
    rule = services.make_rule(RUBRICS["community"].as_criteria(), quorum=2)
    session = services.create_session(
        round_id=world.here.round.pk, name="决赛", held_on=date(2026, 12, 1), venue="", by=office, at=at, rule=rule
    )  # fmt: skip
    services.set_entries(session_id=session.pk, proposal_ids=proposals, by=office, at=at)
    crowd = [person(f"crowd{i}", at) for i in range(9)]
    services.seat_judges(session_id=session.pk, user_ids=[u.pk for u in crowd], by=office, at=at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    session.refresh_from_db()
    for judge in Judge.objects.filter(session=session).select_related("user"):
        for entry in Entry.objects.filter(session=session):
            hand_in(session, entry, judge.user, at)
    lock(world, session, at)
    return session


def cost(user, url):
    client = signed_in(user)
    client.get(url)
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return len(found)
