"""Secretary salons: called, held, decided, closed; orders come of them; minutes and ledger add up."""

from datetime import date, time, timedelta

import docx
import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.errors import NotAllowed
from jobs.registry import Work
from needs import services
from needs.documents.salon import write_minutes, write_sign_in
from needs.exports.salon import salon_ledger
from needs.models import Salon, SalonGuest, SalonItem, ServiceOrder
from needs.services import (
    DecisionIncomplete,
    Guest,
    GuestTwice,
    ItemHasOrder,
    NeedsOfElsewhere,
    SalonClosed,
    SalonNumberTaken,
    SalonUnfinished,
)
from tests.judging.make import signed_in

FORM = {
    "series": "书记沙龙", "number": "", "subject": "停车难", "held_on": "2026年11月20日", "begins": "14点30分", "venue": "议事厅",
    "convener": "社区党委书记", "once_key": "5f0f6a4e-5f3e-4c63-9a8e-0d6f1a1f2a3b",
}  # fmt: skip


def call(world, at, number=None, community=0, **more):
    facts = {
        "series": "书记沙龙", "subject": "停车难", "held_on": date(2026, 11, 20), "begins": time(14, 30), "venue": "议事厅", "convener": "社区党委书记",
        "by": world.here.people["community"], "at": at,
    }  # fmt: skip
    return services.plan_salon(community=world.here.communities[community], number=number, **{**facts, **more})


def need(world, at, words="楼下没处停车", community=0):
    return services.post_need(
        community=world.here.communities[community], channel="visit", category="safety", words=words, people_count=30, urgency="high", at=at,
        by=world.here.people["office"],
    )  # fmt: skip


def ready(world, at):
    """A salon with guests who came and one point that is decided."""
    by = world.here.people["community"]
    salon = call(world, at)
    services.set_guests(
        salon_id=salon.pk, by=by, at=at,
        guests=[Guest("organization", world.here.organization.name, 2), Guest("registered", "区供电公司", 1), Guest("volunteer", "红马甲队", 0)],
    )  # fmt: skip
    item = services.add_item(salon_id=salon.pk, title="停车自治", need_ids=[need(world, at).pk], by=by, at=at)
    services.edit_item(
        item_id=item.pk, title="停车自治", need_ids=list(item.needs.values_list("pk", flat=True)), said="大家说了。", decision="handle",
        words="网格员本周划线。", by=by, at=at,
    )  # fmt: skip
    return salon, item


def test_numbers_go_on_within_a_series(world, at):
    assert [call(world, at).number for _ in range(3)] == [1, 2, 3]
    assert call(world, at, series="小巷公议日").number == 1
    with pytest.raises(SalonNumberTaken):
        call(world, at, number=2)
    assert call(world, at, number=9).number == 9


def test_the_same_call_twice_is_one(world, at):
    assert call(world, at, once_key="k").pk == call(world, at, once_key="k").pk


@pytest.mark.parametrize("who", ["office", "leader", "supervisor", "member", "grid"])
def test_only_the_community_calls_a_salon(world, at, who):
    with pytest.raises(NotAllowed):
        call(world, at, by=world.here.people[who])
    with pytest.raises(NotAllowed):
        call(world, at, community=1)


def test_guests_are_a_list_without_doubles_and_organizations_are_known(world, at):
    salon, _ = ready(world, at)
    found = list(salon.guests.order_by("pk").values_list("kind", "organization", "people"))
    assert found == [("organization", world.here.organization.pk, 2), ("registered", None, 1), ("volunteer", None, 0)]
    with pytest.raises(GuestTwice):
        services.set_guests(
            salon_id=salon.pk, guests=[Guest("volunteer", "甲"), Guest("volunteer", "甲", 2)],
            by=world.here.people["community"], at=at,
        )  # fmt: skip
    assert salon.guests.count() == 3


def test_a_point_takes_needs_of_its_own_community_only(world, at):
    salon = call(world, at)
    other = need(world, at, community=1)
    with pytest.raises(NeedsOfElsewhere):
        services.add_item(
            salon_id=salon.pk, title="别处的事", need_ids=[other.pk], by=world.here.people["community"], at=at
        )
    assert not SalonItem.objects.exists()


