"""The public notice: no personal numbers, objections that hold up only their own project, corrections, Word."""

import subprocess
from datetime import date, timedelta
from decimal import Decimal

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from core.errors import NotAllowed
from funding import rules, services
from funding.domain import personal
from funding.forms import plan as forms
from funding.models import AllocationPlan, Objection
from funding.views.notice import write_notice
from projects.models import Proposal
from tests.funding.test_services import NONE, RANK, approved
from tests.judging.make import signed_in

PDF = b"%PDF-1.4 evidence"
START = date(2026, 11, 23)
MEETING = {"minutes_number": "2号", "minutes_on": date(2026, 11, 23), "entitled": 9, "present": 6}


@pytest.fixture
def notice(world, at):
    return services.publish_notice(
        plan_id=approved(world, at).pk, by=world.here.people["office"], starts_on=START, at=at
    )


@pytest.fixture
def running(notice, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    return notice


def said(notice, **changes):
    return {
        "proposal": notice.plan.awards.get().proposal_id, "words": "场地费重复申报。", "name": "某居民", "phone": "13800001234", "consented": "on",
        "once_key": "7d444840-9dc0-11d1-b245-5ffdce74fad2", **changes,
    }  # fmt: skip


def objected(notice, at, **changes):
    facts = {
        "proposal_id": notice.plan.awards.get().proposal_id,
        "name": "某居民",
        "phone": "13800001234",
        "words": "场地费重复申报。",
    }
    return services.raise_objection(notice_id=notice.pk, at=at, **{**facts, **changes})


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("请致电13800001234", ["手机号码"]), ("１３８ ００００ １２３４", ["手机号码"]), ("+86 138-0000-1234", ["手机号码"]), ("0757-88888888", ["电话号码"]),
        ("身份证11010519491231002X", ["身份证号码"]), ("110105 19491231 002x", ["身份证号码"]), ("110105194912310021", []), ("91440600MA4W000000", []),
        ("金额138000012345元", []), ("SB-2026-000001", []), ("2026年11月23日", []), ("13800001234、13900001234", ["手机号码", "手机号码"]),
    ],
)  # fmt: skip
def test_personal_numbers_are_found_and_nothing_else(text, kinds):
    assert [f.kind for f in personal.find(text)] == kinds
    assert not personal.find(personal.mask(text))


def test_masking_leaves_the_rest_as_typed():
    assert personal.mask("请致电 13800001234（张）") == "请致电 138****1234（张）"


def test_a_phone_number_in_a_title_stops_the_notice_until_it_is_masked(world, at):
    plan = approved(world, at)
    Proposal.objects.filter(pk=plan.awards.get().proposal_id).update(title="邻里热线13800001234")
    act = {"plan_id": plan.pk, "by": world.here.people["office"], "starts_on": START, "at": at}
    with pytest.raises(services.PersonalDataFound) as stopped:
        services.publish_notice(**act)
    assert "第 1 行“项目名称”有手机号码 138****1234" in stopped.value.message
    assert "13800001234" not in stopped.value.message
    found = services.publish_notice(**act, is_masked=True)
    assert found.content["rows"][0]["title"] == "邻里热线138****1234"
    followed = Client().get(f"/objections/track/{objected(found, at).code}/").content.decode()
    assert "138****1234" in followed
    assert "13800001234" not in followed


