"""The demonstration is played through the services and leaves sound data; the bulk data is deterministic."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from funding.models import PublicNotice
from judging.models import ScoreSheet
from needs.models import Claim, Need, ServiceOrder
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
    Need.objects.filter(state="ordered").first().links.all().delete()
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_invariants", stdout=out)
    assert "标为已制单，但没有对应的服务项目单" in out.getvalue()
