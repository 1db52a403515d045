"""A whole competition in the street `here`, played through the services: one object for every kind of URL."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from delivery.services import rate_project
from funding.services import approve_plan, draft_plan, publish_notice, raise_objection, submit_plan
from jobs.services import start_job
from judging import services as judging
from judging.domain.codes import paper_code
from judging.domain.rubrics import RUBRICS
from judging.models import Entry
from judging.services.access import issue_pass
from judging.services.paper import enter_paper, reject_carried
from messaging.models import Notice
from needs.services import draft_order, list_order, offer_claim, post_need
from projects.domain.budget import Line
from projects.services import decide_eligibility, save_draft, start_proposal, submit_proposal
from rounds.models import Round
from tests.messaging.make import make_delivery, make_mass, make_posting, make_robot
from tests.world import World


@dataclass
class Scene:
    """Ids by the names of URL parameters, and the world they live in."""

    world: World
    ids: dict[str, int | str]


def play(world: World, at: datetime) -> Scene:
    """Needs, orders, claims, proposals, a published session, an approved plan with its notice; a second draft of each."""
    here, who = world.here, world.here.people
    community = here.communities[0]
    need = post_need(
        community=community, channel="visit", category="culture", words="想有个活动的地方。", people_count=9, urgency="low", at=at,
        by=who["community"], contact_name="王某", contact_phone="13800000000", consented=True,
    )  # fmt: skip
    order = draft_order(
        community=community,
        need_ids=[need.pk],
        title="文艺角",
        target="居民",
        content="每周一次。",
        price_ceiling=Decimal(9000),
        by=who["community"],
        at=at,
    )
    list_order(order_id=order.pk, round_id=here.round.pk, by=who["community"], at=at)
    claiming = Round.objects.create(
        street=here.area, title="认领期", number=2, year=2026, mode="claiming", fund_source="经费", applicant_kinds=["social"],
        budget=Decimal(50000), apply_opens_at=at - timedelta(days=1), apply_closes_at=at + timedelta(days=9), state="open",
        rules={}, rules_digest="0" * 64, opened_at=at,
    )  # fmt: skip
    second = draft_order(
        community=community,
        need_ids=[need.pk],
        title="义诊",
        target="居民",
        content="每月一次。",
        price_ceiling=Decimal(5000),
        by=who["community"],
        at=at,
    )
    list_order(order_id=second.pk, round_id=claiming.pk, by=who["community"], at=at)
    claim = offer_claim(
        order_id=second.pk,
        organization=here.organization,
        plan="我们来。",
        price=Decimal(4000),
        by=who["member"],
        at=at,
    )
    passed = _proposal(world, here.organization, who["member"], order.pk, at)
    draft = start_proposal(
        round_id=here.round.pk, organization=here.other_organization, title="草稿", by=who["other_member"], at=at
    )
    session = judging.create_session(
        round_id=here.round.pk, name="路演", held_on=date(2026, 11, 30), venue="", by=who["office"], at=at,
        rule=judging.make_rule(RUBRICS["community"].as_criteria(), quorum=2),
    )  # fmt: skip
    judging.set_entries(session_id=session.pk, proposal_ids=[passed], by=who["office"], at=at)
    judging.seat_judges(
        session_id=session.pk, user_ids=[who["judge"].pk, who["second_judge"].pk], by=who["office"], at=at
    )
    judging.commit_draw(session_id=session.pk, by=who["office"], at=at)
    judging.draw_order(session_id=session.pk, public_number="7", witnesses="见证人", by=who["office"], at=at)
    judging.open_scoring(session_id=session.pk, by=who["office"], at=at)
    entry = Entry.objects.get(session=session)
    for judge in ("judge", "second_judge"):
        marks = {c["key"]: c["max"] for c in session.rule["criteria"]}
        judging.save_sheet(
            entry_id=entry.pk,
            judge=who[judge],
            marks=marks,
            submit=True,
            request=judging.Request(client_id=judge),
            at=at,
        )
    carried = enter_paper(
        session_id=session.pk, code=paper_code(session.pk, 1, 1), marks={c["key"]: "1" for c in session.rule["criteria"]},
        by=who["host"], at=at,
    )  # fmt: skip
    reject_carried(carried_id=carried.pk, by=who["office"], at=at, note="与原件不一致")
    token = issue_pass(
        session_id=session.pk, judge_id=session.judges.get(seat=1).pk, kind="invitation", by=who["host"], at=at
    )
    result = judging.lock_session(session_id=session.pk, by=who["office"], at=at + timedelta(hours=1))
    judging.publish_result(session_id=session.pk, by=who["office"], at=at + timedelta(hours=2))
    method, limits = (
        {"name": "rank", "on_misfit": "skip", "partial": True},
        {"min_score": None, "max_awards": None, "groups": []},
    )
    plan = draft_plan(
        result_id=result.pk, by=who["office"], pool=here.round.budget, method=method, limits=limits, at=at
    )
    award = plan.awards.get()
    submit_plan(plan_id=plan.pk, by=who["office"], at=at)
    approve_plan(
        plan_id=plan.pk,
        by=who["leader"],
        minutes_number="1号",
        minutes_on=date(2026, 11, 20),
        entitled=7,
        present=6,
        at=at,
    )
    notice = publish_notice(plan_id=plan.pk, by=who["office"], starts_on=date(2026, 11, 24), at=at)
    objection = raise_objection(
        notice_id=notice.pk, proposal_id=passed, name="某居民", phone="13800001234", words="请核查场地费。", at=at + timedelta(days=1),
        files=[SimpleUploadedFile("证据.pdf", b"%PDF-1.4 evidence")],
    )  # fmt: skip
    rate_project(need=need, proposal_id=passed, stars=5, words="", at=at)
    job = start_job(owner=who["office"], kind="funding.e8", title="表", params={"plan": plan.pk}, at=at)
    told = Notice.objects.filter(recipient=who["member"]).order_by("pk").first()
    grant = who["finance"].grants.get()
    mass = make_mass(here, at)
    trouble = make_delivery(who["member"], at)
    robot = make_robot(here, at)
    line = make_posting(robot, at)
    return Scene(
        world,
        {
            "round_id": here.round.pk, "need_id": need.pk, "code": need.tracking_code, "order_id": order.pk, "claim_id": claim.pk,
            "proposal_id": passed, "draft_id": draft.pk, "session_id": session.pk, "key": session.stage.key, "carried_id": carried.pk, "what": "e6", "token": token, "entry_id": entry.pk, "plan_id": plan.pk,
            "award_id": award.pk, "notice_id": notice.pk, "objection_id": objection.pk, "objection_code": objection.code, "file_id": objection.evidence.get().pk, "inbox_id": told.pk if told else 0, "job_id": job.pk, "grant_id": grant.pk,
            "user_id": who["finance"].pk, "organization_id": here.organization.pk, "claim_order_id": second.pk,
            "mass_id": mass.pk, "delivery_id": trouble.pk, "robot_id": robot.pk, "posting_id": line.pk, "street_id": here.area.pk,
            "kind_key": "projects.decision", "held_id": trouble.notice_id,
        },
    )  # fmt: skip


def _proposal(world, organization, member, order_id, at):
    here = world.here
    draft = start_proposal(
        round_id=here.round.pk, organization=organization, title="邻里文艺", by=member, at=at, order_ids=[order_id]
    )
    facts = {
        "title": "邻里文艺", "theme": here.themes[2].pk, "category": "文体娱乐类", "community": here.communities[0].pk, "summary": "简介",
        "plan": "计划", "indicators": "指标", "beneficiaries": 100, "minimum": Decimal(5000),
    }  # fmt: skip
    lines = [Line("activity", "物资", Decimal(1000), 9, Decimal(0))]
    save_draft(
        proposal_id=draft.pk, facts=facts, lines=lines, need_ids=[], order_ids=[order_id], revision=0, by=member, at=at
    )
    submit_proposal(proposal_id=draft.pk, by=member, at=at)
    decide_eligibility(proposal_id=draft.pk, outcome="pass", by=here.people["office"], at=at)
    return draft.pk
