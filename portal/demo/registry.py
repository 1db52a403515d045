"""Accounts, checklists, a group of residents and a training of the demonstration street. All of it is made up."""

from datetime import datetime, timedelta

from django.db import transaction

from core.clock import local
from organizations import services
from organizations.domain.checklist import FIVE, SIX
from portal.demo.people import Place

ACCOUNT = "6222 0000 0000 0000 000"


def play(place: Place, now: datetime) -> None:
    """Play it around `now`."""
    _accounts(place, now)
    _checklists(place, now)
    _training(place, now)
    with transaction.atomic():
        services.register(
            street=place.area, kind="group", name="溡源楼道微更新小组（演示）", community=place.communities["溡源"], legal_name="演示组长",
            supporter="溡源社区居民委员会（演示）", at=now - timedelta(days=25), by=None, is_demo=True,
        )  # fmt: skip


def _accounts(place: Place, now: datetime) -> None:
    """One that finance confirmed, one that waits."""
    for name, days in (("临淄义工协会", 20), ("正心国学苑", 2)):
        row = place.organizations[name]
        services.change_account(
            organization_id=row.pk, holder=row.name, bank="演示银行辛店支行", account=ACCOUNT, reason="", shown=0, by=place.people["office"],
            at=now - timedelta(days=days),
        )  # fmt: skip
    services.confirm_account(
        organization_id=place.organizations["临淄义工协会"].pk, how="演示：与负责人通话核实", shown=1, by=place.people["finance"],
        at=now - timedelta(days=19),
    )  # fmt: skip


def _checklists(place: Place, now: datetime) -> None:
    """One that was confirmed, one that waits for the office."""
    at = now - timedelta(days=10)
    for name, six, five in (("临淄义工协会", len(SIX) - 1, 3), ("城际救援六支队", 4, 2)):
        services.hand_in_checklist(
            organization_id=place.organizations[name].pk, year=local(at).year, six=(dict.fromkeys(range(six), True), {}),
            five=(dict.fromkeys(range(min(five, len(FIVE))), True), {}), items=0, shown=0, by=place.people[f"member:{name}"], at=at,
        )  # fmt: skip
    services.review_checklist(
        organization_id=place.organizations["临淄义工协会"].pk, year=local(at).year, outcome="confirmed", reason="", shown=1,
        by=place.people["office"], at=at + timedelta(days=1),
    )  # fmt: skip


def _training(place: Place, now: datetime) -> None:
    """One session to come, with one organization signed up."""
    begins = now + timedelta(days=9)
    facts = {
        "series": "公益大课堂", "title": "项目财务怎么做（演示）", "begins_at": begins, "place": "辛店街道党群服务中心（演示）", "capacity": 40,
        "audience": ["social", "team"], "is_mandatory": True, "sign_up_until": begins - timedelta(days=2),
        "note": "讲预算、票据和拨付。演示数据。",
    }  # fmt: skip
    with transaction.atomic():
        row = services.announce(
            street=place.area, facts=facts, by=place.people["office"], at=now - timedelta(days=3), is_demo=True
        )
    name = "临淄义工协会"
    services.sign_up(
        training_id=row.pk, organization=place.organizations[name], people=2, functions="负责人1人、财务1人",
        by=place.people[f"member:{name}"], at=now - timedelta(days=1),
    )  # fmt: skip
