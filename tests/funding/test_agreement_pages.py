"""Pages of agreements and funds: who sees and does what, what a refused form keeps, what Word says."""

import re
import subprocess
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import docx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from funding import services
from funding.documents.agreement import agreement_word
from funding.domain import agreement as domain
from funding.domain.difference import Change, differences
from funding.forms.agreement import initial_of
from funding.models import Agreement, AgreementVersion, Fund
from projects.models import Proposal
from tests.funding.money import LATER, drafted, fund, noticed, pdf, sign, signed, text
from tests.judging.make import signed_in

D = domain.Decimal
V = AgreementVersion.State


@pytest.fixture(autouse=True)
def later(at, settings, tmp_path, monkeypatch):
    """The pages run when the notice is over."""
    settings.MEDIA_ROOT = tmp_path
    moment = at + LATER + timedelta(hours=3)
    monkeypatch.setattr("core.clock.now", lambda: moment)
    return moment


def as_(world, who):
    return signed_in(world.here.people[who])


def sheet(content, **changes):
    """What a browser sends of a filled sheet."""
    first = initial_of(content)
    data = {
        k: v.isoformat() if isinstance(v, date) else str(v) for k, v in first.items() if not isinstance(v, list | dict)
    }
    for part in ("terms", "shares", "places", "targets"):
        rows = first[part]
        data |= {f"{part}-TOTAL_FORMS": len(rows) + 1, f"{part}-INITIAL_FORMS": 0}
        for n, row in enumerate(rows):
            for name, value in row.items():
                if value not in (None, False):
                    data[f"{part}-{n}-{name}"] = (
                        list(value) if isinstance(value, tuple) else "on" if value is True else str(value)
                    )
    data |= {f"pulls-{name}": str(value) for name, value in first["pulls"].items()}
    return {**data, "split": "60-40", "act": "save", **changes}


@pytest.fixture
def ready(world, at):
    """A funded project whose notice is over, a fund, and what one would send."""
    award = noticed(world, at)
    purse = fund(world, at)
    return award, purse, sheet(text(award, [(purse, award.amount)]))


# ---- funds


def test_the_office_enters_a_fund_and_others_read(world, at):
    office = as_(world, "office")
    street = world.here.area.pk
    assert "还没有登记资金来源" in office.get("/funds/").content.decode()
    data = {
        "name": "服务群众经费",
        "kind": "party",
        "year": "2026",
        "budget": "50,000",
        "forbidden_heads": ["labor"],
        "needs_papers": "on",
    }
    heads = [h for h, _ in services.fund.Fund._meta.get_field("forbidden_heads").base_field.choices]
    data["forbidden_heads"], data[f"limit_{heads[1]}"] = [heads[0]], "30"
    answer = office.post(f"/funds/new/{street}/", data)
    assert (answer.status_code, answer["Location"]) == (302, "/funds/")
    made = Fund.objects.get()
    assert (made.budget, made.forbidden_heads, made.head_limits, made.needs_papers) == (
        D("50000.00"),
        [heads[0]],
        {heads[1]: "30"},
        True,
    )
    for who, code in (("leader", 200), ("finance", 200), ("supervisor", 200), ("community", 403), ("member", 403)):
        assert as_(world, who).get("/funds/").status_code == code, who
    for who in ("leader", "finance", "supervisor"):
        assert as_(world, who).get(f"/funds/{made.pk}/").status_code == 403
    assert signed_in(world.there.people["office"]).get(f"/funds/{made.pk}/").status_code == 404
    assert signed_in(world.there.people["office"]).get(f"/funds/new/{street}/").status_code == 404
    shown = office.get(f"/funds/{made.pk}/").content.decode()
    assert 'value="50000.00"' in shown


def test_a_refused_fund_keeps_what_was_typed(world, at):
    made = fund(world, at)
    office = as_(world, "office")
    data = {"name": made.name, "kind": "general", "year": "2026", "budget": "77"}
    answer = office.post(f"/funds/new/{world.here.area.pk}/", data)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "该年度已有同名资金来源" in page
    assert 'value="77"' in page


def test_a_fund_below_what_is_drawn_is_refused_at_its_budget(world, at):
    signed(world, at)
    made = Fund.objects.get()
    data = {"name": made.name, "kind": "general", "year": "2026", "budget": "1"}
    answer = as_(world, "office").post(f"/funds/{made.pk}/", data)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["budget"]


