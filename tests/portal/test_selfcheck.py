"""The nightly check: it finds what money must never be, keeps what it found, and tells once a day."""

from datetime import timedelta

import pytest
from django.db import connection

from audit.models import Event, SelfCheck
from funding.models import Fund
from messaging.models import Notice
from portal.invariants import CHECKS, broken
from portal.selfcheck import run_self_check
from tests.funding.money import LATER, ask, paid, signed
from tests.judging.make import signed_in


@pytest.fixture
def payment(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    later = at + LATER
    return paid(world, ask(world, signed(world, at), later), later)


def behind(table, sql):
    """Change rows as no service can: the guards of one table switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_sound_data_is_noted_and_nobody_is_told(world, payment, at):
    run = run_self_check(at=at)
    assert (run.count, run.checks, run.findings) == (0, len(CHECKS), [])
    assert not Notice.objects.filter(occasion__startswith="self-check").exists()
    assert Event.objects.filter(verb="audit.self_checked").count() == 1


@pytest.mark.parametrize(
    ("table", "sql", "names"),
    [
        ("funding_fund", "UPDATE funding_fund SET budget = 1", ["资金来源不透支"]),
        ("funding_agreement", "UPDATE funding_agreement SET amount = 9001", ["资金账平", "协议金额等于各期和各资金来源"]),
        ("funding_instalment", "UPDATE funding_instalment SET amount = 1", ["协议金额等于各期和各资金来源"]),
        ("funding_payment", "UPDATE funding_payment SET amount = 9001", ["资金账平", "拨付不超协议", "拨付不超协议"]),
        (
            "funding_payment",
            "ALTER TABLE funding_payment DROP CONSTRAINT payment_paid_by_another; UPDATE funding_payment SET requested_by_id = paid_by_id",
            ["拨付经四个人"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_money_is_found(world, payment, table, sql, names):
    behind(table, sql)
    assert [name for name, _ in broken()] == names


def test_offices_and_audit_administrators_are_told_once_a_day(world, payment, at):
    behind("funding_fund", "UPDATE funding_fund SET budget = 1")
    run_self_check(at=at)
    run_self_check(at=at + timedelta(hours=2))
    told = Notice.objects.filter(occasion="self-check:2026-11-23")
    guards = {s.people[key].pk for s in (world.here, world.there) for key in ("office", "audit_admin")}
    assert set(told.values_list("recipient_id", flat=True)) == guards
    assert told.count() == len(guards)
    assert told.first().subject == "每日自检发现 1 处数据不符"
    run_self_check(at=at + timedelta(days=1))
    assert Notice.objects.filter(occasion="self-check:2026-11-24").count() == len(guards)
    assert SelfCheck.objects.count() == 3


def test_the_record_is_read_by_office_and_audit_administrator(world, payment, at):
    office, auditor = (signed_in(world.here.people[key]) for key in ("office", "audit_admin"))
    assert "还没有自检过" in office.get("/self-check/").content.decode()
    behind("funding_fund", "UPDATE funding_fund SET budget = 1")
    run_self_check(at=at)
    fund = Fund.objects.get()
    sentence = f"资金来源 {fund.pk}：协议占用 9000.00 元，年度额度 1.00 元。"
    pages = [c.get("/self-check/").content.decode() for c in (office, auditor)]
    assert [sentence in page for page in pages] == [False, True]
    assert ["资金来源不透支" in page for page in pages] == [True, True]
    books = office.get(f"/books/{world.here.round.pk}/").content.decode()
    assert "发现 1 处不符：资金来源不透支" in books
    assert "已占用 9,000.00 元，超过年度额度 1.00 元" in books
