"""办理记录: who, when, old and new, why; filters; the file; who sees it; what is never told; as many queries."""

from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from audit.models import Change, Event
from audit.services import record
from core.sealed import SealedField
from funding.models import Agreement, AllocationPlan, Payment
from funding.services import withdraw_payment
from jobs.models import Job
from jobs.registry import Work, kind_of
from needs.models import Need, ServiceOrder
from needs.services import draft_order
from organizations.models import Organization
from organizations.services import change_profile
from portal.history.gather import history
from portal.history.kinds import KINDS
from projects.models import Proposal
from rounds.models import Round
from tests.house.scene import play
from tests.judging.make import signed_in
from tests.needs.make import post


def told(kind, pk):
    """What a history says: act, who, changes, reason."""
    return [(e.words, e.name, e.changes, e.reason) for e in history(KINDS[kind], pk)]


def test_a_change_of_an_organization_is_told_with_old_and_new(world, at):
    row, office = world.here.organization, world.here.people["office"]
    facts = {"legal_name": "赵某", "grade": "3A", "business": "助老，联系 13800001234"}
    change_profile(organization_id=row.pk, facts=facts, revision=row.revision, by=office, at=at)
    words, who, changes, _ = told("organization", row.pk)[0]
    assert (words, who) == ("修改组织登记信息", office.display_name)
    found = {label: (old, new) for label, old, new in changes}
    assert found["民政评估等级"] == ("—", "3A")
    assert found["业务范围"] == ("—", "助老，联系 138****1234")
    assert found["法定代表人或负责人"][1] == "赵某"


def test_an_update_past_all_services_is_told_too(world, at):
    row = world.here.organization
    Organization.objects.filter(pk=row.pk).update(grade="5A", kind="team", uscc=None)
    changes = told("organization", row.pk)[0][2]
    assert ("民政评估等级", "—", "5A") in changes
    assert "性质" in {label for label, _, _ in changes}


def test_names_stand_for_foreign_keys_and_money_is_exact(world, at):
    here = world.here
    need = post(world, at, words="要一个活动室")
    order = draft_order(
        community=here.communities[0], need_ids=[need.pk], title="活动室", target="居民", content="每周一次。",
        price_ceiling=Decimal("9000.10"), by=here.people["community"], at=at,
    )  # fmt: skip
    ServiceOrder.objects.filter(pk=order.pk).update(price_ceiling=Decimal("12000.30"), round=here.round)
    found = {label: (old, new) for _, _, changes, _ in told("order", order.pk) for label, old, new in changes}
    assert found["最高限价（元）"] == ("9,000.10", "12,000.30")
    assert found["期次"] == ("—", here.round.title)
    assert Change.objects.filter(object_label="needs.serviceorder").first().was["price_ceiling"] == "9000.10"
    state = {label: (old, new) for _, _, changes, _ in told("need", need.pk) for label, old, new in changes}
    assert state["状态"][1] == Need.objects.get(pk=need.pk).get_state_display()


def test_personal_data_is_never_kept_or_told(world, at):
    need = post(world, at, words="原话 13800001234", contact_name="王某", contact_phone="13800000000", consented=True)
    Need.objects.filter(pk=need.pk).update(contact_phone="13911112222", contact_name="李某", words="别的话")
    change = Change.objects.get(object_label="needs.need", object_id=need.pk)
    assert (change.was, change.became, sorted(change.hidden)) == ({}, {}, ["contact_name", "contact_phone", "words"])
    changes = told("need", need.pk)[0][2]
    assert ("联系电话", "（不显示）", "（已修改）") in changes
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_change WHERE audit_change::text ~ '13911112222|李某|别的话|13800000000'"
        )
        assert cursor.fetchone() == (0,)


def followed():
    """Label → (columns told, columns not told) as the migrations set them up."""
    migration = MigrationLoader(None).get_migration("portal", "0001_followed")
    found = vars(__import__(migration.__module__, fromlist=["FOLLOWED"]))["FOLLOWED"]
    return {
        label: (shown.split(","), [h for h in hidden.split(",") if h]) for label, (_, shown, hidden, _) in found.items()
    }


