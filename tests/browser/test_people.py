"""People come in: invitation, own password, second factor, codes right and wrong; import, policy, hand-over, first password."""

import re
import time

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import expect

from accounts.domain.codes import key_bytes
from accounts.models import Authenticator, FactorPolicy, RoleGrant, User
from core import clock
from tests.browser.test_organizations import no_faults
from tests.browser.walker import Walker
from tests.organizations.test_sheet import book
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW = "Xin-mima-2027"
TABLE = "姓名,用户名,手机号,电子邮件,角色,范围\n王小明,wangxiaoming,,,社区工作者,{place}\n李四,{second},,,,\n"


@pytest.fixture
def world(live_server):
    return build(clock.now())


def shown(key):
    """What an app would show for the key on the screen; of the next half minute where this one was used."""
    generator = TOTP(key_bytes(key.replace(" ", "")))
    user = Authenticator.objects.get()
    generator.time = time.time()
    if generator.t() <= user.last_step:
        generator.time = (user.last_step + 1) * 30
    return f"{generator.token():06d}"


def enter(walker, password):
    """User name and password typed into the page of signing in."""
    page = walker.page
    page.goto(walker.base + "/account/sign-in/")
    page.get_by_label("用户名或手机号").fill("wangxiaoming")
    page.get_by_label("密码").fill(password)


def test_from_the_invitation_to_a_code_at_every_sign_in(chromium, live_server, world):
    FactorPolicy.objects.filter(street=world.here.area).delete()  # a real street
    system, security, her = (
        Walker(chromium, live_server.url), Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True),
    )  # fmt: skip
    system.sign_in("system_admin_a", PASSWORD)
    system.go("/people/", "账号列表")
    system.follow("邀请", "邀请")
    page = system.page
    page.get_by_label("手机号").fill("139 0000 0001")
    system.press("生成邀请", "邀请有错")
    expect(page.get_by_label("手机号")).to_have_value("139 0000 0001")
    page.get_by_label("姓名").fill("王小明")
    page.get_by_label("申请角色").select_option(label="财政所")
    system.press("生成邀请", "邀请链接")
    link = page.locator("[data-link]").inner_text()
    page.goto(f"{live_server.url}/people/{User.objects.get(username='wangxiaoming').pk}/")
    system.look("账号待启用")
    security.sign_in("security_admin_a", PASSWORD)
    security.go("/grants/", "角色授权有申请")
    security.press(re.compile("^授予.*王小明"), "角色授权")
    assert RoleGrant.objects.filter(user__username="wangxiaoming", role="finance").exists()

    her.go(link.removeprefix(live_server.url), "启用账号")
    hers = her.page
    hers.get_by_label("设置密码").fill("aaaaaaaaaa")
    hers.get_by_label("再输一次密码").fill("aaaaaaaaaa")
    her.press("设置密码", "启用账号有错")
    hers.get_by_label("设置密码").fill(NEW)
    hers.get_by_label("再输一次密码").fill(NEW)
    her.press("设置密码", "密码设好")
    enter(her, NEW)
    her.press("登录", "须绑定动态码")
    assert "/account/factor/" in hers.url
    hers.goto(f"{live_server.url}/home/")
    assert "/account/factor/" in hers.url
    her.press("开始绑定", "绑定动态码扫码")
    key = hers.locator("[data-key]").inner_text()
    hers.get_by_label("动态码").fill("000000")
    her.press("绑定", "绑定动态码有错")
    hers.get_by_label("动态码").fill(shown(key))
    her.press("绑定", "备用码")
    codes = hers.locator(".factor-codes li").all_inner_texts()
    assert len(codes) == 10
    her.press("我已收好", "财政所工作台")
    assert "/home/" in hers.url
    her.go("/account/", "我的账号")
    her.press("退出", "")

    enter(her, NEW)
    her.press("登录", "登录第二步")
    hers.get_by_label("动态码或备用码").fill(shown(key))
    her.press("登录", "")
    expect(hers.locator("h1")).to_contain_text("王小明")
    her.press("退出", "")
    enter(her, NEW)
    her.press("登录", "")
    for _ in range(3):
        hers.get_by_label("动态码或备用码").fill("000000")
        her.press("登录", "登录第二步有错")
        expect(hers.locator(".error-summary")).to_contain_text("动态码不对")
    hers.get_by_label("动态码或备用码").fill(codes[0])
    her.press("登录", "")
    expect(hers.locator("h1")).to_contain_text("王小明")
    her.go("/account/factor/", "动态码已绑定")
    expect(hers.locator("main")).to_contain_text("还剩 9 个")
    security.go("/factors/", "动态码要求")
    security.go(f"/people/{User.objects.get(username='wangxiaoming').pk}/", "账号安全管理")
    security.follow("重置动态码", "重置动态码")
    security.page.get_by_label("理由").fill("手机丢失，已当面核实")
    security.press("重置", "动态码已重置")
    hers.reload()
    assert "/account/sign-in/" in hers.url
    no_faults(system, security, her)


