"""Who asks the same: found by the index on any database, shown to the right people, merged without losing anybody."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.errors import NotAllowed
from needs import rules, services
from needs.models import Need
from needs.rules.search import candidates
from needs.services.history import found_by
from portal.invariants import broken
from tests.needs.make import handled, post
from tests.needs.test_domain import DIFFERENT, SAME


def ids(found):
    return [a.need.pk for a in found]


def test_the_same_thing_is_found_in_other_words_and_another_thing_is_not(world, at):
    for one, other in SAME:
        need = post(world, at, words=other)
        assert need.pk in ids(rules.similar_needs(one, need.community_id, at=at)), one
    for one, other in DIFFERENT:
        need = post(world, at, words=other)
        assert need.pk not in ids(rules.similar_needs(one, need.community_id, at=at, most=99)), one


def test_neighbours_of_another_community_and_refused_needs_are_left_out(world, at):
    here = world.here
    near = post(world, at)
    post(world, at, community=here.communities[1], by=here.people["office"])
    gone = post(world, at)
    services.refuse_need(need_id=gone.pk, reason="重复", by=here.people["community"], at=at)
    assert ids(rules.similar_needs("楼道灯坏了", near.community_id, at=at)) == [near.pk]


def test_candidates_come_by_the_index_in_one_query_whatever_the_locale(world, at):
    need = post(world, at)
    many = [
        Need(
            number=f"T-{i}", tracking_code=f"T{i}", street_id=need.street_id, community_id=need.community_id, channel="visit",
            category="other", words=f"{i}", collected_at=at, **found_by(f"{i}号车位要收费", need.community_id, need.street_id),
        )
        for i in range(2000)
    ]  # fmt: skip
    Need.objects.bulk_create(many)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE needs_need")
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(connection) as seen:
        assert ids(rules.similar_needs("楼道灯坏了", need.community_id, at=at)) == [need.pk]
    assert len(seen) == 1
    plan = candidates("楼道灯坏了", need.community_id, at=at).explain()
    assert "need_keys" in plan, plan
    found = rules.found_by_words(Need.objects.all(), world.here.people["office"], "楼道灯")
    assert "need_keys" in found.explain()


TYPED = ["楼道灯", "灯", "坏了，晚上", "ldd", "ld", "LDDH", "1", "xq-2026-000001"]


def test_the_ledger_finds_by_words_initials_number_and_code(world, at):
    need = post(world, at)
    Need.objects.filter(pk=need.pk).update(number="XQ-2026-000001")
    post(world, at, words="想跳舞")
    for typed in [*TYPED, need.tracking_code.lower()]:
        for who in ("office", "community", "grid", "leader"):
            user = world.here.people[who]
            found = rules.found_by_words(rules.visible_needs(user), user, typed)
            assert list(found.values_list("pk", flat=True)) == [need.pk], (typed, who)
        stranger = world.there.people["office"]
        assert not rules.found_by_words(rules.visible_needs(stranger), stranger, typed).exists()


def test_merged_needs_keep_every_asker_and_each_hears_and_rates(world, at):
    by = world.here.people["community"]
    head, second, third = (post(world, at, by=None, channel="online") for _ in range(3))
    services.merge_needs(head_id=second.pk, need_ids=[third.pk], by=by, at=at)
    services.merge_needs(head_id=head.pk, need_ids=[second.pk], by=by, at=at, words="同一盏灯")
    assert set(Need.objects.filter(state="merged").values_list("merged_into", flat=True)) == {head.pk}
    services.analyse_need(need_id=head.pk, route="now", level="small", by=by, at=at)
    services.begin_need(need_id=head.pk, by=by, at=at)
    services.give_feedback(need_id=head.pk, kind="network", words="灯修好了，请看看。", is_final=True, by=by, at=at)
    for need in (head, second, third):
        page = Client().get(f"/track/{need.tracking_code}/").content.decode()
        assert "灯修好了，请看看。" in page
        answer = Client().post(f"/track/{need.tracking_code}/rate/", {"stars": 4, "words": ""})
        assert answer.status_code == 302
        assert "您已评议：满意" in Client().get(f"/track/{need.tracking_code}/").content.decode()
        assert Client().post(f"/track/{need.tracking_code}/rate/", {"stars": 1}).status_code == 409
    assert services.close_need(need_id=head.pk, by=by, at=at).state == "closed"
    assert list(broken()) == []


def test_a_merged_need_is_taken_out_again_with_a_reason(world, at):
    by, head, other = world.here.people["community"], post(world, at), handled(world, at)
    services.merge_needs(head_id=head.pk, need_ids=[other.pk], by=by, at=at)
    with pytest.raises(services.ReasonMissing):
        services.split_need(need_id=other.pk, reason="", by=by, at=at)
    again = services.split_need(need_id=other.pk, reason="不是同一盏", by=by, at=at)
    assert (again.state, again.merged_into, again.kept_state) == ("handling", None, "")
    assert again.due_on is not None


def test_what_cannot_be_merged_is_refused_as_a_whole(world, at):
    here = world.here
    by, head, good = here.people["community"], post(world, at), post(world, at)
    elsewhere = post(world, at, community=here.communities[1], by=here.people["office"])
    closed = handled(world, at, "rating")
    with pytest.raises(services.NothingToMerge):
        services.merge_needs(head_id=head.pk, need_ids=[head.pk], by=by, at=at)
    for bad in (elsewhere, closed):
        with pytest.raises(services.NotMergeable):
            services.merge_needs(head_id=head.pk, need_ids=[good.pk, bad.pk], by=by, at=at)
    with pytest.raises(NotAllowed):
        services.merge_needs(head_id=head.pk, need_ids=[good.pk], by=world.there.people["community"], at=at)
    with pytest.raises(services.NeedAlreadyHandled):
        services.merge_needs(head_id=refused(world, at), need_ids=[good.pk], by=by, at=at)
    assert Need.objects.get(pk=good.pk).state == "collected"


def refused(world, at):
    need = post(world, at)
    services.refuse_need(need_id=need.pk, reason="重复", by=world.here.people["community"], at=at)
    return need.pk


def test_the_clerk_is_shown_what_is_alike_before_and_while_writing(world, at, client):
    need = post(world, at)
    client.force_login(world.here.people["community"])
    piece = client.get("/needs/similar/", {"community": need.community_id, "words": "楼道灯坏了"}).content.decode()
    assert need.number in piece
    sent = {
        "community": need.community_id, "channel": "visit", "category": "environment", "words": "三单元楼道的灯坏了", "people_count": 1,
        "urgency": "low", "once_key": "6e0c5f5e-2f0a-4a4e-9a5f-5f5a0d1c2b3a",
    }  # fmt: skip
    page = client.post("/needs/new/", sent).content.decode()
    assert need.number in page
    assert "三单元楼道的灯坏了" in page
    assert Need.objects.count() == 1
    assert client.post("/needs/new/", sent | {"is_new": "1"}).status_code == 302
    assert Need.objects.count() == 2
    stranger = Client()
    stranger.force_login(world.there.people["community"])
    assert (
        need.number
        not in stranger.get("/needs/similar/", {"community": need.community_id, "words": "楼道灯坏了"}).content.decode()
    )


def test_a_resident_is_shown_public_words_only(world, at, client):
    need = post(world, at)
    ask = {"community": need.community_id, "words": "楼道灯坏了"}
    assert client.get("/ask/similar/", ask).content.decode().strip() == ""
    services.publish_words(need_id=need.pk, words="3栋楼道灯坏了", by=world.here.people["community"], at=at)
    assert "3栋楼道灯坏了" in client.get("/ask/similar/", ask).content.decode()
    for odd in (
        {},
        {"community": "x", "words": "楼道灯"},
        {"community": "9" * 30, "words": "楼道灯"},
        ask | {"words": "灯" * 5000},
    ):
        assert client.get("/ask/similar/", odd).status_code == 200


def test_the_merge_screen_ticks_what_is_alike(world, at, client):
    head, other = post(world, at), post(world, at, words="楼道的灯又坏了")
    client.force_login(world.here.people["community"])
    assert other.number in client.get(f"/needs/{head.pk}/merge/").content.decode()
    refused_form = client.post(f"/needs/{head.pk}/merge/", {"seen": head.version})
    assert refused_form.status_code == 409
    assert "请至少勾选一件" in refused_form.content.decode()
    assert client.post(f"/needs/{head.pk}/merge/", {"seen": head.version, "need": other.pk}).status_code == 302
    assert Need.objects.get(pk=other.pk).merged_into_id == head.pk
