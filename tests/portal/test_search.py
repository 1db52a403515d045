"""The one box: by words, initials, part of a credit code, number; only what one may see; in Chinese order."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.pinyin import pinyin_key
from organizations.models import Organization
from portal.search import look
from tests.needs.make import post

# as a printed register would have them
NAMES = [
    "爱心苑", "北辰苑", "晨曦苑", "东风苑", "儿童苑", "扶老苑", "桂花苑", "和美苑", "家和苑", "快乐苑",
    "邻里苑", "美德苑", "暖阳苑", "平安苑", "青苗苑", "仁爱苑", "善行苑", "同心苑", "微光苑", "知行苑",
]  # fmt: skip


def add(world, at, name, uscc=None, street=None):
    return Organization.objects.create(
        street=street or world.here.area, kind="social" if uscc else "team", name=name, pinyin=pinyin_key(name), uscc=uscc,
        community=None if uscc else world.here.communities[0], created_at=at,
    )  # fmt: skip


def titles(user, typed):
    return {one.kind: [row["title"] for row in one.rows] for one in look(user, typed)}


@pytest.mark.parametrize("typed", ["心灯之", "xdzj", "XDZJ", "5137 0000 MJ", "０１２Ｘ"])
def test_an_organization_is_found_by_words_initials_and_part_of_its_code(world, at, typed):
    code = "51370000MJD0012X91"
    name = "心灯之家"
    add(world, at, name, code)
    assert titles(world.here.people["office"], typed) == {"社会组织": [name]}
    assert titles(world.here.people["office"], "91MU") == {}


def test_initials_go_by_syllables_in_a_row(world, at):
    add(world, at, "心灯之家")
    add(world, at, "兴达青年家园")
    assert titles(world.here.people["office"], "dzj") == {"社会组织": ["心灯之家"]}
    assert titles(world.here.people["office"], "xdj") == {}


def test_numbers_and_titles_of_every_kind(world, at):
    need = post(world, at, words="三号楼要装扶手")
    user = world.here.people["office"]
    assert titles(user, need.number) == {"居民需求": ["三号楼要装扶手"]}
    assert titles(user, "扶手") == {"居民需求": ["三号楼要装扶手"]}
    assert titles(user, world.here.round.title) == {"期次": [world.here.round.title]}
    assert titles(user, "   ") == {}


def test_only_what_one_may_see_is_found(world, at):
    there = world.there
    add(world, at, "隔壁街道的社", street=there.area)
    need = post(world, at, community=there.communities[0], by=there.people["community"], words="隔壁的路灯坏了")
    for who in ("office", "community", "member", "judge"):
        assert titles(world.here.people[who], "隔壁") == {}
        assert titles(world.here.people[who], need.number) == {}
    assert titles(there.people["office"], "隔壁") == {"社会组织": ["隔壁街道的社"], "居民需求": ["隔壁的路灯坏了"]}


def test_chinese_order_and_a_fixed_number_of_queries(world, at):
    client = Client()
    client.force_login(world.here.people["office"])

    def queries(typed):
        with CaptureQueriesContext(connection) as found:
            assert client.get("/search/", {"q": typed}).status_code == 200
        return len(found)

    add(world, at, NAMES[7])
    few = queries("苑")
    for name in reversed(NAMES):
        if name != NAMES[7]:
            add(world, at, name)
    assert titles(world.here.people["office"], "苑")["社会组织"] == NAMES
    assert queries("苑") == few
    page = client.get("/search/", {"q": "<b>没有这个"}).content.decode()
    assert "没有找到" in page and "&lt;b&gt;" in page and "<b>没有" not in page
    assert client.get("/search/").status_code == 200


def test_a_person_is_found_only_by_who_runs_the_accounts(world, at):
    admin = world.here.people["system_admin"]
    User.objects.create(username="zengxiaoxiao", display_name="曾小小", street=world.here.area)
    for typed in ("曾小", "zxx", "CXX", "zengxiao"):
        assert titles(admin, typed)["账号"] == ["曾小小"]
        assert "账号" not in titles(world.here.people["office"], typed)
        assert "账号" not in titles(world.there.people["system_admin"], typed)


def test_a_visitor_signs_in_first():
    assert Client().get("/search/", {"q": "社"}).status_code == 302
