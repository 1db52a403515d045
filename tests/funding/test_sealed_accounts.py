"""Accounts in agreements and payments: in the clear for who may see them, sealed in every table."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.sealed import seal
from funding.models import Agreement, AgreementVersion, Payment
from tests.funding import money
from tests.world import build

ACCOUNT = "6222000000000000001"
TABLES = ("funding_agreement", "funding_agreementversion", "funding_payment")


def stored():
    """Every row of the tables as text, as a dump shows it."""
    with connection.cursor() as cursor:
        found = []
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def known():
    return (
        Agreement.objects.get().payee_account,
        AgreementVersion.objects.get().content["payee_account"],
        Payment.objects.get().payee["account"],
    )


@pytest.fixture
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_no_table_holds_an_account_in_the_clear(world, at, files):
    agreement = money.signed(world, at)
    payment = money.ask(world, agreement, at + money.LATER)
    assert known() == (ACCOUNT,) * 3
    assert ACCOUNT not in stored()
    assert "测试银行新区支行" in stored()
    money.checked(world, payment, at + money.LATER)
    assert known() == (ACCOUNT,) * 3
    assert AgreementVersion.objects.filter(content__payee_bank="测试银行新区支行").count() == 1


@pytest.mark.django_db(transaction=True)
def test_accounts_of_before_are_sealed_and_can_be_opened_again(at, files):
    """What older rows hold in the clear is sealed by the migration, signed text included, and opened by going back."""
    world = build(at)
    agreement = money.signed(world, at)
    money.ask(world, agreement, at + money.LATER)
    MigrationExecutor(connection).migrate([("funding", "0010_four_hands")])
    assert stored().count(ACCOUNT) == 3
    MigrationExecutor(connection).migrate([("funding", "0011_sealed_accounts")])
    assert ACCOUNT not in stored()
    assert known() == (ACCOUNT,) * 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'")
        assert cursor.fetchone()[0] == 0
    assert seal(ACCOUNT) != seal(ACCOUNT)
