"""Pages of the applicant and of the office."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock
from projects import services
from projects.domain.budget import Line
from projects.models import EligibilityDecision, Proposal, ProposalVersion
from tests.projects import make
from tests.world import build, organization


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def world(now):
    """The pages ask the database's clock, so this world lives around it."""
    return build(now)


@pytest.fixture
def here(world):
    return world.here


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def typed(here, draft, **changed):
    """What a browser posts from the edit page of a proposal filled in completely."""
    rows = {"line-TOTAL_FORMS": "3", "line-INITIAL_FORMS": "0", "line-MIN_NUM_FORMS": "0", "line-MAX_NUM_FORMS": "60"}
    for i, (head, item, price, count, own) in enumerate(
        [
            ("activity", "活动物资", "120.50", "40", "0"),
            ("staff", "社工补贴", "６００", "6", "420"),
            ("activity", "", "", "", ""),
        ]
    ):
        rows |= {
            f"line-{i}-head": head, f"line-{i}-item": item, f"line-{i}-unit_price": price, f"line-{i}-quantity": count,
            f"line-{i}-self_raised": own,
        }  # fmt: skip
    return {
        "title": "邻里换物", "theme": here.themes[1].pk, "category": "环境环保类", "community": here.communities[0].pk, "summary": "简介",
        "plan": "计划", "indicators": "指标", "starts_on": "2027-01-01", "ends_on": "2027年12月31日", "beneficiaries": "300", "volunteers": "20", "minimum": "5,000", "revision": draft.revision, "find": "",
        "save": "1", **rows,
    } | changed  # fmt: skip


def url(proposal, name=""):
    return f"/proposals/{proposal.pk}/" + (f"{name}/" if name else "")


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# --- the applicant's way


def test_the_whole_way_from_start_to_receipt(here, now):
    client, need = as_(here.people["member"]), make.make_need(here, now)
    page = client.get(f"/proposals/start/{here.round.pk}/")
    key = page.context["form"]["once_key"].value()
    answer = client.post(
        page.request["PATH_INFO"], {"organization": here.organization.pk, "title": "邻里换物", "once_key": key}
    )
    draft = Proposal.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url(draft, "edit"))
    again = client.post(
        page.request["PATH_INFO"], {"organization": here.organization.pk, "title": "邻里换物", "once_key": key}
    )
    assert (again["Location"], Proposal.objects.count()) == (url(draft, "edit"), 1)
    assert "还差 12 处才能提交" in text(client.get(url(draft, "edit")))
    answer = client.post(url(draft, "edit"), typed(here, draft, needs=[need.pk], check="1"))
    assert answer["Location"] == url(draft, "check")
    check = client.get(url(draft, "check"))
    assert "8,000.00" in text(check)
    answer = client.post(url(draft, "submit"), {"revision": check.context["proposal"].revision})
    assert answer["Location"] == url(draft, "receipt")
    stored = Proposal.objects.get()
    assert (stored.state, stored.requested, stored.minimum) == ("submitted", Decimal("8000.00"), Decimal("5000.00"))
    receipt = text(client.get(url(draft, "receipt")))
    assert stored.receipt_number in receipt
    assert ProposalVersion.objects.get().digest in receipt
    assert client.post(url(draft, "submit"))["Location"] == url(draft, "receipt")
    assert ProposalVersion.objects.count() == 1


def test_second_proposal_of_the_same_organization_is_refused_on_the_form(here, now):
    make.make_draft(here, now)
    client = as_(here.people["member"])
    key = client.get(f"/proposals/start/{here.round.pk}/").context["form"]["once_key"].value()
    answer = client.post(
        f"/proposals/start/{here.round.pk}/", {"organization": here.organization.pk, "title": "再来", "once_key": key}
    )
    assert (answer.status_code, Proposal.objects.count()) == (200, 1)
    assert "贵单位在本期已有一份申报书" in text(answer)


def test_start_with_odd_digits_in_the_address_is_answered(here):
    client = as_(here.people["member"])
    assert client.get(f"/proposals/start/{here.round.pk}/?order=²").status_code == 200
    assert client.get(f"/proposals/start/{here.round.pk}/?order=9{'0' * 30}").status_code == 200


