"""The automatic check: what is found, with its figures, and what a decision against it leaves behind."""

import io
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import docx
import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from jobs.models import Job
from jobs.registry import Work, kind_of
from needs.models import Need
from organizations.models import Membership, Organization, Standing
from projects.domain.findings import Answer, Facts, Finding, Hearing, Shared, findings, marks
from projects.domain.likeness import Other, alike, passages, whole
from projects.models import EligibilityDecision, FindingWaiver, Proposal
from projects.services import WrongState, decide_eligibility, submit_proposal, withdraw_proposal
from projects.services.checking import WaiverMissing, check, check_all
from tests.projects import make
from tests.world import open_round, organization, person

GOOD = Facts(
    organization="甲协会", kind="social", kind_name="登记社会组织", invited=(("social", "登记社会组织"), ("team", "备案队伍")),
    uscc="91110000600037341L", requested=Decimal(8000), minimum=Decimal(5000), cap=Decimal(30000), starts_on=date(2027, 1, 1),
    ends_on=date(2027, 12, 31), opens_on=date(2026, 11, 16), closes_on=date(2026, 11, 30), today=date(2026, 11, 23),
    answers=(Answer("需求 N1", "甲街道", is_here=True),),
)  # fmt: skip
OTHER = Other("SB-2025-000001", "换物市集", "乙协会", "上一期", "云秀社区", "初审通过", "")


def test_a_proposal_in_order_has_no_findings():
    assert findings(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "key", "severity", "words"),
    [
        ({"kind": "party", "kind_name": "社区（村）党组织"}, "kind", "block", "申报单位是社区（村）党组织，本期申报主体为：登记社会组织、备案队伍。"),
        ({"invited": ()}, "kind", "block", "申报单位是登记社会组织，本期申报主体为：（没有写明）。"),
        ({"uscc": "91110000600037341M"}, "uscc", "block", "统一社会信用代码 91110000600037341M 校验位应为 L，实为 M，请核对登记证书。"),
        ({"uscc": "9111000060003734IL"}, "uscc", "block", "统一社会信用代码 9111000060003734IL 不合编码规则，请核对登记证书。"),
        ({"uscc": ""}, "uscc_missing", "warn", "登记社会组织没有填统一社会信用代码，请核对登记证书原件。"),
        ({"licence_until": date(2026, 11, 20)}, "licence_over", "block", "登记证书有效期至2026年11月20日，已过期 3 天。"),
        ({"licence_until": date(2026, 11, 23)}, "licence_short", "warn", "登记证书有效期至2026年11月23日，早于项目结束日期2027年12月31日，请核对换证安排。"),
        ({"hearing": Hearing(2025, "failed", "不合格")}, "hearing", "block", "申报单位 2025 年度述职评议等次为“不合格”，按规定不予立项。"),
        ({"hearing": Hearing(2025, "basic", "基本合格")}, "hearing", "warn", "申报单位 2025 年度述职评议等次为“基本合格”，请按本期规则核对是否可以立项。"),
        ({"requested": Decimal("30000.01")}, "cap", "block", "申请资金 30,000.01 元，超过本期单个项目上限 30,000.00 元，超出 0.01 元。"),
        ({"minimum": Decimal("8000.01")}, "minimum", "block", "最低可行金额 8,000.01 元，高于申请资金 8,000.00 元。"),
        ({"entries": ("SB-1", "SB-2")}, "entries", "block", "本单位在本期共有 3 份申报（另有：SB-1、SB-2），每个单位最多 1 份。"),
        ({"shared": (Shared("李某", "负责人", "换物", "乙协会"),)}, "people", "warn", "同一人在本期两份以上申报中任负责人或经办人：李某（负责人）也是乙协会“换物”的人员。"),
        ({"ends_on": date(2026, 11, 22), "starts_on": date(2026, 11, 1)}, "period_over", "block", "项目结束日期2026年11月22日，到今天已过去 1 天。"),
        ({"starts_on": None}, "period_missing", "warn", "申报书没有写明完整的项目周期。"),
        ({"starts_on": date(2026, 11, 15)}, "period_begun", "warn", "项目开始日期2026年11月15日，早于本期申报开始日期2026年11月16日，请核对是否已经实施。"),
        ({"starts_on": date(2026, 11, 22)}, "period_past", "note", "项目开始日期2026年11月22日已过，请核对实施安排。"),
        ({"ends_on": date(2028, 1, 1)}, "period_long", "warn", "项目结束日期2028年1月1日，晚于本期申报截止的次年年底2027年12月31日。"),
        ({"answers": ()}, "answers", "block", "没有回应任何居民需求，也没有承接服务项目单（0 件），至少应有 1 件。"),
        ({"answers": (*GOOD.answers, Answer("需求 N2", "乙街道", is_here=False))}, "answers_away", "block", "回应的 2 件需求和项目单中，有 1 件不属于本街道本期：需求 N2（乙街道）。"),
        ({"left_out": 7}, "alike_rest", "note", "只比对了最近的申报书，另有较早的 7 份没有比对。"),
    ],
)  # fmt: skip
def test_each_check_says_its_figures(changed, key, severity, words):
    assert findings(replace(GOOD, **changed)) == [Finding(key, severity, words)]


