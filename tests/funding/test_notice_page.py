"""The public page of a notice: what it says, what it never shows, how it is kept."""

import re

import pytest
from django.test import Client

from tests.funding.money import noticed

NUMBERS = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{16,19}(?!\d)")


@pytest.fixture
def page(world, at):
    notice = noticed(world, at).plan.notices.get()
    answer = Client().get(f"/notices/{notice.pk}/")
    return notice, answer, answer.content.decode()


@pytest.mark.django_db
def test_notice_says_all_it_must(page):
    notice, _answer, html = page
    assert notice.title == f"关于{notice.plan.round.title}拟资助项目的公示"
    for words in (notice.title, "公示期：", "合计大写：", notice.content["total_upper"], "异议受理", notice.contact):
        assert words in html
    assert re.search(r'<p class="signed">甲街道<br>\d{4}年\d+月\d+日</p>', html)
    assert f"http://testserver/notices/{notice.pk}/object/" in html


@pytest.mark.django_db
def test_notice_shows_no_personal_numbers(page):
    assert NUMBERS.findall(page[2]) == []


@pytest.mark.django_db
def test_notice_is_asked_for_anew(page):
    assert page[1]["Cache-Control"] == "private, no-cache"


@pytest.mark.django_db
def test_notice_has_its_own_address_as_a_code(page):
    notice, answer, html = page
    assert answer.context["address"] == f"http://testserver/notices/{notice.pk}/"
    assert html.count('class="segno"') == 1
