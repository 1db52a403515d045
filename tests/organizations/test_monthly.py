"""Ten points a month: sheets, corrections, appeals, the red flag and what a leader decides."""

import io
from datetime import date, timedelta
from decimal import Decimal

import docx
import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import NotAllowed
from jobs.models import Job
from jobs.registry import Work, kind_of
from messaging.models import Notice
from organizations import rules, services
from organizations.domain.monthly import DEFAULT, Item, Level, Month
from organizations.exports.monthly import in_runs, longest, mean
from organizations.models import ExitDecision, MonthlyAnswer, MonthlyItems, MonthlySheet
from tests.judging.make import signed_in
from tests.world import organization

D = Decimal
FULL = {i.key: i.top for i in DEFAULT}
AUG, SEP, OCT, NOV = (Month(2026, m) for m in (8, 9, 10, 11))


@pytest.fixture
def row(world, at, monkeypatch):
    """The member's organization, resident since 1 August, marked since August; the clock stands at `at`."""
    monkeypatch.setattr("core.clock.now", lambda: at)
    found = world.here.organization
    found.moved_in_on = date(2026, 8, 1)
    found.save()
    services.set_items(street=world.here.area, items=DEFAULT, starts=AUG, by=world.here.people["office"], at=at)
    return found


def enter(world, at, row, month, score="10", shown=0, by=None, reason=""):
    """A sheet of that sum: all marks full, `duty` and `clean` lowered as far as needed."""
    left, marks = D(score), {}
    for item in DEFAULT:
        marks[item.key] = min(item.top, left) if not item.is_bonus else D(0)
        left -= marks[item.key]
    return services.enter_sheet(
        organization_id=row.pk, month=month, marks=marks, note="", shown=shown, by=by or world.here.people["office"], at=at,
        correction_reason=reason,
    )  # fmt: skip


def verdict(row, day=date(2026, 11, 23)):
    row.refresh_from_db()
    return rules.records_of([row], row.street_id, day)[0].verdict


def test_three_low_months_with_warnings_on_the_way(world, at, row):
    assert verdict(row).level is Level.BLOCKED
    enter(world, at, row, AUG, "5.9")
    assert verdict(row).missing == (SEP, OCT)
    enter(world, at, row, SEP, "5.9")
    assert verdict(row, date(2026, 10, 1)).level is Level.SECOND
    assert verdict(row).level is Level.BLOCKED
    last = enter(world, at, row, OCT, "0")
    assert verdict(row).level is Level.RED
    told = set(Notice.objects.filter(kind="organizations.red").values_list("recipient", flat=True))
    assert told == {world.here.people["office"].pk, world.here.people["leader"].pk}
    mine = Notice.objects.get(kind="organizations.sheet", occasion=f"monthly_sheet:{last.pk}")
    assert mine.recipient == world.here.people["member"]
    assert "红牌" in mine.body


def test_a_good_month_between_is_no_red_flag(world, at, row):
    for month, score in ((AUG, "5"), (SEP, "6.0"), (OCT, "5")):
        enter(world, at, row, month, score)
    assert verdict(row).level is Level.FIRST


def test_only_whole_resident_months_that_have_begun(world, at, row):
    with pytest.raises(services.NotResident):
        enter(world, at, row, Month(2026, 7))
    with pytest.raises(services.MonthNotBegun):
        enter(world, at, row, Month(2026, 12))
    with pytest.raises(services.NotResident):
        enter(world, at, world.here.other_organization, OCT)
    enter(world, at, row, NOV)
    assert verdict(row).missing == (AUG, SEP, OCT)
    row.moved_in_on, row.moved_out_on = date(2026, 8, 2), date(2026, 10, 31)
    row.save()
    for month in (AUG, OCT):
        with pytest.raises(services.NotResident):
            enter(world, at, row, month)
    assert verdict(row).missing == (SEP,)


