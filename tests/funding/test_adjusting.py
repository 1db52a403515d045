"""The table of a draft: saved whole or not at all, never over the pool, and nobody's change lost in silence."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError
from funding import services
from funding.models import AllocationPlan, Award, PublicNotice
from funding.services import Change, NotInPlan, PlanChanged, PlanNotDraft, PoolExceeded
from judging.services import lock_session
from tests.funding.test_plans import judged  # noqa: F401 - a fixture
from tests.judging.make import full_marks, hand_in, open_session, signed_in
from tests.world import build

RANK = {"name": "rank", "on_misfit": "skip", "partial": False}
GROUPS = [
    {"attr": "theme", "value": "文体", "max_amount": "19000.00", "max_awards": 3},
    {"attr": "organization", "each": True, "max_awards": 1},
    {"attr": "community", "each": True, "max_awards": 2},
]
LIMITS = {"min_score": None, "max_awards": None, "groups": GROUPS}
NONE = {"min_score": None, "max_awards": None, "groups": []}


def drafted(world, at, result, limits=NONE, pool="20000"):
    return services.draft_plan(
        result_id=result.pk, by=world.here.people["office"], pool=Decimal(pool), method=RANK, limits=limits, at=at
    )


def sent(plan, **changed):
    """The table as the page shows it, with rows changed by place: `amount1`, `reason1`."""
    awards = list(plan.awards.order_by("place"))
    data = {"revision": str(plan.revision), "was": " ".join(f"{a.pk}:{a.amount:.2f}" for a in awards)}
    for n, award in enumerate(awards, 1):
        data[f"amount_{award.pk}"] = changed.get(f"amount{n}", f"{award.amount:.2f}")
        data[f"reason_{award.pk}"] = changed.get(f"reason{n}", award.adjust_reason)
    return data


def amounts(plan):
    return [int(a) for a in plan.awards.order_by("place").values_list("amount", flat=True)]


def test_all_rows_are_saved_together(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged)
    office = signed_in(world.here.people["office"])
    data = sent(plan, amount1="8,000", reason1="集体研究", amount3="２０００", reason3="补助场地")
    assert office.post(f"/plans/{plan.pk}/adjust/", data).status_code == 302
    plan.refresh_from_db()
    assert (amounts(plan), plan.revision) == ([8000, 9000, 2000, 0], 1)
    assert plan.awards.get(place=3).adjusted_by == world.here.people["office"]
    assert office.post(f"/plans/{plan.pk}/adjust/", sent(plan)).status_code == 302
    plan.refresh_from_db()
    assert plan.revision == 1


def test_a_refused_row_keeps_what_was_typed_and_nothing_is_saved(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged)
    office = signed_in(world.here.people["office"])
    ids = list(plan.awards.order_by("place").values_list("pk", flat=True))
    data = sent(plan, amount1="9001", reason1="多给", amount2="abc", amount3="500", reason3="")
    answer = office.post(f"/plans/{plan.pk}/adjust/", data)
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    title = [a.proposal.title for a in plan.awards.order_by("place")]
    assert errors == {
        f"amount_{ids[0]}": [f"“{title[0]}”不能高于申请金额 9,000.00 元，请调低。"],
        f"amount_{ids[1]}": ["请填写金额，单位为元，例如 5000 或 5000.50，最多两位小数。"],
        f"reason_{ids[2]}": [f"“{title[2]}”与建议金额 0.00 元不同，请写明调整理由。"],
    }
    html = answer.content.decode()
    assert 'value="abc"' in html and 'value="9001"' in html and 'value="多给"' in html
    assert amounts(plan) == [9000, 9000, 0, 0]


@pytest.mark.parametrize("typed", ["-1", "1e3", "NaN", "0.001", "１e３", "Infinity"])
def test_what_is_no_amount_is_refused(world, at, judged, typed):  # noqa: F811
    plan = drafted(world, at, judged)
    answer = signed_in(world.here.people["office"]).post(
        f"/plans/{plan.pk}/adjust/", sent(plan, amount1=typed, reason1="试")
    )
    assert list(answer.context["form"].errors) == [f"amount_{plan.awards.get(place=1).pk}"]
    assert amounts(plan) == [9000, 9000, 0, 0]


def test_over_the_pool_is_refused_before_anything_is_saved(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged)
    data = sent(plan, amount3="2000.01", reason3="补助")
    answer = signed_in(world.here.people["office"]).post(f"/plans/{plan.pk}/adjust/", data)
    assert answer.context["form"].non_field_errors() == [
        "拟资助金额合计 20,000.01 元，超过资金总额 20,000.00 元，超出 0.01 元。请调低金额后再保存，目前没有保存任何一行。"
    ]
    with pytest.raises(PoolExceeded):
        change = Change(plan.awards.get(place=3).pk, Decimal("2000.01"), "补助")
        services.adjust_awards(plan_id=plan.pk, changes=[change], by=world.here.people["office"], at=at)
    assert amounts(plan) == [9000, 9000, 0, 0]


def test_the_second_to_save_is_told_what_changed(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged)
    office = signed_in(world.here.people["office"])
    mine = sent(plan, amount2="7000", reason2="我的")
    theirs = sent(plan, amount1="8000", reason1="她的", amount2="6000", reason2="她的")
    assert office.post(f"/plans/{plan.pk}/adjust/", theirs).status_code == 302
    answer = office.post(f"/plans/{plan.pk}/adjust/", mine)
    assert answer.status_code == 409
    titles = [a.proposal.title for a in plan.awards.order_by("place")]
    who = world.here.people["office"].display_name
    assert answer.context["form"].non_field_errors() == [
        (
            "方案刚刚被别人修改过，您填写的内容尚未保存。请核对后再保存。"
            f"“{titles[0]}”已由{who}从 9000.00 元改为 8000.00 元。"
            f"“{titles[1]}”已由{who}从 9000.00 元改为 6000.00 元；您填写的是另一个金额，请核对。"
        )
    ]
    assert amounts(plan) == [8000, 6000, 0, 0]
    again = dict(answer.context["form"].data.items())
    assert office.post(f"/plans/{plan.pk}/adjust/", again).status_code == 302
    assert amounts(plan) == [8000, 7000, 0, 0]


def test_foreign_rows_and_closed_plans_are_refused(world, at, judged):  # noqa: F811
    plan, other = drafted(world, at, judged), drafted(world, at, judged)
    by = world.here.people["office"]
    with pytest.raises(NotInPlan):
        services.adjust_awards(
            plan_id=plan.pk, changes=[Change(other.awards.first().pk, Decimal(1), "一")], by=by, at=at
        )
    with pytest.raises(PlanChanged):
        services.adjust_awards(plan_id=plan.pk, changes=[], revision=5, by=by, at=at)
    services.submit_plan(plan_id=plan.pk, by=by, at=at)
    with pytest.raises(PlanNotDraft):
        services.adjust_awards(plan_id=plan.pk, changes=[], by=by, at=at)
    url = f"/plans/{plan.pk}/adjust/"
    assert signed_in(by).post(url, sent(plan)).status_code == 409
    assert signed_in(world.here.people["leader"]).post(url, sent(plan)).status_code == 403
    assert signed_in(world.there.people["office"]).post(url, sent(plan)).status_code == 404


def test_limits_are_counted_and_rendered_for_the_script(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged, LIMITS, "36000")
    answer = signed_in(world.here.people["office"]).get(f"/plans/{plan.pk}/")
    rows = [(r.label, r.max_fen, r.awards, int(r.amount), r.is_broken) for r in answer.context["limits"]]
    community = plan.awards.first().proposal.community.name
    assert rows == [("主题“文体”", "1900000", 2, 18000, False), (f"社区“{community}”", "", 2, 18000, False)]
    assert [r.groups for r in answer.context["rows"]] == ["0 1"] * 4
    data = sent(plan, amount3="1500", reason3="补助")
    assert signed_in(world.here.people["office"]).post(f"/plans/{plan.pk}/adjust/", data).status_code == 302
    after = signed_in(world.here.people["office"]).get(f"/plans/{plan.pk}/")
    assert [r.is_broken for r in after.context["limits"]] == [True, True]
    assert "不符合" in after.content.decode()


def test_an_applicant_reads_what_would_have_been_needed(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged, pool="12000")
    last = plan.awards.get(place=4)
    who = world.here.people
    services.submit_plan(plan_id=plan.pk, by=who["office"], at=at)
    services.approve_plan(
        plan_id=plan.pk,
        by=who["leader"],
        minutes_number="1号",
        minutes_on=date(2026, 11, 20),
        entitled=7,
        present=6,
        at=at,
    )
    services.publish_notice(plan_id=plan.pk, by=who["office"], starts_on=date(2026, 11, 24), at=at)
    assert PublicNotice.objects.exists()
    needed = plan.answer["awards"][3]["needed"]
    member = last.proposal.organization.members.get().user
    page = signed_in(member).get(f"/proposals/{last.proposal_id}/award/")
    assert page.context["needed"].startswith(f"按公式计算，其他项目不变时，得分不低于 {needed['score']} 分")


def test_the_page_asks_the_same_number_of_queries_for_many_rows(world, at, judged):  # noqa: F811
    plan = drafted(world, at, judged)
    office = signed_in(world.here.people["office"])

    def asked():
        with CaptureQueriesContext(connection) as seen:
            assert office.get(f"/plans/{plan.pk}/").status_code == 200
        return len(seen)

    asked()
    many = asked()
    Award.objects.filter(plan=plan, place__gt=1).delete()
    assert asked() == many


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_never_overdraw_the_pool(at):
    world = build(at)
    session, entries = open_session(world, at, entries=4)
    for i, entry in enumerate(entries):
        for key in ("judge", "second_judge", "third_judge"):
            hand_in(session, entry, world.here.people[key], at, marks=full_marks(session, str(Decimal(i) / 2)))
    result = lock_session(session_id=session.pk, by=world.here.people["office"], at=at)
    plan = drafted(world, at, result)
    third, fourth = (plan.awards.get(place=n) for n in (3, 4))
    barrier, told = threading.Barrier(2), []

    def save(award, revision):
        try:
            barrier.wait(timeout=20)
            services.adjust_awards(
                plan_id=plan.pk, changes=[Change(award.pk, Decimal(2000), "补助")], revision=revision, by=world.here.people["office"], at=at
            )  # fmt: skip
            told.append("saved")
        except DomainError as error:
            told.append(type(error).__name__)
        finally:
            connection.close()

    for revision, second in ((0, "PlanChanged"), (None, "PoolExceeded")):
        Award.objects.filter(pk__in=[third.pk, fourth.pk]).update(amount=0, adjust_reason="", adjusted_by=None)
        AllocationPlan.objects.filter(pk=plan.pk).update(revision=0)
        told.clear()
        threads = [threading.Thread(target=save, args=(award, revision)) for award in (third, fourth)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == sorted(["saved", second])
        assert sum(amounts(plan)) == 20000
