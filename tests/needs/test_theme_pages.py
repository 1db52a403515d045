"""Pages of the theme library and the advice: a street's own versions, one click to a call, an order, a proposal."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlparse

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.errors import NotAllowed
from needs import rules, services
from needs.models import LibraryTheme, Need, ServiceOrder
from needs.services import BudgetUpsideDown, ThemeUnknown
from projects.models import Proposal
from tests.house.scene import THEME
from tests.judging.make import signed_in

FORM = {
    "name": "文明养犬", "category": "环保", "directions": ["志愿服务项目"], "target_group": "养犬户", "activities": "公约", "indicators": "100 户",
    "budget_min": "1,000", "budget_max": "2000", "answers": ["environment"], "keywords": "狗 遛狗，狗屎", "nodes": "春节 03-05",
    "cautions": ["home"], "is_offered": "on",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _now(monkeypatch, at):
    """The advice looks back a year from today; the needs here are asked on a day of their own."""
    monkeypatch.setattr("core.clock.now", lambda: at)


def ask(world, words, at, category="environment", urgency="high", community=0):
    return services.post_need(
        community=world.here.communities[community], channel="visit", category=category, words=words, people_count=12, urgency=urgency,
        at=at, by=world.here.people["office"],
    )  # fmt: skip


def page(client, name, *args, **query):
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_library_is_there_after_migrating(db):
    assert LibraryTheme.objects.filter(street=None).count() == 64
    assert services.install_library() == 0


def test_a_street_has_its_own_version_and_the_shipped_one_stays(world, at):
    office = world.here.people["office"]
    answer = signed_in(office).post(reverse("needs:theme_edit", args=["T15"]), FORM)
    assert answer.status_code == 302
    mine = {t.code: t for t in rules.themes_of(world.here.area)}["T15"]
    assert (mine.name, mine.keywords, mine.nodes) == ("文明养犬", ["狗", "遛狗", "狗屎"], ["spring", "03-05"])
    assert (mine.origin, mine.changed_by_id) == ("practice", office.pk)
    assert {t.code: t for t in rules.themes_of(world.there.area)}["T15"].name == "文明养犬劝导"
    assert len(rules.themes_of(world.here.area)) == 64
    services.restore_theme(street=world.here.area, code="T15", by=office, at=at)
    assert {t.code: t for t in rules.themes_of(world.here.area)}["T15"].name == "文明养犬劝导"
    with pytest.raises(ThemeUnknown):
        services.restore_theme(street=world.here.area, code="T15", by=office, at=at)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("budget_max", "500", "建议预算上限不能低于下限，请改大。"),
        ("nodes", "春节 13-45", "“13-45”看不懂。请写 春节、端午、中秋、重阳，或月-日，例如 03-05。"),
        ("keywords", "这是一个实在太长太长的词语啊", "太长，每个词不超过 12 个字。"),
        ("budget_min", "1e3", "请填写金额"),
        ("cautions", ["nonsense"], "nonsense"),
    ],
)
def test_a_refused_theme_keeps_what_was_typed(world, field, value, words):
    client = signed_in(world.here.people["office"])
    answer = client.post(reverse("needs:theme_new"), FORM | {field: value})
    html = answer.content.decode()
    assert words in html
    assert 'value="文明养犬"' in html
    assert not LibraryTheme.objects.exclude(street=None).exists()


@pytest.mark.parametrize("who", ["leader", "community", "supervisor", "member", "system_admin"])
def test_only_the_office_writes_the_library(world, at, who):
    with pytest.raises(NotAllowed):
        services.add_theme(street=world.here.area, facts=THEME, by=world.here.people[who], at=at)
    with pytest.raises(NotAllowed):
        services.edit_theme(street=world.there.area, code="T01", facts=THEME, by=world.here.people["office"], at=at)


def test_a_budget_upside_down_is_refused_by_service_and_database(world, at):
    facts = THEME | {"budget_min": Decimal(9000)}
    with pytest.raises(BudgetUpsideDown):
        services.add_theme(street=world.here.area, facts=facts, by=world.here.people["office"], at=at)
    theme = services.add_theme(street=world.here.area, facts=THEME, by=world.here.people["office"], at=at)
    assert theme.code == "J01"
    with pytest.raises(IntegrityError), transaction.atomic():
        LibraryTheme.objects.filter(pk=theme.pk).update(budget_min=9000)


def test_the_advice_names_the_needs_and_makes_an_order_of_them(world, at):
    first = ask(world, "小区里遛狗不拴绳，地上狗屎没人管", at - timedelta(days=5))
    second = ask(world, "养犬扰民", at - timedelta(days=8))
    client = signed_in(world.here.people["community"])
    html = page(client, "portal:advice")
    assert html.index("文明养犬劝导") < html.index("垃圾分类")
    assert f"（{first.number}、{second.number}）" in html
    link = f"{reverse('needs:order_new')}?theme=T15&amp;need={first.pk}&amp;need={second.pk}"
    assert link in html
    form = client.get(link.replace("&amp;", "&")).content.decode()
    assert 'value="文明养犬劝导"' in form
    assert "参考活动：公约、便便箱、办证宣传" in form
    answer = client.post(
        reverse("needs:order_new"),
        {
            "theme": "T15", "need": [first.pk, second.pk], "community": world.here.communities[0].pk, "title": "文明养犬", "target": "养犬户",
            "content": "劝导",
        },
    )  # fmt: skip
    order = ServiceOrder.objects.get()
    assert answer["Location"] == reverse("needs:order", args=[order.pk])
    assert order.theme_code == "T15"
    assert Need.objects.filter(state="handling").count() == 2


def test_the_office_begins_a_call_from_a_suggestion(world, at):
    need = ask(world, "想看书没地方", at - timedelta(days=5), category="culture")
    client = signed_in(world.here.people["office"])
    html = page(client, "portal:advice", category="文体")
    start = html.index(reverse("rounds:new") + "?")
    link = html[start : html.index('"', start)].replace("&amp;", "&")
    given = parse_qs(urlparse(link).query)
    assert given["themes"] == ["文体"]
    assert need.number in given["intro"][0]
    form = client.get(link).content.decode()
    assert "一、征集背景" in form
    assert "垃圾分类" not in html


def test_an_organization_begins_a_proposal_from_a_theme(world, at):
    client = signed_in(world.here.people["member"])
    round_ = world.here.round
    assert f"{reverse('projects:start', args=[round_.pk])}?theme=T58" in page(client, "needs:theme", "T58")
    url = f"{reverse('projects:start', args=[round_.pk])}?theme=T58"
    html = client.get(url).content.decode()
    assert "从主题库的“独居老人“敲门行动””开始" in html
    key = html.split('name="once_key" value="')[1].split('"')[0]
    client.post(url, {"organization": world.here.organization.pk, "title": "敲门", "order": "", "once_key": key})
    proposal = Proposal.objects.get()
    assert (proposal.library_code, proposal.indicators) == ("T58", "老人50\n探访2,000次")
    assert proposal.summary == "为高龄独居开展：每周探访、应急联络。"


def test_the_advice_is_for_ones_own_areas(world, at):
    ask(world, "遛狗", at - timedelta(days=5), community=1)
    client = signed_in(world.here.people["community"])  # of the first community
    assert "近一年还没有登记居民需求" in page(client, "portal:advice", area=world.here.communities[1].pk)
    assert "近一年还没有登记居民需求" not in page(signed_in(world.here.people["office"]), "portal:advice")
    stranger = signed_in(world.there.people["office"])
    assert world.here.area.name not in page(stranger, "portal:advice", area=world.here.area.pk)


def test_the_advice_costs_the_same_with_many_needs(world, at):
    client = signed_in(world.here.people["office"])
    url = reverse("portal:advice")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    for i in range(3):
        ask(world, f"遛狗{i}", at)
    few = cost()
    for i in range(60):
        ask(world, f"遛狗、看书、独居{i}", at)
    assert cost() == few
