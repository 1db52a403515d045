"""Money through its services: draft, adjust, decide, publish; races; the reports."""

import re
import shutil
import subprocess
import threading
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from core.errors import NotAllowed
from core.exact import pretty
from funding import services
from funding.domain.allocation import allocate
from funding.models import AllocationPlan, Award
from funding.services import (
    AboveRequest,
    AlreadyNoticed,
    ApproverPublishes,
    BudgetTooSmall,
    DrafterDecides,
    NotApproved,
    NoticeStartsOnDayOff,
    PlanNotDraft,
    PlanNotSubmitted,
    PoolExceeded,
    ReasonMissing,
)
from jobs.services import run_job, start_job
from jobs.storage import place_of
from judging.services import lock_session, publish_result
from organizations.models import Organization
from tests.judging.test_services import opened, save
from tests.world import build

RANK = {"name": "rank", "on_misfit": "skip", "partial": True}
NONE = {"min_score": None, "max_awards": None, "groups": []}


def locked(world, at):
    """A locked and published session with one proposal; returns its result."""
    session, entry = opened(world, at)
    for i, judge in enumerate(("judge", "second_judge", "third_judge")):
        save(world, entry, session, judge, less=Decimal(i) / 2)
    result = lock_session(session_id=session.pk, by=world.here.people["office"], at=at + timedelta(hours=1))
    publish_result(session_id=session.pk, by=world.here.people["office"], at=at + timedelta(hours=2))
    return result


def draft(world, at, *, pool="200000.00", result=None):
    return services.draft_plan(
        result_id=(result or locked(world, at)).pk,
        by=world.here.people["office"],
        pool=Decimal(pool),
        method=RANK,
        limits=NONE,
        at=at,
    )


def approved(world, at):
    plan = draft(world, at)
    services.submit_plan(plan_id=plan.pk, by=world.here.people["office"], at=at)
    return services.approve_plan(
        plan_id=plan.pk,
        by=world.here.people["leader"],
        minutes_number="1号",
        minutes_on=date(2026, 11, 20),
        entitled=7,
        present=6,
        at=at,
    )


def test_plan_is_what_the_engine_says(world, at):
    plan = draft(world, at)
    assert allocate(plan.document) == plan.answer
    award = plan.awards.get()
    assert (award.amount, award.proposed, award.code) == (9000, 9000, "funded")
    assert "9,000.00" in award.reason


def test_pool_above_the_rounds_budget_is_refused(world, at):
    with pytest.raises(BudgetTooSmall):
        draft(world, at, pool="200000.01")
    assert not AllocationPlan.objects.exists()


