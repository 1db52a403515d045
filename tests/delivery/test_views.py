"""The pages: entering on a phone's form, the list, the checker's queue; sent twice, late, forged, foreign, oversized."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery import rules, services
from delivery.models import Expense
from funding.services import end_agreement
from jobs.models import Job
from tests.delivery.make import SPENT_AT, accepted, enter, hand_in, line_of, pdf, project
from tests.judging.make import signed_in

D = Decimal


@pytest.fixture
def agreement(world, at, settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    found = project(world, at)
    monkeypatch.setattr("core.clock.now", lambda: at + SPENT_AT)
    return found


@pytest.fixture
def member(world):
    return signed_in(world.here.people["member"])


@pytest.fixture
def finance(world):
    return signed_in(world.here.people["finance"])


def typed(agreement, **changes):
    return {
        "amount": "1,200", "spent_on": "2026年12月5日", "summary": "购买活动物资", "place": f"activity:{line_of(agreement).pk}", "payee": "测试文具店",
        "source": "grant", "bill_kind": "invoice", "bill_number": "26442000000000000017", "checked": ["title", "verified"], "voucher": "",
        "once_key": "7d444840-9dc0-11d1-b245-5ffdce74fad2", "bill_files": [pdf()], **changes,
    }  # fmt: skip


def html(answer):
    return answer.content.decode()


def test_from_the_form_to_the_checker_and_back(world, at, agreement, member, finance):
    new = f"/spending/{agreement.pk}/new/"
    assert "业务活动费（未对应预算行）" in html(member.get(new))
    assert "还没有录入支出" in html(member.get(f"/spending/{agreement.pk}/"))
    kept = member.post(new, typed(agreement, save="1", checked=[], photo_files=[pdf("照片.pdf")]))
    expense = Expense.objects.get()
    assert (kept.url, expense.state, expense.amount, expense.line, expense.papers.count()) == (
        f"/expenses/{expense.pk}/", "draft", 1200, line_of(agreement), 2,
    )  # fmt: skip
    page = html(member.get(kept.url))
    assert "还缺：发票抬头是本单位全称" in page
    assert "人民币壹仟贰佰元整" in page
    refused = member.post(f"/expenses/{expense.pk}/submit/")
    assert (refused.status_code, "凭证还缺：发票抬头是本单位全称、已在税务平台查验真伪" in html(refused)) == (400, True)
    assert finance.get(f"/expenses/{expense.pk}/").status_code == 404
    member.post(f"/expenses/{expense.pk}/edit/", typed(agreement, submit="1", bill_files=[]))
    expense.refresh_from_db()
    assert expense.state == "submitted"
    assert "测试文具店" in html(finance.get("/spending/check/"))
    short = finance.post("/spending/check/decide/", {"ids": [expense.pk], "act": "return"})
    assert (short.status_code, "请写明退回理由" in html(short)) == (400, True)
    assert f'value="{expense.pk}" checked' in html(short)
    finance.post("/spending/check/decide/", {"ids": [expense.pk], "act": "return", "reason": "照片不清楚。"})
    assert "退回理由：照片不清楚。" in html(member.get(f"/expenses/{expense.pk}/edit/"))
    member.post(f"/expenses/{expense.pk}/submit/")
    finance.post("/spending/check/decide/", {"ids": [expense.pk], "act": "accept"})
    expense.refresh_from_db()
    assert expense.state == "accepted"
    page = html(member.get(f"/spending/{agreement.pk}/"))
    assert "累计支出 <strong" in page
    assert "1,200.00" in page
    assert "13.33%" in page


def test_sent_twice_is_one_expense(agreement, member):
    first = member.post(f"/spending/{agreement.pk}/new/", typed(agreement))
    again = member.post(f"/spending/{agreement.pk}/new/", typed(agreement))
    assert first.url == again.url
    assert Expense.objects.count() == 1
    pk = Expense.objects.get().pk
    assert member.post(f"/expenses/{pk}/submit/").status_code == 302
    assert member.post(f"/expenses/{pk}/submit/").status_code == 409


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "0"}, "金额必须大于零"), ({"amount": "一千"}, "请填写金额，单位为元"), ({"spent_on": "2026-12-14"}, "支出日期不能晚于今天（2026年12月13日）"),
        ({"place": ""}, "请选择科目和预算行"), ({"place": "staff:999"}, "选择一个有效的选项"), ({"place": "staff:"}, "请写明超出的理由"), ({"amount": "9000.01"}, "超支不补"),
        ({"bill_files": [SimpleUploadedFile("x.jpg", b"<script>")]}, "只能上传 PDF、JPG 或 PNG"),
        ({"bill_files": [SimpleUploadedFile("x.pdf", b"%PDF-" + b"0" * 10 * 1024 * 1024)]}, "文件超过 10 MB"),
        ({"bill_files": [pdf() for _ in range(3)], "photo_files": [pdf() for _ in range(3)]}, "最多 5 个附件"), ({"once_key": "x"}, "页面已过期"),
        ({"checked": ["forged"]}, "选择一个有效的选项"), ({"source": "other"}, "选择一个有效的选项"), ({"summary": "长" * 121}, "120"),
    ],
)  # fmt: skip
def test_a_refused_form_says_why_and_keeps_what_was_typed(agreement, member, changes, words):
    answer = member.post(f"/spending/{agreement.pk}/new/", typed(agreement, **changes))
    page = html(answer)
    assert words in page
    assert "错误：" in page
    assert "测试文具店" in page
    assert "请重新选择附件" in page
    assert not Expense.objects.exists()


def test_an_invoice_used_before_is_refused_at_its_field(world, at, agreement, member):
    used = hand_in(world, agreement, at)
    page = html(member.post(f"/spending/{agreement.pk}/new/", typed(agreement)))
    assert f"已用于支出 {used.number}（本项目）" in page
    assert "#id_bill_number" in page


def test_what_is_missing_leaves_the_expense_as_entered(agreement, member):
    answer = member.post(f"/spending/{agreement.pk}/new/", typed(agreement, submit="1", bill_files=[]), follow=True)
    assert "已暂存，还不能提交" in html(answer)
    assert Expense.objects.get().state == "draft"


def test_late_after_the_agreement_ended(world, at, agreement, member):
    draft = enter(world, agreement, at)
    end_agreement(agreement_id=agreement.pk, reason="停办。", by=world.here.people["leader"], at=at + SPENT_AT)
    assert member.get(f"/spending/{agreement.pk}/new/").status_code == 409
    assert member.post(f"/expenses/{draft.pk}/submit/").status_code == 409
    assert member.get(f"/expenses/{draft.pk}/edit/").status_code == 302
    page = html(member.get(f"/spending/{agreement.pk}/"))
    assert "协议已终止" in page
    assert "记一笔支出" not in page


def test_foreign_and_forged_ids(world, at, agreement, finance):
    expense, draft = hand_in(world, agreement, at), enter(world, agreement, at, bill_number="2")
    for role in ("finance", "member", "office"):
        stranger = signed_in(world.there.people[role])
        for path in (
            f"/spending/{agreement.pk}/",
            f"/expenses/{expense.pk}/",
            f"/expenses/{expense.pk}/files/{expense.papers.get().pk}/",
        ):
            assert stranger.get(path).status_code == 404
    there = signed_in(world.there.people["finance"])
    assert there.post("/spending/check/decide/", {"ids": [expense.pk], "act": "accept"}).status_code == 404
    for ids in ([draft.pk], [expense.pk, 999999], ["x"], ["9" * 30], []):
        answer = finance.post("/spending/check/decide/", {"ids": ids, "act": "accept"})
        assert answer.status_code in (400, 404)
    member = signed_in(world.here.people["member"])
    assert member.post(f"/spending/{agreement.pk}/submit/", {"ids": [expense.pk, 999999]}).status_code == 404
    assert member.post(f"/spending/{agreement.pk}/submit/", {"ids": ["²"]}).status_code == 400
    assert member.get(f"/expenses/{draft.pk}/files/{expense.papers.get().pk}/").status_code == 404
    assert finance.post("/spending/check/decide/", {"ids": [expense.pk], "act": "pay"}).status_code == 400
    assert sorted(Expense.objects.values_list("state", flat=True)) == ["draft", "submitted"]


def test_several_are_handed_in_together_or_none(world, at, agreement, member):
    first, second = enter(world, agreement, at), enter(world, agreement, at, bill_number="")
    ids = {"ids": [first.pk, second.pk]}
    answer = member.post(f"/spending/{agreement.pk}/submit/", ids)
    assert (answer.status_code, f"支出 {second.number}：请填写发票号码" in html(answer)) == (400, True)
    assert html(answer).count(" checked") == 2
    member.post(f"/expenses/{second.pk}/edit/", typed(agreement, bill_number="5", bill_files=[]))
    assert member.post(f"/spending/{agreement.pk}/submit/", ids).status_code == 302
    assert set(Expense.objects.values_list("state", flat=True)) == {"submitted"}


def test_a_file_comes_as_an_attachment_and_goes_until_handed_in(world, at, agreement, member):
    expense = enter(world, agreement, at)
    place = f"/expenses/{expense.pk}/files/{expense.papers.get().pk}/"
    answer = member.get(place)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox"
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 paper"
    assert member.post(f"{place}remove/").status_code == 302
    assert expense.papers.count() == 0


def test_counter_entry_and_void_ask_for_a_reason(world, at, agreement, member, finance):
    expense, draft = accepted(world, agreement, at), enter(world, agreement, at, bill_number="2")
    assert "请填写理由" in html(finance.post(f"/expenses/{expense.pk}/reverse/", {}))
    answer = finance.post(f"/expenses/{expense.pk}/reverse/", {"rev-reason": "重复入账。"}, follow=True)
    assert "已冲销，冲销记录" in html(answer)
    assert finance.post(f"/expenses/{expense.pk}/reverse/", {"rev-reason": "再来。"}).status_code == 409
    assert "-1,200.00" in html(member.get(f"/spending/{agreement.pk}/"))
    assert "请填写理由" in html(member.post(f"/expenses/{draft.pk}/drop/", {}))
    assert member.post(f"/expenses/{draft.pk}/drop/", {"drop-reason": "录错"}).status_code == 302
    assert "已作废" in html(member.get(f"/spending/{agreement.pk}/"))  # the message, once
    assert draft.number not in html(member.get(f"/spending/{agreement.pk}/"))
    assert draft.number in html(member.get(f"/expenses/{draft.pk}/"))


def test_amounts_in_capitals(member, agreement):
    assert member.get("/spending/words/?amount=5,000.50").json() == {"words": "人民币伍仟元伍角整"}
    for bad in ("", "x", "-1", "9" * 40):
        assert member.get("/spending/words/", {"amount": bad}).json() == {"words": ""}


def test_reports_are_ordered_for_a_period(agreement, member):
    answer = member.post(f"/spending/{agreement.pk}/export/budget/", {"first": "2026-12-01", "last": "2026-12-31"})
    job = Job.objects.get()
    assert (answer.url, job.kind, job.params) == (
        f"/jobs/{job.pk}/", "delivery.e12", {"agreement": agreement.pk, "first": "2026-12-01", "last": "2026-12-31"},
    )  # fmt: skip
    refused = member.post(f"/spending/{agreement.pk}/export/vouchers/", {"first": "2026-12-02", "last": "2026-12-01"})
    assert (refused.status_code, "结束日期不能早于开始日期" in html(refused)) == (400, True)


def test_what_others_see_is_handed_in(world, at, agreement):
    hand_in(world, agreement, at)
    draft = enter(world, agreement, at, bill_number="2", voucher="记字99号")
    for role in ("office", "leader", "finance", "supervisor", "community"):
        page = html(signed_in(world.here.people[role]).get(f"/spending/{agreement.pk}/?state="))
        assert "记字3号" in page
        assert draft.voucher not in page
        assert "申请拨付时用" not in page


@pytest.mark.parametrize("path", ["/spending/", "/spending/{pk}/", "/spending/check/"])
def test_pages_cost_the_same_for_few_and_many(world, at, agreement, path):
    """As the office reads them, three rows and thirty."""
    for n in range(3):
        hand_in(world, agreement, at, amount=D(10), bill_number=str(n))
    client, counts = signed_in(world.here.people["office"]), []
    for more in (0, 27):
        for n in range(more):
            hand_in(world, agreement, at, amount=D(10), bill_number=f"m{n}")
        client.get("/help/")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(path.format(pk=agreement.pk)).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert rules.spent(agreement) == 300


def test_the_list_of_projects_is_for_those_who_have_some(world, at, agreement):
    for role, code in (
        ("office", 200),
        ("community", 200),
        ("member", 200),
        ("other_member", 200),
        ("grid", 403),
        ("judge", 403),
    ):
        answer = signed_in(world.here.people[role]).get("/spending/")
        assert answer.status_code == code, role
        if code == 200:
            assert (agreement.number in html(answer)) is (role != "other_member"), role
    assert signed_in(world.here.people["leader"]).get("/spending/check/").status_code == 403


def test_a_checker_sees_what_to_compare(world, at, agreement, finance):
    first = hand_in(world, agreement, at, bill_kind="receipt", bill_number="", checked=("signed",))
    second = hand_in(world, agreement, at, bill_number="2", spent_on=first.spent_on - timedelta(days=9))
    services.return_expenses(
        expense_ids=[second.pk], reason="日期不对。", by=world.here.people["finance"], at=at + SPENT_AT
    )
    third = hand_in(world, agreement, at, bill_number="3")
    page = html(finance.get(f"/expenses/{third.pk}/"))
    assert f'请核对是否重复：<a href="/expenses/{first.pk}/">' in page
    assert "不在项目实施期" in html(finance.get(f"/expenses/{second.pk}/"))
