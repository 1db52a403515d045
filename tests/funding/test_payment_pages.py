"""Pages of payments: who sees and does what, what a refused form keeps, forged and repeated requests, the papers."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from funding import rules, services
from funding.documents.request import write_request
from funding.domain import agreement as domain
from funding.models import Payment, Repayment
from jobs.models import Job
from messaging.models import Notice
from tests.funding.money import LATER, ask, checked, fund, noticed, okayed, paid, pdf, sign, signed, text
from tests.judging.make import signed_in

D = Decimal
KEY = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
ACCOUNT = "6222000000000000001"


@pytest.fixture
def agreement(world, at, settings, tmp_path, monkeypatch):
    """A signed agreement, 60-40; the clock stands a day later."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(clock, "now", lambda: at + LATER + timedelta(days=1))
    return signed(world, at)


@pytest.fixture
def later(at):
    return at + LATER + timedelta(days=1)


def body(answer):
    return answer.content.decode()


def wanted(**changes):
    return {"amount": "5,400.00", "spent": "0", "words": "收据 001 号。", "once_key": KEY, **changes}


def change_account(world, agreement, at, account="6222000000000000999"):
    """A new version with another account, signed at `at` plus an hour."""
    office = world.here.people["office"]
    version = services.change_agreement(agreement_id=agreement.pk, reason="账户变更", by=office, at=at)
    content = replace(domain.read(version.content), payee_account=account)
    services.save_agreement(version_id=version.pk, content=content, by=office, at=at)
    version.refresh_from_db()
    return sign(world, version, at)


# ---- the organization


def test_an_organization_reads_what_it_may_ask_for_and_what_is_missing(world, agreement, later):
    member = signed_in(world.here.people["member"])
    page = body(member.get(f"/agreements/{agreement.pk}/payments/"))
    assert "“首款”还没有拨付，拨付以后才能申请这一期。" in page
    assert re.findall(r"申请(首款|尾款)</a>", page) == ["首款"]
    paid(world, ask(world, agreement, later), later)
    page = body(member.get(f"/agreements/{agreement.pk}/payments/"))
    assert re.findall(r"申请(首款|尾款)</a>", page) == ["尾款"]
    assert "已拨完" in page
    assert "办理时逐项核对：阶段资料已验收、末期验收合格、决算和结余已处理。" in page


def test_a_spending_rate_is_told_in_yuan(world, at, settings, tmp_path, later):
    settings.MEDIA_ROOT = tmp_path
    agreement = signed(world, at, plan="50-30-20")
    paid(world, ask(world, agreement, later), later)
    second = rules.asks(agreement)[1]
    assert (second.is_next, second.can_ask, second.rate) == (True, True, D("3150.00"))
    assert second.notes[1] == (
        "已拨资金的支出率须达到 70%：已拨 4,500.00 元，累计支出不少于 3,150.00 元；上次申报累计支出 0.00 元（0%）。"
    )


def test_papers_and_objections_are_told_before_asking(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    award = noticed(world, at)
    purse = fund(world, at, needs_papers=True)
    version = services.draft_agreement(
        proposal_id=award.proposal_id,
        content=text(award, [(purse, award.amount)]),
        by=world.here.people["office"],
        at=at + LATER,
    )
    agreement = sign(world, version, at + LATER)
    first = rules.asks(agreement)[0]
    assert "还缺民主决策材料：会议记录、表决结果、公示照片" in first.notes[-1]
    assert first.can_ask
    services.end_agreement(agreement_id=agreement.pk, reason="停", by=world.here.people["leader"], at=at + LATER)
    agreement.refresh_from_db()
    assert rules.asks(agreement)[0].missing == ("协议已终止，不能申请拨付。",)


def test_a_request_is_made_once_however_often_it_is_sent(world, agreement):
    member = signed_in(world.here.people["member"])
    url = f"/agreements/{agreement.pk}/payments/request/"
    form = member.get(url)
    assert 'value="5400.00"' in body(form)
    assert ACCOUNT in body(form)
    first = member.post(url, wanted(evidence=[pdf("收据.pdf")]))
    again = member.post(url, wanted(evidence=[pdf("收据.pdf")]))
    assert (first.status_code, first.url) == (302, again.url)
    payment = Payment.objects.get()
    assert (payment.amount, payment.words, payment.evidence.count()) == (5400, "收据 001 号。", 1)
    file = payment.evidence.get()
    answer = member.get(f"/payments/{payment.pk}/evidence/{file.pk}/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"amount": "5400.01"}, "“首款”还可申请 5,400.00 元，不能申请 5,400.01 元。"),
        ({"amount": "0"}, "金额不能少于 0.01 元。"),
        ({"amount": "-1"}, "请填写金额，单位为元"),
        ({"amount": "1e3"}, "请填写金额，单位为元"),
        ({"amount": "NaN"}, "请填写金额，单位为元"),
        ({"amount": "0.001"}, "请填写金额，单位为元"),
        ({"spent": "1"}, "累计支出 1.00 元超过已拨付的 0.00 元"),
        ({"spent": ""}, "请填写已拨资金累计支出（元）。"),
        ({"once_key": "x"}, "页面已过期，请刷新后重新提交。"),
    ],
)
def test_a_refused_request_keeps_what_was_typed(world, agreement, sent, words):
    member = signed_in(world.here.people["member"])
    answer = member.post(f"/agreements/{agreement.pk}/payments/request/", wanted(**sent))
    assert answer.status_code in (200, 400)
    page = body(answer)
    assert words in page
    assert "收据 001 号。" in page
    assert "<title>错误：" in page.replace("\n", "")
    assert not Payment.objects.exists()


