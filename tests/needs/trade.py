"""Orders and claims in whatever stage a test wants them."""

from datetime import timedelta
from decimal import Decimal

from needs import services
from rounds.models import Round
from tests.needs.make import post

DAY = timedelta(days=1)


def claim_round(street, at, **changes):
    facts = {
        "street": street.area, "title": "认领期", "number": 2, "year": 2026, "mode": "claiming", "buyer": "community", "fund_source": "党组织服务群众经费",
        "applicant_kinds": ["social"], "budget": Decimal(50000), "apply_opens_at": at - DAY, "apply_closes_at": at + 30 * DAY, "state": "open",
        "rules": {}, "rules_digest": "0" * 64, "opened_at": at,
    } | changes  # fmt: skip
    return Round.objects.get_or_create(street=facts.pop("street"), title=facts.pop("title"), defaults=facts)[0]


def draft(world, at, needs=None, **changes):
    here = world.here
    facts = {
        "community": here.communities[0], "need_ids": needs or [post(world, at, category="culture").pk], "title": "文艺角", "target": "居民",
        "content": "每周一次文艺活动，需要活动室。", "price_ceiling": Decimal(5000), "by": here.people["community"], "at": at,
    } | changes  # fmt: skip
    return services.draft_order(**facts)


def listed(world, at, *, days=7, **changes):
    """An order that may be claimed for `days` days."""
    order = draft(world, at, **changes)
    return services.list_order(
        order_id=order.pk, round_id=claim_round(world.here, at).pk, closes_at=at + days * DAY if days else None,
        by=world.here.people["community"], at=at,
    )  # fmt: skip


def claim(world, order, at, who="member", **changes):
    organization = {"member": world.here.organization, "other_member": world.here.other_organization}[who]
    facts = {
        "order_id": order.pk, "organization": organization, "plan": "排练和演出。", "schedule": "每周六", "people": 5, "price": Decimal(4000),
        "by": world.here.people[who], "at": at,
    } | changes  # fmt: skip
    return services.offer_claim(**facts)
