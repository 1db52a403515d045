"""Setting up and opening: what is frozen, and that nothing moves it afterwards."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.exact import digest
from projects.domain.budget import Line
from projects.services import missing, save_draft
from projects.services.heads import near_limits, over_limits
from rounds import catalogue, services
from rounds.domain import configurations
from rounds.domain.lines import ThemeLine
from rounds.models import Round, Theme
from tests.projects.make import make_draft
from tests.rounds.make import facts, make_round


def test_opening_freezes_everything_that_was_set(world, at):
    row = make_round(world, at, opened=True)
    assert set(row.rules) == {*services.setup.PUBLISHED, "format", "street", "themes"}
    assert row.rules_digest == digest(Round.objects.get(pk=row.pk).rules)
    assert row.rules["kind_caps"] == {"group": "3000.00"}
    assert row.rules["head_limits"] == {"staff": 30, "tax": 7}
    assert row.rules["rubric"]["full_marks"] == "100"
    assert row.rules["apply_closes_at"].endswith("07+00:00")
    assert row.rules["themes"][0] == {"name": "党建", "max_awards": 3, "max_amount": None}


@pytest.mark.parametrize(
    "changed",
    [
        {"co_organizers": "别家"}, {"kind_caps": {}}, {"head_limits": {"staff": 31}}, {"indicators": []}, {"rubric": "party"},
        {"allocation": "tiers"}, {"conditions": "别的"}, {"contact": "别处"}, {"paper": "page"}, {"organizer": "别家"}, {"duration": "一年"},
    ],
)  # fmt: skip
def test_each_setting_changes_the_digest(world, at, changed):
    row = make_round(world, at)
    before = digest(services.frozen_rules(row))
    by = world.here.people["office"]
    row = services.edit_round(
        round_id=row.pk, facts=facts(at) | changed, themes=[("党建", 3), ("环保", None)], at=at, by=by
    )
    assert digest(services.frozen_rules(row)) != before


def test_nothing_frozen_can_be_moved_in_the_database(world, at):
    row = make_round(world, at, opened=True)
    for change in ({"contact": "x"}, {"head_limits": {}}, {"rubric": ""}, {"asks_until": at}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Round.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.themes.update(max_awards=9)
    assert Theme.objects.get(round=row, name="党建").max_awards == 3


def test_a_changed_configuration_or_rubric_leaves_a_running_round_alone(world, at, tmp_path, monkeypatch):
    row = make_round(world, at, opened=True)
    before = Round.objects.filter(pk=row.pk).values().get()
    text = configurations.FILE.read_text(encoding="utf-8").replace('"20000.00"', '"1.00"')
    monkeypatch.setattr(configurations, "configurations", lambda: tuple(configurations.read(text)))
    monkeypatch.setitem(catalogue._READY, "community", catalogue.ReadyRubric("community", "另一张", "10", ()))
    assert Round.objects.filter(pk=row.pk).values().get() == before
    assert digest(Round.objects.get(pk=row.pk).rules) == before["rules_digest"]
    from rounds.facts import facts_of

    assert facts_of(Round.objects.get(pk=row.pk))["rubric"]["label"] == "社区公益创投立项评审表"


def test_a_micro_round_needs_a_small_cap(world, at):
    for cap in (None, Decimal("5000.01")):
        with pytest.raises(services.RoundRefused, match="微创投"):
            make_round(world, at, scale="micro", cap=cap, kind_caps={})
    assert make_round(world, at, scale="micro", cap=Decimal("5000.00")).scale == "micro"


def test_asking_ends_with_the_window_at_the_latest(world, at):
    row = make_round(world, at)
    with pytest.raises(services.RoundRefused, match="提问截止"):
        services.edit_round(
            round_id=row.pk, facts={"asks_until": row.apply_closes_at.replace(year=2028)}, themes=[("党建", 1)], at=at,
            by=world.here.people["office"],
        )  # fmt: skip


def test_themes_carry_both_quotas(world, at):
    by = world.here.people["office"]
    row = services.create_round(
        street=world.here.area, facts=facts(at), themes=[ThemeLine("党建", 2, Decimal("900.00"))], at=at, by=by
    )
    assert row.themes.values_list("name", "max_awards", "max_amount").get() == ("党建", 2, Decimal("900.00"))
    assert services.frozen_rules(row)["themes"] == [{"name": "党建", "max_awards": 2, "max_amount": "900.00"}]


def test_a_budget_over_the_limits_of_its_round_is_not_handed_in(world, at):
    round_ = Round(head_limits={"staff": 30}, kind_caps={"team": "5000.00"})
    lines = [
        Line("activity", "物资", Decimal(700), 10, Decimal(0)),
        Line("staff", "补贴", Decimal(2900), 1, Decimal(0)),
    ]
    assert over_limits(round_, "social", lines) == []
    assert near_limits(round_, lines) == ["人员费占总预算 29.29%，限额 30%，接近限额"]
    assert over_limits(round_, "team", lines) == ["备案队伍申请资金不能超过 5,000.00 元，请调减"]
    lines[1] = Line("staff", "补贴", Decimal(3001), 1, Decimal(0))
    assert over_limits(round_, "social", lines) == ["人员费占总预算 30.01%，限额 30%，超过限额，请调减"]
    limited = make_round(world, at, opened=True, applicant_kinds=["social"], kind_caps={})
    member = world.here.people["member"]
    world.here.round = limited
    draft = make_draft(world.here, at)
    save_draft(
        proposal_id=draft.pk,
        facts={"title": "甲"},
        lines=lines,
        need_ids=[],
        order_ids=[],
        revision=0,
        by=member,
        at=at,
    )
    draft.refresh_from_db()
    assert ("budget", "人员费占总预算 30.01%，限额 30%，超过限额，请调减") in missing(draft)
