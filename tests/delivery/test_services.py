"""Expenses through their services: who may, what must be true first, and what the database refuses."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import Event
from core.errors import DomainError, NotAllowed
from delivery import rules, services
from delivery.models import Expense, ExpensePaper
from funding.models import Agreement, AgreementVersion, Fund, FundDraw
from funding.services import BadEvidence, end_agreement
from messaging.models import Notice
from organizations.models import Membership
from projects.models import BudgetLine, Proposal
from tests.delivery.make import LATER, SPENT_AT, accept, accepted, enter, facts, hand_in, line_of, pdf, project
from tests.funding.money import ask, paid
from tests.world import build

D = Decimal


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def agreement(world, at):
    return project(world, at)


def submit(world, at, *expenses, by=None):
    return services.submit_expenses(
        expense_ids=[e.pk for e in expenses], by=by or world.here.people["member"], at=at + SPENT_AT
    )


def test_from_entry_to_accepted(world, at, agreement):
    expense = enter(world, agreement, at, line=line_of(agreement).pk)
    assert (expense.number, expense.state, expense.voucher_shown) == (
        f"ZC{agreement.number[2:]}-001",
        "draft",
        "记字3号",
    )
    assert rules.spent(agreement) == 0
    submit(world, at, expense)
    assert rules.spent(agreement) == 1200
    accept(world, expense, at)
    assert (expense.state, expense.decided_by) == ("accepted", world.here.people["finance"])
    books = rules.books(agreement)
    assert [(r.words, r.budget, r.spent) for r in books.lines["activity"]] == [("物资", 9000, 1200)]
    assert (books.heads["activity"].rate, books.grant.left, books.is_scaled) == (D("13.33"), 7800, False)
    assert list(Event.objects.filter(verb__startswith="delivery.").order_by("id").values_list("verb", flat=True)) == [
        "delivery.expense_entered", "delivery.expense_submitted", "delivery.expense_accepted",
    ]  # fmt: skip
    told = Notice.objects.get(occasion=f"delivery.accepted:{expense.pk}")
    assert (told.recipient, told.deliveries.count()) == (world.here.people["member"], 0)


def test_the_same_form_twice_is_one_expense(world, at, agreement):
    first, again = (enter(world, agreement, at, key="k1") for _ in range(2))
    assert first == again
    assert ExpensePaper.objects.count() == 1


def test_returned_is_corrected_and_handed_in_again(world, at, agreement):
    expense = hand_in(world, agreement, at)
    act = {"expense_ids": [expense.pk], "by": world.here.people["finance"], "at": at + SPENT_AT}
    with pytest.raises(services.ReasonMissing):
        services.return_expenses(reason=" ", **act)
    assert services.return_expenses(reason="抬头不对。", **act) == ([expense], 0)
    expense.refresh_from_db()
    assert (expense.state, expense.note, rules.spent(agreement)) == ("returned", "抬头不对。", 0)
    told = Notice.objects.get(kind="delivery.expense_returned")
    assert told.recipient == world.here.people["member"]
    assert "抬头不对。" in told.body
    services.save_expense(
        expense_id=expense.pk, facts=facts(amount=D(1100)), by=world.here.people["member"], at=at + SPENT_AT
    )
    submit(world, at, expense)
    accept(world, expense, at)
    assert (expense.amount, expense.state, expense.note) == (1100, "accepted", "")


def test_accepted_changes_only_by_a_counter_entry(world, at, agreement):
    expense = accepted(world, agreement, at)
    with pytest.raises(services.AlreadyMoved):
        services.save_expense(expense_id=expense.pk, facts=facts(), by=world.here.people["member"], at=at + SPENT_AT)
    act = {"expense_id": expense.pk, "by": world.here.people["finance"], "at": at + SPENT_AT}
    with pytest.raises(services.ReasonMissing):
        services.reverse_expense(reason="", **act)
    counter = services.reverse_expense(reason="重复入账。", **act)
    expense.refresh_from_db()
    assert (expense.state, counter.number, counter.signed_amount, counter.spent_on) == (
        "reversed", f"{expense.number}C", -1200, date(2026, 12, 13),
    )  # fmt: skip
    assert rules.spent(agreement) == 0
    for again in (expense.pk, counter.pk):
        with pytest.raises(services.AlreadyMoved):
            services.reverse_expense(reason="再来。", **{**act, "expense_id": again})
    assert accepted(world, agreement, at).bill_number == expense.bill_number
    assert rules.spent(agreement) == 1200
    assert Notice.objects.filter(kind="delivery.expense_reversed").count() == 1


def test_a_batch_is_handed_in_all_or_none(world, at, agreement):
    good, bad = enter(world, agreement, at), enter(world, agreement, at, bill_number="", papers={})
    with pytest.raises(services.BillNumberMissing):
        submit(world, at, good, bad)
    assert Expense.objects.filter(state="draft").count() == 2


def test_a_batch_skips_what_another_checker_moved(world, at, agreement):
    first, second = hand_in(world, agreement, at), hand_in(world, agreement, at, bill_number="2")
    accept(world, first, at)
    done, moved = services.accept_expenses(
        expense_ids=[first.pk, second.pk], by=world.here.people["office"], at=at + SPENT_AT
    )
    assert (done, moved) == ([second], 1)


def test_what_a_voucher_needs_before_it_is_handed_in(world, at, agreement):
    for expense, why in (
        (enter(world, agreement, at, bill_number=""), services.BillNumberMissing),
        (enter(world, agreement, at, bill_number="1", papers={}), services.PapersMissing),
        (enter(world, agreement, at, bill_number="2", checked=("title",)), services.VoucherIncomplete),
        (
            enter(world, agreement, at, bill_kind="labour", bill_number="", checked=("signed",)),
            services.VoucherIncomplete,
        ),
    ):
        with pytest.raises(why):
            submit(world, at, expense)
    receipt = enter(world, agreement, at, bill_kind="receipt", bill_number="", checked=("signed",))
    assert submit(world, at, receipt)[0].state == "submitted"


def test_amount_day_and_line_are_checked(world, at, agreement):
    for changes, why in (
        ({"amount": D(0)}, services.NothingSpent),
        ({"spent_on": date(2026, 12, 14)}, services.SpentInFuture),
        ({"head": "staff", "line": line_of(agreement).pk}, services.BadLine),
        ({"line": 999999}, services.BadLine),
    ):
        with pytest.raises(why):
            enter(world, agreement, at, **changes)
    assert not Expense.objects.exists()


def test_over_budget_needs_a_reason_and_the_grant_is_never_overspent(world, at, agreement):
    with pytest.raises(services.OverBudget) as refused:
        enter(world, agreement, at, head="staff", amount=D(1))
    assert [f.field for f in refused.value.findings] == ["over_reason"]
    assert enter(world, agreement, at, head="staff", amount=D(1), over_reason="已报创投办同意调剂。").pk
    with pytest.raises(services.OverBudget) as refused:
        enter(world, agreement, at, amount=D("9000.01"), over_reason="有理由。", bill_number="3")
    assert [f.level for f in refused.value.findings] == ["stop"]
    own = enter(world, agreement, at, amount=D("20000"), source="own", bill_number="4")
    submit(world, at, own)
    assert (rules.spent(agreement), rules.books(agreement).own.spent) == (0, 20000)


def test_a_forbidden_head_is_refused(world, at, agreement):
    Fund.objects.update(forbidden_heads=["staff"])
    with pytest.raises(services.OverBudget) as refused:
        enter(world, agreement, at, head="staff", amount=D(1), over_reason="有理由。")
    assert refused.value.findings[0].field == "head"


def test_what_others_handed_in_meanwhile_counts(world, at, agreement):
    first, second = (
        enter(world, agreement, at, amount=D(8000)),
        enter(world, agreement, at, amount=D(1500), bill_number="2"),
    )
    submit(world, at, first)
    with pytest.raises(services.OverBudget):
        submit(world, at, second)
    assert rules.spent(agreement) == 8000


def test_one_invoice_pays_once(world, at, agreement):
    first = hand_in(world, agreement, at)
    with pytest.raises(services.BillUsed) as refused:
        enter(world, agreement, at, amount=D(5))
    assert first.number in refused.value.message
    assert enter(
        world, agreement, at, bill_kind="receipt", checked=("signed",)
    ).pk  # a receipt's number is its own affair
    services.drop_expense(
        expense_id=enter(world, agreement, at, bill_number="7").pk,
        reason="填错",
        by=world.here.people["member"],
        at=at + SPENT_AT,
    )
    assert enter(world, agreement, at, bill_number="7").pk


def test_one_invoice_pays_once_over_all_projects(world, at, agreement):
    """A number of 20 digits is unique in the country; a short one may be another's, and the checker is told."""
    point = transaction.savepoint()
    other, member = _second_project(world, agreement, at), world.here.people["other_member"]
    used, short = hand_in(world, agreement, at), hand_in(world, agreement, at, bill_number="12345678")
    with pytest.raises(services.BillUsed) as refused:
        enter(world, other, at, by=member)
    assert used.number in refused.value.message
    assert agreement.number in refused.value.message
    same = enter(world, other, at, by=member, bill_number="12345678")
    assert rules.alike(same) == [short]
    free = enter(world, other, at, by=member, bill_number="26442000000000000018")
    Expense.objects.filter(pk=free.pk).update(bill_number=used.bill_number)
    with pytest.raises(IntegrityError, match="expense_digital_invoice_once"), transaction.atomic():
        Expense.objects.filter(pk=free.pk).update(state="submitted", submitted_by=member, submitted_at=at)
    transaction.savepoint_rollback(point)  # no plan stands behind the second agreement