@pytest.mark.parametrize(
    "changed",
    [
        {"requested": Decimal(30000)}, {"cap": None, "requested": Decimal(10**9)}, {"minimum": Decimal(8000)},
        {"licence_until": date(2027, 12, 31)}, {"ends_on": date(2026, 11, 23), "starts_on": date(2026, 11, 23)},
        {"starts_on": date(2026, 11, 23)}, {"kind": "team", "uscc": ""}, {"hearing": Hearing(2025, "qualified", "合格")},
        {"entries": ("SB-1",), "most_entries": 2},
    ],
)  # fmt: skip
def test_the_limit_itself_is_allowed(changed):
    assert findings(replace(GOOD, **changed)) == []


def test_what_blocks_stands_first():
    found = findings(replace(GOOD, uscc="", left_out=1, minimum=Decimal(9000)))
    assert [f.severity for f in found] == ["block", "warn", "note"]


def test_a_text_copied_from_another_proposal_is_shown_beside_it():
    mine = whole(
        "邻里换物",
        "每月一次旧物交换。",
        "每月第二个周六在文化广场摆摊，志愿者登记旧衣旧书。另设修理角，老师傅修小家电。",
    )
    theirs = whole("换物市集", "每季一次。", "每月第二个周六在文化广场摆摊，志愿者登记旧衣旧书和玩具。请老人讲故事。")
    (found,) = alike(mine, [replace(OTHER, words=theirs)])
    assert (
        "每月第二个周六在文化广场摆摊，志愿者登记旧衣旧书。",
        "每月第二个周六在文化广场摆摊，志愿者登记旧衣旧书和玩具。",
    ) in found.passages
    (told,) = findings(replace(GOOD, alike=(found,)))
    assert (told.key, told.severity, told.code) == ("alike:SB-2025-000001", "warn", "alike")
    assert told.words == (
        f"与上一期乙协会“换物市集”（SB-2025-000001，云秀社区，初审通过）文字重合 {found.percent}%，相近的段落 {len(found.passages)} 处，请核对是否重复申报。"
    )


def test_another_subject_and_a_text_of_a_few_words_are_not_alike():
    mine = whole("邻里换物", "每月一次旧物交换。", "每月第二个周六在文化广场摆摊，志愿者登记旧衣旧书。")
    theirs = whole("银龄课堂", "教老人用手机。", "每周三下午由大学生上门辅导视频通话、挂号和防诈骗，全年四十课。")
    assert alike(mine, [replace(OTHER, words=theirs)]) == ()
    assert alike("换物", [replace(OTHER, words="换物")]) == ()
    assert passages("", "") == ()


def test_the_most_alike_stand_first_and_at_most_five():
    mine = "每月第二个周六在文化广场摆摊，志愿者登记旧衣旧书。"
    others = [replace(OTHER, number=f"SB-{i}", words=mine + "另有银龄课堂教手机。" * (i % 2)) for i in range(8)]
    found = alike(mine, others)
    assert ([a.percent for a in found], [a.other.number for a in found]) == (
        [100] * 5,
        ["SB-0", "SB-1", "SB-2", "SB-3", "SB-4"],
    )


def test_marks_of_the_report():
    assert marks([]) == {"登记证": "√", "信用": "√", "重复资助": "√", "材料齐全": "√"}
    found = [("uscc", "block"), ("licence_short", "warn"), ("alike:SB-1", "warn"), ("period_past", "note")]
    assert marks(found) == {"登记证": "×", "信用": "√", "重复资助": "？", "材料齐全": "√"}


