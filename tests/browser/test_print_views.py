"""What goes on paper: text alone, black on white, no wider than the sheet, with its page numbers."""

import re

import pytest
from django.urls import reverse

from core import clock
from tests.browser.walker import SCREENS, Walker
from tests.house.scene import play
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OFFICE = {
    "拨付单": ("funding:payment", "payment_id"),
    "审批单": ("funding:payment_print", "payment_id"),
    "协议": ("funding:agreement", "agreement_id"),
    "资金方案": ("funding:plan", "plan_id"),
    "公示": ("funding:notice", "notice_id"),
    "申报书详情": ("projects:detail", "proposal_id"),
    "申报书": ("projects:print", "proposal_id"),
    "评审结果": ("judging:result", "session_id"),
    "评分表": ("judging:print", "session_id", ("what", "e5")),
    "汇总表": ("judging:print", "session_id", ("what", "e6")),
    "需求": ("needs:detail", "need_id"),
    "台账": ("needs:list",),
    "月积分表": ("organizations:monthly_sheet", "organization_id", "year", "month"),
}
# Fills darker than paper, and controls, that would be printed; and the page's width beyond the sheet's.
SEEN = """() => {
  const found = [];
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    if (!box.width || !box.height || e.closest(".visually-hidden")) continue;
    const style = getComputedStyle(e);
    const [r, g, b, a = 1] = (style.backgroundColor.match(/[\\d.]+/g) || []).map(Number);
    if (a > 0.1 && 0.2126 * r + 0.7152 * g + 0.0722 * b < 250) found.push(`fill ${style.backgroundColor}: ${e.outerHTML.slice(0, 90)}`);
    if (style.backgroundImage.includes("gradient")) found.push(`shade: ${e.outerHTML.slice(0, 90)}`);
    if (e.matches("button, .btn, nav, header.masthead, footer, input[type=file]")) found.push(`control: ${e.outerHTML.slice(0, 90)}`);
    if (e.matches("a[href]") && /attr\\(href\\)|http/.test(getComputedStyle(e, "::after").content)) found.push(`address: ${e.outerHTML.slice(0, 90)}`);
  }
  const over = document.documentElement.scrollWidth - window.innerWidth;
  if (over > 0) found.push(`wider than the sheet by ${over} px`);
  return found;
}"""
SHEET = {False: 178, True: 277}  # mm between the margins of A4, upright and lying


def printed(walker, name, path):
    page = walker.page
    page.goto(walker.base + path)
    page.emulate_media(media="print")
    sheet = page.pdf(path=str(SCREENS / f"打印-{name}.pdf"), prefer_css_page_size=True, print_background=True)
    wide, high = (float(x) for x in re.search(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+)", sheet).groups())
    page.set_viewport_size({"width": round(SHEET[wide > high] * 96 / 25.4), "height": 900})
    found = [f"{name}: {fault}" for fault in page.evaluate(SEEN)]
    if page.evaluate(NUMBERED) == 0:
        found.append(f"{name}: no page numbers")
    page.emulate_media(media="screen")
    return found


NUMBERED = """() => {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule.media && rule.media.mediaText === "print");
  return rules.filter((rule) => [...rule.cssRules].some((inner) => inner instanceof CSSPageRule && inner.cssText.includes("counter(page)"))).length;
}"""


def test_thirteen_pages_on_paper(chromium, live_server):
    at = clock.now()
    scene = play(build(at), at)
    walker = Walker(chromium, live_server.url)
    walker.sign_in("office_a", PASSWORD)
    found = []
    for name, (view, *keys) in OFFICE.items():
        given = dict(k if isinstance(k, tuple) else (k, scene.ids[k]) for k in keys)
        found += printed(walker, name, reverse(view, kwargs=given))
    member = Walker(chromium, live_server.url)
    member.sign_in("member_a", PASSWORD)
    found += printed(member, "受理回执", reverse("projects:receipt", kwargs={"proposal_id": scene.ids["proposal_id"]}))
    assert found == []
    assert walker.faults == []