def test_a_table_of_people_with_a_fault_then_whole(chromium, live_server, world, tmp_path):
    system = Walker(chromium, live_server.url)
    system.sign_in("system_admin_a", PASSWORD)
    system.go("/people/import/", "导入账号")
    page, file = system.page, tmp_path / "人员表.csv"
    file.write_bytes(TABLE.format(place="没有的社区", second="o").encode("gb18030"))
    page.get_by_label("人员表").set_input_files(file)
    system.press("上传并检查", "导入账号有错")
    expect(page.locator("main")).to_contain_text("本街道没有“没有的社区”")
    with page.expect_download() as faulty:
        page.get_by_role("link", name="下载标出错误的表").click()
    assert faulty.value.suggested_filename == "人员表（错误原因）.xlsx"
    system.follow("改好后重新上传", "")
    file.write_bytes(TABLE.format(place="溡源社区", second="lisilisilisi").encode("gb18030"))
    page.get_by_label("人员表").set_input_files(file)
    system.press("上传并检查", "导入账号预览")
    system.press("确认导入", "导入账号完成")
    with page.expect_download() as caught:
        page.get_by_role("link", name="下载邀请链接").click()
    assert caught.value.suggested_filename.endswith(".xlsx")
    assert User.objects.filter(username__in=["wangxiaoming", "lisilisilisi"]).count() == 2
    system.go("/people/", "账号列表有待启用")
    no_faults(system)


def test_a_first_password_is_changed_and_a_post_is_handed_over(chromium, live_server, world):
    system, her, security = (
        Walker(chromium, live_server.url), Walker(chromium, live_server.url), Walker(chromium, live_server.url),
    )  # fmt: skip
    system.sign_in("system_admin_a", PASSWORD)
    system.go("/people/new/", "当面建账号")
    system.page.get_by_label("用户名").fill("wangxiaoming")
    system.page.get_by_label("姓名").fill("王小明")
    system.press("新建账号", "账号已建好")
    first = system.page.locator(".code").inner_text()
    enter(her, first)
    her.press("登录", "须改初始密码")
    page = her.page
    page.get_by_label("原密码").fill(first)
    page.get_by_label("新密码", exact=False).nth(0).fill(NEW)
    page.get_by_label("再输一次新密码").fill(NEW)
    her.press("修改密码", "")
    assert "/home/" in page.url
    security.sign_in("security_admin_a", PASSWORD)
    office = world.here.people["office"]
    security.go(f"/people/{office.pk}/hand-over/", "交接岗位")
    security.press("确认交接", "交接岗位有错")
    security.page.get_by_label("接手人").select_option(label="王小明（wangxiaoming）")
    security.page.get_by_label("理由").fill("调离")
    security.press("确认交接", "已交接")
    her.go("/home/", "接手人工作台")
    expect(page.locator("body")).to_contain_text("创投办")
    assert not User.objects.get(pk=office.pk).is_active
    no_faults(system, her, security)


def test_organizations_with_a_fault_then_whole(chromium, live_server, world, tmp_path):
    office = Walker(chromium, live_server.url)
    office.sign_in("office_a", PASSWORD)
    office.go("/organizations/import/", "导入组织")
    page, file = office.page, tmp_path / "组织.xlsx"
    file.write_bytes(book(["云秀队", "", "备案队伍"], ["东湖队", "", "队伍", "东湖社区"]))
    page.get_by_label("基本情况表").set_input_files(file)
    office.press("上传并检查", "导入组织有错")
    office.says("1 行没有错误，1 行有错误")
    with page.expect_download() as faulty:
        page.get_by_role("link", name="下载标出错误的表").click()
    assert faulty.value.suggested_filename == "组织（错误原因）.xlsx"
    office.follow("改好后重新上传", "")
    file.write_bytes(book(["云秀队", "", "备案队伍"], ["东湖队", "", "备案队伍", "溡源社区"]))
    page.get_by_label("基本情况表").set_input_files(file)
    office.press("上传并检查", "导入组织预览")
    office.says("2 行都能导入")
    office.press("全部登记", "导入组织完成")
    office.go("/organizations/import/", "")
    page.get_by_label("基本情况表").set_input_files(file)
    office.press("上传并检查", "导入组织同一文件")
    office.says("同一个文件")
    no_faults(office)