# --- facts from the database


@pytest.fixture
def here(world):
    Organization.objects.filter(pk=world.here.organization.pk).update(uscc="91110000600037341L")
    return world.here


def keys(proposal, at):
    stored = Proposal.objects.select_related("organization", "round").get(pk=proposal.pk)
    return [f.key for f in check(stored, at)]


def of_unit(here, at, n, **more):
    """A proposal handed in by an organization of its own, with words of its own."""
    member, unit = person(f"p{n}", at), organization(here.area, f"单位{n}", at)
    Membership.objects.create(organization=unit, user=member, duty="head", since=at)
    draft = make.make_draft(here, at, organization=unit, by=member, title=f"项目{n}")
    need = Need.objects.first() or make.make_need(here, at)
    make.save(draft, here, at, by=member, need_ids=(need.pk,), title=f"项目{n}", summary=chr(0x4E00 + n * 40) * 3, plan=plan_of(n), **more)  # fmt: skip
    return submit_proposal(proposal_id=draft.pk, by=member, at=at)


def plan_of(n):
    """Twenty characters that no other number has."""
    return "".join(chr(0x5000 + n * 40 + i) for i in range(20))


def test_a_proposal_in_order_is_found_in_order(here, at):
    assert keys(make.make_submitted_proposal(here, at), at) == []


def test_facts_that_changed_after_the_proposal_was_handed_in_are_found(here, at, world):
    proposal = make.make_submitted_proposal(here, at)
    Organization.objects.filter(pk=here.organization.pk).update(uscc="91110000600037341M")
    Proposal.objects.filter(pk=proposal.pk).update(requested=Decimal(31000))
    away = make.make_need(world.there, at)
    Proposal.objects.get(pk=proposal.pk).needs.add(away)
    assert keys(proposal, at) == ["uscc", "cap", "answers_away"]


def test_the_last_hearing_counts_and_its_correction(here, at):
    proposal = make.make_submitted_proposal(here, at)

    def heard(year, number, hearing):
        Standing.objects.create(
            organization=here.organization, year=year, number=number, hearing=hearing, held_on=date(year, 12, 1), evidence="述职会",
            correction_reason="更正" if number > 1 else "", entered_by=here.people["office"], entered_at=at,
        )  # fmt: skip

    heard(2024, 1, "failed")  # too long ago
    assert keys(proposal, at) == []
    heard(2025, 1, "failed")
    assert keys(proposal, at) == ["hearing"]
    heard(2025, 2, "excellent")
    assert keys(proposal, at) == []


def test_a_person_of_two_applicants_is_named(here, at):
    first = make.make_submitted_proposal(here, at)
    second = of_unit(here, at, 1)
    assert keys(first, at) == []
    Membership.objects.create(organization=second.organization, user=here.people["member"], duty="clerk", since=at)
    stored = Proposal.objects.select_related("organization", "round").get(pk=first.pk)
    (found,) = check(stored, at)
    name = here.people["member"].display_name
    assert found.words == f"同一人在本期两份以上申报中任负责人或经办人：{name}（经办人）也是单位1“项目1”的人员。"


def test_as_many_entries_as_the_round_says_and_no_more(world, at):
    Organization.objects.filter(pk=world.here.organization.pk).update(uscc="91110000600037341L")
    street = make.ruled(world.here, entries=2)
    first = make.make_submitted_proposal(street, at)
    second = make.make_draft(street, at, title="银龄课堂")
    make.save(
        second,
        street,
        at,
        need_ids=(Need.objects.first().pk,),
        title="银龄课堂",
        summary=chr(0x5000) * 3,
        plan=plan_of(7),
    )
    submit_proposal(proposal_id=second.pk, by=street.people["member"], at=at)
    assert keys(first, at) == []
    third = of_unit(street, at, 1)
    Proposal.objects.filter(pk=third.pk).update(organization=street.organization)
    assert keys(first, at) == ["entries"]


def in_year(here, at, year):
    """The same proposal, in a round of another year."""
    row = open_round(here.area, at, title=f"{year}年草案")
    row.pk, row.title, row.year = None, f"{year}年一期", year
    row.save()
    themes = [row.themes.create(name=n, position=i) for i, n in enumerate(("党建", "环保"), 1)]
    return make.make_submitted_proposal(replace(here, round=row, themes=themes), at)