def test_an_incomplete_draft_is_saved(here, now):
    draft = make.make_draft(here, now)
    facts = typed(here, draft, summary="", plan="", theme="", beneficiaries="") | {
        f"line-{i}-{k}": "" for i in range(3) for k in ("item", "unit_price", "quantity", "self_raised")
    }
    answer = as_(here.people["member"]).post(url(draft, "edit"), facts)
    assert answer["Location"] == url(draft, "edit")
    stored = Proposal.objects.get()
    assert (stored.plan, stored.theme, stored.requested, stored.minimum) == (
        "",
        None,
        Decimal("0.00"),
        Decimal("5000.00"),
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"minimum": "1e3"}, "请填写金额，单位为元"),
        ({"minimum": "-5"}, "请填写金额，单位为元"),
        ({"beneficiaries": "许多"}, "请填写整数，例如 300。"),
        ({"ends_on": "2026-12-31"}, "结束日期不能早于开始日期 2027-01-01。"),
        ({"line-0-unit_price": "0.001"}, "请填写金额，单位为元"),
        ({"line-0-unit_price": "NaN"}, "请填写金额，单位为元"),
        ({"line-0-self_raised": "4820.01"}, "自筹不能超过本行金额"),
        ({"line-0-quantity": ""}, "请填写数量。"),
        ({"theme": "999999"}, "选择一个有效的选项"),
    ],
)
def test_what_cannot_be_read_is_refused_and_stays_typed(here, now, changed, words):
    draft = make.make_draft(here, now)
    answer = as_(here.people["member"]).post(url(draft, "edit"), typed(here, draft, **changed))
    assert answer.status_code == 200
    assert words in text(answer)
    assert "计划</textarea>" in answer.content.decode()
    assert answer.context["form"]["plan"].value() == "计划"
    assert Proposal.objects.get().revision == 0