def test_anybody_objects_with_evidence_and_follows_the_answer(world, running, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client = Client()
    page = client.get(f"/notices/{running.pk}/object/").content.decode()
    assert "15 个工作日" in page
    sent = said(
        running, evidence=[SimpleUploadedFile("a.pdf", PDF), SimpleUploadedFile("b.png", b"\x89PNG\r\n\x1a\n..")]
    )
    first = client.post(f"/notices/{running.pk}/object/", sent)
    again = client.post(f"/notices/{running.pk}/object/", said(running))
    assert first.status_code == 302
    assert first.url == again.url
    objection = Objection.objects.get()
    assert (objection.number, objection.state, objection.answer_by) == (
        f"YY-2026-{running.plan.round_id:04d}-001",
        "received",
        date(2026, 12, 14),
    )
    assert objection.evidence.count() == 2
    assert rules.held_up(running.plan.round_id) == {objection.proposal_id: f"异议 {objection.number} 核查中"}
    seen = client.get(first.url).content.decode()
    assert objection.code in seen
    assert not [w for w in ("13800001234", "某居民", "场地费") if w in seen]

    office, leader = signed_in(world.here.people["office"]), signed_in(world.here.people["leader"])
    assert "13800001234" in office.get(f"/objections/{objection.pk}/").content.decode()
    assert (
        "138****1234" in signed_in(world.here.people["supervisor"]).get(f"/objections/{objection.pk}/").content.decode()
    )
    file = office.get(f"/objections/{objection.pk}/evidence/{objection.evidence.order_by('id').first().pk}/")
    assert file["Content-Disposition"].startswith("attachment")
    assert b"".join(file.streaming_content) == PDF
    empty = office.post(f"/objections/{objection.pk}/answer/", {})
    assert "请填写核查情况" in empty.content.decode()
    draft = {"finding": "核对了发票。", "outcome": "refused", "answer": "经核查没有重复。"}
    office.post(f"/objections/{objection.pk}/answer/", draft)
    assert "经核查没有重复" not in client.get(first.url).content.decode()
    leader.post(f"/objections/{objection.pk}/return/", {"back-note": "请补充依据。"})
    assert "请补充依据" in office.get(f"/objections/{objection.pk}/").content.decode()
    office.post(f"/objections/{objection.pk}/answer/", draft)
    leader.post(f"/objections/{objection.pk}/sign/")
    objection.refresh_from_db()
    assert (objection.state, objection.decided_by) == ("answered", world.here.people["leader"])
    told = client.get(first.url).content.decode()
    assert "经核查没有重复" in told
    assert "核对了发票" not in told
    assert rules.held_up(running.plan.round_id) == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"words": ""}, "请填写异议内容"), ({"phone": ""}, "实名异议请留下联系电话"), ({"name": ""}, "请写明姓名或单位"), ({"consented": ""}, "请勾选同意"),
        ({"proposal": "999999"}, "选择一个有效的选项"), ({"evidence": SimpleUploadedFile("x.pdf", b"<html><script>")}, "只能上传 PDF、JPG 或 PNG"),
        ({"evidence": SimpleUploadedFile("x.pdf", PDF + b"0" * 5 * 1024 * 1024)}, "超过 5 MB"),
        ({"evidence": [SimpleUploadedFile(f"{i}.pdf", PDF) for i in range(4)]}, "最多 3 个文件"),
    ],
)  # fmt: skip
def test_a_bad_objection_is_refused_at_its_field_and_keeps_what_was_typed(running, changes, words):
    page = Client().post(f"/notices/{running.pk}/object/", said(running, **changes)).content.decode()
    assert words in page
    assert "words" in changes or "场地费重复申报。" in page
    assert not Objection.objects.exists()


def test_the_trap_takes_robots(running):
    Client().post(f"/notices/{running.pk}/object/", said(running, website="http://x"))
    assert not Objection.objects.exists()


def test_an_unsigned_objection_is_a_clue_and_holds_up_nothing(world, running, at):
    objection = objected(running, at, name="", phone="")
    assert (objection.state, objection.answer_by, rules.held_up(running.plan.round_id)) == ("clue", None, {})
    with pytest.raises(services.NameAndPhone):
        objected(running, at, phone="")
    done = services.draft_answer(
        objection_id=objection.pk, finding="已看", outcome="", answer="", by=world.here.people["office"], at=at
    )
    assert (done.state, done.finding) == ("clue", "已看")


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (4, True), (5, False)])
def test_only_within_the_period(notice, at, days, fits):
    moment = at + timedelta(days=days)  # Monday to Friday
    if fits:
        assert objected(notice, moment).pk
    else:
        with pytest.raises(services.NoticeNotRunning):
            objected(notice, moment)


def test_a_flood_is_stopped_and_other_projects_are_not_named(running, at):
    for _ in range(30):
        objected(running, at, proposal_id=None)
    with pytest.raises(services.TooManyObjections):
        objected(running, at)
    assert objected(running, at + timedelta(minutes=11)).number.endswith("-031")
    with pytest.raises(services.NotInNotice):
        objected(running, at + timedelta(minutes=11), proposal_id=0)


def test_who_may_examine_and_sign(world, running, at):
    people, objection = world.here.people, objected(running, at)
    draft = {"objection_id": objection.pk, "finding": "查", "outcome": "upheld", "answer": "属实。", "at": at}
    for who in (
        people["leader"],
        people["supervisor"],
        people["finance"],
        people["community"],
        world.there.people["office"],
    ):
        with pytest.raises(NotAllowed):
            services.draft_answer(by=who, **draft)
    with pytest.raises(services.ObjectionMoved):
        services.sign_answer(objection_id=objection.pk, by=people["leader"], at=at)
    services.draft_answer(by=people["office"], **draft)
    for who, refusal in (
        (people["office"], services.DrafterSigns), (people["supervisor"], NotAllowed), (world.there.people["leader"], NotAllowed),
    ):  # fmt: skip
        with pytest.raises(refusal):
            services.sign_answer(objection_id=objection.pk, by=who, at=at)
    services.sign_answer(objection_id=objection.pk, by=people["leader"], at=at)
    with pytest.raises(services.ObjectionMoved):
        services.sign_answer(objection_id=objection.pk, by=people["leader"], at=at)
    assert "异议成立，待更正方案" in rules.held_up(running.plan.round_id)[objection.proposal_id]
    assert signed_in(world.there.people["office"]).get(f"/objections/{objection.pk}/").status_code == 404


