"""六有 and 四建一创: a street's items, a year filled in, looked over, counted on the street's page and in E18."""

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from core.errors import NotAllowed
from jobs.registry import Work, kind_of
from messaging.models import Notice
from organizations import rules, services
from organizations.domain.checklist import FIVE, SIX, answered, read_lines
from organizations.models import Checklist, ChecklistItems, ChecklistReview, Organization
from tests.judging.make import signed_in
from tests.world import organization


def fill(world, at, done=(0, 1), shown=0, by=None, **more):
    ticks = dict.fromkeys(done, True)
    facts = {"year": 2026, "six": (ticks, {0: "二楼"}), "five": (ticks, {}), "items": 0} | more
    return services.hand_in_checklist(
        organization_id=world.here.organization.pk, shown=shown, by=by or world.here.people["member"], at=at, **facts
    )


def review(world, at, outcome="confirmed", shown=1, reason="", by=None):
    return services.review_checklist(
        organization_id=world.here.organization.pk, year=2026, outcome=outcome, reason=reason, shown=shown,
        by=by or world.here.people["office"], at=at,
    )  # fmt: skip


def test_the_lists_that_ship_are_the_sources():
    assert (len(SIX), len(FIVE)) == (6, 5)
    assert SIX == ("有场所", "有标志", "有设施", "有党旗", "有书报", "有制度")


@given(st.lists(st.sampled_from(SIX), unique=True, min_size=1), st.sets(st.integers(0, 9)))
def test_ticks_stay_with_their_items(names, ticked):
    rows = answered(names, dict.fromkeys(ticked, True), {})
    assert [r["name"] for r in rows] == names
    assert [n for n, r in enumerate(rows) if r["done"]] == sorted(t for t in ticked if t < len(names))


@pytest.mark.parametrize("text", ["", " \n ", "\n".join(f"有{n}" for n in range(13)), "有" * 41, "有旗\n有旗"])
def test_lists_that_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match=r"。$"):
        read_lines(text)


def test_a_year_is_filled_returned_and_filled_again(world, at):
    made = fill(world, at)
    assert (made.six_words, made.five_words, made.six[0]) == (
        "2/6",
        "2/5",
        {"name": "有场所", "done": True, "note": "二楼"},
    )
    with pytest.raises(services.ReturnReasonMissing):
        review(world, at, "returned", reason=" ")
    review(world, at, "returned", reason="标志没有挂牌")
    with pytest.raises(services.AlreadyReviewed):
        review(world, at)
    line = rules.checklist_lines(world.here.area.pk, 2026)[world.here.organization.pk]
    assert (line.six, line.words, line.state) == ("", "已退回", "returned")
    with pytest.raises(services.ChecklistMoved):
        fill(world, at, shown=0)
    fill(world, at, done=(0, 1, 2), shown=1)
    review(world, at, shown=2)
    fill(world, at, done=(0,), shown=2)
    line = rules.checklist_lines(world.here.area.pk, 2026)[world.here.organization.pk]
    # what was confirmed counts until the next version is
    assert (line.six, line.five, line.words) == ("3/6", "3/5", "待审看")
    told = Notice.objects.filter(kind="organizations.checklist", recipient=world.here.people["member"])
    assert [("标志没有挂牌" in n.body) for n in told.order_by("pk")] == [True, False]
    assert Event.objects.filter(verb__startswith="organizations.checklist_").count() == 5
    for model in (Checklist, ChecklistReview):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()


def test_who_fills_and_looks_over_and_which_year(world, at):
    for who in ("office", "other_member", "finance"):
        with pytest.raises(NotAllowed):
            fill(world, at, by=world.here.people[who])
    for year in (2024, 2027):
        with pytest.raises(services.ChecklistYear):
            fill(world, at, year=year)
    with pytest.raises(services.NoteTooLong):
        fill(world, at, six=({}, {0: "长" * 61}))
    with pytest.raises(services.NoteHoldsNumber):
        fill(world, at, six=({}, {0: "电话13800001234"}))
    fill(world, at)
    for who in ("leader", "member"):
        with pytest.raises(NotAllowed):
            review(world, at, by=world.here.people[who])
    with pytest.raises(NotAllowed):
        review(world, at, by=world.there.people["office"])
    with pytest.raises(services.ChecklistMoved):
        review(world, at, shown=2)
    Organization.objects.filter(pk=world.here.organization.pk).update(kind="team")
    with pytest.raises(NotAllowed):
        fill(world, at, shown=1, by=type(world.here.people["member"]).objects.get(pk=world.here.people["member"].pk))


