"""The frame of every page: components, menu, elder mode, error pages, no inline script or style."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse

from chuangtou.sprite import UnknownIcon, icon_names, reduce_sprite
from core.templatetags import face
from portal import views
from portal.context import in_drawers, menu

ROOT = Path(__file__).resolve().parents[2]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=|href=[\"']javascript:", re.IGNORECASE)
PAGES = ["/", "/gallery/", "/gallery/?refused=1", "/help/", "/no-such-page/"]


def render(source: str, **context) -> str:
    return Template(source).render(Context(context))


def html_of(answer) -> str:
    return answer.content.decode()


# --- components


@pytest.mark.parametrize(
    ("amount", "words"),
    [(Decimal("30000"), "30,000.00"), ("5000.5", "5,000.50"), (None, "—"), ("", "—"), (Decimal(0), "0.00")],
)
def test_yuan(amount, words):
    assert render("{{ a|yuan }}", a=amount) == words


def test_moments_are_shown_on_the_clock_of_beijing(at):
    late = at + timedelta(hours=13)
    assert render("{{ a|when }}", a=late) == "2026年11月24日 周二 01:00"
    assert render("{{ a|exactly }}", a=late) == "2026年11月24日 01:00:00"
    assert render("{{ a|day }}|{{ b|day }}", a=late, b=date(2026, 11, 23)) == "2026年11月24日 周二|2026年11月23日 周一"
    assert render("{{ a|weekday }}", a=late) == "周二"


def test_deadline_says_what_is_left_and_carries_the_servers_clock(at):
    html = render("{% deadline due now '申报截止' %}", due=at + timedelta(days=2, hours=3, minutes=4), now=at)
    assert "还剩 2 天 3 小时 4 分" in html
    assert "deadline-near" in html
    assert 'data-now="2026-11-23T12:00:00+08:00"' in html
    assert 'data-deadline="2026-11-25T15:04:00+08:00"' in html
    assert "（北京时间 周三）" in html


def test_deadline_that_passed_is_over_at_the_very_second(at):
    html = render("{% deadline due now %}", due=at, now=at)
    assert "已截止" in html
    assert "deadline-over" in html


@pytest.mark.parametrize("state", sorted(face.TONES))
def test_status_never_speaks_by_colour_alone(state):
    html = render("{% status state '状态' %}", state=state)
    assert "<use href=" in html
    assert "状态" in html


def test_steps_say_their_state_in_words():
    html = render("{% steps items %}", items=[("方案", "done"), ("预算", "now"), ("提交", "todo")])
    assert re.findall(r"（.{3}）", html) == ["（已完成）", "（进行中）", "（未开始）"]
    assert html.count('aria-current="step"') == 1


def test_tasks_show_count_hint_and_state(at):
    html = render(
        "{% tasks items %}",
        items=[
            {"title": "补正", "href": "/x/", "state": "late", "count": 3, "hint": "缺单价", "due": at},
            {"title": "等待", "href": "", "state": "wait"},
        ],
    )
    assert '<a class="task-link" href="/x/">补正</a>' in html
    assert "已逾期" in html
    assert "截止 2026年11月23日 周一 12:00" in html
    assert '<span class="task-link">等待</span>' in html


def test_pager_keeps_filters_and_counts():
    request = RequestFactory().get("/", {"q": "溡源", "page": "2"})
    html = render("{% pager page %}", page=Paginator(range(95), 30).page(2), request=request)
    assert "共 95 条" in html
    assert 'href="?q=%E6%BA%A1%E6%BA%90&amp;page=1"' in html
    assert 'href="?q=%E6%BA%A1%E6%BA%90&amp;page=3"' in html


def test_pager_of_one_page_only_counts():
    html = render("{% pager page %}", page=Paginator([1], 30).page(1), request=RequestFactory().get("/"))
    assert "共 1 条" in html
    assert "<a" not in html


def test_components_escape_what_people_wrote():
    evil = "<script>alert(1)</script>"
    html = render(
        "{% empty e e %}{% status 'open' e %}{% trail e %}{% facts e e %}{% steps s %}{% save_state 'saved' e %}",
        e=evil, s=[(evil, "now")],
    )  # fmt: skip
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 8


def test_save_state_speaks_politely():
    html = render("{% save_state 'retrying' %}")
    assert 'aria-live="polite"' in html
    assert "未保存，正在重试" in html


def test_save_words_are_the_same_in_browser_and_server():
    source = (ROOT / "static/portal/save_state.js").read_text(encoding="utf-8")
    assert dict(re.findall(r'^  (\w+): "(.+)",$', source, re.MULTILINE)) == face.SAVE_WORDS


# --- icons


SPRITE = (
    '<svg><symbol class="a" viewBox="0 0 16 16" id="b"><path d="M1"/></symbol><symbol id="a"><path/></symbol></svg>'
)


def test_sprite_keeps_the_named_icons_only():
    assert reduce_sprite(SPRITE, ["b", "b"]) == (
        '<svg xmlns="http://www.w3.org/2000/svg"><symbol class="a" viewBox="0 0 16 16" id="b"><path d="M1"/></symbol></svg>\n'
    )


def test_sprite_refuses_names_it_does_not_have():
    with pytest.raises(UnknownIcon, match=r"^x, y$"):
        reduce_sprite(SPRITE, ["a", "y", "x"])


def test_icon_list_skips_comments():
    assert icon_names("# head\n\nhouse\n list \n") == ["house", "list"]


def test_every_icon_that_templates_use_is_listed():
    listed = set(icon_names((ROOT / "icons.txt").read_text(encoding="utf-8")))
    used = set(face.ICONS.values()) | set(face.STATE_ICONS.values())
    for path in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([\w-]+)"', path.read_text(encoding="utf-8")))
    assert used - listed == set()


# --- pages


@pytest.mark.django_db
@pytest.mark.parametrize("url", PAGES)
def test_page_has_its_frame_and_nothing_inline(client: Client, url):
    answer = client.get(url)
    html = html_of(answer)
    assert answer.status_code == (404 if "no-such" in url else 200)
    assert INLINE.findall(html) == []
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert '<html lang="zh-CN"' in html
    assert len(re.findall(r"<h1[ >]", html)) == 1
    assert re.search(r"<title>[^<]+ - 创投门户</title>", html)
    assert html.index('class="skip"') < html.index("<header")
    assert all(mark in html for mark in ("<main", "<footer", "<nav", "长者模式", "主办单位", "联系电话"))


def test_templates_hold_nothing_inline():
    found = {
        str(path.relative_to(ROOT)): INLINE.findall(path.read_text(encoding="utf-8"))
        for path in (ROOT / "templates").rglob("*.html")
    }
    assert {name: marks for name, marks in found.items() if marks} == {}


@pytest.mark.django_db
def test_gallery_stays_out_of_search_engines(client: Client):
    assert client.get("/gallery/")["X-Robots-Tag"] == "noindex"


@pytest.mark.django_db
def test_title_of_a_refused_form_begins_with_the_word_error(client: Client):
    assert "<title>错误：组件陈列 - " in html_of(client.get("/gallery/?refused=1"))
    assert "<title>组件陈列 - " in html_of(client.get("/gallery/"))


def test_stylesheets_avoid_what_old_browsers_lack():
    banned = re.compile(r"color-mix|oklch|:has\(|@layer|@container|\d(d|s|l)vh|&:|aspect-ratio|overflow: clip")
    for path in (ROOT / "static").rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert banned.findall(text) == [], path


def test_scripts_avoid_what_old_browsers_lack():
    banned = re.compile(
        r"randomUUID|crypto\.subtle|structuredClone|\.at\(|AbortSignal\.timeout|wakeLock|Object\.hasOwn|\.findLast|\.toSorted"
        r"|\.toReversed|Object\.groupBy|checkVisibility|showPopover|\.inert\b|\bstatic \{|^await |^(?:const|let) .*= await ",
        re.MULTILINE,
    )
    for path in (ROOT / "static").rglob("*.js"):
        assert banned.findall(path.read_text(encoding="utf-8")) == [], path


@pytest.mark.django_db
def test_plain_http_shows_its_banner(client: Client, settings):
    settings.PLAIN_HTTP = True
    assert "当前连接未加密" in html_of(client.get("/"))
    settings.PLAIN_HTTP = False
    assert "当前连接未加密" not in html_of(client.get("/", secure=True))


@pytest.mark.django_db
def test_footer_shows_what_the_office_filled_in(client: Client, settings):
    settings.SITE_HOST_UNIT, settings.SITE_PHONE, settings.SITE_RECORD = "甲街道办事处", "0000-1234", "备案 001 号"
    html = html_of(client.get("/"))
    assert "主办单位：甲街道办事处" in html
    assert "联系电话：0000-1234" in html
    assert "备案 001 号" in html


def test_signed_in_person_sees_name_and_workbench(world, client: Client):
    client.force_login(world.here.people["office"])
    html = html_of(client.get("/help/"))
    assert world.here.people["office"].display_name in html
    assert "创投办" in html
    assert f'href="{reverse("portal:home")}"' in html


@pytest.mark.django_db
def test_menu_costs_a_visitor_no_query(django_assert_num_queries):
    request = RequestFactory().get("/help/")
    request.user = AnonymousUser()
    with django_assert_num_queries(0):
        found = menu(request)
    assert found["menu"][0] == {"label": "首页", "href": "/", "active": False}
    assert found["unread"] == 0


def test_menu_marks_the_page_one_is_on():
    request = RequestFactory().get("/")
    assert next(entry["active"] for entry in menu(request)["menu"]) is True


def entry(name):
    return {"label": name, "href": f"/{name}/", "active": name == "funding:plans"}


def test_a_long_menu_is_put_in_drawers_and_a_short_one_is_not():
    names = [
        "portal:home", "rounds:list", "needs:list", "needs:orders", "projects:list", "funding:plans", "organizations:list",
        "messaging:masses", "portal:reports", "jobs:list", "delivery:projects",
    ]  # fmt: skip
    found = in_drawers([entry(name) for name in names], names)
    assert [(d["label"], [e["label"] for e in d["entries"]]) for d in found] == [
        ("", ["portal:home"]), ("申报和评审", ["rounds:list", "projects:list"]), ("需求", ["needs:list", "needs:orders"]),
        ("资金", ["funding:plans", "delivery:projects"]), ("", ["organizations:list"]), ("", ["messaging:masses"]),
        ("报表和下载", ["portal:reports", "jobs:list"]),
    ]  # fmt: skip
    assert [d["label"] for d in found if d["active"]] == ["资金"]
    short = in_drawers([entry(name) for name in names[:9]], names[:9])
    assert [len(d["entries"]) for d in short] == [1] * 9


# --- elder mode


@pytest.mark.django_db
def test_elder_mode_is_kept_in_a_cookie_and_changes_the_page(client: Client):
    answer = client.get("/elder/", {"step": "1", "next": "/help/?a=1"})
    assert answer.status_code == 302
    assert answer["Location"] == "/help/?a=1"
    cookie = answer.cookies["elder"]
    assert (cookie.value, cookie["max-age"], cookie["httponly"], cookie["samesite"]) == ("1", 31536000, True, "Lax")
    assert 'class="elder elder-1"' in html_of(client.get("/help/"))
    client.get("/elder/", {"step": "3"})
    assert 'class="elder elder-3"' in html_of(client.get("/help/"))
    client.get("/elder/", {"step": "0"})
    assert 'class="elder' not in html_of(client.get("/help/"))


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "", "\x00"]
)
def test_elder_mode_never_leads_away(client: Client, target):
    answer = client.get("/elder/", {"step": "1", "next": target})
    assert answer.get("Location", "/") == "/"
    assert answer.status_code in {302, 400}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["9", "x", "", "<b>"])
def test_a_cookie_of_another_kind_is_no_elder_mode(client: Client, value):
    client.cookies["elder"] = value
    assert 'class="elder' not in html_of(client.get("/help/"))


def test_elder_switch_only_answers_links(client: Client):
    assert client.post("/elder/", {"step": "1"}).status_code == 405


# --- error pages


ERRORS = {400: "请求无法处理", 403: "没有权限", 404: "找不到这个页面", 413: "提交的内容太大"}


@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(ERRORS))
def test_error_page_is_chinese_with_a_way_back(rf, status):
    request = rf.get("/")
    request.user = AnonymousUser()
    answer = {
        400: lambda: views.bad_request(request, ValueError()),
        403: lambda: views.forbidden(request, PermissionError()),
        404: lambda: views.not_found(request, LookupError()),
        413: lambda: views.bad_request(request, RequestDataTooBig()),
    }[status]()
    html = html_of(answer)
    assert answer.status_code == status
    assert ERRORS[status] in html
    assert f"错误编号 {status}" in html
    assert "返回首页" in html
    assert INLINE.findall(html) == []


def test_fault_page_needs_no_database_and_gives_a_reference(rf, caplog):
    """No django_db mark: a query would fail the test."""
    request = rf.get("/anything/")
    answer = views.broken(request)
    html = html_of(answer)
    assert answer.status_code == 500
    reference = re.search(r"错误编号 (500-[0-9a-f]{8})", html)
    assert reference
    assert reference.group(1) in caplog.text
    assert "Traceback" not in html


@pytest.mark.django_db
def test_form_without_token_gets_words_about_an_expired_page(settings):
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/help/")
    assert answer.status_code == 403
    assert "页面已过期" in html_of(answer)


@pytest.mark.parametrize("name", ["429", "refused"])
def test_other_error_pages_render(name, rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    from django.shortcuts import render as answer

    html = html_of(answer(request, f"{name}.html", {"message": "评分已锁定。", "status": 409}))
    assert "返回首页" in html
    assert "错误编号" in html