def test_who_enters_and_what_marks_are(world, at, row):
    for person in (world.here.people["leader"], world.here.people["member"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            enter(world, at, row, OCT, by=person)
    facts = {
        "organization_id": row.pk,
        "month": OCT,
        "note": "",
        "shown": 0,
        "by": world.here.people["office"],
        "at": at,
    }
    for marks, refusal in (
        (FULL | {"duty": D("3.1")}, services.MarkOutOfRange), (FULL | {"duty": D("-0.1")}, services.MarkOutOfRange),
        (FULL | {"duty": D("2.55")}, services.MarkOutOfRange), ({k: v for k, v in FULL.items() if k != "duty"}, services.MarkMissing),
    ):  # fmt: skip
        with pytest.raises(refusal):
            services.enter_sheet(marks=marks, **facts)
    assert services.enter_sheet(marks=FULL, **facts).total == D(10)


def test_a_correction_is_a_new_version_and_two_people_do_not_overwrite_each_other(world, at, row):
    enter(world, at, row, OCT, "5")
    with pytest.raises(services.SheetMoved):
        enter(world, at, row, OCT, "7")
    with pytest.raises(services.SheetReasonMissing, match=r"已登记为 5\.0 分"):
        enter(world, at, row, OCT, "7", shown=1)
    enter(world, at, row, OCT, "7", shown=1, reason="漏记坐班")
    assert rules.newest_sheets([row.pk])[row.pk][OCT].total == D(7)
    with pytest.raises(DatabaseError), transaction.atomic():
        MonthlySheet.objects.update(total=9)
    with pytest.raises(DatabaseError), transaction.atomic():
        MonthlyItems.objects.all().delete()


def test_items_are_the_streets_own_and_a_sheet_keeps_those_it_was_marked_by(world, at, row):
    office = world.here.people["office"]
    enter(world, at, row, SEP, "5")
    new = [Item("a", "工作", D("9.5")), Item("b", "卫生", D("0.5")), Item("c", "宣传", D(1), is_bonus=True)]
    services.set_items(street=world.here.area, items=new, starts=OCT, by=office, at=at)
    sheet = services.enter_sheet(
        organization_id=row.pk, month=OCT, marks={"a": D(5), "b": D(0), "c": D(1)}, note="", shown=0, by=office, at=at
    )
    assert sheet.total == D(6)
    assert enter(world, at, row, SEP, "7", shown=1, reason="更正").items[0]["name"] == "月计划"
    for items in (
        [],
        [Item("a", "甲", D(9))],
        [Item("a", "甲", D(5)), Item("b", "甲", D(5))],
        [Item("a", "甲", D("9.95")), Item("b", "乙", D("0.05"))],
    ):
        with pytest.raises(services.BadItems):
            services.set_items(street=world.here.area, items=items, starts=OCT, by=office, at=at)
    with pytest.raises(NotAllowed):
        services.set_items(street=world.here.area, items=new, starts=OCT, by=world.there.people["office"], at=at)


def test_an_appeal_is_answered_and_may_make_a_new_version(world, at, row):
    office, member = world.here.people["office"], world.here.people["member"]
    first = enter(world, at, row, OCT, "5")
    with pytest.raises(NotAllowed):
        services.appeal_sheet(sheet_id=first.pk, words="漏记", by=office, at=at)
    with pytest.raises(services.AppealWordsMissing):
        services.appeal_sheet(sheet_id=first.pk, words=" ", by=member, at=at)
    appeal = services.appeal_sheet(sheet_id=first.pk, words="漏记坐班", by=member, at=at)
    with pytest.raises(services.AppealKnown):
        services.appeal_sheet(sheet_id=first.pk, words="再说", by=member, at=at)
    with pytest.raises(services.AppealOpen):
        enter(world, at, row, OCT, "7", shown=1, reason="更正")
    with pytest.raises(NotAllowed):
        services.answer_appeal(appeal_id=appeal.pk, words="好", marks=None, by=member, at=at)
    with pytest.raises(services.AnswerWordsMissing):
        services.answer_appeal(appeal_id=appeal.pk, words="", marks=None, by=office, at=at)
    done = services.answer_appeal(appeal_id=appeal.pk, words="属实", marks=FULL, by=office, at=at)
    assert (done.corrected.number, done.corrected.total, done.corrected.correction_reason) == (
        2,
        D(10),
        "申诉更正：属实",
    )
    with pytest.raises(services.AlreadyAnswered):
        services.answer_appeal(appeal_id=appeal.pk, words="再", marks=None, by=office, at=at)
    with pytest.raises(services.AppealOnOld):
        services.appeal_sheet(sheet_id=first.pk, words="再说", by=member, at=at)
    second = services.appeal_sheet(sheet_id=done.corrected.pk, words="还有", by=member, at=at)
    assert services.answer_appeal(appeal_id=second.pk, words="维持", marks=None, by=office, at=at).corrected is None
    assert Notice.objects.filter(recipient=member, kind="organizations.appeal").count() == 2


def test_a_leader_decides_and_nobody_else(world, at, row, tmp_path):
    leader, office = world.here.people["leader"], world.here.people["office"]
    facts = {"organization_id": row.pk, "reason": "连续三个月低于6分", "at": at}
    with pytest.raises(services.NotRed):
        services.decide_exit(outcome="stay", leaves_on=None, by=leader, **facts)
    for month in (AUG, SEP, OCT):
        last = enter(world, at, row, month, "5.5")
    with pytest.raises(NotAllowed):
        services.decide_exit(outcome="stay", leaves_on=None, by=office, **facts)
    appeal = services.appeal_sheet(sheet_id=last.pk, words="漏记", by=world.here.people["member"], at=at)
    with pytest.raises(services.AppealWaits):
        services.decide_exit(outcome="stay", leaves_on=None, by=leader, **facts)
    services.answer_appeal(appeal_id=appeal.pk, words="维持", marks=None, by=office, at=at)
    for leaves in (None, date(2026, 11, 22)):
        with pytest.raises(services.ExitDayMissing):
            services.decide_exit(outcome="exit", leaves_on=leaves, by=leader, **facts)
    with pytest.raises(services.ExitReasonMissing):
        services.decide_exit(outcome="stay", leaves_on=None, by=leader, **(facts | {"reason": ""}))
    services.decide_exit(outcome="stay", leaves_on=None, by=leader, **facts)
    assert verdict(row).level is Level.SECOND
    enter(world, at, row, NOV, "5")
    later = at + timedelta(days=10)
    assert verdict(row, date(2026, 12, 3)).level is Level.RED
    one = services.decide_exit(outcome="exit", leaves_on=date(2026, 12, 31), by=leader, **(facts | {"at": later}))
    row.refresh_from_db()
    assert row.moved_out_on == date(2026, 12, 31)
    assert [s["month"] for s in one.scores] == [9, 10, 11]
    answer = signed_in(world.here.people["member"]).get(f"/organizations/exits/{one.pk}/word/")
    words = "\n".join(p.text for p in docx.Document(io.BytesIO(b"".join(answer.streaming_content))).paragraphs)
    assert "2026年12月31日前退出" in words
    stay = ExitDecision.objects.get(outcome="stay")
    assert signed_in(leader).get(f"/organizations/exits/{stay.pk}/word/").status_code == 404


def test_pages_of_office_member_and_leader(world, at, row):
    office, member, leader = (signed_in(world.here.people[k]) for k in ("office", "member", "leader"))
    url = f"/organizations/{row.pk}/monthly/2026/10/"
    marks = {
        "mark_plan": "2.5",
        "mark_summary": "２．５",
        "mark_duty": "0",
        "mark_clean": "0.9",
        "mark_party": "0",
        "note": "",
        "shown": "0",
    }
    wrong = office.post(url, marks | {"mark_duty": "4", "mark_clean": "许多"})
    assert wrong.context["form"].errors == {
        "mark_duty": ["应在 0 至 3 之间，最多一位小数。"], "mark_clean": ["应在 0 至 2 之间，最多一位小数。"],
    }  # fmt: skip
    assert "许多" in wrong.content.decode()
    assert office.post(url, marks).status_code == 302
    assert "5.9" in member.get(url).content.decode()
    again = office.post(url, marks | {"shown": "1", "correction_reason": ""})
    assert "请写明更正理由" in again.context["form"].errors["correction_reason"][0]
    assert member.post(url, marks).status_code == 403
    assert member.post(f"{url}appeal/", {"words": ""}).status_code == 400
    assert member.post(f"{url}appeal/", {"words": "漏记坐班"}).status_code == 302
    assert office.post(f"{url}appeal/", {"words": "漏记"}).status_code == 403
    assert "有申诉" in office.get("/organizations/monthly/?year=2026").content.decode()
    page = f"/organizations/appeals/{MonthlySheet.objects.get().appeal.pk}/"
    assert office.post(page, {"outcome": "correct", "words": "属实", "mark_plan": "2.5"}).status_code == 200
    assert office.post(page, {"outcome": "keep", "words": "查无此事"}).status_code == 302
    assert MonthlyAnswer.objects.get().corrected is None
    assert "查无此事" in member.get(url).content.decode()
    for month in (AUG, SEP):
        enter(world, at, row, month, "1")
    assert "红牌" in office.get("/organizations/monthly/").content.decode()
    home = f"/organizations/{row.pk}/monthly/"
    assert leader.post(f"{home}exit/", {"outcome": "exit", "reason": "低分"}).context["form"].errors["leaves_on"]
    assert (
        leader.post(f"{home}exit/", {"outcome": "exit", "reason": "低分", "leaves_on": "2026-12-31"}).status_code == 302
    )
    assert "退出通知" in member.get(home).content.decode()
    assert office.get(f"/organizations/{row.pk}/monthly/2026/13/").status_code == 404
    assert office.get(f"/organizations/{row.pk}/monthly/99999999999999999999/1/").status_code == 404
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert office.post("/organizations/export/e19/", {"year": "2026"}).status_code == 302
    assert Job.objects.get().params["year"] == 2026


def test_items_are_typed_a_line_each(world, at, row):
    office = signed_in(world.here.people["office"])
    url = "/organizations/monthly/items/"
    assert "党建活动 1 加分" in office.get(url).content.decode()
    for lines, words in (("月计划", "看不懂"), ("月计划 9", "合计应为 10 分"), ("甲 5\n甲 5", "不能重复")):
        wrong = office.post(url, {"lines": lines, "year": "2026", "month": "12"})
        assert words in wrong.context["form"].errors["lines"][0]
    assert (
        office.post(url, {"lines": "工作 ９．５\n\n卫生 0.5分\n宣传 1 加分", "year": "2026", "month": "12"}).status_code
        == 302
    )
    kept = rules.items_of(MonthlyItems.objects.order_by("-number").first().items)
    assert [(i.name, i.top, i.is_bonus) for i in kept] == [
        ("工作", D("9.5"), False),
        ("卫生", D("0.5"), False),
        ("宣传", D(1), True),
    ]


def test_the_year_of_a_street_costs_the_same_for_one_and_for_many(world, at, row):
    office = signed_in(world.here.people["office"])
    enter(world, at, row, OCT, "5")
    office.get("/organizations/monthly/")
    with CaptureQueriesContext(connection) as few:
        office.get("/organizations/monthly/")
    for n in range(12):
        more = organization(world.here.area, f"第{n}社", at)
        more.moved_in_on = date(2026, 9, 1)
        more.save()
        enter(world, at, more, SEP, "5")
        enter(world, at, more, OCT, "5")
    with CaptureQueriesContext(connection) as many:
        assert "第11社" in office.get("/organizations/monthly/").content.decode()
    assert len(many) == len(few)


def test_e19_says_what_the_pages_say(world, at, row, tmp_path):
    for month, score in ((AUG, "5"), (SEP, "5.5"), (OCT, "8")):
        enter(world, at, row, month, score)
    path = tmp_path / "e19.xlsx"
    work = Work({"street": world.here.area.pk, "year": 2026, "day": "2026-11-23"}, path, lambda *_: None)
    kind_of("organizations.e19").builder(work)
    book = openpyxl.load_workbook(path)
    assert [n for n in book.sheetnames if not n.endswith("明细")] == ["全年", "8月", "9月", "10月"]
    values = next(book["全年明细"].iter_rows(min_row=2, values_only=True))
    assert values[1:] == (row.name, *[None] * 7, 5, 5.5, 8, None, None, 6.17, 2, 2, "正常")
    sheet, head = book["全年"], None
    for line in sheet.iter_rows():
        head = {c.value: c.column for c in line if c.value} if any(c.value == "8月" for c in line) else head
    low = next(c for line in sheet.iter_rows() for c in line if c.value == 5 and c.column == head["8月"])
    good = sheet.cell(low.row, head["10月"])
    assert (low.fill.fgColor.rgb, low.number_format[-3:], low.font.b) == ("FFF8B4B4", '"▼"', True)
    assert good.fill.fill_type is None
    assert "红底带▼的为低于 6 分" in " ".join(str(c.value) for line in sheet.iter_rows() for c in line if c.value)
    assert longest([D(5), None, D(5), D(5), D(6)]) == 2
    assert mean([]) is None
    assert in_runs([D(5), D(5), D(5), D(6), D(5), None, D(5), D(5)]) == [True, True, True, *[False] * 5]
    assert in_runs([D(5)] * 4 + [D(9)]) == [True] * 4 + [False]
    assert in_runs([]) == []
