"""Which form a Party organization should have, and how many organizations are covered."""

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
from organizations.domain.party import Ratio, coverage, due_form, fault
from organizations.models import PartyRecord
from tests.judging.make import signed_in
from tests.world import organization

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("members", "form", "partners", "words"),
    [
        (3, "branch", 0, ""), (2, "joint", 1, ""), (1, "joint", 0, "联合党支部没有联合单位"), (0, "instructor", 0, ""),
        (0, "none", 0, "还没有建立"), (3, "joint", 2, "应单独成立党支部"), (2, "branch", 0, "应与其他单位成立联合党支部"), (2, "instructor", 0, "应与其他单位成立联合党支部"),
        (0, "branch", 0, "没有党员，应派驻党建指导员"), (9, "instructor", 0, "应单独成立党支部"),
    ],
)  # fmt: skip
def test_due_form_against_the_form_it_has(members, form, partners, words):
    assert fault(members, form, partners) == words


@given(st.lists(st.one_of(st.none(), st.sampled_from(["branch", "joint", "instructor", "none"]))))
def test_work_covers_at_least_what_is_organized_and_at_most_all(forms):
    found = coverage(forms, DAY)
    assert found.organized.part <= found.reached.part <= found.reached.whole == len(forms)
    assert found.organized.part == sum(f in ("branch", "joint") for f in forms)
    assert (found.reached.percent is None) == (forms == [])


def test_ratios_say_what_they_are_made_of():
    assert Ratio(2, 3).words == "66.7%（2/3）"
    assert Ratio(1, 8).percent == Decimal("12.5")
    assert Ratio(0, 0).words == "—（0/0）"
    assert [due_form(n) for n in (0, 1, 2, 3, 4)] == ["instructor", "joint", "joint", "branch", "branch"]


def enter(world, at, row, members, form, name="", by=None, on=DAY):
    return services.enter_party(
        organization_id=row.pk, counted_on=on, members=members, form=form, branch=name, instructor=name, at=at,
        by=by or world.here.people["office"],
    )  # fmt: skip


def test_partners_are_those_of_the_same_joint_branch(world, at):
    one, two = world.here.organization, world.here.other_organization
    third = organization(world.here.area, "晴天公益社", at)
    enter(world, at, one, 1, "joint", "溡源联合支部")
    assert [x.fault for x in rules.party_lines(world.here.area.pk, DAY) if x.record] == ["联合党支部没有联合单位"]
    enter(world, at, two, 2, "joint", "溡源联合支部")
    enter(world, at, third, 0, "none")
    lines = {x.organization.name: x for x in rules.party_lines(world.here.area.pk, DAY)}
    assert lines[one.name].partners == (two.name,)
    assert [lines[o.name].fault for o in (one, two, third)] == ["", "", "还没有建立"]
    found = rules.coverage_of(list(lines.values()), DAY)
    assert (found.organized.words, found.reached.words) == ("66.7%（2/3）", "66.7%（2/3）")
    enter(world, at, third, 0, "instructor", "孙某")
    assert rules.coverage_of(rules.party_lines(world.here.area.pk, DAY), DAY).reached.words == "100.0%（3/3）"
    assert rules.party_lines(world.there.area.pk, DAY)[0].record is None


def test_a_day_knows_only_what_was_counted_by_then(world, at):
    row = world.here.organization
    enter(world, at, row, 0, "none", on=date(2026, 11, 1))
    enter(world, at, row, 3, "branch", "义工支部")
    assert rules.newest_party(world.here.area.pk, date(2026, 11, 2))[row.pk].members == 0
    assert rules.party_lines(world.here.area.pk, date(2026, 11, 22)) == []  # none was registered before that day
    with pytest.raises(services.CountedBefore):
        enter(world, at, row, 2, "none", on=date(2026, 11, 20))
    with pytest.raises(services.CountedInFuture):
        enter(world, at, row, 2, "none", on=date(2026, 11, 24))


def test_only_the_office_enters_and_nothing_is_rewritten(world, at):
    row = world.here.organization
    for person in (world.here.people["leader"], world.here.people["member"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            enter(world, at, row, 1, "none", by=person)
    with pytest.raises(services.BranchNameMissing):
        enter(world, at, row, 3, "branch", " ")
    with pytest.raises(services.InstructorMissing):
        enter(world, at, row, 0, "instructor", " ")
    enter(world, at, row, 1, "none")
    with pytest.raises(DatabaseError), transaction.atomic():
        PartyRecord.objects.update(members=9)


def test_pages_and_e18(world, at, monkeypatch, tmp_path):
    monkeypatch.setattr("core.clock.now", lambda: at)
    row, office = world.here.organization, signed_in(world.here.people["office"])
    url = f"/organizations/{row.pk}/party/"
    sent = {"counted_on": "2026-11-23", "members": "3", "form": "branch", "branch": "", "instructor": ""}
    assert list(office.post(url, sent).context["form"].errors) == ["branch"]
    assert list(office.post(url, sent | {"branch": "支部", "counted_on": "2027-01-01"}).context["form"].errors) == [
        "counted_on"
    ]
    assert office.post(url, sent | {"branch": "义工支部"}).status_code == 302
    assert "义工支部" in signed_in(world.here.people["member"]).get(url).content.decode()
    assert signed_in(world.here.people["member"]).post(url, sent).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert "50.0%（1/2）" in office.get("/organizations/party/").content.decode()
    with CaptureQueriesContext(connection) as few:
        office.get("/organizations/party/")
    for n in range(9):
        enter(world, at, organization(world.here.area, f"第{n}社", at), 1, "joint", "联合支部")
    with CaptureQueriesContext(connection) as many:
        office.get("/organizations/party/")
    assert len(many) == len(few)
    path = tmp_path / "e18.xlsx"
    kind_of("organizations.e18").builder(
        Work({"street": world.here.area.pk, "day": "2026-11-23"}, path, lambda *_: None)
    )
    book = openpyxl.load_workbook(path)
    values = [r for r in book["明细"].iter_rows(min_row=2, values_only=True) if r[1] == row.name]
    assert values[0][2:6] == (3, "独立党支部", "独立党支部", "义工支部")
    words = [str(c.value) for r in book.worksheets[0].iter_rows() for c in r if c.value]
    assert any("90.9%（10/11）" in w for w in words)
    assert office.post("/organizations/export/e18/").status_code == 302