def test_the_same_words_are_found_across_rounds_but_not_across_streets_drafts_or_four_years(here, at, world):
    proposal = make.make_submitted_proposal(here, at)
    make.make_complete_draft(here, at, organization=here.other_organization, by=here.people["other_member"])
    make.make_submitted_proposal(world.there, at)
    assert keys(proposal, at) == []
    of_last_year = in_year(here, at, 2025)
    assert keys(proposal, at) == [f"alike:{of_last_year.receipt_number}"]
    of_2024 = in_year(here, at, 2024)
    in_year(here, at, 2023)
    assert keys(proposal, at) == [f"alike:{row.receipt_number}" for row in (of_last_year, of_2024)]


def test_one_entry_withdrawn_and_written_again_is_one_entry(here, at):
    first = make.make_submitted_proposal(here, at)
    withdraw_proposal(proposal_id=first.pk, reason="重写", by=here.people["member"], at=at)
    assert keys(make.make_submitted_proposal(here, at), at) == []


def test_the_check_costs_the_same_at_two_sizes(here, at):
    rows = [of_unit(here, at, n) for n in range(2)]

    def statements():
        found = list(Proposal.objects.filter(pk__in=[r.pk for r in rows]).select_related("organization"))
        with CaptureQueriesContext(
            connection,
        ) as seen:
            check_all(here.round, found, at.date())
        return len(seen)

    few = statements()
    rows += [of_unit(here, at, n) for n in range(2, 8)]
    assert (few, statements()) == (6, 6)


# --- decisions against findings


@pytest.fixture
def over(here, at):
    """A proposal above the cap, of an organization whose code is wrong."""
    proposal = make.make_submitted_proposal(here, at)
    Organization.objects.filter(pk=here.organization.pk).update(uscc="91110000600037341M")
    Proposal.objects.filter(pk=proposal.pk).update(requested=Decimal(31000))
    return proposal


def passing(proposal, here, at, waivers=None):
    return decide_eligibility(
        proposal_id=proposal.pk, outcome="pass", by=here.people["office"], at=at, waivers=waivers or {}
    )


@pytest.mark.parametrize(
    "waivers", [{}, {"cap": "集体研究同意"}, {"cap": "集体研究同意", "uscc": "  "}, {"kind": "别的"}]
)
def test_to_pass_against_a_finding_needs_a_reason_for_each(here, at, over, waivers):
    with pytest.raises(WaiverMissing):
        passing(over, here, at, waivers)
    assert (Proposal.objects.get().state, EligibilityDecision.objects.count()) == ("submitted", 0)