def test_two_tabs_the_second_is_told_and_loses_nothing(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    client.post(url(draft, "edit"), typed(here, draft, plan="第一个页面的计划"))
    second = client.post(url(draft, "edit"), typed(here, draft, plan="第二个页面的计划"))
    assert second.status_code == 200
    assert "这份申报书刚刚在别处被修改过" in text(second)
    assert "第二个页面的计划" in second.content.decode()
    assert Proposal.objects.get().plan == "第一个页面的计划"
    shown = typed(here, draft, plan="第二个页面的计划", revision=second.context["form"]["revision"].value())
    assert client.post(url(draft, "edit"), shown).status_code == 302
    assert Proposal.objects.get().plan == "第二个页面的计划"


def test_more_lines_save_nothing_complain_of_nothing_and_keep_what_is_typed(here, now):
    draft = make.make_draft(here, now)
    answer = as_(here.people["member"]).post(
        url(draft, "edit"), typed(here, draft, more="1", plan="还没写完", **{"line-0-quantity": "", "minimum": "多少"})
    )
    page = answer.content.decode()
    assert (answer.status_code, page.count("<tr data-line>"), "还没写完" in page, "多少" in page) == (
        200,
        6,
        True,
        True,
    )
    assert "error-summary" not in page
    assert "请填写数量" not in page
    assert Proposal.objects.get().revision == 0


@pytest.mark.parametrize(("said", "lines"), [("²", 3), ("", 3), ("58", 60), ("60", 60), ("-4", 3)])
def test_more_lines_stop_at_sixty_whatever_is_said(here, now, said, lines):
    draft = make.make_draft(here, now)
    answer = as_(here.people["member"]).post(
        url(draft, "edit"), typed(here, draft, more="1") | {"line-TOTAL_FORMS": said}
    )
    assert answer.content.decode().count("<tr data-line>") == lines


def test_search_narrows_the_needs_and_keeps_what_is_ticked(here, now):
    ticked = make.make_need(here, now, words="想要一间图书角。")
    wanted = make.make_need(here, now, words="路灯坏了三盏。")
    other = make.make_need(here, now, words="想学跳舞。")
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    answer = client.post(
        url(draft, "edit"), typed(here, draft, look="1", find="路灯", needs=[ticked.pk], plan="写了一半")
    )
    page = answer.content.decode()
    assert ("路灯坏了三盏" in page, "想要一间图书角" in page, "想学跳舞" in page, "写了一半" in page) == (
        True,
        True,
        False,
        True,
    )
    assert answer.context["form"]["needs"].value() == [str(ticked.pk)]
    page = client.get(url(draft, "edit") + "?find=跳舞").content.decode()
    assert (other.words in page, wanted.words in page) == (True, False)


def test_only_sixty_needs_are_listed(here, now):
    for i in range(63):
        make.make_need(here, now, words=f"第 {i} 件事。")
    draft = make.make_draft(here, now)
    page = as_(here.people["member"]).get(url(draft, "edit"))
    assert len(page.context["form"].fields["needs"].choices) == 60


def test_a_need_of_the_other_street_cannot_be_ticked(world, now):
    foreign = make.make_need(world.there, now)
    draft = make.make_draft(world.here, now)
    answer = as_(world.here.people["member"]).post(url(draft, "edit"), typed(world.here, draft, needs=[foreign.pk]))
    assert (answer.status_code, Proposal.objects.get().needs.count()) == (200, 0)
    assert foreign.words not in answer.content.decode()


def test_fields_that_are_not_on_the_form_are_ignored(world, now):
    draft = make.make_draft(world.here, now)
    extra = {
        "state": "passed", "organization": world.here.other_organization.pk, "requested": "1", "receipt_number": "X", "is_demo": "1",
        "round": world.there.round.pk, "submitted_at": "2026-01-01", "created_by": 1,
    }  # fmt: skip
    as_(world.here.people["member"]).post(url(draft, "edit"), typed(world.here, draft, **extra))
    stored = Proposal.objects.get()
    assert (stored.state, stored.organization, stored.round, stored.receipt_number, stored.is_demo, stored.submitted_at) == (
        "draft", world.here.organization, world.here.round, None, False, None,
    )  # fmt: skip
    assert stored.requested == Decimal("8000.00")


def test_script_in_words_is_shown_as_text(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    evil = "<script>alert(1)</script>"
    client.post(url(draft, "edit"), typed(here, draft, plan=evil, title=evil, **{"line-0-item": evil}))
    for name in ("edit", "check"):
        page = client.get(url(draft, name)).content.decode()
        assert evil not in page
        assert "&lt;script&gt;alert(1)" in page


def test_submitting_an_incomplete_draft_leads_back_with_the_sentence(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    answer = client.post(url(draft, "submit"), follow=True)
    assert answer.redirect_chain == [(url(draft, "check"), 302)]
    assert "申报书还没有填完：请填写主题" in text(answer)
    assert Proposal.objects.get().state == "draft"


def test_late_is_refused_with_the_sentence_and_the_draft_is_kept(here, now):
    past = now - timedelta(days=20)
    late = build_round(here, past)
    draft = make.make_complete_draft(late, past)
    answer = as_(here.people["member"]).post(url(draft, "submit"), follow=True)
    assert "截止，不能再提交。您的草稿已保留。" in text(answer)
    assert Proposal.objects.get(pk=draft.pk).state == "draft"


def build_round(here, past):
    """The street with a round whose window was open around `past`."""
    from dataclasses import replace

    from rounds.models import Theme
    from tests.world import open_round

    round_ = open_round(here.area, past, title="上一期")
    themes = [Theme.objects.create(round=round_, name=n, position=i) for i, n in enumerate(("党建", "环保"), 1)]
    return replace(here, round=round_, themes=themes)


def test_after_a_return_only_marked_fields_can_be_typed_in(here, now):
    proposal = make.make_submitted_proposal(here, now)
    make.decide(proposal, here, "return", now, fields_open=["plan"], complete_by=now + timedelta(days=1))
    client = as_(here.people["member"])
    page = client.get(url(proposal, "edit"))
    shut = {name for name, field in page.context["form"].fields.items() if field.disabled}
    assert shut == {
        "title",
        "theme",
        "category",
        "community",
        "summary",
        "starts_on",
        "ends_on",
        "indicators",
        "beneficiaries",
        "volunteers",
        "minimum",
        "needs",
        "orders",
        "unanswered",
    }
    assert "本次补正不含预算，预算不变" in text(page)
    revision = Proposal.objects.get().revision
    answer = client.post(
        url(proposal, "edit"), {"revision": revision, "plan": "改好了", "title": "偷偷改名", "save": "1"}
    )
    assert answer.status_code == 302
    stored = Proposal.objects.get()
    assert (stored.plan, stored.title, stored.requested, stored.lines.count(), stored.needs.count()) == (
        "改好了",
        "邻里换物",
        make.GRANT,
        2,
        1,
    )


def test_withdrawing_asks_for_a_reason(here, now):
    proposal, client = make.make_submitted_proposal(here, now), as_(here.people["member"])
    assert "请填写撤回理由。" in text(client.post(url(proposal, "withdraw"), {"reason": ""}))
    assert Proposal.objects.get().state == "submitted"
    assert client.post(url(proposal, "withdraw"), {"reason": "改做别的"})["Location"] == url(proposal)
    assert Proposal.objects.get().state == "withdrawn"
    assert "申报书的状态已经改变" in text(client.post(url(proposal, "withdraw"), {"reason": "再撤"}))


# --- the office


def test_the_office_reads_what_was_handed_in_not_what_is_being_rewritten(here, now):
    proposal = make.make_submitted_proposal(here, now)
    make.decide(
        proposal, here, "return", now, fields_open=["plan", "budget", "title"], complete_by=now + timedelta(days=1)
    )
    needs = tuple(proposal.needs.values_list("pk", flat=True))
    make.save(
        proposal,
        here,
        now,
        plan="改到一半",
        title="新名字",
        need_ids=needs,
        lines=(Line("activity", "新物资", Decimal("77.77"), 100, Decimal(0)),),
    )
    page = text(as_(here.people["office"]).get(url(proposal)))
    assert ("改到一半" in page, "新名字" in page, "新物资" in page) == (False, False, False)
    assert ("8,420.00" in page, "8,000.00" in page, "420.00" in page) == (True, True, True)
    services.submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=now)
    page = text(as_(here.people["office"]).get(url(proposal)))
    assert ("改到一半" in page, "新名字" in page, "7,777.00" in page) == (True, True, True)


def test_the_office_returns_with_marked_fields_and_the_applicant_reads_why(here, now):
    proposal, office = make.make_submitted_proposal(here, now), as_(here.people["office"])
    until = clock.local(now + timedelta(days=3))
    answer = office.post(
        url(proposal),
        {
            "outcome": "return",
            "reason": "计划缺时间。",
            "fields_open": ["plan"],
            "complete_by": f"{until:%Y-%m-%d %H:%M}",
        },
    )
    assert answer["Location"] == url(proposal)
    decision = EligibilityDecision.objects.get()
    assert (decision.outcome, decision.fields_open, decision.reason) == ("return", ["plan"], "计划缺时间。")
    assert "计划缺时间。" in text(as_(here.people["member"]).get(url(proposal)))
    assert "需要补正：计划缺时间。" in text(as_(here.people["member"]).get(url(proposal, "edit")))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "请选择初审结论。"),
        ({"outcome": "refuse"}, "退回补正或不予受理必须写明理由。"),
        ({"outcome": "refuse", "reason": "  "}, "退回补正或不予受理必须写明理由。"),
        ({"outcome": "return", "reason": "缺", "complete_by": "2099-01-01 12:00"}, "请勾选需要补正的栏目。"),
        ({"outcome": "return", "reason": "缺", "fields_open": ["plan"]}, "请填写补正截止时间。"),
        (
            {"outcome": "return", "reason": "缺", "fields_open": ["plan"], "complete_by": "2020-01-01 12:00"},
            "补正截止时间应晚于现在。",
        ),
    ],
)
def test_a_decision_without_what_belongs_to_it_is_refused_on_the_form(here, now, sent, words):
    proposal = make.make_submitted_proposal(here, now)
    answer = as_(here.people["office"]).post(url(proposal), sent)
    assert (answer.status_code, words in text(answer)) == (200, True)
    assert (Proposal.objects.get().state, EligibilityDecision.objects.count()) == ("submitted", 0)


