"""The staff's screens: the ledger's filters and batches, the page of a need with its acts, settings."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from needs import services
from needs.models import Duty, Need, NeedTerms
from tests.needs.make import handled, post


@pytest.fixture
def clerk(world):
    client = Client()
    client.force_login(world.here.people["community"])
    return client


def numbers(client, **query):
    return sorted(n.pk for n in client.get("/needs/", query).context["page"])


def test_filters_narrow_the_ledger(world, at, clerk):
    here = world.here
    mine = post(world, at)
    gridded = post(world, at, by=here.people["grid"], category="culture")
    old = handled(world, clock.now() - timedelta(days=40), "analysed", "line")
    assert numbers(clerk) == sorted([mine.pk, gridded.pk, old.pk])
    assert numbers(clerk, state="analysed") == [old.pk]
    assert numbers(clerk, route="line") == [old.pk]
    assert numbers(clerk, category="culture") == [gridded.pk]
    assert numbers(clerk, grid=here.grid.pk) == [gridded.pk]
    assert old.pk in numbers(clerk, due="over")
    assert numbers(clerk, mine="1") == sorted([mine.pk, gridded.pk, old.pk])
    assert numbers(clerk, q="楼道灯", route="line") == [old.pk]
    for odd in (
        {"state": "x"},
        {"grid": "9" * 30},
        {"community": "'"},
        {"q": "灯" * 3000},
        {"page": "-1"},
        {"q": "\x00"},
    ):
        assert clerk.get("/needs/", odd).status_code in (200, 400)


def test_the_ledger_and_a_need_cost_the_same_at_any_length(world, at, clerk):
    need = post(world, at)

    def count(url):
        clerk.get(url)
        with CaptureQueriesContext(connection) as seen:
            assert clerk.get(url).status_code == 200
        return len(seen)

    pages = ["/needs/?q=楼道灯", "/needs/?due=over&mine=1", f"/needs/{need.pk}/", f"/needs/{need.pk}/merge/"]
    post(world, at)
    few = [count(url) for url in pages]
    for i in range(25):
        post(world, at, words=f"楼道灯坏了{i}")
    assert [count(url) for url in pages] == few


def do(client, need, act, **data):
    need.refresh_from_db()
    return client.post(
        f"/needs/{need.pk}/do/{act}/", {f"{act}-seen": need.version} | {f"{act}-{k}": v for k, v in data.items()}
    )


def test_the_clerk_leads_a_need_to_its_end_on_screen(world, at, clerk):
    need = post(world, at)
    assert "下一步：分析" in clerk.get(f"/needs/{need.pk}/").content.decode()
    do(clerk, need, "analyse", route="now", level="small", category="safety", words="电工去")
    do(clerk, need, "begin")
    do(clerk, need, "finish", words="换了灯泡")
    need.refresh_from_db()
    assert (need.state, need.category) == ("feedback", "safety")
    answer = clerk.post(
        f"/needs/{need.pk}/feedback/",
        {"tell-seen": need.version, "tell-kind": "visit", "tell-words": "灯好了", "tell-is_final": "on"},
    )
    assert answer.status_code == 302
    services.rate_need(need_id=need.pk, stars=5, words="", at=clock.now())
    assert do(clerk, need, "close").status_code == 302
    need.refresh_from_db()
    assert need.state == "closed"


def test_a_refused_act_keeps_what_was_typed_and_says_where(world, at, clerk):
    need = post(world, at)
    page = do(clerk, need, "hold", reason="等物业", until="昨天")
    assert page.status_code == 400
    assert "等物业" in page.content.decode()
    late = clerk.post(f"/needs/{need.pk}/do/refuse/", {"refuse-seen": 99, "refuse-reason": "我的理由"})
    assert late.status_code == 409
    assert "刚刚由别人处理过" in late.content.decode()
    assert "我的理由" in late.content.decode()
    assert clerk.post(f"/needs/{need.pk}/do/refuse/", {"refuse-reason": "x" * 600}).status_code == 400
    assert do(clerk, need, "close").status_code == 409
    assert clerk.post(f"/needs/{need.pk}/do/nonsense/").status_code == 404
    assert Need.objects.get(pk=need.pk).state == "collected"


def test_evidence_is_handed_to_who_sees_the_need(world, at, clerk, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    need = handled(world, at)
    told = services.give_feedback(
        need_id=need.pk, kind="visit", words="照片", is_final=False, by=world.here.people["community"], at=at,
        file=SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n0"),
    )  # fmt: skip
    url = f"/needs/{need.pk}/feedback/{told.pk}/"
    answer = clerk.get(url)
    assert (answer.status_code, answer["Content-Disposition"].split(";")[0]) == (200, "attachment")
    stranger = Client()
    stranger.force_login(world.there.people["community"])
    assert stranger.get(url).status_code == 404
    assert clerk.get(f"/needs/{post(world, at).pk}/feedback/{told.pk}/").status_code == 404


def test_a_batch_takes_all_that_the_filters_show(world, at, clerk, monkeypatch):
    monkeypatch.setattr("needs.views.need.SHOWN", 2)
    mine = [post(world, at, category="environment").pk for _ in range(3)]
    other = post(world, at, category="culture").pk
    foreign = post(
        world, at, community=world.there.communities[0], by=world.there.people["community"], category="env"
    ).pk
    page = clerk.get("/needs/?category=environment").content.decode()
    assert "共 3 条" in page and "符合条件的 3 件都算勾选" in page
    sent = {"do": "route", "route": "line", "level": "small", "query": "category=environment"}
    monkeypatch.setattr("needs.views.do.MOST_AT_ONCE", 2)
    clerk.post("/needs/batch/", sent | {"all": "1"})
    assert set(Need.objects.values_list("route", flat=True)) == {""}
    monkeypatch.setattr("needs.views.do.MOST_AT_ONCE", 300)
    clerk.post("/needs/batch/", sent | {"all": "1"})
    assert set(Need.objects.filter(route="line").values_list("pk", flat=True)) == set(mine)
    assert set(Need.objects.filter(route="").values_list("pk", flat=True)) == {other, foreign}
    assert [clerk.get(f"/needs/?first={d}").status_code for d in ("2026-11-01", "2026年11月1日", "x")] == [200] * 3


def test_batches_go_back_to_the_same_list(world, at, clerk):
    ids = [post(world, at).pk, post(world, at).pk]
    back = clerk.post(
        "/needs/batch/", {"need": ids, "do": "route", "route": "line", "level": "small", "query": "state=collected"}
    )
    assert back["Location"] == "/needs/?state=collected"
    assert set(Need.objects.values_list("route", flat=True)) == {"line"}
    grid = world.here.people["grid"]
    clerk.post("/needs/batch/", {"need": ids, "do": "assign", "worker": grid.pk})
    assert set(Need.objects.values_list("handler", flat=True)) == {grid.pk}
    assert (
        clerk.post("/needs/batch/", {"need": ids, "do": "order"})["Location"]
        == f"/orders/new/?need={ids[0]}&need={ids[1]}"
    )
    foreign = post(world, at, community=world.there.communities[0], by=world.there.people["community"])
    for odd in (
        {"need": [foreign.pk]},
        {},
        {"need": ["x", "9" * 40]},
        {"need": ids, "do": "assign", "worker": "9" * 40},
    ):
        assert clerk.post("/needs/batch/", {"do": "route", "route": "now"} | odd).status_code == 302
    assert Need.objects.get(pk=foreign.pk).route == ""


def test_slips_are_printed_with_a_code_each(world, at, clerk):
    need = handled(world, at, "rating")
    assert clerk.post(f"/needs/{need.pk}/slips/", {"slips-count": 3}).status_code == 302
    body = clerk.get(f"/needs/{need.pk}/slips/").content.decode()
    assert all(slip.code in body for slip in need.slips.all())
    assert body.count("<svg") >= 3
    for count in ("0", "61", "x"):
        assert clerk.post(f"/needs/{need.pk}/slips/", {"slips-count": count}).status_code == 409


def test_the_office_sets_deadlines_and_duties(world, at):
    client, here = Client(), world.here
    client.force_login(here.people["office"])
    days = dict.fromkeys(("analyse", "now", "line", "joint", "order", "rate", "answer", "escalate"), 4)
    assert client.post("/needs/terms/", days | {"now": "0"}).status_code == 200
    assert not NeedTerms.objects.exists()
    assert client.post("/needs/terms/", days).status_code == 302
    assert NeedTerms.objects.get().joint == 4
    grid, worker = here.grid, here.people["grid"]
    sent = {"area": grid.pk, f"a{grid.pk}-worker": worker.pk, f"a{grid.pk}-deputy": ""}
    url = f"/needs/duties/?community={here.communities[0].pk}"
    assert client.post(url, sent).status_code == 302
    assert Duty.objects.get().worker == worker
    assert client.post(url, sent | {f"a{grid.pk}-worker": ""}).status_code == 302
    assert not Duty.objects.exists()
    assert client.post(url, {"area": world.there.grid.pk}).status_code == 404


ODD = ["²", "٣", "1" * 30, "-1", "1.5", "x"]


@pytest.mark.parametrize("odd", ODD)
def test_what_only_looks_like_a_number_narrows_nothing(world, at, clerk, odd):
    mine = post(world, at)
    assert numbers(clerk, community=odd, grid=odd) == [mine.pk]
    assert clerk.get("/needs/", {"q": odd}).status_code == 200
    assert clerk.get("/needs/similar/", {"community": odd, "words": "楼道灯"}).status_code == 200
    assert clerk.post("/needs/batch/", {"need": odd, "do": "assign", "worker": odd}).status_code == 302
    assert clerk.post("/needs/batch/", {"need": mine.pk, "do": "assign", "worker": odd}).status_code == 302
    assert clerk.get("/orders/new/", {"need": odd, "salon_item": odd}).status_code == 200
    stranger = Client()
    for page in ("/ask/", "/ask/similar/", "/open/"):
        assert stranger.get(page, {"community": odd, "words": "楼道灯"}).status_code == 200
    office = Client()
    office.force_login(world.here.people["office"])
    assert office.get("/rounds/new/", {"from": odd}).status_code == 200
