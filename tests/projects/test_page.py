"""One-page applications of micro-rounds: few fields, handed in from the same page, printed on one page."""

import shutil
import subprocess
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from core import clock
from core.exact import digest
from projects import services
from projects.domain.budget import Line
from projects.domain.meter import meter
from projects.models import Proposal
from projects.services import fields
from tests.projects import make
from tests.projects.asked import PROMISE, asking
from tests.projects.test_application import text_of
from tests.projects.test_views import text
from tests.world import build


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def here(now):
    return build(now).here


@pytest.fixture
def street(here, now):
    return asking(here, now, paper="page", promise=PROMISE, page_lines=3, opinion="optional")


@pytest.fixture
def draft(street, now):
    return make.make_draft(street, now, title="修一盏灯")


@pytest.fixture
def client(here):
    client = Client()
    client.force_login(here.people["member"])
    return client


def url(proposal, name="edit"):
    return f"/proposals/{proposal.pk}/{name}/"


def typed(street, draft, need=None, **changed):
    """What a browser posts from the page filled in completely."""
    lines = {"line-TOTAL_FORMS": "2", "line-INITIAL_FORMS": "0", "line-MIN_NUM_FORMS": "0", "line-MAX_NUM_FORMS": "3"}
    for i, (item, price, count) in enumerate([("灯具", "120.50", "4"), ("", "", "")]):
        lines |= {f"line-{i}-head": "activity", f"line-{i}-item": item, f"line-{i}-unit_price": price, f"line-{i}-quantity": count, f"line-{i}-self_raised": "0" if item else ""}  # fmt: skip
    return {
        "title": "修一盏灯", "theme": street.themes[1].pk, "community": street.communities[0].pk, "summary": "把三单元的灯修好。", "plan": "三单元，两个周末。",
        "starts_on": "2027-01-01", "ends_on": "2027年3月31日", "beneficiaries": "40", "minimum": "", "find": "", "needs": [need.pk] if need else [],
        "revision": Proposal.objects.get(pk=draft.pk).revision, "papers": "", **lines,
    } | changed  # fmt: skip


def hand_in(client, street, draft, now, **changed):
    return client.post(
        url(draft), typed(street, draft, make.make_need(street, now), hand_in="1", promised="on") | changed
    )


def test_the_page_asks_few_things(client, street, draft):
    page = client.get(url(draft))
    assert next(t.name for t in page.templates) == "projects/page.html"
    names = list(page.context["form"].fields)
    assert names == [
        "title", "theme", "community", "summary", "find", "needs", "orders", "plan", "starts_on", "ends_on", "beneficiaries", "minimum", "promised", "revision",
    ]  # fmt: skip
    assert PROMISE in page.content.decode()
    assert (page.context["meter"]["filled"], page.context["meter"]["total"]) == (1, 10)


def test_it_is_handed_in_with_one_button(client, street, draft, now):
    answer = hand_in(client, street, draft, now)
    assert answer["Location"] == url(draft, "receipt")
    stored = Proposal.objects.get(pk=draft.pk)
    assert (stored.state, stored.requested, stored.minimum) == ("submitted", Decimal("482.00"), Decimal("482.00"))
    content = stored.versions.get().content
    assert (content["paper"], content["promise"]["digest"]) == ("page", digest(PROMISE))
    again = client.post(url(draft), typed(street, draft, hand_in="1", promised="on"))
    assert (again["Location"], stored.versions.count()) == (url(draft, "receipt"), 1)


def test_the_applicant_may_say_with_how_little_it_can_be_done(client, street, draft, now):
    hand_in(client, street, draft, now, minimum="200")
    assert Proposal.objects.get(pk=draft.pk).minimum == Decimal("200.00")


def test_without_the_tick_it_is_refused_at_the_box_and_nothing_is_lost(client, street, draft, now):
    answer = hand_in(client, street, draft, now, promised="")
    assert "请先勾选承诺再提交" in text(answer)
    assert "把三单元的灯修好。" in answer.content.decode()
    assert Proposal.objects.get(pk=draft.pk).state == "draft"


def test_gaps_are_said_at_their_fields_and_what_was_typed_is_saved(client, street, draft, now):
    answer = client.post(url(draft), typed(street, draft, hand_in="1", promised="on", summary="", beneficiaries=""))
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert errors["summary"] == ["请填写做什么。"]
    assert errors["needs"] == ["请至少选择一件居民需求或一张服务项目单。"]
    stored = Proposal.objects.get(pk=draft.pk)
    assert (stored.state, stored.plan, stored.lines.count()) == ("draft", "三单元，两个周末。", 1)
    assert f'name="revision" value="{stored.revision}"' in answer.content.decode()
    assert client.post(url(draft), typed(street, draft, make.make_need(street, now), hand_in="1", promised="on"))["Location"] == url(draft, "receipt")  # fmt: skip


def test_after_the_deadline_it_is_saved_and_said(client, street, draft, now, monkeypatch):
    body = typed(street, draft, make.make_need(street, now), hand_in="1", promised="on")
    monkeypatch.setattr(clock, "now", lambda: street.round.apply_closes_at)
    answer = client.post(url(draft), body)
    assert "不能再提交。您的草稿已保留。" in text(answer)
    assert (Proposal.objects.get(pk=draft.pk).state, Proposal.objects.get(pk=draft.pk).summary) == (
        "draft",
        "把三单元的灯修好。",
    )