def test_the_second_officer_reads_that_it_is_decided(here, now):
    proposal = make.make_passed_proposal(here, now)
    answer = as_(here.people["office"]).post(url(proposal), {"outcome": "refuse", "reason": "晚了一步"})
    assert "申报书的状态已经改变" in text(answer)
    assert (Proposal.objects.get().state, EligibilityDecision.objects.count()) == ("passed", 1)


@pytest.mark.parametrize("role", ["leader", "finance", "supervisor", "community", "member"])
def test_who_reads_does_not_decide(here, now, role):
    proposal = make.make_submitted_proposal(here, now)
    client = as_(here.people[role])
    assert "登记结论" not in text(client.get(url(proposal)))
    assert client.post(url(proposal), {"outcome": "pass"}).status_code == 403
    assert Proposal.objects.get().state == "submitted"


@pytest.mark.parametrize("name", ["", "edit", "check", "receipt", "withdraw"])
def test_people_of_the_other_street_find_nothing(world, now, name):
    proposal = make.make_submitted_proposal(world.here, now)
    answers = {role: as_(u).get(url(proposal, name)).status_code for role, u in world.there.people.items()}
    assert set(answers.values()) == {404}
    assert as_(world.here.people["other_member"]).get(url(proposal, name)).status_code == 404