def test_what_is_followed_exists_and_sealed_columns_are_not_told():
    for label, (shown, hidden) in followed().items():
        fields = {f.column: f for f in apps.get_model(label)._meta.concrete_fields}
        assert set(shown) | set(hidden) <= set(fields), label
        assert not [c for c in shown if isinstance(fields[c], SealedField)], label
        assert not {"phone", "contact_phone", "contact_name", "payee_account", "account", "holder", "once_key"} & set(
            shown
        ), label


def test_changes_can_only_be_added(world, at):
    Organization.objects.filter(pk=world.here.organization.pk).update(grade="4A")
    for act in (lambda: Change.objects.update(hidden=[]), lambda: Change.objects.all().delete()):
        with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic():
            act()


def test_drafts_of_a_proposal_are_nobody_elses_business(world, at):
    scene = play(world, at)
    draft = Proposal.objects.get(pk=scene.ids["draft_id"])
    before = Change.objects.count()
    Proposal.objects.filter(pk=draft.pk).update(title="改了题目")
    assert Change.objects.count() == before
    Proposal.objects.filter(pk=scene.ids["proposal_id"]).update(title="改了题目")
    assert Change.objects.count() == before + 1


@pytest.fixture
def scene(world, at):
    return play(world, at)


PAGES = [
    ("need", Need), ("order", ServiceOrder), ("proposal", Proposal), ("organization", Organization), ("round", Round),
    ("plan", AllocationPlan), ("agreement", Agreement), ("payment", Payment),
]  # fmt: skip


@pytest.mark.parametrize(("name", "model"), PAGES)
def test_every_kind_has_its_page_its_link_and_its_file(scene, name, model, at, tmp_path):
    office = scene.world.here.people["office"]
    client = signed_in(office)
    kind = KINDS[name]
    row = kind.visible(office).order_by("pk").first()
    assert isinstance(row, model)
    url = f"/history/{name}/{row.pk}/"
    assert url in client.get(kind.href(row)).content.decode()
    page = client.get(url)
    assert page.status_code == 200
    text = page.content.decode()
    assert "导出 Excel" in text or "还没有办理记录" in text
    assert signed_in(scene.world.there.people["office"]).get(url).status_code == 404
    assert signed_in(scene.world.here.people["judge"]).get(url).status_code == 404
    answer = client.post(f"{url}export/")
    assert answer.status_code == 302
    job = Job.objects.get(kind="portal.history")
    assert kind_of(job.kind).allows(office, job.params)
    assert not kind_of(job.kind).allows(scene.world.here.people["leader"], job.params)
    path = tmp_path / "h.xlsx"
    kind_of(job.kind).builder(Work(job.params, path, lambda *_: None))
    sheet = openpyxl.load_workbook(path)["明细"]
    assert [c.value for c in sheet[1]][1:5] == ["时间", "操作人", "操作", "涉及"]
    lines = sum(max(1, len(e.changes)) for e in history(kind, row.pk))
    rows = [r for r in sheet.iter_rows(min_row=2, values_only=True) if isinstance(r[0], int)]
    assert len(rows) == lines


def test_the_payment_tells_its_way(scene):
    row = Payment.objects.order_by("pk").first()
    withdraw_payment(payment_id=row.pk, by=scene.world.here.people["member"], reason="金额有误", at=row.requested_at)
    words, _, changes, reason = told("payment", row.pk)[0]
    state = dict(Payment.State.choices)
    assert (words, reason) == ("撤回拨付申请", "金额有误")
    assert ("状态", state["requested"], state["cancelled"]) in changes
    assert ("办结人", "—", scene.world.here.people["member"].display_name) in changes