# ---- the list


def test_what_hinders_a_project_stands_on_top(world, at, monkeypatch):
    award = noticed(world, at)
    office = as_(world, "office")
    monkeypatch.setattr("core.clock.now", lambda: at)
    page = office.get("/agreements/").content.decode()
    assert "公示期到 2026年11月27日 结束" in page
    assert "拟订协议<" not in page
    monkeypatch.setattr("core.clock.now", lambda: at + LATER)
    assert f"/agreements/new/{award.proposal_id}/" in office.get("/agreements/").content.decode()
    assert f"/agreements/new/{award.proposal_id}/" not in as_(world, "leader").get("/agreements/").content.decode()
    services.raise_objection(
        notice_id=award.plan.notices.get().pk, proposal_id=award.proposal_id, name="某居民", phone="13800001234", words="请核查。", at=at
    )  # fmt: skip
    assert "暂缓立项：异议" in office.get("/agreements/").content.decode()


def test_the_list_asks_the_same_number_of_times_whatever_its_length(world, at):
    agreement = signed(world, at)
    office = as_(world, "office")

    def count():
        with CaptureQueriesContext(connection) as found:
            assert office.get("/agreements/").status_code == 200
        return len(found)

    office.get("/agreements/")
    few = count()
    source = agreement.proposal
    for n in range(20):
        more = Proposal.objects.get(pk=source.pk)
        more.pk, more.receipt_number, more.once_key, more.title = None, None, None, f"项目{n}"
        more.state, more.submitted_at = "draft", None
        more.save(force_insert=True)
        made = Agreement.objects.create(round=agreement.round, proposal=more, number=f"T-{n}", created_at=at)
        version = agreement.versions.get()
        AgreementVersion.objects.create(
            agreement=made, number=1, content=version.content, digest=version.digest, drafted_by=version.drafted_by, drafted_at=at
        )  # fmt: skip
    assert count() == few


def test_search_and_filters(world, at):
    agreement = signed(world, at)
    office = as_(world, "office")
    for query, there in (
        ("q=协会", True),
        ("q=无此", False),
        ("state=signed", True),
        ("state=ended", False),
        (f"round={agreement.round_id}", True),
        ("round=99999", False),
    ):
        assert (agreement.number in office.get(f"/agreements/?{query}").content.decode()) is there, query


# ---- the sheet


def test_the_sheet_is_filled_in_from_what_is_known(world, at, ready):
    award, _, _ = ready
    Proposal.objects.filter(pk=award.proposal_id).update(indicators="活动场次：12 场\n受益600人次")
    page = as_(world, "office").get(f"/agreements/new/{award.proposal_id}/").content.decode()
    for wanted in (
        "甲街道办事处",
        "溡源社区",
        "9000.00",
        "5400.00",
        "3600.00",
        "12 场",
        "600人次",
        "年度余额 100,000.00 元",
    ):
        assert wanted in page, wanted


def test_the_office_drafts_and_a_second_sending_makes_no_second(world, ready):
    award, _, data = ready
    office = as_(world, "office")
    answer = office.post(f"/agreements/new/{award.proposal_id}/", data)
    made = Agreement.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/agreements/{made.pk}/")
    again = office.post(f"/agreements/new/{award.proposal_id}/", data)
    assert (again.status_code, again["Location"]) == (302, f"/agreements/{made.pk}/")
    assert AgreementVersion.objects.count() == 1
    stored = domain.read(made.versions.get().content)
    assert (stored.amount, [t.amount for t in stored.terms], len(stored.shares), len(stored.places), len(stored.targets)) == (
        D("9000.00"), [D("5400.00"), D("3600.00")], 2, 2, 2,
    )  # fmt: skip


def test_every_finding_stands_at_its_part_and_nothing_typed_is_lost(world, ready):
    award, purse, data = ready
    wrong = {
        **data, "terms-0-amount": "1", "shares-0-amount": "2", "ends_on": "2026-11-30", "amount": "9,500", "payee_bank": "某行<b>",
        f"pulls-fund_{purse.pk}": "3", "targets-2-name": "",
    }  # fmt: skip
    answer = as_(world, "office").post(f"/agreements/new/{award.proposal_id}/", wrong)
    assert answer.status_code == 400
    found = answer.context["sheet"]
    assert sorted(found.form.errors) == ["amount", "ends_on"]
    assert sorted(k for k, v in found.problems.items() if v) == ["pulls", "shares", "terms"]
    page = answer.content.decode()
    for kept in ('value="9,500"', "某行&lt;b&gt;", 'value="2026-11-30"', "演出四场", "少 5,899.00 元"):
        assert kept in page, kept
    assert not Agreement.objects.exists()