def test_the_list_filters_and_adds_up(here, now):
    make.make_passed_proposal(here, now)
    make.make_submitted_proposal(
        here, now, organization=here.other_organization, by=here.people["other_member"], title="乙"
    )
    make.make_draft(here, now, organization=_other(here, now, "丙社"), by=_reload(here), title="丙")
    client = as_(here.people["office"])

    def found(query=""):
        answer = client.get(f"/proposals/{query}")
        return [(r["title"], r["needs_n"], r["orders_n"]) for r in answer.context["page"]], answer.context["sums"]

    both = [("乙", 1, 0), ("邻里换物", 1, 0)]
    assert found() == (both, {"n": 2, "asked": Decimal("16000.00"), "least": Decimal("10000.00")})
    assert found("?state=passed")[0] == [("邻里换物", 1, 0)]
    assert found("?state=draft")[0] == []
    assert found(f"?round={here.round.pk}&theme=环保")[0] == both
    assert found("?theme=党建") == ([], {"n": 0, "asked": None, "least": None})
    assert found("?kind=party")[0] == []
    assert found("?round=²")[0] == both
    assert found(f"?round=9{'0' * 40}&page=x")[0] == both


def _other(here, now, name):
    org = organization(here.area, name, now)
    org.members.create(user=here.people["member"], duty="clerk", since=now)
    return org


def _reload(here):
    return User.objects.get(pk=here.people["member"].pk)


@pytest.mark.parametrize(
    ("role", "path"), [("office", "/proposals/"), ("community", "/proposals/"), ("member", "/proposals/mine/")]
)
def test_lists_take_the_same_number_of_queries_for_3_and_30(here, now, role, path):
    def count():
        client = as_(here.people[role])
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    def more(names):
        for name in names:
            make.make_submitted_proposal(here, now, organization=_other(here, now, name), by=_reload(here), title=name)

    more(f"第{i}社" for i in range(3))
    few = count()
    more(f"第{i}社" for i in range(3, 30))
    assert count() == few


def test_the_edit_page_takes_the_same_number_of_queries_for_3_and_60_choices(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])

    def count():
        client.get(url(draft, "edit"))
        with CaptureQueriesContext(connection) as found:
            client.get(url(draft, "edit"))
        return len(found)

    for i in range(3):
        make.make_need(here, now, words=f"第 {i} 件事。")
    few = count()
    for i in range(3, 60):
        make.make_need(here, now, words=f"第 {i} 件事。")
    make.save(draft, here, now, lines=tuple(Line("activity", f"{i}", Decimal(1), 1, Decimal(0)) for i in range(50)))
    assert count() == few


# --- saving by script while one types


def test_a_script_saves_and_learns_revision_moment_and_gaps(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    answer = client.post(url(draft, "edit"), typed(here, draft, auto="1"))
    stored = Proposal.objects.get()
    assert (answer.status_code, stored.plan, stored.revision) == (200, "计划", 1)
    told = answer.json()
    assert (told["meter"].pop("sections")[1]["title"], told.pop("meter")) == ("回应需求", {"filled": 12, "total": 13})
    assert told == {
        "revision": 1,
        "at": stored.saved_at.isoformat(),
        "gaps": [{"href": "#div_id_needs", "words": "请至少选择一件居民需求或一张服务项目单"}],
    }
    assert (
        client.post(url(draft, "edit"), typed(here, draft, auto="1", revision=1, plan="又改")).json()["revision"] == 2
    )
    assert Proposal.objects.get().plan == "又改"


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"revision": 0}, 409), ({"minimum": "多少"}, 422), ({"line-0-quantity": ""}, 422), ({"title": ""}, 422)],
)
def test_a_script_is_told_why_nothing_was_saved(here, now, changed, status):
    draft, client = make.make_complete_draft(here, now), as_(here.people["member"])
    before = Proposal.objects.values().get()
    answer = client.post(url(draft, "edit"), typed(here, draft, auto="1", plan="改") | changed)
    assert (answer.status_code, list(answer.json())) == (status, ["message"])
    assert Proposal.objects.values().get() == before


def test_a_script_cannot_save_what_is_handed_in(here, now):
    proposal = make.make_submitted_proposal(here, now)
    answer = as_(here.people["member"]).post(url(proposal, "edit"), typed(here, proposal, auto="1"))
    assert (answer.status_code, answer.json()["message"]) == (409, services.NotEditable.message)