def test_filters_by_person_act_and_day_and_their_mistakes(world, at):
    row, here = world.here.organization, world.here
    for days, who, grade in ((0, "office", "1A"), (1, "leader", "2A"), (2, "office", "3A")):
        Organization.objects.filter(pk=row.pk).update(grade=grade)
        record(
            actor=here.people[who],
            verb="organizations.profile_changed",
            about=row,
            at=at + timedelta(days=days),
            reason=f"理由{days}",
        )
    client = signed_in(here.people["office"])
    url = f"/history/organization/{row.pk}/"

    def reasons(**asked):
        page = client.get(url, asked).content.decode()
        return [n for n in range(3) if f"理由{n}" in page]

    assert reasons() == [0, 1, 2]
    assert reasons(who=here.people["leader"].pk) == [1]
    assert reasons(first="2026-11-24") == [1, 2]
    assert reasons(first="2026年11月24日", last="2026-11-24") == [1]
    assert reasons(verb="organizations.registered") == []
    assert reasons(verb="organizations.profile_changed", who="x") == [0, 1, 2]
    wrong = client.get(url, {"first": "2026-11-25", "last": "2026-11-24"}).content.decode()
    assert "结束日期不能早于开始日期" in wrong
    assert 'value="2026-11-25"' in wrong
    assert "请填写日期" in client.get(url, {"first": "上个月"}).content.decode()
    assert client.post(f"{url}export/", {"first": "上个月"}).status_code == 400
    client.post(f"{url}export/", {"who": here.people["leader"].pk, "first": "2026-11-24"})
    job = Job.objects.get()
    assert (job.params["who"], job.params["first"], job.params["last"]) == (
        here.people["leader"].pk,
        "2026-11-24",
        None,
    )
    assert client.get("/history/nothing/1/").status_code == 404


def test_each_change_stands_with_its_own_act_in_one_transaction(world, at):
    row, office = world.here.organization, world.here.people["office"]
    for grade in ("1A", "2A"):
        Organization.objects.filter(pk=row.pk).update(grade=grade)
        record(actor=office, verb="organizations.profile_changed", about=row, at=at, reason=grade)
    found = [(changes, reason) for _, _, changes, reason in told("organization", row.pk)][:2]
    assert found == [([("民政评估等级", "1A", "2A")], "2A"), ([("民政评估等级", "—", "1A")], "1A")]


def test_an_act_of_before_tells_what_it_recorded(world, at):
    need = post(world, at)
    Event.objects.create(
        at=at, verb="needs.held", object_label="needs.need", object_id=need.pk, reason="等经费", facts={"from": "handling", "to": "held"}
    )  # fmt: skip
    words, _, changes, reason = told("need", need.pk)[0]
    state = dict(Need.State.choices)
    assert (words, changes, reason) == ("挂起需求", [("状态", state["handling"], state["held"])], "等经费")


def test_an_organization_reads_its_own_people_by_name_and_the_streets_not(scene):
    here = scene.world.here
    url = f"/history/proposal/{scene.ids['proposal_id']}/"
    page = signed_in(here.people["member"]).get(url).content.decode()
    assert here.people["member"].display_name in page.split("<tbody>")[1]
    assert here.people["office"].display_name not in page.split("<tbody>")[1]
    assert "工作人员" in page
    assert here.people["office"].display_name in signed_in(here.people["office"]).get(url).content.decode()
    assert signed_in(here.people["other_member"]).get(url).status_code == 404


def test_three_acts_and_three_hundred_cost_the_same(world, at):
    row, office = world.here.organization, world.here.people["office"]
    client, counts = signed_in(office), []
    for count in (3, 300):
        for n in range(count):
            Organization.objects.filter(pk=row.pk).update(supporter=f"单位{n}", community=world.here.communities[n % 2])
            record(actor=office, verb="organizations.profile_changed", about=row, at=at)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/history/organization/{row.pk}/").status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_an_organization_reads_no_reason_that_was_said_within_the_street(scene, at):
    here = scene.world.here
    row = Agreement.objects.filter(proposal__organization=here.organization).first()
    version = row.versions.order_by("pk").last()
    for verb, reason in (("funding.agreement_returned", "内部意见"), ("funding.agreement_ended", "单位注销")):
        record(actor=here.people["leader"], verb=verb, about=row, at=at, scope_id=here.area.pk, reason=reason)
    Change.objects.create(
        at=at, transaction=1, object_label="funding.agreementversion", object_id=version.pk, was={"decision_note": ""},
        became={"decision_note": "领导的话"},
    )  # fmt: skip
    url = f"/history/agreement/{row.pk}/"
    staff = signed_in(here.people["office"]).get(url).content.decode()
    assert all(words in staff for words in ("内部意见", "单位注销", "领导的话"))
    own = signed_in(here.people["member"]).get(url).content.decode()
    assert "单位注销" in own
    assert not [
        words
        for words in ("内部意见", "领导的话", here.people["leader"].display_name)
        if words in own.split("<tbody>")[1]
    ]
