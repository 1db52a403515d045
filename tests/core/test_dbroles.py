"""The application's database role: it can do all the portal does, and nothing to what is only ever added."""

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from core.dbroles import APP_ROLE, append_only_tables, grant, owns_tables
from tests.house.scene import play

ONLY = [
    "audit_change", "audit_demostreet", "audit_event", "funding_paymentpart", "funding_publicnotice", "funding_repayment", "judging_move",
    "judging_result", "judging_resultline", "judging_supervisornote", "messaging_wording", "needs_feedback",
    "needs_needrating", "needs_needstep", "needs_orderstep", "organizations_checklist", "organizations_checklistitems", "organizations_checklistreview", "organizations_exitdecision", "organizations_formermember", "organizations_hearingballot", "organizations_hearingcount", "organizations_hearingresult", "organizations_hearingvoter", "organizations_monthlyanswer", "organizations_monthlyappeal", "organizations_monthlyitems", "organizations_monthlysheet", "organizations_partyrecord", "organizations_ratingconfirmation", "organizations_ratingrule", "organizations_ratingsheet", "organizations_standing", "organizations_standingcomment", "projects_budgetcut", "projects_communityopinion", "projects_cutanswer", "projects_cutline", "projects_eligibilitydecision", "projects_findingwaiver", "projects_limitruling", "projects_proposalversion", "rounds_grace",
]  # fmt: skip
DENIED = "42501"  # insufficient_privilege


@pytest.fixture
def role(db):
    """The embedded server has the role; a server of one's own may need it made (by a superuser)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {APP_ROLE} LOGIN")
    grant()
    return APP_ROLE


@pytest.fixture
def as_application(role):
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def refused(statement):
    with pytest.raises(ProgrammingError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert caught.value.__cause__.pgcode == DENIED, (statement, caught.value)


def test_the_whole_story_is_played_by_a_role_that_owns_nothing(world, at, as_application):
    scene = play(world, at)
    assert scene.ids["session_id"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        assert cursor.fetchone() == (APP_ROLE,)


def test_what_is_only_added_can_neither_be_changed_nor_switched_off(as_application):
    assert append_only_tables() == ONLY
    for table in ONLY:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
        for statement in (
            f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE", f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TABLE {table} CASCADE", f"DROP TRIGGER {table}_append_only ON {table}",
        ):  # fmt: skip
            refused(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE judging_scoresheet CASCADE",
        "ALTER TABLE judging_scoresheet DISABLE TRIGGER judging_scoresheet_guard",
        "DROP FUNCTION judging_sheet_guard() CASCADE",
        "CREATE OR REPLACE FUNCTION judging_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE public.elsewhere (n int)",
        "SET session_replication_role = replica",
        "DELETE FROM django_migrations",
        "CREATE TRIGGER mine BEFORE INSERT ON judging_move FOR EACH ROW EXECUTE FUNCTION judging_append_only()",
    ],
)
def test_the_guards_are_out_of_reach(as_application, statement):
    refused(statement)


def test_the_check_tells_an_owner_from_a_user(role, db):
    assert owns_tables()
    assert [m.id for m in run_checks(databases=["default"], tags=["database"]) if m.id == "core.W001"] == ["core.W001"]
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
    assert not owns_tables()
    assert [m for m in run_checks(databases=["default"], tags=["database"]) if m.id == "core.W001"] == []
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def test_a_role_that_is_not_there_gets_a_sentence(db, capsys):
    with pytest.raises(CommandError, match="没有数据库角色“nobody_here”"):
        call_command("grant_app_role", "nobody_here")


def test_the_command_says_what_may_only_grow(role, capsys):
    call_command("grant_app_role", verbosity=2)
    assert f"{len(ONLY)} 张表只能追加" in capsys.readouterr().out
