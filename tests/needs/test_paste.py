"""Text out of a chat: taken apart, looked through, registered."""

import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from needs import services
from needs.domain.chat import MOST_ENTRIES, MOST_WORDS, entries, guess
from needs.domain.twins import bare, twins
from needs.models import Need
from portal.invariants import broken
from tests.world import build

CHAIN = """#接龙
请大家接龙说说小区的问题

1. 张阿姨 3栋楼道灯坏了
2、李叔：垃圾桶太少
③ 王姐 想要一个老人活动室
4. 三号楼 门口井盖松了
5. 李叔：垃圾桶太少！
"""
COPIED = """张三 2026/11/20 10:23:11
楼道灯坏了
晚上看不见

李四 2026/11/20 10:24:01
[图片]
王五 2026/11/20 10:25:01
收到
—— 2026-11-20 ——
10:26
赵六: 下水道堵了 @社区小王\u2005帮忙看看[捂脸]
"李四"撤回了一条消息
周七：
水管漏水三天了
2026年11月20日 上午10:30
停车位不够
"""


def told(text):
    return [(e.who, e.words, e.likely) for e in entries(text)]


def test_a_chain_with_numbers():
    assert told(CHAIN) == [
        ("张阿姨", "3栋楼道灯坏了", True), ("李叔", "垃圾桶太少", True), ("王姐", "想要一个老人活动室", True),
        ("", "三号楼 门口井盖松了", True),
    ]  # fmt: skip


def test_a_copied_conversation():
    assert told(COPIED) == [
        ("张三", "楼道灯坏了\n晚上看不见", True), ("王五", "收到", False), ("赵六", "下水道堵了 帮忙看看", True),
        ("周七", "水管漏水三天了", True), ("", "停车位不够", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("晚上8:30以后广场舞太吵\n3:30放学没人接孩子", ["晚上8:30以后广场舞太吵", "3:30放学没人接孩子"]),
        ("3.5米宽的路太窄了", ["3.5米宽的路太窄了"]),
        ("https://x.invalid/a 有人发广告", ["https://x.invalid/a 有人发广告"]),
        ("楼道灯坏了\r\n楼道灯坏了。\n楼道，灯坏了", ["楼道灯坏了"]),
        ("\u200b\ufeff  　\n——\n10:23\n昨天 下午3:20\n", []),
        ("\u001f\x00", []),
    ],
)
def test_times_addresses_and_blanks(text, words):
    assert [e.words for e in entries(text)] == words


@given(st.text(max_size=400))
def test_nothing_breaks_it_and_each_thing_is_there_once(text):
    found = entries(text)
    assert len({bare(e.words) for e in found}) == len(found) <= MOST_ENTRIES
    assert all(0 < len(e.words) <= MOST_WORDS and len(e.who) <= 20 for e in found)


@pytest.mark.parametrize("piece", ["1", "张", "10:23 ", "(1)", "a ", "2026-1-1 ", "- ", "昨天 ", "：", "[图片]", "@a "])
def test_a_hostile_text_takes_no_time(piece):
    began = time.monotonic()
    entries(piece * (50_000 // len(piece)) + "x")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("楼道灯坏了", "safety"), ("垃圾没人收，太臭了", "environment"), ("给独居老人送饭", "elderly"), ("暑假孩子没人带", "children"),
        ("想跳广场舞", "culture"), ("能不能来量血压", "health"), ("停车位不够", "convenience"), ("随便说说", "other"),
    ],
)  # fmt: skip
def test_the_kind_is_guessed(words, kind):
    assert guess(words) == kind


def test_twins_stay_within_a_place():
    assert twins([(1, "灯坏了"), (2, "灯坏了")], [(7, 2, "灯，坏了")]).keys() == {1}


# ---- pages


@pytest.fixture(autouse=True)
def _today(monkeypatch, at):
    monkeypatch.setattr(clock, "now", lambda: at)


@pytest.fixture
def clerk(world):
    client = Client()
    client.force_login(world.here.people["community"])
    return client


def first(world, text=COPIED, **more):
    return {
        "community": world.here.communities[0].pk,
        "source": "溡源业主群",
        "heard_on": "2026-11-20",
        "text": text,
    } | more


def second(page, **more):
    """What the browser sends from the list as it was shown."""
    common, rows = page.context["common"], page.context["rows"]
    data = {"said-TOTAL_FORMS": len(rows), "said-INITIAL_FORMS": len(rows)}
    for name in ("community", "source", "heard_on"):
        data[name] = common[name].value()
    data["once_key"] = str(common["once_key"].value() or uuid.uuid4())
    for i, row in enumerate(rows):
        for name in ("words", "category", "who"):
            data[f"said-{i}-{name}"] = row[name].value()
        if row["take"].value():
            data[f"said-{i}-take"] = "on"
    return data | more


