"""The control for files: what it says before, what it refuses at once, how far an upload is, and who can do without it."""

import pytest
from playwright.sync_api import expect

from core import clock
from projects.models import Attachment
from tests.browser.walker import PHONE, Walker
from tests.needs.files import photo
from tests.projects import make
from tests.projects.files import PLAIN_PDF
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MEGABYTE = 1024 * 1024
# Every state the bar is in, kept where the test can read it afterwards.
WATCH = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const track = document.querySelector("[data-upload] progress");
    if (track) window.seen.push([track.value, document.querySelector("[data-upload] p").textContent]);
  }).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
}"""


def given(name, data=PLAIN_PDF, kind="application/pdf"):
    return {"name": name, "mimeType": kind, "buffer": data}


@pytest.fixture
def here(live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return build(clock.now()).here


@pytest.fixture
def attachments(chromium, live_server, here):
    draft = make.make_complete_draft(here, clock.now())
    walker = Walker(chromium, live_server.url)
    walker.sign_in("member_a", PASSWORD)
    walker.go(f"/proposals/{draft.pk}/attachments/")
    return walker


def test_the_bar_moves_while_a_thin_line_carries_the_file(attachments):
    walker, page = attachments, attachments.page
    page.get_by_label("种类").select_option("registration")
    page.get_by_label("文件").set_input_files(given("登记证书副本.pdf", PLAIN_PDF + b"%" + b"0" * MEGABYTE))
    expect(page.locator("[data-picker-list]")).to_contain_text("登记证书副本.pdf1.0 MB")
    page.evaluate(WATCH)
    line = walker.context.new_cdp_session(page)
    line.send("Network.enable")
    thin = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    line.send("Network.emulateNetworkConditions", thin)
    page.get_by_role("button", name="上传", exact=True).click()
    track = page.get_by_role("progressbar", name="正在上传")
    expect(track).to_be_visible()
    page.locator('[data-upload] progress:not([value="0"]):not([value="100"])').wait_for()
    walker.look("附件材料-上传中")
    seen = page.evaluate("window.seen")
    line.send("Network.emulateNetworkConditions", {**thin, "uploadThroughput": -1})
    page.get_by_text("已上传：登记证书副本.pdf。").wait_for()
    values = [value for value, _ in seen]
    assert values == sorted(values)
    value, words = next((v, w) for v, w in seen if 0 < v < 100)
    assert words == f"正在上传，已完成 {value}%（共 1.0 MB）"
    assert Attachment.objects.get().kind == "registration"
    assert walker.faults == []


def test_what_cannot_be_taken_is_refused_when_it_is_chosen(attachments):
    walker, page = attachments, attachments.page
    said = page.locator("#id_file_heavy")
    field = page.get_by_label("文件")
    assert "PDF、JPG、PNG、DOCX 或 XLSX，不超过 20 MB" in page.locator("#div_id_file").inner_text()
    assert "没有选择文件" in page.locator("#div_id_file").inner_text()
    count = "document.querySelector('[name=file]').files.length"
    for file, words in (
        (given("说明.exe"), "“说明.exe”不能上传，只收 PDF、JPG、PNG、DOCX 或 XLSX。"),
        (given("空.pdf", b""), "“空.pdf”是空的，请换一个。"),
        (given("大.pdf", b"0" * (20 * MEGABYTE + 1)), "“大.pdf”有 20.0 MB，每个不能超过 20 MB，请换一个小些的。"),
    ):
        field.set_input_files(file)
        expect(said).to_have_text(words)
        assert page.evaluate(count) == 0
    walker.look("附件材料-选错文件")
    field.set_input_files(given("证书.pdf"))
    expect(said).to_have_count(0)
    page.get_by_role("button", name="去掉 证书.pdf").click()
    expect(field).to_be_focused()
    assert page.evaluate(count) == 0
    # By keyboard: Space opens the browser's own window of files.
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(given("证书.pdf"))
    expect(page.locator("[data-picker-told]")).to_have_text("已选 1 个，共 102 B")
    assert walker.faults == []


def test_photos_are_added_one_by_one_up_to_the_limit(chromium, live_server, here):
    walker = Walker(chromium, live_server.url, phone=True)
    page = walker.page
    walker.go("/ask/")
    field = page.locator("[name=photos]")
    names = "[...document.querySelector('[name=photos]').files].map((f) => f.name)"
    data = photo().read()
    for name in ("一.jpg", "二.jpg", "三.jpg"):
        field.set_input_files(given(name, data, "image/jpeg"))
    field.set_input_files([given("四.jpg", data, "image/jpeg")])
    expect(page.locator("#id_photos_heavy")).to_have_text("最多 3 张，“四.jpg”没有加上。要换的，先去掉一张。")
    assert page.evaluate(names) == ["一.jpg", "二.jpg", "三.jpg"]
    walker.look("反映需求-照片")
    walker.axe("照片")
    assert walker.faults == []


def test_without_script_the_browser_s_own_control_does_it(chromium, live_server, here):
    draft = make.make_complete_draft(here, clock.now())
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + "/account/sign-in/")
    page.get_by_label("用户名或手机号").fill("member_a")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{live_server.url}/proposals/{draft.pk}/attachments/")
    page.get_by_label("种类").select_option("registration")
    field = page.get_by_label("文件")
    assert field.evaluate("e => getComputedStyle(e).opacity") == "1"
    field.set_input_files(given("证书.pdf"))
    page.get_by_role("button", name="上传", exact=True).click()
    assert "已上传：证书.pdf。" in page.inner_text("main")
    context.close()