def test_a_street_has_its_own_items_and_old_years_keep_theirs(world, at):
    fill(world, at)
    office = world.here.people["office"]
    facts = {"street": world.here.area, "six": "有场所\n有党旗", "five": "\n".join(FIVE), "at": at}
    with pytest.raises(NotAllowed):
        services.set_lists(shown=0, by=world.there.people["office"], **facts)
    with pytest.raises(services.BadList):
        services.set_lists(shown=0, by=office, **facts | {"six": ""})
    services.set_lists(shown=0, by=office, **facts)
    with pytest.raises(services.ListMoved):
        services.set_lists(shown=0, by=office, **facts)
    with pytest.raises(services.ListMoved):
        fill(world, at, shown=1)
    assert fill(world, at, shown=1, items=1).six_words == "2/2"
    assert Checklist.objects.get(number=1).six_words == "2/6"
    assert rules.lists_of(world.there.area.pk).number == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        ChecklistItems.objects.update(six=[])


def test_pages_keep_what_was_typed(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    org = world.here.organization
    url, member, office = f"/organizations/{org.pk}/checklist/2026/", signed_in(world.here.people["member"]), signed_in(world.here.people["office"])  # fmt: skip
    sent = {"items": "0", "shown": "0", "six_0": "on", "six_0_note": "电话13800001234", "five_4_note": "准备中"}
    wrong = member.post(url, sent)
    assert list(wrong.context["form"].errors) == ["six_0_note"]
    assert "准备中" in wrong.content.decode()
    assert member.post(url, sent | {"six_0_note": "二楼"}).status_code == 302
    twice = member.post(url, sent | {"six_0_note": "二楼"})
    assert twice.status_code == 409
    assert "准备中" in twice.content.decode()
    assert office.post(url, sent).status_code == 403
    empty = office.post(f"{url}review/", {"review-outcome": "returned", "review-reason": "", "review-shown": "1"})
    assert list(empty.context["review"].errors) == ["reason"]
    assert office.post(f"{url}review/", {"review-outcome": "confirmed", "review-shown": "1"}).status_code == 302
    assert office.post(f"{url}review/", {"review-outcome": "confirmed", "review-shown": "1"}).status_code == 409
    assert member.post(f"{url}review/", {}).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert member.get(f"/organizations/{org.pk}/checklist/99999999999/").status_code == 200
    team = organization(world.here.area, "帮帮队", at, kind="team")
    assert office.get(f"/organizations/{team.pk}/checklist/2026/").status_code == 404
    items = office.post("/organizations/party/checklist/", {"six": "有旗\n有旗", "five": "一", "shown": "0"})
    assert list(items.context["form"].errors) == ["six"]
    assert (
        office.post("/organizations/party/checklist/", {"six": "有旗", "five": "一", "shown": "0"}).status_code == 302
    )
    stale = office.post("/organizations/party/checklist/", {"six": "有灯", "five": "一", "shown": "0"})
    assert (stale.status_code, "有灯" in stale.content.decode()) == (409, True)


def test_the_street_and_e18_count_what_was_confirmed(world, at, monkeypatch, tmp_path, django_assert_num_queries):
    monkeypatch.setattr("core.clock.now", lambda: at)
    fill(world, at, done=(0, 1, 2, 3))
    review(world, at)
    office = signed_in(world.here.people["office"])
    office.get("/organizations/party/")
    with CaptureQueriesContext(connection) as few:
        page = office.get("/organizations/party/").content.decode()
    assert "4/6" in page
    assert "4/5" in page
    for n in range(297):
        row = organization(world.here.area, f"第{n}社", at)
        Checklist.objects.create(
            organization=row, year=2026, number=1, six=[{"name": "有场所", "done": True, "note": ""}], five=[], filled_by=world.here.people["member"],
            filled_at=at,
        )  # fmt: skip
    with django_assert_num_queries(len(few)):
        office.get("/organizations/party/")
    path = tmp_path / "e18.xlsx"
    kind_of("organizations.e18").builder(
        Work({"street": world.here.area.pk, "day": "2026-11-23"}, path, lambda *_: None)
    )
    sheet = openpyxl.load_workbook(path)["明细"]
    heads = [c.value for c in sheet[1]]
    found = {r[1]: dict(zip(heads, r, strict=True)) for r in sheet.iter_rows(min_row=2, values_only=True)}
    assert [found[world.here.organization.name][h] for h in heads[-3:]] == ["4/6", "4/5", "已确认"]
    assert [found["第5社"][h] or "" for h in heads[-3:]] == ["", "", "待审看"]