def test_full_width_digits_are_read(world, agreement):
    member = signed_in(world.here.people["member"])
    member.post(f"/agreements/{agreement.pk}/payments/request/", wanted(amount="５，４００．００ 元"))
    assert Payment.objects.get().amount == 5400


def test_files_are_told_by_their_content_and_number(world, agreement):
    member = signed_in(world.here.people["member"])
    url = f"/agreements/{agreement.pk}/payments/request/"
    many = member.post(url, wanted(evidence=[pdf(f"{n}.pdf") for n in range(6)]))
    script = member.post(url, wanted(evidence=[SimpleUploadedFile("收据.pdf", b"<script>alert(1)</script>")]))
    large = member.post(url, wanted(evidence=[SimpleUploadedFile("大.pdf", b"%PDF-" + b"0" * (5 * 1024 * 1024))]))
    assert ["最多 5 个文件" in body(many), "只能上传 PDF" in body(script), "超过 5 MB" in body(large)] == [True] * 3
    assert not Payment.objects.exists()


def test_an_instalment_and_an_account_cannot_be_forged(world, agreement):
    member = signed_in(world.here.people["member"])
    member.post(
        f"/agreements/{agreement.pk}/payments/request/?term=99",
        wanted(instalment="2", payee_account="1111", state="paid", voucher="x", paid_on="2026-12-01"),
    )
    payment = Payment.objects.get()
    assert (payment.instalment.position, payment.payee["account"], payment.state, payment.voucher) == (
        1,
        ACCOUNT,
        "requested",
        "",
    )


def test_a_later_instalment_asked_by_hand_is_refused(world, agreement):
    member = signed_in(world.here.people["member"])
    answer = member.post(f"/agreements/{agreement.pk}/payments/request/?term=2", wanted(amount="3600"))
    assert answer.status_code == 400
    assert "“首款”还没有拨付，不能申请后一期。" in body(answer)


def test_a_request_is_withdrawn_with_a_reason_until_it_is_checked(world, agreement, later):
    payment = ask(world, agreement, later)
    member = signed_in(world.here.people["member"])
    url = f"/payments/{payment.pk}/withdraw/"
    assert "请填写理由。" in body(member.post(url, {"withdraw-reason": " "}))
    assert member.post(url, {"withdraw-reason": "金额有误"}).status_code == 302
    late = member.post(url, {"withdraw-reason": "再来"})
    assert (late.status_code, "状态已变化" in body(late), "再来" in body(late)) == (409, True, False)
    assert "金额有误" in body(member.get(f"/payments/{payment.pk}/"))


# ---- the desks