def test_the_reasons_are_on_record_with_who_and_when(here, at, over):
    decision = passing(over, here, at, {"cap": " 集体研究同意 ", "uscc": "新证待换", "kind": "没有这一项"})
    rows = decision.waivers.order_by("key").values_list("key", "reason", "waived_by", "waived_at")
    office = here.people["office"].pk
    assert list(rows) == [("cap", "集体研究同意", office, at), ("uscc", "新证待换", office, at)]
    assert [f["key"] for f in decision.findings] == ["uscc", "cap"]
    assert Event.objects.filter(verb="projects.decided").get().facts == {"act": "pass", "waived": ["uscc", "cap"]}
    for statement in ("UPDATE projects_findingwaiver SET reason = 'x'", "DELETE FROM projects_findingwaiver"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_to_refuse_or_return_needs_no_reason_per_finding(here, at, over):
    make.decide(over, here, "refuse", at)
    assert (FindingWaiver.objects.count(), len(EligibilityDecision.objects.get().findings)) == (0, 2)


def test_the_database_refuses_a_pass_without_its_reasons(here, at, over):
    version = over.versions.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        EligibilityDecision.objects.create(
            proposal=over, version=version, outcome="pass", decided_by=here.people["office"], decided_at=at,
            findings=[{"key": "cap", "severity": "block", "words": "超"}],
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_second_officer_finds_it_decided(here, at, over):
    passing(over, here, at, {"cap": "同意", "uscc": "同意"})
    with pytest.raises(WrongState):
        passing(over, here, at, {"cap": "同意", "uscc": "同意"})


# --- pages


def page(user, proposal, data=None):
    client = Client()
    client.force_login(user)
    url = f"/proposals/{proposal.pk}/"
    return client.get(url) if data is None else client.post(url, data)


def words(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def live(monkeypatch, at):
    monkeypatch.setattr("core.clock.now", lambda: at)


CAP = "申请资金 31,000.00 元，超过本期单个项目上限 30,000.00 元，超出 1,000.00 元。"


@pytest.mark.usefixtures("live")
def test_office_leader_and_supervisor_see_what_is_found_and_nobody_else(here, at, over):
    for role in ("office", "leader", "supervisor"):
        assert CAP in words(page(here.people[role], over)), role
    for role in ("finance", "community", "member"):
        answer = page(here.people[role], over)
        assert (answer.status_code, CAP in words(answer), "自动核对" in words(answer)) == (200, False, False), role


@pytest.mark.usefixtures("live")
def test_an_officer_who_acts_for_the_applicant_sees_no_findings(here, at, over):
    Membership.objects.create(organization=over.organization, user=here.people["leader"], duty="clerk", since=at)
    assert "自动核对" not in words(page(here.people["leader"], over))


@pytest.mark.usefixtures("live")
def test_the_page_asks_for_a_reason_per_finding_and_loses_no_word(here, at, over):
    answer = page(
        here.people["office"], over, {"outcome": "pass", "waive-cap": "集体研究<b>同意", "reason": "其他都好"}
    )
    assert "这一项不符合，要“通过”请写明理由。" in words(answer)
    assert sorted(answer.context["form"].errors) == ["waive-uscc"]
    assert ("集体研究&lt;b&gt;同意" in words(answer), "其他都好" in words(answer)) == (True, True)
    done = page(here.people["office"], over, {"outcome": "pass", "waive-cap": "集体研究同意", "waive-uscc": "新证待换"})
    assert (done.status_code, Proposal.objects.get().state) == (302, "passed")
    for role in ("office", "leader", "supervisor"):
        shown = words(page(here.people[role], over))
        assert ("准予通过的理由：集体研究同意" in shown, CAP in shown) == (True, True), role
    assert "集体研究同意" not in words(page(here.people["member"], over))


@pytest.mark.usefixtures("live")
def test_similar_passages_stand_side_by_side(here, at):
    proposal = make.make_submitted_proposal(here, at)
    make.make_submitted_proposal(
        here, at, organization=here.other_organization, by=here.people["other_member"], title="另一份"
    )
    shown = words(page(here.people["office"], proposal))
    assert "<td>每月第二个周六，共六次。</td><td>每月第二个周六，共六次。</td>" in shown
    assert "另一份" not in words(page(here.people["member"], proposal))


@pytest.mark.usefixtures("live")
def test_the_notice_to_the_applicant(here, at):
    proposal = make.make_submitted_proposal(here, at)
    until = at + timedelta(days=3)
    make.decide(
        proposal, here, "return", at, fields_open=["plan", "budget"], complete_by=until, reason="计划没有时间。"
    )
    decision = EligibilityDecision.objects.get()
    url = f"/proposals/{proposal.pk}/decisions/{decision.pk}/notice/"

    def read(user, url=url):
        client = Client()
        client.force_login(user)
        return client.get(url)

    for role in ("member", "office", "leader"):
        answer = read(here.people[role])
        assert answer.status_code == 200, role
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(b"".join(answer.streaming_content))).paragraphs)
    for line in (
        "补正通知书",
        "1．实施计划",
        "2．经费预算",
        "补正意见：计划没有时间。",
        "2026年11月26日12:00:00（北京时间）前",
        proposal.receipt_number,
    ):
        assert line in text
    assert read(here.people["other_member"]).status_code == 404
    assert read(here.people["member"], url.replace(f"/{decision.pk}/", f"/{decision.pk + 999}/")).status_code == 404


@pytest.mark.usefixtures("live")
def test_a_refusal_has_a_notice_and_a_pass_has_none(here, at):
    proposal = make.make_refused_proposal(here, at)
    client = Client()
    client.force_login(here.people["member"])
    answer = client.get(f"/proposals/{proposal.pk}/decisions/{EligibilityDecision.objects.get().pk}/notice/")
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(b"".join(answer.streaming_content))).paragraphs)
    for line in ("不予受理通知书", "理由：预算第 2 行说明不清。", "街道创投办（测试）"):
        assert line in text
    other = make.make_submitted_proposal(here, at, organization=here.other_organization, by=here.people["other_member"])
    make.decide(other, here, "pass", at)
    client.force_login(here.people["office"])
    passed = EligibilityDecision.objects.get(proposal=other)
    assert client.get(f"/proposals/{other.pk}/decisions/{passed.pk}/notice/").status_code == 404


