"""Rounds for tests, made through the services."""

from datetime import timedelta
from decimal import Decimal

from rounds.models import Round
from rounds.services import create_round, open_round


def facts(at, **changed):
    """What a complete set-up form gives."""
    return {
        "title": "二〇二六年秋季创投", "number": 2, "year": 2026, "intro": "说明", "mode": "scoring", "buyer": "street", "fund_source": "创投资金",
        "applicant_kinds": ["social", "group"], "budget": Decimal("50000.00"), "cap": Decimal("20000.00"), "apply_opens_at": at,
        "apply_closes_at": at + timedelta(days=20, seconds=7), "notice_days": 5, "objection_contact": "创投办（测试）", "scale": "regular",
        "kind_caps": {"group": "3000.00"}, "head_limits": {"staff": 30, "tax": 7}, "indicators": [{"name": "活动场次", "least": "12", "unit": "场"}],
        "rubric": "community", "allocation": "rank", "conditions": "条件一\n条件二", "process": "步骤一\n步骤二", "requirements": "要求", "contact": "创投办窗口",
        "co_organizers": "测试党群服务中心", "origin": "配置：测试",
    } | changed  # fmt: skip


def make_round(world, at, *, opened=False, **changed) -> Round:
    office = world.here.people["office"]
    row = create_round(
        street=world.here.area, facts=facts(at, **changed), themes=[("党建", 3), ("环保", None)], at=at, by=office
    )
    return open_round(round_id=row.pk, at=at, by=office) if opened else row


def posted(form_initial, **changed):
    """What a browser posts of a form shown with these values."""
    found = {}
    for name, value in form_initial.items():
        if value is None:
            continue
        found[name] = value.strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "strftime") else value
    return found | changed