def test_a_request_goes_over_four_desks(world, agreement, later):
    who = world.here.people
    payment = ask(world, agreement, later)
    url = f"/payments/{payment.pk}/"
    desks = {key: signed_in(who[key]) for key in ("member", "office", "leader", "finance", "supervisor", "community")}
    acts = ("check/", "approve/", "pay/", "fail/", "withdraw/", "refuse/")

    def offered():
        return {key: [a for a in acts if f'action="{url}{a}"' in body(c.get(url))] for key, c in desks.items()}

    nobody = {key: [] for key in desks}
    assert offered() == nobody | {"office": ["check/", "refuse/"], "member": ["withdraw/"]}
    wrong = desks["office"].post(url + "check/", {"signed": ""})
    assert "请写明“协议已签订”是怎样核对的" in body(wrong)
    assert desks["office"].post(url + "check/", {"signed": "原件已盖章"}).status_code == 302
    assert offered() == nobody | {"leader": ["approve/", "refuse/"]}
    assert "原件已盖章" in body(desks["leader"].get(url))
    assert desks["leader"].post(url + "approve/").status_code == 302
    assert desks["leader"].post(url + "approve/").status_code == 409
    assert offered() == nobody | {"finance": ["pay/", "refuse/"]}
    kept = desks["finance"].post(url + "pay/", {"paid_on": "2026-12-31", "voucher": "记字77号"})
    assert (kept.status_code, "日期不能晚于今天" in body(kept), "记字77号" in body(kept)) == (400, True, True)
    early = desks["finance"].post(url + "pay/", {"paid_on": "2026-11-01", "voucher": "记字77号"})
    assert (early.status_code, "拨付日期不能早于审批日期" in body(early)) == (400, True)
    day = clock.local(later).date().isoformat()
    assert desks["finance"].post(url + "pay/", {"paid_on": day, "voucher": "记字77号"}).status_code == 302
    twice = desks["finance"].post(url + "pay/", {"paid_on": day, "voucher": "记字78号"})
    assert (twice.status_code, "状态已变化" in body(twice)) == (409, True)
    payment.refresh_from_db()
    assert (payment.state, payment.voucher) == ("paid", "记字77号")
    assert offered() == nobody | {"finance": ["fail/"]}
    steps = re.findall(r'<li class="timeline-(\w+)"', body(desks["member"].get(url)))
    assert steps == ["done", "done", "done", "done"]


@pytest.mark.parametrize(("who", "step"), [("office", "requested"), ("leader", "checked"), ("finance", "approved")])
def test_whoever_has_the_turn_refuses_with_a_reason(world, agreement, later, who, step):
    payment = ask(world, agreement, later)
    if step == "checked":
        checked(world, payment, later)
    if step == "approved":
        okayed(world, payment, later)
    client = signed_in(world.here.people[who])
    url = f"/payments/{payment.pk}/refuse/"
    assert "请填写理由。" in body(client.post(url, {"refuse-reason": ""}))
    assert client.post(url, {"refuse-reason": "收据缺章"}).status_code == 302
    payment.refresh_from_db()
    assert (payment.state, payment.close_reason) == ("refused", "收据缺章")
    assert rules.asks(agreement)[0].left == 5400
    told = Notice.objects.get(kind="funding.payment", recipient=world.here.people["member"])
    assert told.subject == "申请未通过：邻里文艺首款"
    assert told.body.endswith("申请未通过。理由：收据缺章　改好以后可以重新申请。")
    assert told.link == f"/payments/{payment.pk}/"


def test_a_failed_payment_opens_its_instalment_and_keeps_the_voucher(world, agreement, later):
    payment = paid(world, ask(world, agreement, later), later)
    finance = signed_in(world.here.people["finance"])
    assert finance.post(f"/payments/{payment.pk}/fail/", {"fail-reason": "户名不符"}).status_code == 302
    assert finance.post(f"/payments/{payment.pk}/fail/", {"fail-reason": "户名不符"}).status_code == 409
    payment.refresh_from_db()
    assert (payment.state, payment.voucher) == ("failed", "记字12号")
    assert rules.asks(agreement)[0].left == 5400


def test_money_that_came_back_is_booked_once(world, agreement, later):
    payment = paid(world, ask(world, agreement, later), later)
    part = payment.parts.get()
    finance = signed_in(world.here.people["finance"])
    url = f"/payments/parts/{part.pk}/repay/"
    sent = {
        "kind": "returned", "amount": "400", "received_on": clock.local(later).date().isoformat(), "voucher": "收字1号", "reason": "结余",
        "once_key": KEY,
    }  # fmt: skip
    over = finance.post(url, sent | {"amount": "5400.01"})
    assert (over.status_code, "这一笔最多可退回 5,400.00 元。" in body(over), "收字1号" in body(over)) == (
        400,
        True,
        True,
    )
    future = finance.post(url, sent | {"received_on": "2027-01-01"})
    assert (future.status_code, "日期不能晚于今天。" in body(future)) == (400, True)
    assert "请填写理由。" in body(finance.post(url, sent | {"reason": ""}))
    assert [finance.post(url, sent).status_code for _ in range(2)] == [302, 302]
    assert Repayment.objects.get().amount == 400
    page = body(finance.get(f"/payments/{payment.pk}/"))
    assert "结余退回 400.00 元，凭证号 收字1号" in page
    assert f'action="/payments/{payment.pk}/fail/"' not in page


