"""Orders and claims that were there before: the migration gives them what it needs, and back again."""

from decimal import Decimal

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from needs.models import Claim, ServiceOrder
from portal.invariants import broken
from tests.needs.make import post
from tests.needs.trade import claim_round
from tests.world import build

ORDERS = ("needs", "0011_orders")


def before():
    """Unapply the migration and what builds on it."""
    executor = MigrationExecutor(connection)
    executor.migrate([node.key for node in executor.loader.graph.node_map[ORDERS].parents if node.key[0] == "needs"])


def now():
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_rows_of_before_get_their_mode_buyer_and_category(at):
    world = build(at)
    here, need = world.here, post(world, at, category="health")
    before()
    try:
        with connection.cursor() as cursor:
            for number, round_id, state in (
                ("A", here.round.pk, "listed"),
                ("B", claim_round(here, at).pk, "claimed"),
                ("C", None, "draft"),
            ):
                listed = None if state == "draft" else at
                cursor.execute(
                    "INSERT INTO needs_serviceorder (number, street_id, community_id, round_id, title, target, content, price_ceiling, "
                    "is_price_demo, theme_code, state, drafted_by_id, drafted_at, listed_at, is_demo) "
                    "VALUES (%s, %s, %s, %s, 'x', 'x', 'x', 5, false, '', %s, %s, %s, %s, false) RETURNING id",
                    [
                        number,
                        here.area.pk,
                        here.communities[0].pk,
                        round_id,
                        state,
                        here.people["office"].pk,
                        at,
                        listed,
                    ],
                )
                (pk,) = cursor.fetchone()
                cursor.execute("INSERT INTO needs_orderneed (order_id, need_id) VALUES (%s, %s)", [pk, need.pk])
                if state == "claimed":
                    cursor.execute(
                        "INSERT INTO needs_claim (order_id, organization_id, plan, price, is_price_demo, state, reason, offered_by_id, offered_at, "
                        "decided_by_id, decided_at) VALUES (%s, %s, 'x', 4, false, 'confirmed', '', %s, %s, %s, %s)",
                        [pk, here.organization.pk, here.people["member"].pk, at, here.people["office"].pk, at],
                    )
    finally:
        now()
    rows = ServiceOrder.objects.order_by("number").values_list("number", "category", "mode", "buyer", "fund_source")
    assert list(rows) == [
        ("A", "health", "scoring", "street", "街道公益创投资金"), ("B", "health", "claiming", "community", "党组织服务群众经费"),
        ("C", "health", "", "", ""),
    ]  # fmt: skip
    assert Claim.objects.get().price == Decimal(4)
    assert list(broken()) == []
