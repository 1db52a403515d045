"""The eligibility check: findings beside the form, reasons typed, the record read by leader and applicant; the feedback page."""

import pytest

from core import clock
from organizations.models import Organization
from projects.models import Proposal
from tests.browser.walker import Walker
from tests.projects import make
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_proposal_passes_against_a_finding_with_a_reason(chromium, live_server):
    at = clock.now()
    here = build(at).here
    Organization.objects.filter(pk=here.organization.pk).update(uscc="91110000600037341M")
    proposal = make.make_submitted_proposal(here, at)
    make.make_submitted_proposal(
        here, at, organization=here.other_organization, by=here.people["other_member"], title="旧物市集"
    )
    office, leader = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    member = Walker(chromium, live_server.url, phone=True)
    path = f"/proposals/{proposal.pk}/"
    try:
        leader.sign_in("leader_a", PASSWORD)
        leader.go(path, "初审前领导")
        leader.says("校验位应为 L，实为 M")
        office.sign_in("office_a", PASSWORD)
        office.go("/proposals/", "申报项目初审")
        office.go(path, "自动核对")
        office.says("文字重合 86%")
        office.page.locator("summary", has_text="对照相近的段落").click()
        office.says("每月第二个周六，共六次。")
        office.look("相近的段落")
        office.page.get_by_label("通过", exact=True).check()
        office.press("登记结论", "缺理由")
        office.says("这一项不符合，要“通过”请写明理由。")
        office.page.get_by_label("准予通过的理由", exact=False).fill("新证已领，等待换录。")
        office.press("登记结论", "已登记")
        office.says("初审结论已登记")
        assert Proposal.objects.get(pk=proposal.pk).state == "passed"
        leader.go(path, "例外通过")
        leader.says("新证已领，等待换录。")
        member.sign_in("member_a", PASSWORD)
        member.go(path, "申报单位看初审")
        assert "新证已领" not in member.page.inner_text("main")
        faults = [f for w in (office, leader, member) for f in w.faults]
        assert not faults, faults
    finally:
        for walker in (office, leader, member):
            walker.context.close()
