"""An organization's account, people, checklists and training, as those concerned go through them."""

import re

import pytest

from core import clock
from organizations.models import BankAccount, Checklist, Membership, SignUp, Training
from organizations.services import enter_party
from tests.browser.walker import Walker
from tests.world import PASSWORD, build, organization, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    at = clock.now()
    world = build(at)
    head = person("head_a", at)
    Membership.objects.create(organization=world.here.organization, user=head, duty="head", since=at)
    return world


def no_faults(*walkers):
    faults = [f for walker in walkers for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))


def walkers(chromium, live_server, *names, phone=()):
    found = []
    for name in names:
        walker = Walker(chromium, live_server.url, phone=name in phone)
        walker.sign_in(name, PASSWORD)
        found.append(walker)
    return found


def test_an_account_is_entered_looked_at_and_confirmed(chromium, live_server, world):
    head, finance = walkers(chromium, live_server, "head_a", "finance_a", phone=("head_a",))
    url = f"/organizations/{world.here.organization.pk}/account/"
    head.go(url, "收款账户空手机")
    head.page.get_by_label("开户行").fill("测试银行新区支行")
    head.page.get_by_label("账号", exact=False).first.fill("6222 00x")
    head.press("登记", "收款账户有错手机")
    head.page.get_by_label("账号", exact=False).first.fill("6222 0000 0000 0000 000")
    head.press("登记", "收款账户已登记手机")
    head.says("**** 0000")
    finance.go("/organizations/accounts/", "收款账户列表")
    finance.follow(world.here.organization.name, "收款账户待核实")
    page = finance.page
    page.get_by_text("查看完整账号").first.click()
    page.get_by_label("查看事由").fill("办理首款拨付")
    page.get_by_role("button", name="查看完整账号").click()
    finance.says("6222 0000 0000 0000 000")
    finance.look("收款账户完整账号")
    page.get_by_label("核实方式").fill("用登记册上的电话与负责人核实")
    finance.press("已核实，账户属于本单位", "收款账户已核实")
    assert BankAccount.objects.get().confirmed_at is not None
    finance.go(url)
    assert "6222 0000" not in page.content()
    head.go(f"/organizations/{world.here.organization.pk}/", "组织页手机")
    no_faults(head, finance)


def test_a_successor_is_invited_and_takes_over(chromium, live_server, world):
    (head,) = walkers(chromium, live_server, "head_a")
    visitor = Walker(chromium, live_server.url, phone=True)
    org = world.here.organization
    mine = org.members.get(user__username="head_a")
    head.go(f"/organizations/{org.pk}/", "组织页负责人")
    head.go(f"/organizations/{org.pk}/members/{mine.pk}/leave/", "离任")
    head.page.get_by_label("离任原因").fill("调离")
    head.press("确认", "离任缺接任人")
    head.page.get_by_label("邀请接任人").fill("赵某")
    head.press("确认", "邀请链接")
    link = head.page.get_by_label("邀请链接").input_value()
    visitor.go(link.removeprefix(live_server.url), "接受邀请手机")
    page = visitor.page
    page.get_by_label("用户名").fill("zhao_a")
    page.get_by_label("密码", exact=False).first.fill(PASSWORD)
    page.get_by_label("再输一次密码").fill(PASSWORD)
    visitor.press("设置账号并加入", "登录")
    visitor.go(link.removeprefix(live_server.url), "邀请已用手机")
    visitor.sign_in("zhao_a", PASSWORD)
    visitor.go(f"/organizations/{org.pk}/", "接任人的组织页手机")
    assert head.page.goto(f"{live_server.url}/organizations/{org.pk}/").status == 404
    assert not Membership.objects.filter(pk=mine.pk).exists()
    no_faults(visitor)


def test_a_year_of_party_building_and_a_training(chromium, live_server, world):
    office, member = walkers(chromium, live_server, "office_a", "member_a", phone=("member_a",))
    org, at = world.here.organization, clock.now()
    year = clock.local(at).year
    upper = organization(world.here.area, "溡源社区党总支", at, kind="party", community=world.here.communities[0])
    enter_party(
        organization_id=org.pk, counted_on=clock.local(at).date(), members=4, form="branch", branch="义工支部", instructor="", upper=upper,
        by=world.here.people["office"], at=at,
    )  # fmt: skip
    member.go(f"/organizations/{org.pk}/checklist/{year}/", "党建清单空手机")
    for words in ("有场所", "有标志", "建立管理机制"):
        member.page.get_by_label(words, exact=True).check()
    member.page.get_by_label("有场所的说明").fill("二楼活动室")
    member.press("提交", "党建清单已提交手机")
    office.go(f"/organizations/{org.pk}/checklist/{year}/", "审看党建清单")
    office.page.get_by_label("已确认").check()
    office.press("记录结论", "党建清单已确认")
    office.go("/organizations/party/", "党组织覆盖有清单")
    office.says("2/6")
    office.go(f"/organizations/{upper.pk}/", "党组织下属支部")
    office.go("/organizations/party/checklist/", "清单项目")
    office.go("/organizations/trainings/", "培训空")
    office.go("/organizations/trainings/new/", "发布培训")
    page = office.page
    for label, words in (("主题", "项目财务"), ("开始时间", f"{year + 1}-12-01 14:00"), ("地点", "三楼会议室"), ("容纳人数", "40"), ("报名截止", f"{year + 1}-12-02 14:00")):  # fmt: skip
        page.get_by_label(label, exact=False).first.fill(words)
    page.get_by_label("必修", exact=False).first.check()
    office.press("发布", "发布培训有错")
    page.get_by_label("报名截止", exact=False).first.fill(f"{year + 1}-11-30 14:00")
    office.press("发布", "培训已发布")
    row = Training.objects.get()
    member.go("/organizations/trainings/", "培训列表手机")
    member.follow("项目财务", "培训手机")
    member.page.get_by_label("报名人数").fill("2")
    member.page.get_by_label("参加人职务").fill("负责人1人、财务1人")
    member.press("报名", "已报名手机")
    Training.objects.update(sign_up_until=at, begins_at=at)
    member.go(f"/organizations/trainings/{row.pk}/", "签到手机")
    member.page.get_by_label("签到码").fill(row.code.lower())
    member.press("签到", "已签到手机")
    office.go(f"/organizations/trainings/{row.pk}/", "登记到场")
    page.get_by_label(re.compile("到场人数")).first.fill("1")
    office.press("登记到场", "已登记到场")
    assert SignUp.objects.get().attended == 1
    office.go(f"/organizations/trainings/{row.pk}/sheet/", "签到表")
    office.go("/organizations/trainings/", "培训列表")
    office.go("/organizations/new/", "登记组织")
    assert Checklist.objects.get().six_words == "2/6"
    for path in (
        "trainings/",
        f"trainings/{row.pk}/",
        "accounts/",
        "party/",
        f"{org.pk}/checklist/{year}/",
        f"{org.pk}/account/",
    ):
        office.page.set_viewport_size({"width": 320, "height": 700})
        office.size = {"width": 320, "height": 700}
        office.go(f"/organizations/{path}")
    no_faults(office, member)
