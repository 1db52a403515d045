"""What a round asks of an application, in a real browser: set up, written with counters, the community's word, one page."""

import re
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from core import clock
from projects.models import CommunityOpinion, Proposal
from projects.services import submit_proposal
from rounds.models import Round
from tests.browser.walker import SCREENS, Walker
from tests.projects import make
from tests.projects.asked import ALL, PROMISE, asking, papers
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAVED = re.compile(r"^已送达 \d\d:\d\d:\d\d$")


@pytest.fixture
def here(live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return build(clock.now()).here


def test_the_office_says_what_an_application_consists_of(chromium, live_server, here):
    office = Walker(chromium, live_server.url)
    office.sign_in("office_a", PASSWORD)
    office.go("/rounds/new/?with=xindian", "期次表单栏目")
    page = office.page
    page.get_by_label("名称").fill("栏目试设")
    page.get_by_label("异议受理方式").fill("街道创投办窗口")
    page.get_by_label("项目特色的要求").select_option("required")
    page.get_by_label("项目特色的字数上限").fill("9")
    office.press("保存", "期次表单栏目错")
    office.says("项目特色的字数上限不能少于 50。")
    page.get_by_label("项目特色的字数上限").fill("200")
    office.press("保存", "期次核对栏目")
    office.says("必填，不超过 200 字")
    assert {"key": "features", "required": True, "most": 200} in Round.objects.get(title="栏目试设").sections
    phone = Walker(chromium, live_server.url, phone=True)
    phone.sign_in("office_a", PASSWORD)
    phone.go("/rounds/new/?with=xindian", "期次表单栏目")
    assert office.faults + phone.faults == []
    office.context.close()
    phone.context.close()


@pytest.mark.parametrize("phone", [False, True])
def test_sections_are_counted_saved_and_handed_in_with_the_commitment(chromium, live_server, here, phone):
    at = clock.now()
    street = asking(
        here, at, sections=ALL, promise=PROMISE, opinion="required", papers=papers(("other", "optional", 2, 5, ()))
    )
    draft = make.make_draft(street, at)
    make.save(draft, street, at, need_ids=(make.make_need(street, at).pk,))
    walker = Walker(chromium, live_server.url, phone=phone)
    walker.sign_in("member_a", PASSWORD)
    walker.go(f"/proposals/{draft.pk}/edit/", "申报书栏目")
    page = walker.page
    need = page.get_by_label("必要性和需求分析")
    need.fill("楼上三十位老人下楼难，没有人陪，家里也没有人手帮他们")
    expect(page.locator("#id_section_need_count")).to_have_text("已写 26 字，超出 6 字")
    expect(page.locator("[data-save-words]")).to_have_text(SAVED, timeout=20000)
    expect(page.locator("[data-gaps]")).to_contain_text("请删减 6 字")
    need.fill("楼上三十位老人下楼难。")
    expect(page.locator("#id_section_need_count")).to_have_text("已写 11/20 字")
    page.get_by_label("项目目标").fill("每人每周下楼一次。")
    for name, value in (
        ("team-0-function", "项目负责人"),
        ("team-0-qualification", "社工师"),
        ("team-0-count", "1"),
        ("target-0-group", "独居老人"),
        ("target-0-number", "300"),
    ):
        page.fill(f"[name={name}]", value)
    expect(page.locator("[data-gaps]")).to_contain_text("内容已填完整", timeout=20000)
    walker.look("申报书栏目填好")
    walker.press("暂存并核对", "核对有承诺")
    walker.press("确认提交", "核对没勾承诺")
    walker.says("请先勾选承诺再提交。")
    walker.faults = [f for f in walker.faults if "400" not in f]  # the server's answer to the missing tick
    page.get_by_label("我代表本单位作以上承诺").check()
    walker.press("确认提交", "承诺后回执")
    assert Proposal.objects.get().versions.get().content["promise"]["words"] == PROMISE
    walker.go(f"/proposals/{draft.pk}/", "申报书有栏目")
    walker.says("还缺")
    walker.press("提醒社区出具意见", "已提醒社区")
    walker.says("已提醒社区")
    clerk = Walker(chromium, live_server.url, phone=phone)
    clerk.sign_in("community_a", PASSWORD)
    clerk.follow("出具社区意见", "社区意见待出具")
    clerk.follow("邻里换物")
    clerk.follow("出具社区意见", "社区意见")
    clerk.page.get_by_label("不同意").check()
    clerk.press("登记社区意见", "社区意见缺理由")
    clerk.says("不同意请写明理由")
    clerk.page.get_by_label("同意", exact=True).check()
    clerk.page.get_by_label("意见说明").fill("场地由社区提供。")
    clerk.press("登记社区意见", "社区意见已登记")
    assert CommunityOpinion.objects.get().agrees
    walker.go(f"/proposals/{draft.pk}/print/", "申报书打印有意见")
    walker.says("场地由社区提供。")
    if not phone:
        page.pdf(path=str(SCREENS / "申报书有栏目.pdf"), prefer_css_page_size=True)
    assert walker.faults + clerk.faults == []
    walker.context.close()
    clerk.context.close()


def test_one_page_is_written_and_handed_in_on_a_telephone(chromium, live_server, here):
    at = clock.now()
    street = asking(here, at, paper="page", promise=PROMISE, page_lines=4, opinion="optional", title="微项目快办")
    make.make_need(street, at)
    walker = Walker(chromium, live_server.url, phone=True)
    walker.sign_in("member_a", PASSWORD)
    walker.go(f"/proposals/start/{street.round.pk}/", "一页纸开始")
    page = walker.page
    page.get_by_label("项目名称").fill("修一盏灯")
    walker.press("开始填写", "一页纸空")
    page.get_by_label("主题").select_option(label="环保")
    page.get_by_label("实施社区").select_option(index=1)
    page.get_by_label("做什么").fill("把三单元楼道的灯修好。")
    expect(page.locator("#id_summary_count")).to_have_text("已写 11/300 字")
    page.get_by_label("在哪里、怎么做").fill("三单元，两个周末，物业帮忙。")
    page.get_by_label("项目开始日期").fill("2027年1月1日")
    page.get_by_label("项目结束日期").fill("2027-03-31")
    page.get_by_label("帮到多少人").fill("40")
    for name, value in (("item", "灯具"), ("unit_price", "120.50"), ("quantity", "4"), ("self_raised", "0")):
        page.fill(f"[name=line-0-{name}]", value)
    expect(page.locator("[data-grant]")).to_have_text("482.00")
    expect(page.locator("[data-save-words]")).to_have_text(SAVED, timeout=20000)
    walker.press("提交申报", "一页纸没勾")
    walker.says("请先勾选承诺再提交")
    page.get_by_label("我单位作以上承诺").check()
    walker.press("提交申报", "一页纸还差")
    walker.says("请至少选择一件居民需求")
    assert page.get_by_label("做什么").input_value() == "把三单元楼道的灯修好。"
    page.locator("#div_id_needs input").first.check()
    walker.press("提交申报", "一页纸回执")
    walker.says("已提交")
    assert Proposal.objects.get().state == "submitted"
    walker.go(f"/proposals/{Proposal.objects.get().pk}/print/", "一页纸打印")
    page.pdf(path=str(SCREENS / "一页纸.pdf"), prefer_css_page_size=True)
    info = shutil.which("pdfinfo")
    if info:
        told = subprocess.run([info, str(SCREENS / "一页纸.pdf")], check=True, capture_output=True, text=True).stdout
        assert "Pages:           1\n" in told
    assert walker.faults == []
    walker.context.close()


def test_a_page_works_without_scripts(chromium, live_server, here):
    at = clock.now()
    street = asking(here, at, paper="page", promise=PROMISE)
    draft = make.make_draft(street, at)
    make.save(draft, street, at, need_ids=(make.make_need(street, at).pk,))
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{live_server.url}/account/sign-in/")
    page.fill("[name=username]", "member_a")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{live_server.url}/proposals/{draft.pk}/edit/")
    page.check("[name=promised]")
    page.get_by_role("button", name="提交申报").click()
    assert "已提交" in page.inner_text("main")
    assert Proposal.objects.get(pk=draft.pk).state == "submitted"
    assert submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at).versions.count() == 1
    context.close()