def test_a_half_filled_row_is_refused_at_its_place(world, ready):
    award, _, data = ready
    answer = as_(world, "office").post(
        f"/agreements/new/{award.proposal_id}/", {**data, "targets-2-name": "满意度", "terms-0-conditions": []}
    )
    found = answer.context["sheet"]
    assert found.sets["targets"][2].errors == {"target": ["请填写目标值，或把这一行清空。"]}
    assert found.sets["terms"][0].errors == {"conditions": ["请至少勾选一项拨付条件。"]}
    assert not Agreement.objects.exists()


def test_filling_in_by_ratio_saves_nothing_and_judges_nothing(world, ready):
    award, _, data = ready
    office = as_(world, "office")
    answer = office.post(
        f"/agreements/new/{award.proposal_id}/", {**data, "act": "split", "split": "50-30-20", "payee_bank": ""}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert re.findall(r'name="terms-\d-amount" value="([^"]*)"', page) == ["4500.00", "2700.00", "1800.00"]
    assert "error-summary" not in page
    assert "还没有保存" in page
    assert not Agreement.objects.exists()
    refused = office.post(f"/agreements/new/{award.proposal_id}/", {**data, "act": "split", "amount": "许多"})
    assert list(refused.context["sheet"].form.errors) == ["amount"]
    forged = office.post(f"/agreements/new/{award.proposal_id}/", {**data, "act": "split", "split": "1000"})
    assert forged.status_code == 200
    more = office.post(f"/agreements/new/{award.proposal_id}/", {**data, "act": "more"})
    assert len(more.context["sheet"].sets["targets"].forms) == 6


def test_an_oversized_sheet_is_refused(world, ready):
    award, _, data = ready
    answer = as_(world, "office").post(f"/agreements/new/{award.proposal_id}/", {**data, "terms-TOTAL_FORMS": "5000"})
    assert answer.status_code == 200
    assert not Agreement.objects.exists()


def test_too_early_or_held_up_there_is_no_sheet(world, at, ready, monkeypatch):
    award, _, data = ready
    monkeypatch.setattr("core.clock.now", lambda: at)
    office = as_(world, "office")
    for answer in (
        office.get(f"/agreements/new/{award.proposal_id}/"),
        office.post(f"/agreements/new/{award.proposal_id}/", data),
    ):
        assert answer.status_code == 409
        assert "公示期到" in answer.content.decode()
    assert not Agreement.objects.exists()


# ---- hands


def test_from_draft_to_signature_and_change(world, at, later):
    version = drafted(world, at)
    office, leader = as_(world, "office"), as_(world, "leader")
    page, versions = f"/agreements/{version.agreement_id}/", f"/agreements/versions/{version.pk}/"
    assert leader.post(f"{versions}submit/").status_code == 403
    assert office.post(f"{versions}submit/").status_code == 302
    assert office.post(f"{versions}submit/").status_code == 409
    assert "等待街道领导审批" in office.get(page).content.decode()
    assert any(
        "审批协议" in row["title"] for row in services.agreement.rules.open_tasks(world.here.people["leader"], at)
    )
    refused = leader.post(f"{versions}return/", {"back-note": ""})
    assert "请填写退回理由" in refused.content.decode()
    leader.post(f"{versions}return/", {"back-note": "期限写错了"})
    assert "期限写错了" in office.get(page).content.decode()
    office.post(f"{versions}submit/")
    assert office.post(f"{versions}approve/").status_code == 403
    leader.post(f"{versions}approve/", {"yes-note": "同意"})
    version.refresh_from_db()
    assert (version.state, version.decision_note) == (V.APPROVED, "同意")
    future = {"sign-signed_on": "2030-01-01", "sign-scan": pdf()}
    answer = office.post(f"{versions}sign/", future)
    assert (answer.status_code, list(answer.context["sign_form"].errors)) == (400, ["signed_on"])
    bad = pdf("x.pdf")
    bad.file.seek(0)
    bad.file.write(b"GIF89a..")
    bad.file.seek(0)
    answer = office.post(f"{versions}sign/", {"sign-signed_on": later.date().isoformat(), "sign-scan": bad})
    assert (answer.status_code, list(answer.context["sign_form"].errors)) == (400, ["scan"])
    assert (
        office.post(f"{versions}sign/", {"sign-signed_on": later.date().isoformat(), "sign-scan": pdf()}).status_code
        == 302
    )
    scan = office.get(f"{versions}scan/")
    assert (scan.status_code, scan["Content-Security-Policy"]) == (200, "sandbox")
    assert "attachment" in scan["Content-Disposition"]
    office.post(f"{page}change/", {"change-reason": "延期"})
    second = AgreementVersion.objects.get(number=2)
    content = replace(domain.read(second.content), ends_on=date(2027, 12, 31))
    office.post(f"/agreements/versions/{second.pk}/edit/", sheet(content))
    shown = office.get(f"/agreements/versions/{second.pk}/").content.decode()
    assert "2027年6月30日" in shown
    assert "2027年12月31日" in shown
    assert office.post(f"/agreements/versions/{second.pk}/withdraw/", {"drop-reason": ""}).status_code == 200
    office.post(f"/agreements/versions/{second.pk}/withdraw/", {"drop-reason": "不改了"})
    second.refresh_from_db()
    assert second.state == V.WITHDRAWN


def test_ending_says_first_what_happens(world, at):
    agreement = signed(world, at)
    leader = as_(world, "leader")
    page = leader.get(f"/agreements/{agreement.pk}/end/").content.decode()
    assert "未拨付的 9,000.00 元不再拨付" in page
    assert as_(world, "office").get(f"/agreements/{agreement.pk}/end/").status_code == 403
    assert leader.post(f"/agreements/{agreement.pk}/end/", {"reason": ""}).status_code == 200
    assert leader.post(f"/agreements/{agreement.pk}/end/", {"reason": "单位撤销"}).status_code == 302
    assert leader.post(f"/agreements/{agreement.pk}/end/", {"reason": "单位撤销"}).status_code == 409
    agreement.refresh_from_db()
    assert agreement.state == "ended"


def test_papers_are_uploaded_listed_and_handed_out(world, at):
    agreement = signed(world, at)
    community = as_(world, "community")
    assert (
        community.post(f"/agreements/{agreement.pk}/papers/", {"paper-kind": "vote", "paper-file": pdf()}).status_code
        == 302
    )
    paper = agreement.papers.get()
    assert "表决结果" in community.get(f"/agreements/{agreement.pk}/").content.decode()
    assert community.get(f"/agreements/papers/{paper.pk}/")["Content-Security-Policy"] == "sandbox"
    assert as_(world, "member").post(f"/agreements/{agreement.pk}/papers/", {}).status_code == 403
    assert signed_in(world.there.people["office"]).get(f"/agreements/papers/{paper.pk}/").status_code == 404


def test_who_sees_what_of_an_agreement(world, at):
    version = drafted(world, at)
    page = f"/agreements/{version.agreement_id}/"
    codes = {
        who: as_(world, who).get(page).status_code
        for who in ("office", "leader", "finance", "supervisor", "community", "member", "other_member", "judge")
    }
    assert codes == {
        "office": 200,
        "leader": 200,
        "finance": 200,
        "supervisor": 200,
        "community": 200,
        "member": 404,
        "other_member": 404,
        "judge": 404,
    }
    sign(world, version, at + LATER)
    for who, shown in (("office", True), ("finance", True), ("member", True), ("community", False)):
        client = as_(world, who)
        assert ("6222000000000000001" in client.get(page).content.decode()) is shown, who
        said = words(client.get(f"/agreements/versions/{version.pk}/word/").getvalue())
        assert ("6222000000000000001" in said) is shown, who
        assert (client.get(f"/agreements/versions/{version.pk}/scan/").status_code == 200) is shown, who
    for way in (
        page,
        f"/agreements/versions/{version.pk}/",
        f"/agreements/versions/{version.pk}/word/",
        f"/agreements/versions/{version.pk}/scan/",
    ):
        assert signed_in(world.there.people["office"]).get(way).status_code == 404
        assert Client().get(way).status_code == 302


def test_the_organization_does_not_see_a_change_in_the_making(world, at):
    agreement = signed(world, at)
    second = services.change_agreement(
        agreement_id=agreement.pk, reason="延期", by=world.here.people["office"], at=at + LATER
    )
    member = as_(world, "member")
    assert member.get(f"/agreements/{agreement.pk}/").context["version"].number == 1
    for way in ("", "word/", "edit/"):
        assert member.get(f"/agreements/versions/{second.pk}/{way}").status_code == 404


def test_the_same_project_twice_is_warned_about(world, at, ready, monkeypatch):
    award, _, _ = ready
    monkeypatch.setattr("funding.rules.twice", lambda proposal: ["同一单位已有相似项目。"])
    assert "同一单位已有相似项目" in as_(world, "office").get(f"/agreements/new/{award.proposal_id}/").content.decode()


# ---- difference and Word


def test_differences_name_what_changed_from_and_to(world, at):
    old = domain.read(drafted(world, at).content)
    new = replace(
        old, amount=D("8000.00"), places=old.places[:1], more="新增一条", terms=domain.split(D("8000.00"), "100")
    )
    found = differences(old, new, {"signed": "协议已签订"})
    assert found[0] == Change("协议金额", "9,000.00 元", "8,000.00 元")
    assert [c.where for c in found] == ["协议金额", "第 1 期拨付", "第 2 期拨付", "第 2 个实施地点", "补充约定"]
    assert found[-1] == Change("补充约定", "（无）", "新增一条")
    assert differences(old, old, {}) == []


def words(data):
    document = docx.Document(BytesIO(data))
    cells = [c.text for t in document.tables for r in t.rows for c in r.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


CLAUSES = [
    "权利义务",
    "监督评估",
    "变更",
    "违约与收回",
    "安全与保险",
    "未成年人保护与肖像",
    "信息保密",
    "廉洁",
    "争议",
    "份数和生效",
]


def test_the_agreement_as_word(world, at, tmp_path):
    version = drafted(world, at)
    content = domain.read(version.content)
    said = words(agreement_word(version, content))
    assert "项目协议书（草案）" in said
    for wanted in (
        "甲方：测试街道办事处",
        "丙方：溡源社区",
        "人民币玖仟元整",
        "人民币伍仟肆佰元整",
        "5,400.00",
        "12 场",
        "邻里文艺队",
        "云秀社区",
        "一式 4 份",
        version.agreement.number,
        "第 1 版",
        *CLAUSES,
    ):
        assert wanted in said, wanted
    sign(world, version, at + LATER)
    version.refresh_from_db()
    data = agreement_word(version, replace(content, third="", more="溡源社区<b>=1+1\x0b"))
    said = words(data)
    assert "草案" not in said
    assert "丙方" not in said
    path = tmp_path / "agreement.docx"
    path.write_bytes(data)
    printed = pdf_text(path)
    for wanted in ("项目协议书", "溡源社区<b>=1+1", "人民币玖仟元整", "甲方（盖章）", "附件", "—1—"):
        assert wanted in printed, wanted


def pdf_text(path):
    office = ["soffice", f"-env:UserInstallation=file://{path.parent}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run([*office, "--outdir", str(path.parent), str(path)], check=True, capture_output=True, timeout=120)
    text_ = subprocess.run(
        ["pdftotext", str(path.with_suffix(".pdf")), "-"], check=True, capture_output=True, text=True
    )
    return "".join(text_.stdout.split())


def test_the_letter_of_approval(world, at, monkeypatch):
    award = noticed(world, at)
    way = f"/agreements/approval/{award.proposal_id}/"
    said = words(as_(world, "office").get(way).getvalue())
    for wanted in (
        "立项通知书",
        "甲街道义工协会：",
        "9,000.00",
        "人民币玖仟元整",
        "溡源社区",
        "2026年11月23日至2026年11月27日",
    ):
        assert wanted in said, wanted
    codes = {
        who: as_(world, who).get(way).status_code for who in ("leader", "community", "member", "other_member", "judge")
    }
    assert codes == {"leader": 200, "community": 200, "member": 200, "other_member": 404, "judge": 404}
    assert signed_in(world.there.people["office"]).get(way).status_code == 404
    monkeypatch.setattr("core.clock.now", lambda: at)
    assert as_(world, "office").get(way).status_code == 409
