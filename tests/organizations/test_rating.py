"""The year's rating: Party building first, below its threshold no star; E20."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotAllowed
from jobs.registry import Work, kind_of
from organizations import rules, services
from organizations.domain.rating import CRITERIA, DEFAULT, rate
from organizations.models import RatingSheet
from tests.judging.make import signed_in
from tests.world import organization

D = Decimal
MARKS = {"party": D(80), "daily": D(90), "projects": D(85), "satisfaction": D(95), "finance": D(70)}
MARK = st.decimals(0, 100, places=1)


def test_the_sum_and_the_star():
    assert rate(DEFAULT, MARKS).total == D("83.75")
    assert rate(DEFAULT, MARKS).stars == 4
    low = rate(DEFAULT, dict.fromkeys(MARKS, D(100)) | {"party": D("59.9")})
    assert (low.is_through, low.stars) == (False, 0)
    assert rate(DEFAULT, dict.fromkeys(MARKS, D(90))).stars == 5
    assert rate(DEFAULT, dict.fromkeys(MARKS, D("69.9"))).stars == 0


@given(st.fixed_dictionaries(dict.fromkeys(CRITERIA, MARK)), st.sampled_from(sorted(CRITERIA)), MARK)
def test_a_better_mark_never_costs_a_star_and_none_is_given_below_the_threshold(marks, key, more):
    before = rate(DEFAULT, marks)
    after = rate(DEFAULT, marks | {key: max(marks[key], more)})
    assert after.stars >= before.stars
    assert 0 <= before.total <= 100
    assert before.stars == 0 or marks["party"] >= DEFAULT.threshold


def test_a_rule_puts_party_building_first():
    assert DEFAULT.faults() == []
    weights = dict(DEFAULT.weights)
    assert "首要依据" in replace(DEFAULT, weights=weights | {"party": 15, "daily": 35}).faults()[0]
    assert "合计应为 100" in replace(DEFAULT, weights=weights | {"party": 31}).faults()[0]
    assert replace(DEFAULT, threshold=D(0)).faults()
    assert replace(DEFAULT, lines={5: D(80), 4: D(80), 3: D(70)}).faults()


@pytest.fixture
def row(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    found = world.here.organization
    found.moved_in_on = date(2026, 3, 1)
    found.save()
    return found


def enter(world, at, row, year=2026, shown=0, by=None, reason="", **marks):
    return services.enter_rating(
        organization_id=row.pk, year=year, marks=MARKS | marks, shown=shown, by=by or world.here.people["office"], at=at,
        correction_reason=reason,
    )  # fmt: skip


def test_marks_are_entered_corrected_and_kept(world, at, row):
    for person in (world.here.people["leader"], world.here.people["member"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            enter(world, at, row, by=person)
    for facts, refusal in (
        ({"year": 2025}, services.NotResidentThatYear), ({"year": 2027}, services.YearNotBegun), ({"party": D("100.1")}, services.RatingMarkBad),
        ({"daily": D("80.05")}, services.RatingMarkBad), ({"shown": 1}, services.RatingMoved),
    ):  # fmt: skip
        with pytest.raises(refusal):
            enter(world, at, row, **facts)
    enter(world, at, row)
    with pytest.raises(services.RatingReasonMissing, match=r"83\.75"):
        enter(world, at, row, shown=1)
    assert enter(world, at, row, shown=1, reason="财务复核", finance=D(90)).total == D("86.75")
    with pytest.raises(DatabaseError), transaction.atomic():
        RatingSheet.objects.update(stars=5)


def test_the_rule_stands_once_marks_are_entered(world, at, row):
    office = world.here.people["office"]
    rule = replace(DEFAULT, threshold=D(85))
    with pytest.raises(services.BadRule):
        services.set_rating_rule(
            street=world.here.area, year=2026, rule=replace(DEFAULT, threshold=D(0)), by=office, at=at
        )
    with pytest.raises(NotAllowed):
        services.set_rating_rule(street=world.here.area, year=2026, rule=rule, by=world.there.people["office"], at=at)
    services.set_rating_rule(street=world.here.area, year=2026, rule=rule, by=office, at=at)
    assert rules.rating_rule(world.here.area.pk, 2026) == rule
    assert rules.rating_rule(world.here.area.pk, 2025) == DEFAULT
    assert enter(world, at, row).is_through is False
    with pytest.raises(services.RuleInUse):
        services.set_rating_rule(street=world.here.area, year=2026, rule=DEFAULT, by=office, at=at)
    facts = {
        "organization_id": row.pk,
        "year": 2026,
        "hearing": "qualified",
        "held_on": date(2026, 11, 20),
        "evidence": "会议记录",
        "by": office,
        "at": at,
    }
    with pytest.raises(services.BelowThreshold):
        services.enter_standing(stars=3, **facts)
    services.enter_standing(stars=0, **facts)


def test_pages_and_e20(world, at, row, tmp_path):
    office, member = signed_in(world.here.people["office"]), signed_in(world.here.people["member"])
    rule = {f"weight_{k}": w for k, w in DEFAULT.weights.items()} | {
        "threshold": "60",
        "line_5": "90",
        "line_4": "80",
        "line_3": "75",
    }
    page = "/organizations/rating/rule/?year=2026"
    assert "合计应为 100" in office.post(page, rule | {"weight_party": "40"}).content.decode()
    assert list(office.post(page, rule | {"line_3": "许多"}).context["form"].errors) == ["line_3"]
    assert office.post(page, rule).status_code == 302
    url = f"/organizations/{row.pk}/rating/2026/"
    sent = {f"mark_{k}": str(m) for k, m in MARKS.items()} | {"shown": "0"}
    assert office.post(url, sent | {"mark_party": "101"}).context["form"].errors == {
        "mark_party": ["应在 0 至 100 之间，最多一位小数。"]
    }
    assert office.post(url, sent).status_code == 302
    assert "不能再改" in office.get(page).content.decode()
    assert "83.75" in member.get(url).content.decode()
    assert member.post(url, sent).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert office.get(f"/organizations/{row.pk}/rating/1/").status_code == 404
    with CaptureQueriesContext(connection) as few:
        assert "四星" in office.get("/organizations/rating/").content.decode()
    for n in range(8):
        more = organization(world.here.area, f"第{n}社", at)
        more.moved_in_on = date(2026, 1, 1)
        more.save()
        enter(world, at, more)
    with CaptureQueriesContext(connection) as many:
        office.get("/organizations/rating/")
    assert len(many) == len(few)
    path = tmp_path / "e20.xlsx"
    kind_of("organizations.e20").builder(Work({"street": world.here.area.pk, "year": 2026}, path, lambda *_: None))
    values = [
        r for r in openpyxl.load_workbook(path)["明细"].iter_rows(min_row=2, values_only=True) if r[1] == row.name
    ]
    assert values[0][2:] == (80, 90, 85, 95, 70, 83.75, "达到", "四星", None)
    assert office.post("/organizations/export/e20/", {"year": "2026"}).status_code == 302
