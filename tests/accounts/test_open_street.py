"""A real street begins with three people and three links, and with the second factor demanded."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Area, RoleGrant, User
from accounts.services import policy_of

PEOPLE = {"system": "sys_c:甲", "security": "sec_c:乙", "audit": "aud_c:丙"}


def test_three_people_with_three_links(world, capsys):
    call_command("open_street", "测试区", "丙街道", **PEOPLE)
    out = capsys.readouterr().out
    links = re.findall(r"https?://[^/\s]+(/welcome/\S+/)", out)
    assert len(set(links)) == 3
    street = Area.objects.get(name="丙街道")
    assert street.parent == world.district
    held = RoleGrant.objects.filter(area=street).order_by("pk").values_list("user__username", "role")
    assert list(held) == [("sys_c", "system_admin"), ("sec_c", "security_admin"), ("aud_c", "audit_admin")]
    policy = policy_of(street)
    assert (policy.pk, policy.is_required, policy.roles) == (None, True, ["office", "leader", "finance"])
    assert Client().post(links[0], {"new": "Xin-mima-2027", "again": "Xin-mima-2027"}).status_code == 302
    assert User.objects.get(username="sys_c").check_password("Xin-mima-2027")


@pytest.mark.parametrize(
    ("district", "street", "more", "words"),
    [
        ("测试区", "甲街道", {}, "已有甲街道"),
        ("测试区", "丙街道", {"audit": "sys_c:丁"}, "三个人"),
        ("测试区", "丙街道", {"audit": "office_a:丁"}, "已被使用"),
        ("测试区", "丙街道", {"audit": "丁"}, "请写成"),
    ],
)
def test_nothing_is_made_where_something_does_not_fit(world, district, street, more, words):
    count = User.objects.count()
    with pytest.raises(CommandError, match=words):
        call_command("open_street", district, street, **(PEOPLE | more))
    assert User.objects.count() == count
    assert not Area.objects.filter(name="丙街道").exists()