def _second_project(world, first, at):
    """A signed agreement of the other organization, without a plan: to be taken back before the transaction ends."""
    proposal = Proposal.objects.create(
        round=first.round, organization=world.here.other_organization, community=world.here.communities[1], title="第二个项目", state="draft",
        created_by=world.here.people["other_member"], created_at=at, saved_at=at,
    )  # fmt: skip
    BudgetLine.objects.create(
        proposal=proposal, position=1, head="activity", item="物资", unit_price=D(9000), quantity=1, amount=D(9000), grant=D(9000), self_raised=D(0)
    )  # fmt: skip
    found = Agreement.objects.create(
        round=first.round, proposal=proposal, number=f"{first.number}9", state="signed", amount=D(9000), created_at=at
    )
    version = first.versions.get()
    AgreementVersion.objects.create(
        agreement=found, number=1, state="signed", content=version.content, digest="0" * 64, drafted_by=version.drafted_by, drafted_at=at,
        decided_by=version.decided_by, decided_at=at, signed_on=at.date(), scan=version.scan, recorded_by=version.recorded_by, recorded_at=at,
    )  # fmt: skip
    FundDraw.objects.create(agreement=found, fund=Fund.objects.get(), amount=D(9000))
    return found


def test_files_are_told_by_content_counted_and_removable_until_handed_in(world, at, agreement):
    for papers, why in (
        ({"bill": [SimpleUploadedFile("x.pdf", b"<html>")]}, BadEvidence),
        ({"bill": [SimpleUploadedFile("x.pdf", b"%PDF-" + b"0" * 10 * 1024 * 1024)]}, BadEvidence),
        ({"bill": [pdf() for _ in range(3)], "photo": [pdf() for _ in range(3)]}, services.TooManyPapers),
    ):
        with pytest.raises(why):
            enter(world, agreement, at, papers=papers)
    expense = enter(world, agreement, at, papers={"bill": [pdf() for _ in range(5)]})
    assert [p.file.shown_name for p in expense.papers.order_by("pk")] == [
        f"{expense.number}-票据{n}.pdf" for n in range(1, 6)
    ]
    with pytest.raises(services.TooManyPapers):
        services.save_expense(
            expense_id=expense.pk,
            facts=facts(),
            papers={"photo": [pdf()]},
            by=world.here.people["member"],
            at=at + SPENT_AT,
        )
    first, second = expense.papers.order_by("pk")[:2]
    services.remove_paper(paper_id=first.pk, by=world.here.people["member"], at=at + SPENT_AT)
    submit(world, at, expense)
    with pytest.raises(services.AlreadyMoved):
        services.remove_paper(paper_id=second.pk, by=world.here.people["member"], at=at + SPENT_AT)
    assert expense.papers.count() == 4