@pytest.mark.parametrize("who", ["leader", "finance", "supervisor", "community", "member"])
def test_only_the_office_drafts(world, at, who):
    result = locked(world, at)
    for person in (world.here.people[who], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.draft_plan(result_id=result.pk, by=person, pool=Decimal(1), method=RANK, limits=NONE, at=at)


def adjust(world, award, amount, reason="集体研究", at=None):
    return services.adjust_award(
        award_id=award.pk, amount=Decimal(amount), reason=reason, by=world.here.people["office"], at=at or world.at
    )


def test_adjusting_needs_a_reason_and_stays_within_request_and_pool(world, at):
    plan = draft(world, at, pool="9000.00")
    award = plan.awards.get()
    with pytest.raises(ReasonMissing):
        adjust(world, award, "8000", " ")
    with pytest.raises(AboveRequest):
        adjust(world, award, "9000.01")
    assert Award.objects.get().amount == 9000
    adjust(world, award, "8000")
    assert (Award.objects.get().amount, Award.objects.get().adjust_reason) == (8000, "集体研究")
    adjust(world, award, "9000", "")
    assert (Award.objects.get().adjust_reason, Award.objects.get().adjusted_by) == ("", None)


def test_the_database_itself_refuses_to_overdraw(world, at):
    plan = draft(world, at, pool="9000.00")
    AllocationPlan.objects.filter(pk=plan.pk).update(pool=Decimal("8999.99"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Award.objects.update(amount=Decimal(9000))


def test_pool_exceeded_names_the_figures(world, at):
    plan = draft(world, at)
    AllocationPlan.objects.filter(pk=plan.pk).update(pool=Decimal("5000.00"))
    with pytest.raises(PoolExceeded) as refused:
        adjust(world, plan.awards.get(), "6000")
    assert "超出 1,000.00 元" in refused.value.message


def test_who_drafts_does_not_decide_and_an_approved_plan_is_immutable(world, at):
    plan = draft(world, at)
    office, leader = world.here.people["office"], world.here.people["leader"]
    minutes = {"minutes_number": "1号", "minutes_on": date(2026, 11, 20), "entitled": 7, "present": 6, "at": at}
    with pytest.raises(PlanNotSubmitted):
        services.approve_plan(plan_id=plan.pk, by=leader, **minutes)
    services.submit_plan(plan_id=plan.pk, by=office, at=at)
    with pytest.raises(DrafterDecides):
        services.approve_plan(plan_id=plan.pk, by=office, **minutes)
    with pytest.raises(PlanNotDraft):
        adjust(world, plan.awards.get(), "1")
    with pytest.raises(NotAllowed):
        services.approve_plan(plan_id=plan.pk, by=world.there.people["leader"], **minutes)
    services.approve_plan(plan_id=plan.pk, by=leader, **minutes)
    with pytest.raises(PlanNotSubmitted):
        services.return_plan(plan_id=plan.pk, by=leader, note="再议", at=at)
    for act in (
        lambda: AllocationPlan.objects.update(pool=1),
        lambda: Award.objects.update(amount=1),
        lambda: Award.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_returned_plan_is_a_draft_again_with_its_reason(world, at):
    plan = draft(world, at)
    services.submit_plan(plan_id=plan.pk, by=world.here.people["office"], at=at)
    with pytest.raises(ReasonMissing):
        services.return_plan(plan_id=plan.pk, by=world.here.people["leader"], note="", at=at)
    plan = services.return_plan(plan_id=plan.pk, by=world.here.people["leader"], note="请再核减", at=at)
    assert (plan.state, plan.decision_note) == ("draft", "请再核减")


def publish(world, plan, day, *, who="office", reason=""):
    return services.publish_notice(
        plan_id=plan.pk, by=world.here.people[who], starts_on=day, at=world.at, correction_reason=reason
    )


def test_notice_runs_in_chinese_working_days(world, at):
    plan = approved(world, at)
    with pytest.raises(NoticeStartsOnDayOff):
        publish(world, plan, date(2026, 10, 1))
    with pytest.raises(NotAllowed):
        publish(world, plan, date(2026, 9, 28), who="leader")
    notice = publish(world, plan, date(2021, 8, 18))
    assert notice.ends_on == date(2021, 8, 24)
    with pytest.raises(AlreadyNoticed):
        publish(world, plan, date(2026, 11, 24))
    second = publish(world, plan, date(2026, 9, 28), reason="单位名称有误")
    assert (second.version, second.ends_on) == (2, date(2026, 10, 9))
    page = Client().get(f"/notices/{notice.pk}/").content.decode()
    assert "本公示已更正" in page
    assert "单位名称有误" in Client().get(f"/notices/{second.pk}/").content.decode()
    assert not re.search(r"1[3-9]\d{9}|\d{17}[\dXx]", page)


def test_a_plan_that_is_not_approved_is_not_published(world, at):
    with pytest.raises(NotApproved):
        publish(world, draft(world, at), date(2026, 11, 24))


def test_an_approver_who_also_holds_the_office_elsewhere_does_not_publish(world, at):
    plan = approved(world, at)
    from accounts.models import Role, RoleGrant, User

    RoleGrant.objects.create(user=world.here.people["leader"], role=Role.OFFICE, area=world.here.area, granted_at=at)
    world.here.people["leader"] = User.objects.get(pk=world.here.people["leader"].pk)  # asked for her roles afresh
    with pytest.raises(ApproverPublishes):
        publish(world, plan, date(2026, 11, 24), who="leader")


def test_the_applicant_reads_her_reason_only_after_the_notice(world, at):
    plan = approved(world, at)
    award = plan.awards.get()
    member = Client()
    member.force_login(world.here.people["member"])
    url = f"/proposals/{award.proposal_id}/award/"
    assert member.get(url).status_code == 404
    publish(world, plan, date(2026, 11, 24))
    assert award.reason in member.get(url).content.decode()


def test_documents_are_what_allocate_file_reads_and_writes(world, at):
    plan = draft(world, at)
    office = Client()
    office.force_login(world.here.people["office"])
    assert office.get(f"/plans/{plan.pk}/allocation.json").content == pretty(plan.document)
    assert office.get(f"/plans/{plan.pk}/award.json").content == pretty(allocate(plan.document))


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_never_overdraw(at):
    world = build(at)
    plan = draft(world, at, pool="9000.00")
    award = plan.awards.get()
    adjust(world, award, "1000", at=at)
    AllocationPlan.objects.filter(pk=plan.pk).update(pool=Decimal("5000.00"))
    start, seen = threading.Barrier(4), []

    def raise_it(amount):
        try:
            start.wait()
            adjust(world, award, amount, at=at)
            seen.append("kept")
        except PoolExceeded:
            seen.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=raise_it, args=(a,)) for a in ("5000", "5001", "6000", "9000")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["kept", "refused", "refused", "refused"]
    assert Award.objects.get().amount == 5000


def report(world, at, kind, params, tmp_path, settings):
    """The file a job leaves, and what LibreOffice makes of it: (path, values of the recalculated copy, text of the PDF, page facts)."""
    settings.MEDIA_ROOT = tmp_path / "media"
    job = start_job(owner=world.here.people["office"], kind=kind, title="表", params=params, at=at)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    path = tmp_path / "report.xlsx"
    shutil.copy(place_of(job.file), path)
    office = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to"]
    subprocess.run([*office, "pdf", "--outdir", str(tmp_path), str(path)], check=True, capture_output=True, timeout=120)
    subprocess.run([*office, "ods", "--outdir", str(tmp_path), str(path)], check=True, capture_output=True, timeout=120)
    subprocess.run(
        [*office, "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "again"), str(tmp_path / "report.ods")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    facts = subprocess.run(["pdfinfo", str(tmp_path / "report.pdf")], check=True, capture_output=True, text=True).stdout
    return path, tmp_path / "again" / "report.xlsx", text, facts


def numbers(path, sheet):
    """Every number of a sheet by cell name, formulas by their value."""
    return {
        c.coordinate: Decimal(str(c.value))
        for row in openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows()
        for c in row
        if isinstance(c.value, int | float)
    }


def landscape(facts):
    wide, high = (float(x) for x in re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", facts).groups())
    return (round(wide), round(high))


def test_e8_opens_in_libreoffice_and_every_total_is_the_databases(world, at, tmp_path, settings):
    Organization.objects.filter(pk=world.here.organization.pk).update(name='=HYPERLINK("http://x")')
    plan = approved(world, at)
    path, again, text, facts = report(world, at, "funding.e8", {"plan": plan.pk}, tmp_path, settings)
    assert numbers(path, "资金分配方案表") == numbers(again, "资金分配方案表")
    sheet = openpyxl.load_workbook(path)["资金分配方案表"]
    values = openpyxl.load_workbook(again, data_only=True)["资金分配方案表"]
    assert sheet["J5"].value == "=SUM(J4)"
    assert Decimal(str(values["J5"].value)) == sum(a.amount for a in plan.awards.all())
    assert Decimal(str(values["E5"].value)) == sum(a.requested for a in plan.awards.all())
    assert [Decimal(str(values[c].value)) for c in ("J6", "J7")] == [plan.pool, plan.pool - 9000]
    assert (sheet["G4"].value, values["G4"].value) == ("=E4-F4", 0)
    assert sheet["C4"].data_type == "s"
    assert "人民币玖仟元整" in text
    assert landscape(facts) == (842, 595)


def test_e6_opens_in_libreoffice_with_the_scores_of_the_database(world, at, tmp_path, settings):
    result = locked(world, at)
    path, again, text, facts = report(world, at, "judging.e6", {"session": result.session_id}, tmp_path, settings)
    assert numbers(path, "评分汇总表") == numbers(again, "评分汇总表")
    values = openpyxl.load_workbook(again, data_only=True)["评分汇总表"]
    head = {values.cell(r, c).value: c for r in (3, 4) for c in range(1, 20) if values.cell(r, c).value}
    line = result.lines.get()
    assert Decimal(str(values.cell(5, head["最后得分"]).value)) == line.score
    assert values.cell(5, head["有效评委数"]).value == 3
    assert Decimal(str(values.cell(5, head["去极值总分"]).value)) == Decimal("291")
    assert openpyxl.load_workbook(path)["评分汇总表"].cell(5, head["最高分"]).value == "=MAX(E5:G5)"
    assert "路演评分汇总表" in text
    assert landscape(facts) == (842, 595)