def test_another_tab_is_told_and_nothing_is_handed_in(client, street, draft, now):
    body = typed(street, draft, make.make_need(street, now), hand_in="1", promised="on")
    client.post(url(draft), typed(street, draft, save="1", summary="先存的"))
    answer = client.post(url(draft), body)
    assert "刚刚在别处被修改过" in text(answer)
    assert (Proposal.objects.get(pk=draft.pk).state, Proposal.objects.get(pk=draft.pk).summary) == ("draft", "先存的")


def test_a_stranger_finds_nothing_and_a_colleague_of_the_office_may_not(street, draft, now, here):
    for who, code in (("other_member", 404), ("office", 404)):
        client = Client()
        client.force_login(here.people[who])
        assert hand_in(client, street, draft, now).status_code == code


def test_lines_are_few_in_the_form_and_in_the_service(client, street, draft, here, now):
    body = typed(street, draft, save="1") | {"line-TOTAL_FORMS": "4"}
    body |= {f"line-{i}-{k}": v for i in range(4) for k, v in (("head", "activity"), ("item", "灯"), ("unit_price", "1"), ("quantity", "1"), ("self_raised", "0"))}  # fmt: skip
    assert client.post(url(draft), body).status_code == 200
    with pytest.raises(services.TooManyLines, match="最多 3 行"):
        make.save(draft, street, now, lines=(Line("activity", "灯", Decimal(1), 1, Decimal(0)),) * 4)
    assert Proposal.objects.get(pk=draft.pk).lines.count() == 0


def test_one_theme_is_not_asked(here, now, client):
    street = asking(here, now, paper="page")
    street.round.themes.exclude(pk=street.themes[0].pk).delete()
    draft = make.make_draft(street, now)
    assert draft.theme == street.themes[0]
    assert "theme" not in client.get(url(draft)).context["form"].fields


def test_a_return_marks_the_few_fields_and_opens_only_these(client, street, draft, here, now):
    hand_in(client, street, draft, now)
    assert set(services.fields_of(street.round)) == set(fields.PAGE_FIELDS)
    proposal = Proposal.objects.get(pk=draft.pk)
    make.decide(
        proposal, street, "return", now, fields_open=["plan", "section_need"], complete_by=now + timedelta(days=1)
    )
    assert proposal.decisions.get().fields_open == ["plan"]
    page = client.get(url(draft))
    assert [n for n, f in page.context["form"].fields.items() if not f.disabled] == [
        "find",
        "plan",
        "promised",
        "revision",
    ]
    answer = client.post(
        url(draft),
        {"plan": "三单元，三个周末。", "revision": proposal.revision, "hand_in": "1", "promised": "on", "papers": ""},
    )
    assert answer["Location"] == url(draft, "receipt")
    assert proposal.versions.get(number=2).content["plan"] == "三单元，三个周末。"


def test_autosave_measures_the_page(client, street, draft):
    answer = client.post(url(draft), typed(street, draft, auto="1")).json()
    assert [s["title"] for s in answer["meter"]["sections"]] == [
        "基本信息",
        "回应需求",
        "做什么",
        "经费预算",
        "附件材料",
    ]
    assert (answer["meter"]["filled"], answer["meter"]["total"]) == (9, 10)
    assert meter([], {}, is_page=True)["filled"] == 10


def full(client, street, draft, now):
    """As much as one page takes."""
    lines = {"line-TOTAL_FORMS": "3"} | {
        f"line-{i}-{k}": v for i in range(3) for k, v in (("head", "activity"), ("item", "灯具、灯座和电线等材料" * 3), ("unit_price", "120.50"), ("quantity", "4"), ("self_raised", "0"))
    }  # fmt: skip
    hand_in(client, street, draft, now, summary="把灯修好。" * 60, plan="三单元楼道。" * 33, **lines)


def test_w3_is_one_page_of_word(client, street, draft, now, tmp_path):
    full(client, street, draft, now)
    data = b"".join(client.get(url(draft, "word")).streaming_content)
    told = text_of(data)
    for piece in ("修一盏灯", PROMISE, "实施社区（盖章）", "灯具、灯座", "2027-01-01 至 2027-03-31"):
        assert piece in told, piece
    assert data == b"".join(client.get(url(draft, "word")).streaming_content)
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("no office program to count the pages")
    (tmp_path / "w3.docx").write_bytes(data)
    subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "w3.docx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    pages = subprocess.run(
        [shutil.which("pdfinfo") or "pdfinfo", str(tmp_path / "w3.pdf")], check=True, capture_output=True, text=True
    )
    assert "Pages:           1\n" in pages.stdout


def test_the_printed_page_has_what_the_sheet_has(client, street, draft, now):
    full(client, street, draft, now)
    page = client.get(url(draft, "print"))
    assert "projects/onepage.css" in page.content.decode()
    words = text(page)
    for piece in ("修一盏灯", PROMISE, "实施所在社区（盖章）", "1,446.00"):
        assert piece in words, piece
    detail = text(client.get(f"/proposals/{draft.pk}/"))
    assert "在哪里、怎么做" in detail
    assert "预期成效与指标" not in detail