def test_only_its_own_people_write_and_only_the_streets_checkers_check(world, at, agreement):
    expense = hand_in(world, agreement, at)
    draft = enter(world, agreement, at, bill_number="2")
    everybody = [*world.here.people.values(), *world.there.people.values()]
    mine = world.here.people["member"]
    checkers = {world.here.people["finance"], world.here.people["office"]}
    for person in everybody:
        if person != mine:
            for act in (
                lambda p: enter(world, agreement, at, by=p, bill_number="3"),
                lambda p: services.save_expense(
                    expense_id=draft.pk, facts=facts(bill_number="2"), by=p, at=at + SPENT_AT
                ),
                lambda p: submit(world, at, draft, by=p),
                lambda p: services.drop_expense(expense_id=draft.pk, reason="x", by=p, at=at + SPENT_AT),
                lambda p: services.remove_paper(paper_id=draft.papers.get().pk, by=p, at=at + SPENT_AT),
            ):
                with pytest.raises(NotAllowed):
                    act(person)
        assert rules.can_check(person, agreement) is (person in checkers)
        if person not in checkers:
            with pytest.raises(NotAllowed):
                services.accept_expenses(expense_ids=[expense.pk], by=person, at=at + SPENT_AT)
            with pytest.raises(NotAllowed):
                services.return_expenses(expense_ids=[expense.pk], reason="x", by=person, at=at + SPENT_AT)
            with pytest.raises(NotAllowed):
                services.reverse_expense(expense_id=expense.pk, reason="x", by=person, at=at + SPENT_AT)
    expense.refresh_from_db()
    assert expense.state == "submitted"


