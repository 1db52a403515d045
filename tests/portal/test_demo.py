"""The demonstration is played through the services and leaves sound data; the bulk data is deterministic."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Area, User
from core import clock
from funding.models import Agreement, Fund, Payment, PublicNotice, Repayment
from judging.models import ScoreSheet
from needs.models import Claim, Need, ServiceOrder
from organizations.domain.monthly import Level
from organizations.models import Hearing, HearingResult, MonthlySheet, RatingConfirmation
from organizations.rules import records_of, residents
from portal.invariants import broken
from projects.models import Proposal
from rounds.models import Round


def load():
    out = io.StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


def test_demonstration_is_sound_and_loading_twice_adds_nothing(db):
    said = load()
    assert "sanshui_office" in said
    assert list(broken()) == []
    before = (Need.objects.count(), Proposal.objects.count(), ScoreSheet.objects.count(), User.objects.count())
    assert load() == said
    assert (Need.objects.count(), Proposal.objects.count(), ScoreSheet.objects.count(), User.objects.count()) == before


def test_demonstration_has_a_payment_at_every_desk_and_twice_is_once(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    load()
    states = {state: Payment.objects.filter(state=state).count() for state in Payment.State.values}
    assert states == {
        "requested": 2, "checked": 1, "approved": 1, "paid": 4, "refused": 0, "failed": 1, "cancelled": 0,
    }  # fmt: skip
    assert Repayment.objects.get().amount == 600
    assert list(Agreement.objects.values_list("state", "is_demo").distinct()) == [("signed", True)]
    assert list(Fund.objects.values_list("is_demo", flat=True)) == [True, True]
    assert not Payment.objects.filter(state="paid", voucher="").exists()
    before = (Agreement.objects.count(), Payment.objects.count(), Fund.objects.count())
    load()
    assert (Agreement.objects.count(), Payment.objects.count(), Fund.objects.count()) == before == (10, 9, 2)


def test_demonstration_is_what_the_source_says(db):
    load()
    sanshui = Round.objects.get(title="2017年“红色核动力”党建项目创投大赛")
    names = set(Proposal.objects.filter(round=sanshui).values_list("title", flat=True))
    assert "扶贫帮困为民生·心语家园齐共建" in names
    assert len(names) == 10
    assert set(Proposal.objects.filter(round=sanshui).values_list("organization__kind", flat=True)) == {"party"}
    keeper = ServiceOrder.objects.get(title="我是社区大管家")
    assert (keeper.price_ceiling, keeper.is_price_demo, keeper.community.name) == (5000, False, "溡源社区")
    assert Claim.objects.get(order=keeper, state="confirmed").organization.name == "城际救援六支队"
    assert ServiceOrder.objects.get(title="服务群众360").is_price_demo
    assert not Proposal.objects.filter(is_demo=False).exists()
    notice = PublicNotice.objects.get()
    assert "演示数据" in Client().get(f"/notices/{notice.pk}/").content.decode()
    assert len(notice.content["rows"]) == 10


def test_demonstration_is_refused_beside_real_accounts(world):
    with pytest.raises(CommandError):
        load()


def test_bulk_data_is_sound_and_refused_on_a_full_database(db):
    call_command("make_bench_data", proposals=6, judges=5, criteria=3, needs=9, stdout=io.StringIO())
    assert (Proposal.objects.count(), ScoreSheet.objects.count(), Need.objects.count()) == (6, 30, 9)
    assert list(broken()) == []
    with pytest.raises(CommandError):
        call_command("make_bench_data", proposals=1, judges=1, criteria=1, stdout=io.StringIO())


def test_check_invariants_names_what_is_wrong(db):
    load()
    Need.objects.filter(links__isnull=False).order_by("pk").first().links.all().delete()
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_invariants", stdout=out)
    assert "标为已制单，但没有对应的服务项目单" in out.getvalue()


def test_demonstration_has_an_organizations_year(db):
    load()
    street, now = Area.objects.get(name="辛店街道"), clock.now()
    today = clock.local(now).date()
    rows = residents(street.pk, year=today.year)
    found = {r.organization.name: r.verdict.level for r in records_of(rows, street.pk, today)}
    assert found == {
        "临淄义工协会": Level.CLEAR, "城际救援六支队": Level.RED, "正心国学苑": Level.BLOCKED, "众爱长者养护中心": Level.CLEAR
    }  # fmt: skip
    assert MonthlySheet.objects.filter(organization__in=rows).count() == 47
    stars = {c.name: c.stars for c in RatingConfirmation.objects.all()}
    assert stars == {"临淄义工协会": 5, "城际救援六支队": 3, "众爱长者养护中心": 4, "正心国学苑": 0}
    past = Hearing.objects.get(state="closed")
    assert (past.ballots.count(), past.voters.count(), past.codes.filter(is_used=True).count()) == (33, 3, 30)
    classes = set(
        HearingResult.objects.filter(due__hearing=past).values_list("due__organization__name", "hearing_class")
    )
    assert classes == {
        ("临淄义工协会", "excellent"), ("城际救援六支队", "qualified"), ("众爱长者养护中心", "excellent"), ("正心国学苑", "qualified")
    }  # fmt: skip
    assert Hearing.objects.get(state="planned").dues.count() == 4
    assert not Hearing.objects.filter(is_demo=False).exists()
