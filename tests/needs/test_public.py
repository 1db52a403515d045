"""What residents see and do without an account: the public list, seconding, slips, the tracking page; and its abuse."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from needs import services
from needs.models import Need, NeedRating, NeedSecond
from needs.services.open import SECONDS_FLOOD
from tests.needs.make import handled, post

PHONE = "13712345678"


def published(world, at, words="3栋楼道灯坏了", **changes):
    need = post(world, at, **changes)
    return services.publish_words(need_id=need.pk, words=words, by=world.here.people["community"], at=at)


def test_words_are_public_only_after_the_worker_said_so(world, at, client):
    need = post(world, at, contact_name="王某某", contact_phone=PHONE, consented=True)
    place = f"/open/?community={need.community_id}"
    for page in (place, f"/open/{need.pk}/", "/open/"):
        body = client.get(page).content.decode()
        assert not [s for s in ("楼道灯", "王某某", PHONE, need.tracking_code, "测试") if s in body]
    by = world.here.people["community"]
    for words in ("找王某某", f"打{PHONE}", "身份证11010119900307123X"):
        with pytest.raises(services.PersonalNumber):
            services.publish_words(need_id=need.pk, words=words, by=by, at=at)
    services.publish_words(need_id=need.pk, words="楼道灯坏了", by=by, at=at)
    assert "楼道灯坏了" in client.get(place).content.decode()
    services.publish_words(need_id=need.pk, words="", by=by, at=at)
    assert "楼道灯坏了" not in client.get(place).content.decode()
    assert "处置" in client.get(f"/open/{handled(world, at).pk}/").content.decode()


def test_the_unanswered_are_shown_first_carried_over_and_marked_in_words(world, at, client):
    now = clock.now()
    old = post(world, now - timedelta(days=60), words="旧事")
    new = post(world, now, words="新事")
    body = client.get(f"/open/?community={old.community_id}").content.decode()
    assert body.index(f"/open/{old.pk}/") < body.index(f"/open/{new.pk}/")
    assert body.count("超过 5 个工作日未答复") == 1
    assert body.count("上月及以前结转") == 1
    assert 'class="late-row"' in body
    services.give_feedback(
        need_id=old.pk, kind="visit", words="在办", is_final=False, by=world.here.people["community"], at=now
    )
    assert "个工作日未答复</p>" not in client.get(f"/open/?community={old.community_id}").content.decode()


def test_refused_and_merged_needs_are_not_in_public(world, at, client):
    by, head, other, gone = world.here.people["community"], post(world, at), post(world, at), post(world, at)
    services.merge_needs(head_id=head.pk, need_ids=[other.pk], by=by, at=at)
    services.refuse_need(need_id=gone.pk, reason="不归社区", by=by, at=at)
    assert [client.get(f"/open/{n.pk}/").status_code for n in (head, other, gone)] == [200, 404, 404]
    assert client.get("/open/999999/").status_code == 404


@pytest.mark.parametrize("page", ["/open/?community={c}", "/open/", "/open/?community={c}&show=done"])
def test_public_pages_cost_the_same_at_any_length(world, at, client, page):
    url = page.format(c=world.here.communities[0].pk)

    def count():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url).status_code == 200
        return len(seen)

    for _ in range(3):
        published(world, at)
    few = count()
    for _ in range(15):
        published(world, at)
    assert count() == few


def test_odd_addresses_show_the_list_of_places(world, client):
    for odd in ("x", "9" * 40, "-1", "0", str(world.here.area.pk), "'"):
        assert "请先选社区" in client.get("/open/", {"community": odd}).content.decode()


def test_a_device_seconds_once(world, at, client):
    need = published(world, at)
    second = f"/open/{need.pk}/second/"
    assert client.post(second).status_code == 409
    assert NeedSecond.objects.count() == 0
    assert client.post(second).status_code == 302
    assert client.post(second).status_code == 409
    assert "已有 <strong>1</strong> 位邻居附议" in client.get(f"/open/{need.pk}/").content.decode()
    other = Client()
    other.get(f"/open/{need.pk}/")
    assert other.post(second).status_code == 302
    assert need.seconds.count() == 2


def test_forged_devices_second_nothing(world, at):
    need = published(world, at)
    for cookie in ("", "abc", "ImFhYWEi:1aaaaa:forged", "9" * 4000):
        client = Client()
        client.cookies["neighbour"] = cookie
        assert client.post(f"/open/{need.pk}/second/").status_code == 409
    assert NeedSecond.objects.count() == 0


def test_what_is_not_public_or_over_is_not_seconded(world, at):
    with pytest.raises(services.NotSecondable):
        services.second_need(need_id=post(world, at).pk, device="a" * 64, at=at)
    need = published(world, at)
    services.refuse_need(need_id=need.pk, reason="重复", by=world.here.people["community"], at=at)
    with pytest.raises(services.NotSecondable):
        services.second_need(need_id=need.pk, device="a" * 64, at=at)


def test_a_flood_of_seconds_is_stopped_per_community(world, at):
    need = published(world, at)
    for i in range(SECONDS_FLOOD):
        services.second_need(need_id=need.pk, device=f"{i:064d}", at=at)
    with pytest.raises(services.TooManySeconds):
        services.second_need(need_id=need.pk, device="x" * 64, at=at)
    later = at + timedelta(minutes=11)
    assert services.second_need(need_id=need.pk, device="x" * 64, at=later).need_id == need.pk


def test_a_slip_is_used_once_without_an_account(world, at, client):
    need = handled(world, at, "rating")
    slip = services.print_slips(need_id=need.pk, count=1, by=world.here.people["community"], at=at)[0]
    url = f"/slip/{slip.code.lower()}/"
    assert "灯修好了" in client.get(url).content.decode()
    refused = client.post(url, {"words": "还行"})
    assert "还行" in refused.content.decode()
    assert client.post(url, {"stars": 4, "words": "还行"}).status_code == 302
    assert client.post(url, {"stars": 1, "words": ""}).status_code == 409
    assert NeedRating.objects.get().slip == slip
    assert "已经用过" in client.get(url).content.decode()


def test_forged_codes_find_nothing(world, client):
    for code in ("AAAAAAAAAA", "0", "'", "x" * 300, "<script>"):
        assert client.get(f"/slip/{code}/").status_code == 404
        assert client.get(f"/track/{code}/").status_code == 404
        assert client.post(f"/track/{code}/rate/", {"stars": 5}).status_code == 404


def test_odd_ratings_are_refused_at_their_field(world, at, client):
    need = handled(world, at, "rating")
    for stars in ("0", "6", "x", "", "5; DROP TABLE"):
        answer = client.post(f"/track/{need.tracking_code}/rate/", {"stars": stars, "words": "我的话"})
        assert answer.status_code == 400
        assert "我的话" in answer.content.decode()
    assert not NeedRating.objects.exists()


def test_the_tracking_page_tells_the_way_without_names(world, at, client):
    need = handled(world, at)
    by = world.here.people["community"]
    services.escalate_need(need_id=need.pk, reason="内部的话", by=by, at=at)
    services.hold_need(need_id=need.pk, reason="等配件到货", until=(at + timedelta(days=9)).date(), by=by, at=at)
    body = client.get(f"/track/{need.tracking_code}/").content.decode()
    assert [s for s in ("社区已分析，马上办", "已上报", "等配件到货", "自动恢复办理") if s not in body] == []
    assert [s for s in ("测试", "内部的话", "换了灯泡") if s in body] == []


def test_script_in_every_text_is_shown_as_text(world, at, client):
    bad = "<script>alert(1)</script>"
    by = world.here.people["community"]
    need = handled(world, at, "feedback", words=f"灯坏 {bad}")
    services.publish_words(need_id=need.pk, words=bad, by=by, at=at)
    services.give_feedback(need_id=need.pk, kind="visit", words=bad, is_final=True, by=by, at=at)
    services.rate_need(need_id=need.pk, stars=5, words=bad, at=at)
    services.give_back_need(need_id=need.pk, reason=bad, by=by, at=at)
    post(world, at, words=f"灯坏 {bad}")
    client.force_login(by)
    pages = (
        f"/track/{need.tracking_code}/", f"/open/{need.pk}/", f"/open/?community={need.community_id}", f"/needs/{need.pk}/",
        f"/needs/{need.pk}/merge/", "/needs/", f"/needs/similar/?community={need.community_id}&words=灯坏+script+alert",
        f"/ask/similar/?community={need.community_id}&words=script+alert",
    )  # fmt: skip
    for page in pages:
        assert "<script>alert" not in client.get(page).content.decode()


def test_asking_the_same_again_offers_to_second_and_keeps_what_was_typed(world, at, client):
    need = published(world, at)
    sent = {
        "community": need.community_id, "category": "environment", "words": "楼道的灯坏了，摔了人", "website": "",
        "once_key": "6e0c5f5e-2f0a-4a4e-9a5f-5f5a0d1c2b3a",
    }  # fmt: skip
    page = client.post("/ask/", sent).content.decode()
    assert f"/open/{need.pk}/" in page
    assert "楼道的灯坏了，摔了人" in page
    assert client.post("/ask/", sent | {"is_new": "1"}).status_code == 302
    assert Need.objects.filter(channel="online").count() == 1