@pytest.mark.parametrize("change", [{"words": "改"}, {"name": "别人"}, {"answer_by": date(2027, 1, 1)}])
def test_the_database_keeps_what_was_said(running, at, change):
    objection = objected(running, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Objection.objects.filter(pk=objection.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Objection.objects.filter(pk=objection.pk).delete()


def test_a_correction_says_why_and_retires_the_plan_it_corrects(world, running, at):
    office, leader, old = world.here.people["office"], world.here.people["leader"], running.plan
    act = {
        "result_id": old.result_id,
        "by": office,
        "pool": Decimal("5000.00"),
        "method": RANK,
        "limits": NONE,
        "at": at,
    }
    award, waiting = old.awards.get().proposal_id, objected(running, at)
    with pytest.raises(services.CorrectionReasonMissing):
        services.draft_plan(**act)
    plan = services.draft_plan(**act, correction_reason="异议成立，核减场地费。")
    rival = services.draft_plan(**act, correction_reason="另一份。")
    old.refresh_from_db()
    assert (plan.supersedes, old.state) == (old, "approved")
    for one in (plan, rival):
        services.submit_plan(plan_id=one.pk, by=office, at=at)
    services.approve_plan(plan_id=plan.pk, by=leader, at=at, **MEETING)
    with pytest.raises(services.CorrectedMeanwhile):
        services.approve_plan(plan_id=rival.pk, by=leader, at=at, **MEETING)
    old.refresh_from_db()
    assert old.state == "superseded"
    assert AllocationPlan.objects.approved().get() == plan
    client = signed_in(office)
    page = client.get(f"/plans/{plan.pk}/").content.decode()
    assert "异议成立，核减场地费。" in page
    assert "9,000.00 元改为" in page
    assert f"/plans/{plan.pk}/" in client.get(f"/plans/{old.pk}/").content.decode()
    assert rules.awards_noticed([award]).get().plan == old
    assert rules.held_up(plan.round_id) == {award: f"异议 {waiting.number} 核查中"}
    newer = services.publish_notice(plan_id=plan.pk, by=office, starts_on=START, at=at)
    assert rules.awards_noticed([award]).get().plan == plan
    assert f"/notices/{newer.pk}/" in Client().get(f"/notices/{running.pk}/").content.decode()


def test_an_approved_or_retired_plan_cannot_be_touched_otherwise(world, running, at):
    plan = running.plan
    for change in ({"pool": Decimal(1)}, {"state": "draft"}, {"state": "superseded", "pool": Decimal(1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AllocationPlan.objects.filter(pk=plan.pk).update(**change)


def test_the_form_asks_for_the_reason_of_a_correction(world, running):
    asked = {"round_": running.plan.round, "results": rules.results_of(running.plan.round)}
    assert "correction_reason" in forms.PlanForm(**asked, is_correction=True).fields
    assert "correction_reason" not in forms.PlanForm(**asked).fields
    assert (
        "更正理由"
        in signed_in(world.here.people["office"]).get(f"/plans/new/{running.plan.round_id}/").content.decode()
    )


def test_the_notice_as_word_prints_on_a4_and_says_the_same(world, running, tmp_path):
    client = signed_in(world.here.people["office"])
    file = client.get(f"/notices/{running.pk}/word/")
    assert file["Content-Type"].endswith("wordprocessingml.document")
    assert Client().get(f"/notices/{running.pk}/word/").status_code == 302
    assert signed_in(world.there.people["office"]).get(f"/notices/{running.pk}/word/").status_code == 404
    path = tmp_path / "notice.docx"
    running.content["rows"][0]["title"] = "溡源社区<b>=1+1\x0b"
    write_notice(path, running)
    section = docx.Document(str(path)).sections[0]
    assert (round(section.page_width.mm), round(section.top_margin.mm), round(section.left_margin.mm)) == (210, 37, 28)
    words = printed(path)
    for wanted in (running.title, "溡源社区<b>=1+1", "9,000.00", "人民币玖仟元整", "2026年11月23日至2026年11月27日"):
        assert wanted in words, wanted


def printed(path):
    """The text of the document as Writer prints it."""
    office = ["soffice", f"-env:UserInstallation=file://{path.parent}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run([*office, "--outdir", str(path.parent), str(path)], check=True, capture_output=True, timeout=120)
    text = subprocess.run(["pdftotext", str(path.with_suffix(".pdf")), "-"], check=True, capture_output=True, text=True)
    plain = "".join(text.stdout.split())
    assert "—1—" in plain
    return plain