def test_nobody_checks_her_own_organizations(world, at, agreement):
    expense = hand_in(world, agreement, at)
    finance = world.here.people["finance"]
    Membership.objects.create(organization=world.here.organization, user=finance, duty="finance", since=at)
    assert not rules.can_check(finance, agreement)
    with pytest.raises(NotAllowed):
        services.accept_expenses(expense_ids=[expense.pk], by=finance, at=at + SPENT_AT)
    assert not rules.checkable(finance).exists()


def test_who_sees_what(world, at, agreement):
    expense, draft = hand_in(world, agreement, at), enter(world, agreement, at, bill_number="2")
    readers = {"office", "leader", "finance", "supervisor", "community", "member"}
    for street in (world.here, world.there):
        for role, person in street.people.items():
            seen = set(rules.visible_expenses(person).values_list("pk", flat=True))
            wanted = {expense.pk} if street is world.here and role in readers else set()
            assert seen == (wanted | {draft.pk} if wanted and role == "member" else wanted), role
            assert rules.visible_projects(person).exists() is bool(wanted)


def test_an_ended_agreement_takes_no_more_but_what_was_handed_in_is_decided(world, at, agreement):
    expense, draft = hand_in(world, agreement, at), enter(world, agreement, at, bill_number="2")
    end_agreement(agreement_id=agreement.pk, reason="项目停办。", by=world.here.people["leader"], at=at + SPENT_AT)
    for act in (lambda: enter(world, agreement, at, bill_number="3"), lambda: submit(world, at, draft)):
        with pytest.raises(services.NotOpen):
            act()
    assert accept(world, expense, at).state == "accepted"
    assert rules.books(agreement).granted == 9000
    assert services.reverse_expense(
        expense_id=expense.pk, reason="不属实。", by=world.here.people["office"], at=at + SPENT_AT
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda e, d: Expense.objects.filter(pk=e.pk).update(amount=1),
        lambda e, d: Expense.objects.filter(pk=e.pk).update(state="draft"),
        lambda e, d: Expense.objects.filter(pk=e.pk).update(state="reversed"),
        lambda e, d: Expense.objects.filter(pk=d.pk).update(state="accepted"),
        lambda e, d: Expense.objects.filter(pk=d.pk).update(number="x"),
        lambda e, d: Expense.objects.filter(pk=d.pk).update(amount=0),
        lambda e, d: Expense.objects.filter(pk=d.pk).update(head="staff"),
        lambda e, d: Expense.objects.filter(pk=d.pk).delete(),
        lambda e, d: ExpensePaper.objects.filter(expense=e).delete(),
        lambda e, d: ExpensePaper.objects.filter(expense=d).update(kind="photo"),
        lambda e, d: ExpensePaper.objects.create(expense=e, kind="photo", file=d.papers.get().file, added_by=e.created_by, added_at=e.created_at),
        lambda e, d: Expense.objects.create(
            agreement=e.agreement, number="n", state="accepted", spent_on=e.spent_on, summary="x", head=e.head, payee="x", bill_kind="other", amount=1,
            source="grant", created_by=e.created_by, created_at=e.created_at, decided_by=e.decided_by, decided_at=e.decided_at, note="x", reverses=e,
        ),
    ],
)  # fmt: skip
def test_the_database_refuses_what_a_view_might_let_through(world, at, agreement, write):
    expense = accepted(world, agreement, at)
    draft = enter(world, agreement, at, bill_number="2", line=line_of(agreement).pk)
    with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
        write(expense, draft)
    expense.refresh_from_db()
    assert (expense.state, expense.amount, expense.papers.count()) == ("accepted", 1200, 1)