def test_strangers_find_nothing_and_others_may_not(world, agreement, later):
    payment = ask(world, agreement, later)
    part = payment.parts.get()
    pages = [f"/payments/{payment.pk}/", f"/agreements/{agreement.pk}/payments/", f"/payments/{payment.pk}/word/"]
    for user in [*world.there.people.values(), world.here.people["other_member"], world.here.people["judge"]]:
        client = signed_in(user)
        assert [client.get(url).status_code for url in pages] == [404, 404, 404], user
        assert client.post(f"/payments/{payment.pk}/pay/", {}).status_code == 404
    member = signed_in(world.here.people["member"])
    for act in ("check", "approve", "pay", "refuse", "fail"):
        assert member.post(f"/payments/{payment.pk}/{act}/", {}).status_code == 403
    assert member.get(f"/payments/parts/{part.pk}/repay/").status_code == 403
    assert member.get(f"/payments/{payment.pk}/print/").status_code == 403
    office = signed_in(world.here.people["office"])
    assert office.get(f"/agreements/{agreement.pk}/payments/request/").status_code == 403


def test_a_file_of_another_payment_is_not_handed_out(world, agreement, later):
    payment = ask(world, agreement, later)
    scan = agreement.versions.get().scan
    member = signed_in(world.here.people["member"])
    assert member.get(f"/payments/{payment.pk}/evidence/{scan.pk}/").status_code == 404


def test_the_account_is_whole_for_the_street_and_the_organization_alone(world, agreement, later, tmp_path):
    payment = okayed(world, ask(world, agreement, later), later)
    url = f"/payments/{payment.pk}/"
    for key in ("office", "leader", "finance", "supervisor", "member"):
        assert ACCOUNT in body(signed_in(world.here.people[key]).get(url)), key
    community = signed_in(world.here.people["community"])
    for page in (url, url + "print/"):
        seen = body(community.get(page))
        assert (ACCOUNT in seen, "**** 0001" in seen) == (False, True), page
    path = tmp_path / "w14.docx"
    path.write_bytes(b"".join(community.get(url + "word/").streaming_content))
    words = "\n".join(c.text for t in docx.Document(path).tables for row in t.rows for c in row.cells)
    assert (ACCOUNT in words, "**** 0001" in words) == (False, True)


# ---- an account that changed


def test_a_changed_account_freezes_payment_for_a_day_and_is_shown_in_red(world, agreement, later, monkeypatch):
    change_account(world, agreement, later)
    signed_at = later + timedelta(hours=1)
    assert rules.payee_changed_at(agreement) == signed_at
    payment = okayed(world, ask(world, agreement, signed_at), signed_at)
    act = {
        "payment_id": payment.pk,
        "paid_on": clock.local(signed_at).date(),
        "voucher": "1",
        "by": world.here.people["finance"],
    }
    frozen = signed_at + timedelta(hours=24)
    for moment in (signed_at, frozen - timedelta(seconds=1)):
        with pytest.raises(services.PayeeChanged) as stopped:
            services.pay(**act, at=moment)
    assert stopped.value.message.startswith("收款账户在协议变更中改过，2026年12月7日")
    page = body(signed_in(world.here.people["finance"]).get(f"/payments/{payment.pk}/"))
    assert "收款账户刚刚变更，暂停拨付。" in page
    assert services.pay(**act, at=frozen).state == "paid"


def test_a_first_signature_and_an_unchanged_account_freeze_nothing(world, agreement, later):
    assert rules.payee_changed_at(agreement) is None
    change_account(world, agreement, later, account=ACCOUNT)
    assert rules.payee_changed_at(agreement) is None
    assert rules.frozen_until(agreement, later + timedelta(hours=2)) is None


def test_a_request_with_the_old_account_is_paid_only_knowingly(world, agreement, later, monkeypatch):
    payment = okayed(world, ask(world, agreement, later), later)
    change_account(world, agreement, later)
    moment = later + timedelta(hours=30)
    monkeypatch.setattr(clock, "now", lambda: moment)
    finance = signed_in(world.here.people["finance"])
    url = f"/payments/{payment.pk}/"
    assert "收款账户与协议不同。" in body(finance.get(url))
    sent = {"paid_on": clock.local(moment).date().isoformat(), "voucher": "记字1号"}
    assert "请勾选" in body(finance.post(url + "pay/", sent))
    with pytest.raises(services.PayeeDiffers):
        services.pay(
            payment_id=payment.pk, paid_on=clock.local(moment).date(), voucher="1", by=world.here.people["finance"], at=moment
        )  # fmt: skip
    assert finance.post(url + "pay/", sent | {"payee_seen": "on"}).status_code == 302