# --- E4


def report(here, tmp_path):
    path = tmp_path / "e4.xlsx"
    kind_of("projects.e4").builder(
        Work({"round": here.round.pk, "day": "2026-11-23"}, path, lambda _done, _total: None)
    )
    head, *rows = openpyxl.load_workbook(path, data_only=True)["明细"].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_report_says_what_was_found_and_decided(here, at, tmp_path, over):
    passing(over, here, at, {"cap": "集体研究同意", "uscc": "新证待换"})
    second = of_unit(here, at, 1, lines=(replace(make.LINES[0], quantity=50),))
    third = make.decide(
        of_unit(here, at, 2, lines=(replace(make.LINES[0], quantity=50),)), here, "return", at, fields_open=["plan"],
        complete_by=at + timedelta(days=1), reason="=1+1",
    )  # fmt: skip
    make.make_draft(here, at, organization=here.other_organization, by=here.people["other_member"])
    rows = report(here, tmp_path)
    assert [r["项目编号"] for r in rows] == [p.receipt_number for p in (over, second, third)]
    names = ("登记证", "年检", "信用", "业务范围", "重复资助", "材料齐全", "社区意见", "结论")
    assert [[r[n] or "" for n in names] for r in rows] == [
        ["×", "", "√", "", "√", "×", "", "初审通过"],
        ["？", "", "√", "", "√", "√", "", "待初审"],
        ["？", "", "√", "", "√", "√", "", "退回补正"],
    ]
    assert "（例外通过：集体研究同意）" in rows[0]["补正事项和说明"]
    assert rows[2]["补正事项和说明"].splitlines()[:2] == ["理由：=1+1", "补正：实施计划"]


def test_a_decision_of_before_the_check_has_no_marks(here, at, tmp_path):
    proposal = make.make_submitted_proposal(here, at)
    EligibilityDecision.objects.create(
        proposal=proposal,
        version=proposal.versions.get(),
        outcome="pass",
        decided_by=here.people["office"],
        decided_at=at,
    )
    Proposal.objects.filter(pk=proposal.pk).update(state="passed")
    (row,) = report(here, tmp_path)
    assert [row[n] for n in ("登记证", "信用", "重复资助", "材料齐全")] == ["—"] * 4


def test_the_report_costs_the_same_at_two_sizes(here, at, tmp_path):
    few = (replace(make.LINES[0], quantity=50),)
    of_unit(here, at, 0, lines=few)
    with CaptureQueriesContext(connection) as first:
        report(here, tmp_path)
    for n in range(1, 6):
        row = of_unit(here, at, n, lines=few)
        if n % 2:
            make.decide(row, here, "pass", at)
    with CaptureQueriesContext(connection) as second:
        report(here, tmp_path)
    assert (len(first), len(second)) == (9, 10)  # one more where there are decisions: their exceptions


def test_who_takes_the_report(here, at, world):
    make.make_submitted_proposal(here, at)
    kind, params = kind_of("projects.e4"), {"round": here.round.pk, "day": "2026-11-23"}
    allowed = {role for role, user in here.people.items() if kind.allows(user, params)}
    assert allowed == {"office", "leader", "supervisor"}
    assert not any(kind.allows(user, params) for user in world.there.people.values())


def test_the_report_is_started_from_the_list(here, at, world):
    make.make_submitted_proposal(here, at)
    client, url = Client(), f"/proposals/checks/{here.round.pk}/export/"
    for role, code in (("office", 302), ("supervisor", 302), ("finance", 403)):
        client.force_login(here.people[role])
        assert (client.post(url).status_code, url in client.get("/proposals/").content.decode()) == (code, code == 302)
    client.force_login(world.there.people["office"])
    assert client.post(url).status_code == 404
    assert Job.objects.filter(kind="projects.e4").count() == 2