def test_paste_pick_and_register(world, at, clerk):
    page = clerk.post("/needs/paste/", first(world))
    assert page.status_code == 200
    assert not Need.objects.exists()
    data = second(page)
    del data["said-4-take"]
    data["said-0-words"] = "3栋楼道灯坏了"
    data["said-0-named"] = "on"
    assert clerk.post("/needs/paste/", data).status_code == 302
    lamp, drain, pipe = Need.objects.order_by("pk")
    assert (lamp.words, lamp.category, lamp.contact_name, lamp.consented_at) == ("3栋楼道灯坏了", "safety", "张三", at)
    assert (drain.words, drain.contact_name, drain.consented_at) == ("下水道堵了 帮忙看看", "", None)
    assert {(n.channel, n.source, n.collected_at.date().isoformat()) for n in (lamp, drain, pipe)} == {
        ("wechat", "溡源业主群", "2026-11-20")
    }
    assert clerk.post("/needs/paste/", data).status_code == 302
    assert Need.objects.count() == 3
    assert "溡源业主群" in clerk.get(f"/needs/{lamp.pk}/").content.decode()
    assert list(broken()) == []


@pytest.mark.django_db(transaction=True)
def test_two_at_once_register_once(at):
    here = build(at).here
    entry = services.Entry(community=here.communities[0], channel="wechat", category="safety", words="灯坏了")
    found = []

    def register():
        made = services.post_pasted(entries=[entry] * 3, by=here.people["community"], at=at, key="paste-1")
        found.append([n.pk for n in made])
        connection.close()

    threads = [threading.Thread(target=register) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found[0] == found[1]
    assert (len(found[0]), Need.objects.count()) == (3, 3)


def test_names_are_not_stored_unless_wished(world, clerk):
    clerk.post("/needs/paste/", second(clerk.post("/needs/paste/", first(world, CHAIN))))
    assert Need.objects.count() == 4
    assert not Need.objects.exclude(contact_name="").exists()
    assert not any(name in n.words for n in Need.objects.all() for name in ("张阿姨", "李叔", "王姐"))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"community": ""}, "community"), ({"source": ""}, "source"), ({"heard_on": "2027-01-01"}, "heard_on"),
        ({"heard_on": "x"}, "heard_on"), ({"heard_on": "2001-01-01"}, "heard_on"), ({"text": ""}, "text"), ({"text": "10:23"}, "text"),
        ({"text": "字" * 50_001}, "text"),
    ],
)  # fmt: skip
def test_the_first_page_refuses_at_the_field(world, clerk, change, where):
    answer = clerk.post("/needs/paste/", first(world, **change))
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [where]


def test_the_second_page_refuses_and_loses_nothing(world, clerk):
    page = clerk.post("/needs/paste/", first(world))
    answer = clerk.post("/needs/paste/", second(page, **{"said-0-words": "", "said-2-category": "nonsense"}))
    assert answer.status_code == 400
    assert [list(row.errors) for row in answer.context["rows"]] == [["words"], [], ["category"], [], []]
    assert answer.context["rows"][3]["words"].value() == "水管漏水三天了"
    nothing = {k: v for k, v in second(page).items() if not k.endswith("-take")}
    assert "一件也没有勾选" in clerk.post("/needs/paste/", nothing).content.decode()
    assert not Need.objects.exists()


@pytest.mark.parametrize(
    "data",
    [{}, {"said-TOTAL_FORMS": "x"}, {"said-TOTAL_FORMS": "999999", "said-INITIAL_FORMS": "0"}, {"once_key": "x"}],
)
def test_nonsense_is_refused(clerk, data):
    assert clerk.post("/needs/paste/", data).status_code == 400
    assert not Need.objects.exists()


def test_a_community_of_elsewhere_is_no_choice(world, clerk):
    for place in (world.here.communities[1], world.there.communities[0]):
        assert clerk.post("/needs/paste/", first(world, community=place.pk)).status_code == 400
        data = second(clerk.post("/needs/paste/", first(world)), community=place.pk)
        assert clerk.post("/needs/paste/", data).status_code == 400
    assert not Need.objects.exists()


def test_script_in_a_chat_is_shown_as_text(world, clerk):
    text = "<script>alert(1)</script>: <img src=x onerror=alert(1)> 灯坏了"
    body = clerk.post("/needs/paste/", first(world, text)).content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body


def test_a_grid_workers_needs_are_of_the_own_grid(world, clerk):
    worker = Client()
    worker.force_login(world.here.people["grid"])
    worker.post("/needs/paste/", second(worker.post("/needs/paste/", first(world))))
    assert {(n.grid, n.tier, n.posted_by) for n in Need.objects.all()} == {
        (world.here.grid, "grid", world.here.people["grid"])
    }


def test_today_is_now(world, at, clerk):
    clerk.post("/needs/paste/", second(clerk.post("/needs/paste/", first(world, "水管漏水了", heard_on=""))))
    assert Need.objects.get().collected_at == at
    assert at - Need.objects.get().collected_at == timedelta(0)