# ---- list


def test_ones_own_turn_comes_first_and_filters_narrow(world, agreement, later):
    first = ask(world, agreement, later, amount="1000")
    second = okayed(world, ask(world, agreement, later, amount="1000"), later)
    third = checked(world, ask(world, agreement, later, amount="1000"), later)
    firsts = {}
    for key in ("office", "leader", "finance"):
        page = body(signed_in(world.here.people[key]).get("/payments/"))
        firsts[key] = re.search(r"/payments/(\d+)/\">BF", page).group(1)
        assert page.count("等您办理") == 1
    assert firsts == {"office": str(first.pk), "leader": str(third.pk), "finance": str(second.pk)}
    office = signed_in(world.here.people["office"])
    found = {
        query: len(re.findall(r"/payments/\d+/\">BF", body(office.get(f"/payments/?{query}"))))
        for query in ("", "state=approved", "q=邻里文艺", "q=没有", f"q={second.number}", f"round={agreement.round_id}", "round=0", "state=%27", "round=x", "page=99")
    }  # fmt: skip
    assert list(found.values()) == [3, 1, 3, 0, 1, 3, 3, 3, 3, 3]
    assert "没有符合条件的拨付" in body(office.get("/payments/?q=没有"))


def test_the_list_asks_as_often_for_many_as_for_three(world, agreement, later):
    def times(client, url):
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url).status_code == 200
        return len(seen)

    def more(count):
        for _ in range(count):
            payment = ask(world, agreement, later, amount="10")
            services.withdraw_payment(payment_id=payment.pk, reason="重填", by=world.here.people["member"], at=later)

    more(3)
    urls = ["/payments/", f"/agreements/{agreement.pk}/payments/", f"/books/{agreement.round_id}/"]
    before = {
        (key, url): times(signed_in(world.here.people[key]), url) for key in ("office", "supervisor") for url in urls
    }
    more(20)
    assert {(key, url): times(signed_in(world.here.people[key]), url) for key, url in before} == before


def test_lists_that_are_empty_say_why(world, at):
    assert "还没有拨付申请" in body(signed_in(world.here.people["office"]).get("/payments/"))
    assert signed_in(world.here.people["grid"]).get("/payments/").status_code == 403


def test_the_buying_community_approves_on_the_page(world, agreement, later):
    with connection.cursor() as cursor:  # the round is frozen; the test makes it one that opened so
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE rounds_round DISABLE TRIGGER USER")
        cursor.execute("UPDATE rounds_round SET buyer = 'community' WHERE id = %s", [world.here.round.pk])
        cursor.execute("ALTER TABLE rounds_round ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    payment = checked(world, ask(world, agreement, later), later)
    leader, community = signed_in(world.here.people["leader"]), signed_in(world.here.people["community"])
    assert leader.post(f"/payments/{payment.pk}/approve/").status_code == 403
    assert "等您办理" in body(community.get("/payments/"))
    assert community.post(f"/payments/{payment.pk}/approve/").status_code == 302


# ---- papers


def test_the_request_as_word_says_what_was_asked(world, agreement, later, tmp_path):
    payment = okayed(world, ask(world, agreement, later), later)
    path = tmp_path / "w14.docx"
    write_request(path, payment, payment.payee)
    document = docx.Document(path)
    words = "\n".join(p.text for p in document.paragraphs)
    cells = [[c.text for c in row.cells] for t in document.tables for row in t.rows]
    assert f"协议号 {agreement.number}" in words
    assert "5,400.00 元，大写：人民币伍仟肆佰元整" in words
    assert ["甲街道义工协会", "测试银行新区支行", ACCOUNT] in cells
    assert ["协议已签订", "已看原件"] in cells


def test_the_approval_form_stands_twice_on_its_page(world, agreement, later):
    payment = paid(world, ask(world, agreement, later), later)
    page = body(signed_in(world.here.people["finance"]).get(f"/payments/{payment.pk}/print/"))
    assert page.count("人民币伍仟肆佰元整") == 2
    assert page.count("记字12号") == 2
    for office in ("经办（核对）", "审核", "分管领导（审批）", "主要领导", "财政（拨付）"):
        assert page.count(f">{office}<") == 2


def test_the_form_as_a_file_is_for_the_streets_people(world, agreement, later):
    payment = paid(world, ask(world, agreement, later), later)
    for key, code in (("finance", 302), ("community", 403), ("member", 403)):
        assert signed_in(world.here.people[key]).post(f"/payments/{payment.pk}/export/").status_code == code
    assert Job.objects.get().kind == "funding.e11"
