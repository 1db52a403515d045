"""The rest of an application in a real browser: rows saved while one types, attachments, paper, dossier."""

import re

import pytest
from playwright.sync_api import expect

from core import clock
from projects.models import Attachment, Indicator, Partner, Proposal
from projects.services import submit_proposal
from tests.browser.walker import PHONE, SCREENS, Walker
from tests.projects import make
from tests.projects.files import pdf
from tests.projects.test_parts import FULL, save
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAVED = re.compile(r"^已送达 \d\d:\d\d:\d\d$")


@pytest.fixture
def here(live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return build(clock.now()).here


def test_rows_are_saved_while_one_types_and_the_meter_follows(chromium, live_server, here):
    draft = make.make_draft(here, clock.now())
    walker = Walker(chromium, live_server.url)
    walker.sign_in("member_a", PASSWORD)
    walker.go(f"/proposals/{draft.pk}/edit/", "申报书各表")
    page = walker.page
    meter = page.locator("[data-meter]")
    expect(meter.locator("[data-filled]")).to_have_text("1")
    page.get_by_role("button", name=re.compile(r"再加几行\s*指标表")).click()
    expect(page.get_by_label("指标表第 2 行指标")).to_be_focused()
    page.get_by_label("指标表第 2 行指标").fill("活动场次")
    page.get_by_label("指标表第 2 行目标值").fill("12")
    page.get_by_label("合作单位第 1 行单位名称").fill("溡源社区党总支")
    page.get_by_label("项目简介").fill("每月一次。")
    expect(page.locator("[data-save-words]")).to_have_text(SAVED, timeout=8000)
    expect(meter).to_contain_text("1 行，1 处待补")
    expect(meter.locator("[data-filled]")).to_have_text("2")
    assert list(Indicator.objects.values_list("name", "number", "unit")) == [("活动场次", 12, "")]
    assert list(Partner.objects.values_list("name", "kind")) == [("溡源社区党总支", "party")]
    page.get_by_role("link", name="合作单位", exact=True).click()
    expect(page.locator("#partners")).to_be_in_viewport()
    page.reload()
    assert page.get_by_label("指标表第 1 行目标值").input_value() == "12"
    assert walker.faults == []
    walker.context.close()


def test_attachments_and_paper_on_a_telephone(chromium, live_server, here):
    at = clock.now()
    draft = make.make_complete_draft(here, at)
    save(draft, here, at, FULL)
    walker = Walker(chromium, live_server.url, phone=True)
    walker.sign_in("member_a", PASSWORD)
    walker.go(f"/proposals/{draft.pk}/edit/", "申报书各表")
    walker.follow("上传或删除附件", "附件材料-空")
    page = walker.page
    page.get_by_label("种类").select_option("registration")
    given = pdf()
    page.get_by_label("文件").set_input_files(
        {"name": "登记证书副本.pdf", "mimeType": "application/pdf", "buffer": given.read()}
    )
    walker.press("上传", "附件材料")
    walker.says("已上传：登记证书副本.pdf。")
    page.get_by_label("种类").select_option("other")
    page.get_by_label("文件").set_input_files(
        {"name": "网页.pdf", "mimeType": "application/pdf", "buffer": b"<html></html>"}
    )
    walker.press("上传", "附件材料-拒收")
    walker.says("只能上传 PDF、JPG、PNG、DOCX 或 XLSX。")
    assert Attachment.objects.get().kind == "registration"
    walker.go(f"/proposals/{draft.pk}/check/", "核对")
    submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=clock.now())
    walker.go(f"/proposals/{draft.pk}/", "申报书详情")
    with page.expect_download() as download:
        page.get_by_role("link", name="登记证书副本.pdf").click()
    assert download.value.suggested_filename == "登记证书副本.pdf"
    walker.go(f"/proposals/{draft.pk}/print/", "申报书打印")
    walker.go(f"/proposals/{draft.pk}/attachments/", "附件材料-只读")
    assert Proposal.objects.get().state == "submitted"
    page.set_viewport_size({"width": 320, "height": PHONE["height"]})
    walker.size = {"width": 320, "height": PHONE["height"]}
    for path in ("", "print/", "attachments/"):
        walker.go(f"/proposals/{draft.pk}/{path}")
    page.goto(f"{live_server.url}/elder/?step=1&next=/proposals/{draft.pk}/")
    walker.look()
    walker.axe("申报书 elder")
    page.emulate_media(media="print")
    page.goto(f"{live_server.url}/proposals/{draft.pk}/print/")
    page.pdf(path=str(SCREENS / "申报书.pdf"), format="A4")
    # 400 is the server's answer to what it would not keep; the browser notes it in its console.
    assert [f for f in walker.faults if "400" not in f] == []
    walker.context.close()