def test_the_database_refuses_to_overspend_the_grant(world, at, agreement):
    hand_in(world, agreement, at, amount=D(8000))
    second = enter(world, agreement, at, amount=D(900), bill_number="2")
    Expense.objects.filter(pk=second.pk).update(amount=D("1000.01"))
    with pytest.raises(IntegrityError, match="累计支出超过协议金额"), transaction.atomic():
        Expense.objects.filter(pk=second.pk).update(
            state="submitted", submitted_by=world.here.people["member"], submitted_at=at
        )


@pytest.mark.django_db(transaction=True)
def test_two_hand_in_at_once_and_the_grant_holds(at):
    world = build(at)
    agreement = project(world, at)
    rows = [enter(world, agreement, at, amount=D(6000), bill_number=str(n)) for n in range(4)]
    start, seen = threading.Barrier(4), []

    def go(row):
        try:
            start.wait()
            submit(world, at, row)
            seen.append("kept")
        except DomainError:
            seen.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["kept", "refused", "refused", "refused"]
    assert rules.spent(agreement) == 6000


def test_a_request_that_says_more_than_is_on_record_is_asked_about(world, at, agreement):
    paid(world, ask(world, agreement, at + LATER), at + LATER)
    assert list(rules.payments_in_question()) == []
    accepted(world, agreement, at, amount=D(1000))
    second = ask(world, agreement, at + SPENT_AT, position=2, spent="1000")
    assert list(rules.payments_in_question()) == []
    services.reverse_expense(
        expense_id=Expense.objects.get().pk,
        reason="不属实。",
        by=world.here.people["finance"],
        at=at + SPENT_AT + timedelta(days=1),
    )
    assert list(rules.payments_in_question()) == [
        f"拨付 {second.number}：申请时填写累计支出 1,000.00 元，已录入并提交的支出 0.00 元，请核对。"
    ]
    assert rules.next_instalment(agreement) is None


def test_open_tasks_count_for_each_side(world, at, agreement):
    hand_in(world, agreement, at)
    enter(world, agreement, at, bill_number="2")
    who = world.here.people
    assert [(t["title"], t["count"]) for t in rules.open_tasks(who["finance"], at)] == [("核对支出凭证", 1)]
    assert [(t["title"], t["count"]) for t in rules.open_tasks(who["member"], at)] == [("提交已录入的支出", 1)]
    assert rules.open_tasks(who["leader"], at) == rules.open_tasks(world.there.people["finance"], at) == []
