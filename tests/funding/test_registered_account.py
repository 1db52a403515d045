"""Agreements and payments beside the account that the registry knows."""

import pytest

from organizations.services import change_account, confirm_account
from tests.funding import money
from tests.judging.make import signed_in

ACCOUNT = "6222000000000000001"


@pytest.fixture
def award(world, at, settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("core.clock.now", lambda: at + money.LATER)
    return money.noticed(world, at)


def register(world, at, shown=0, account=ACCOUNT, bank="测试银行新区支行"):
    return change_account(
        organization_id=world.here.organization.pk, holder=world.here.organization.name, bank=bank, account=account,
        reason="迁户" if shown else "", shown=shown, by=world.here.people["office"], at=at,
    )  # fmt: skip


def test_the_draft_takes_the_registered_account_without_showing_it(world, at, award):
    money.fund(world, at)
    register(world, at)
    office = signed_in(world.here.people["office"])
    url = f"/agreements/new/{award.proposal_id}/"
    page = office.get(url)
    text = page.content.decode()
    assert "尾号 0001" in text
    assert "财务还没有核实" in text
    assert ACCOUNT not in text
    form = page.context["sheet"].form
    assert (form.initial["payee_bank"], form.initial["payee_name"]) == (
        "测试银行新区支行",
        world.here.organization.name,
    )
    assert not form.fields["payee_account"].required
    from funding.forms.agreement import AgreementForm
    from organizations.rules import current_account

    known = current_account(world.here.organization.pk)
    base = {
        "first": "甲", "second": "乙", "third": "", "amount": "100", "starts_on": "2026-12-01", "ends_on": "2027-01-01", "copies": "4",
        "payee_name": known.holder, "payee_bank": known.bank, "payee_account": "", "more": "", "split": "60-40",
    }  # fmt: skip
    taken = AgreementForm(base, registered=known)
    assert taken.is_valid(), taken.errors
    assert taken.cleaned_data["payee_account"] == ACCOUNT
    other = AgreementForm(base | {"payee_bank": "别的银行"}, registered=known)
    assert list(other.errors) == ["payee_account"]
    typed = AgreementForm(base | {"payee_bank": "别的银行", "payee_account": "1234 5678 9012"}, registered=known)
    assert typed.is_valid()
    assert typed.cleaned_data["payee_account"] == "123456789012"
    assert list(AgreementForm(base).errors) == ["payee_account"]


def test_the_payment_says_in_red_what_the_registry_says(world, at, settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    agreement = money.signed(world, at)
    payment = money.ask(world, agreement, at + money.LATER)
    monkeypatch.setattr("core.clock.now", lambda: at + money.LATER)
    finance = signed_in(world.here.people["finance"])
    url = f"/payments/{payment.pk}/"

    def shown():
        return finance.get(url).context["doubt"]

    assert shown() == ""
    register(world, at, bank=payment.payee["bank"], account=payment.payee["account"])
    assert shown() == "单位登记的收款账户财务还没有核实"
    by = world.here.people["finance"]
    confirm_account(organization_id=world.here.organization.pk, how="通话核实", shown=1, by=by, at=at)
    assert shown() == (
        "" if payment.payee["name"] == world.here.organization.name else "这份申请书上的账户与登记册上已核实的账户不同"
    )
    register(world, at, shown=1, account="6222000000000009999")
    assert shown() == "单位登记的收款账户有变更，财务还没有核实"
    confirm_account(organization_id=world.here.organization.pk, how="通话核实", shown=2, by=by, at=at)
    assert shown() == "这份申请书上的账户与登记册上已核实的账户不同"