def test_a_decision_says_who_does_what(world, at):
    _, item = ready(world, at)
    facts = {
        "item_id": item.pk,
        "title": "停车自治",
        "need_ids": [],
        "said": "",
        "by": world.here.people["community"],
        "at": at,
    }
    with pytest.raises(DecisionIncomplete):
        services.edit_item(decision="refer", words=" ", **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        SalonItem.objects.filter(pk=item.pk).update(decision="refer", words="")


def test_an_order_made_of_a_point_is_noted_there(world, at):
    by = world.here.people["community"]
    salon, item = ready(world, at)
    client = signed_in(by)
    asked = item.needs.get()
    link = f"{reverse('needs:order_new')}?salon_item={item.pk}&need={asked.pk}"
    assert "来自 书记沙龙第1期 的议题“停车自治”" in client.get(link).content.decode()
    client.post(
        reverse("needs:order_new"),
        {
            "salon_item": item.pk,
            "need": asked.pk,
            "community": salon.community_id,
            "title": "停车自治",
            "target": "车主",
            "content": "议事",
        },
    )
    order = ServiceOrder.objects.get()
    item.refresh_from_db()
    assert (item.order_id, item.decision) == (order.pk, "order")
    with pytest.raises(ItemHasOrder):
        services.drop_item(item_id=item.pk, by=by, at=at)
    with pytest.raises(ItemHasOrder):
        services.cancel_salon(salon_id=salon.pk, reason="不开了", by=by, at=at)


def test_a_foreign_point_is_not_taken_for_an_order(world, at):
    _, item = ready(world, at)
    office = signed_in(world.here.people["office"])  # reads the salon, does not write it
    office.post(
        reverse("needs:order_new"),
        {"salon_item": item.pk, "need": item.needs.get().pk, "community": world.here.communities[0].pk, "title": "停", "target": "车", "content": "议"},
    )  # fmt: skip
    item.refresh_from_db()
    assert ServiceOrder.objects.count() == 1
    assert item.order_id is None


def test_nothing_is_closed_before_it_is_finished(world, at):
    by = world.here.people["community"]
    salon = call(world, at)
    item = services.add_item(salon_id=salon.pk, title="停车", need_ids=[], by=by, at=at)
    close = {"salon_id": salon.pk, "summary": "", "by": by, "at": at}
    with pytest.raises(SalonUnfinished, match="还没有登记到会人数"):
        services.close_salon(**close)
    services.set_guests(salon_id=salon.pk, guests=[Guest("staff", "社区", 3)], by=by, at=at)
    with pytest.raises(SalonUnfinished, match="“停车”还没有结论"):
        services.close_salon(**close)
    services.edit_item(item_id=item.pk, title="停车", need_ids=[], said="", decision="order", words="", by=by, at=at)
    with pytest.raises(SalonUnfinished, match="请先制成服务项目单"):
        services.close_salon(**close)
    services.edit_item(
        item_id=item.pk, title="停车", need_ids=[], said="", decision="noted", words="知道了", by=by, at=at
    )
    with pytest.raises(SalonUnfinished, match="沙龙还没有开"):
        services.close_salon(**(close | {"at": at - timedelta(days=9)}))
    assert services.close_salon(**close).state == "closed"


def test_a_closed_salon_never_changes(world, at):
    by = world.here.people["community"]
    salon, item = ready(world, at)
    services.close_salon(salon_id=salon.pk, summary="顺利。", by=by, at=at)
    for act in (
        lambda: services.set_guests(salon_id=salon.pk, guests=[], by=by, at=at),
        lambda: services.add_item(salon_id=salon.pk, title="又", need_ids=[], by=by, at=at),
        lambda: services.drop_item(item_id=item.pk, by=by, at=at),
        lambda: services.edit_salon(salon_id=salon.pk, facts={"venue": "别处"}, by=by, at=at),
        lambda: services.close_salon(salon_id=salon.pk, summary="", by=by, at=at),
        lambda: services.cancel_salon(salon_id=salon.pk, reason="x", by=by, at=at),
    ):
        with pytest.raises(SalonClosed):
            act()
    for write in (
        lambda: Salon.objects.filter(pk=salon.pk).update(summary="改"),
        lambda: Salon.objects.filter(pk=salon.pk).delete(),
        lambda: SalonItem.objects.filter(pk=item.pk).update(said="改"),
        lambda: SalonGuest.objects.filter(salon=salon).delete(),
        lambda: SalonGuest.objects.create(salon=salon, kind="staff", name="补", people=1),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_the_form_reads_what_people_type_and_keeps_it_when_refused(world):
    client = signed_in(world.here.people["community"])
    data = FORM | {"community": world.here.communities[0].pk}
    html = client.post(reverse("needs:salon_new"), data | {"begins": "下午"}).content.decode()
    assert "请填写时间，例如 14:30。" in html
    assert 'value="停车难"' in html
    for _ in range(2):  # a double click
        answer = client.post(reverse("needs:salon_new"), data)
    salon = Salon.objects.get()
    assert answer["Location"] == reverse("needs:salon", args=[salon.pk])
    assert (salon.begins, salon.held_on, salon.number) == (time(14, 30), date(2026, 11, 20), 1)
    client.post(
        reverse("needs:salon_guests", args=[salon.pk]),
        {"organization": f"{world.here.organization.name} 2\n邻里互助社３人\n", "volunteer": "红马甲队"},
    )
    found = list(salon.guests.order_by("pk").values_list("name", "people"))
    assert found == [(world.here.organization.name, 2), ("邻里互助社", 3), ("红马甲队", 0)]
    html = client.post(reverse("needs:salon_guests", args=[salon.pk]), {"organization": "甲 1\n甲 2"}).content.decode()
    assert "“甲”写了两次，请只留一行。" in html
    assert "甲 1\n甲 2" in html
    assert salon.guests.count() == 3


def test_an_invited_organization_reads_decisions_but_no_residents_words(world, at):
    salon, _ = ready(world, at)
    member, other = signed_in(world.here.people["member"]), signed_in(world.here.people["other_member"])
    html = member.get(reverse("needs:salon", args=[salon.pk])).content.decode()
    assert "网格员本周划线。" in html
    assert "楼下没处停车" not in html
    assert other.get(reverse("needs:salon", args=[salon.pk])).status_code == 404
    assert (
        "楼下没处停车"
        in signed_in(world.here.people["leader"]).get(reverse("needs:salon", args=[salon.pk])).content.decode()
    )


def test_minutes_and_sign_in_sheet_say_what_was_decided(world, at, tmp_path):
    salon, _ = ready(world, at)
    write_minutes(tmp_path / "draft.docx", salon)
    assert "草稿：本次沙龙还没有办结。" in [p.text for p in docx.Document(str(tmp_path / "draft.docx")).paragraphs]
    salon = services.close_salon(salon_id=salon.pk, summary="气氛热烈。", by=world.here.people["community"], at=at)
    write_minutes(tmp_path / "minutes.docx", salon)
    words = [p.text for p in docx.Document(str(tmp_path / "minutes.docx")).paragraphs]
    asked = salon.items.get().needs.get()
    assert words[0] == "溡源社区书记沙龙第1期纪要"
    assert "时间：2026年11月20日14:30" in words
    assert "到会共 3 人。" in words
    assert f"1.停车自治。涉及居民需求：{asked.number}。" in words
    assert "结论：社区自行办理。网格员本周划线。" in words
    assert not any("草稿" in w or "楼下没处停车" in w for w in words)
    write_sign_in(tmp_path / "sign.docx", salon)
    table = docx.Document(str(tmp_path / "sign.docx")).tables[0]
    assert len(table.rows) == 1 + 3 + 12
    assert table.rows[1].cells[2].text == world.here.organization.name


def test_the_ledger_lists_salons_with_live_totals(world, at, tmp_path):
    salon, _ = ready(world, at)
    services.set_guests(
        salon_id=salon.pk, guests=[Guest("organization", "=HYPERLINK(1)", 2)], by=world.here.people["community"], at=at
    )
    path = tmp_path / "e24.xlsx"
    salon_ledger(Work({"user": world.here.people["office"].pk}, path, lambda d, t: None))
    sheet = openpyxl.load_workbook(path)["书记沙龙台账"]
    assert sheet.cell(1, 1).value == "书记沙龙台账"
    row = [sheet.cell(5, c).value for c in range(1, 16)]
    assert row[1:3] == ["溡源社区", "书记沙龙第1期"]
    assert (row[6], sheet.cell(5, 7).data_type) == ("=HYPERLINK(1)", "s")
    assert row[12] == "1.停车自治（社区自行办理）"
    assert sheet.cell(6, 12).value == "=SUM(L5)"


def test_the_list_costs_the_same_with_many_salons(world, at):
    client = signed_in(world.here.people["office"])

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("needs:salons")).status_code == 200
        return len(queries)

    for _ in range(3):
        ready(world, at)
    few = cost()
    for _ in range(20):
        ready(world, at)
    assert cost() == few
