"""A whole competition in the street `here`, played through the services: one object for every kind of URL."""

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Role, RoleRequest
from accounts.services import invite as invite_person
from accounts.services import link_token, read_people
from core.clock import local
from delivery.services import Facts, add_expense, rate_project, submit_expenses
from funding.services import add_paper, approve_plan, draft_plan, publish_notice, raise_objection, submit_plan
from jobs.services import start_job
from judging import services as judging
from judging.domain.codes import paper_code
from judging.domain.rubrics import RUBRICS
from judging.models import Entry
from judging.services.access import issue_pass
from judging.services.paper import enter_paper, reject_carried
from messaging.models import Notice
from needs.services import (
    Guest,
    add_item,
    add_photos,
    add_theme,
    draft_order,
    give_feedback,
    list_order,
    offer_claim,
    offer_pledge,
    plan_salon,
    post_need,
    print_slips,
    read_import,
    register_resource,
    set_guests,
)
from organizations.domain.hearing import DEFAULT as HEARING_RULE
from organizations.domain.monthly import DEFAULT, Month
from organizations.domain.rating import CRITERIA
from organizations.models import ImportRun
from organizations.services import (
    Choice,
    announce_training,
    appeal_sheet,
    apply,
    change_account,
    confirm_ratings,
    decide_exit,
    enter_rating,
    enter_sheet,
    enter_standing,
    hand_in_checklist,
    invite,
    open_hearing,
    plan_hearing,
    print_hearing_codes,
    set_items,
    sign_up,
)
from projects.domain.budget import Line
from projects.domain.parts import ActivityRow, GoalRow, PartnerRow, Parts
from projects.models import Attachment, EligibilityDecision
from projects.services import decide_eligibility, save_draft, start_proposal, submit_proposal
from projects.services.papers import add_attachment
from rounds.models import Round, Theme
from rounds.services import ask_question
from tests.messaging.make import make_delivery, make_mass, make_posting, make_robot
from tests.needs.files import photo, workbook
from tests.projects.files import pdf
from tests.world import World
from workdays.domain import add_workdays

PARTS = Parts(
    [PartnerRow("party", "社区党总支", "提供场地", Decimal("0.00"))],
    [ActivityRow("开班", date(2027, 3, 1), date(2027, 3, 1), "活动室", 30)],
    [GoalRow("活动场次", Decimal("12.00"), "场")],
)
THEME = {
    "name": "自拟主题", "category": "文体", "directions": ["志愿服务项目"], "target_group": "居民", "activities": "活动", "indicators": "4 场",
    "budget_min": Decimal(1000), "budget_max": Decimal(2000), "answers": ["culture"],
}  # fmt: skip


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
    resource, pledge = _resource(here, order.pk, at)
    theme = add_theme(street=here.area, facts=THEME, by=who["office"], at=at)
    salon, item = _salon(here, need, at)
    told = give_feedback(
        need_id=need.pk, kind="visit", words="已经排上日程。", is_final=True, by=who["community"], at=at,
        file=SimpleUploadedFile("现场.pdf", b"%PDF-1.4 evidence"),
    )  # fmt: skip
    slip = print_slips(need_id=need.pk, count=1, by=who["community"], at=at)[0]
    photo, reading = _intake(here, need, at)
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
    notice = publish_notice(plan_id=plan.pk, by=who["office"], starts_on=_next_workday(at), at=at)
    objection = raise_objection(
        notice_id=notice.pk, proposal_id=passed, name="某居民", phone="13800001234", words="请核查场地费。", at=at + (_next_workday(at) - local(at).date()),
        files=[SimpleUploadedFile("证据.pdf", b"%PDF-1.4 evidence")],
    )  # fmt: skip
    rate_project(need=need, proposal_id=passed, stars=5, words="", at=at)
    question = ask_question(round_id=here.round.pk, words="队伍能申报吗？", asker="某居民", at=at, by=None)
    job = start_job(owner=who["office"], kind="funding.e8", title="表", params={"plan": plan.pk}, at=at)
    inbox = Notice.objects.filter(recipient=who["member"]).order_by("pk").first()
    grant = who["finance"].grants.get()
    mass = make_mass(here, at)
    trouble = make_delivery(who["member"], at)
    robot = make_robot(here, at)
    bound = _agreement(world, at)
    bound |= _spend(world, bound, at)
    line = make_posting(robot, at)
    bound |= _registry(here, at)
    bound |= _newcomers(here, at)
    return Scene(
        world,
        {
            "round_id": here.round.pk, "need_id": need.pk, "history_kind": "need", "record_id": need.pk, "code": need.tracking_code, "order_id": order.pk, "claim_id": claim.pk, "resource_id": resource.pk, "pledge_id": pledge.pk,
            "proposal_id": passed, "attachment_id": Attachment.objects.get(proposal=passed).pk, "decision_id": EligibilityDecision.objects.get(proposal=passed, outcome="return").pk, "draft_id": draft.pk, "session_id": session.pk, "key": session.stage.key, "carried_id": carried.pk, "what": "e6", "token": token, "entry_id": entry.pk, "plan_id": plan.pk,
            "award_id": award.pk, "notice_id": notice.pk, "objection_id": objection.pk, "objection_code": objection.code, "file_id": objection.evidence.get().pk, "inbox_id": inbox.pk if inbox else 0, "job_id": job.pk, "grant_id": grant.pk,
            "user_id": who["finance"].pk, "organization_id": here.organization.pk, "claim_order_id": second.pk,
            "mass_id": mass.pk, "delivery_id": trouble.pk, "robot_id": robot.pk, "posting_id": line.pk, "street_id": here.area.pk,
            "kind_key": "projects.decision", "deadline_key": "projects.completion", "secret": "nobody-has-this", "theme_code": theme.code, "salon_id": salon.pk, "salon_reader_id": who["office"].pk, "item_id": item.pk, "held_id": trouble.notice_id, "act": "begin", "question_id": question.pk, "feedback_id": told.pk, "slip_code": slip.code, "photo_id": photo, "import_id": reading, **bound,
        },
    )  # fmt: skip


def _intake(here, need, at):
    """A photo of the need, and a workbook that the community's worker has read but not confirmed."""
    by = here.people["community"]
    add_photos(need_id=need.pk, photos=[photo()], by=by, at=at)
    rows = [["入户走访", "环境卫生", "楼道堆了杂物"], ["热线电话", "平安治理", "路灯不亮"]]
    return need.photos.get().pk, read_import(file=workbook(rows), by=by, at=at).pk


def _registry(here, at):
    """An application for registration, and a member of the organization."""
    asked = apply(
        street=here.area, kind="team", name="云秀帮帮队", uscc="", community=None, legal_name="王某", secretary="", licence_until=None,
        business="助老", applicant="李某", duty="head", phone="13800001234", once_key=uuid.UUID(int=77), at=at,
    )  # fmt: skip
    run = ImportRun.objects.create(
        street=here.area, name="基本情况表", digest="0" * 64, content=[{"row": 2, "name": "云秀书画社", "kind": "team"}],
        read_by=here.people["office"], read_at=at,
    )  # fmt: skip
    ids = _months(here, at)
    ids |= _party(here, ids["year"], at)
    ids |= _hearing(here, at)
    return {
        **ids,
        "application_id": asked.pk,
        "application_code": asked.code,
        "run_id": run.pk,
        "membership_id": here.organization.members.get().pk,
    }


def _newcomers(here, at):
    """Somebody invited, for whom a role is asked, and a table of people that waits."""
    by = here.people["system_admin"]
    invited = invite_person(
        street=here.area, display_name="新来的", username="newcomer", phone="", email="", role=Role.HOST, area=here.area, by=by, at=at,
    )  # fmt: skip
    table = SimpleUploadedFile("人员表.csv", "姓名,用户名\n李四,lisi\n".encode())
    run, _ = read_people(street=here.area, file=table, by=by, at=at)
    return {
        "invite": link_token(invited),
        "people_run_id": run.pk,
        "role_request_id": RoleRequest.objects.get(user=invited.user).pk,
    }


def _party(here, year, at):
    """An account, a checklist, an invitation and a training of the member's organization."""
    office, row = here.people["office"], here.organization
    change_account(
        organization_id=row.pk, holder=row.name, bank="测试银行新区支行", account="6222 0000 0000 0000 000", reason="", shown=0, by=office, at=at
    )  # fmt: skip
    ticked: Any = ({0: True}, {0: "二楼活动室"})
    hand_in_checklist(
        organization_id=row.pk, year=year, six=ticked, five=ticked, items=0, shown=0, by=here.people["member"], at=at
    )
    asked, link = invite(organization_id=row.pk, name="赵某", duty="finance", by=office, at=at)
    facts = {
        "series": "公益大课堂", "title": "项目财务", "begins_at": at + timedelta(days=9), "place": "三楼会议室", "capacity": 40,
        "audience": ["social"], "is_mandatory": True, "sign_up_until": at + timedelta(days=7), "note": "带上预算表",
    }  # fmt: skip
    training = announce_training(street=here.area, facts=facts, by=office, at=at)
    sign_up(
        training_id=training.pk,
        organization=row,
        people=2,
        functions="负责人1人、财务1人",
        by=here.people["member"],
        at=at,
    )
    return {"training_id": training.pk, "invitation_id": asked.pk, "link_code": link}


def _hearing(here, at):
    """An open hearing of the member's organization with a residents' code; its stars of the year before, confirmed."""
    office, row, year = here.people["office"], here.organization, local(at).year
    hearing = plan_hearing(
        street=here.area, year=year, title="述职评议", held_on=local(at).date(), venue="会议室", votes_until=at + timedelta(days=9),
        scope="residents", rule=HEARING_RULE, by=office, at=at,
    )  # fmt: skip
    open_hearing(hearing_id=hearing.pk, by=office, at=at)
    code = print_hearing_codes(hearing_id=hearing.pk, community=here.communities[0], count=1, by=office, at=at)[0]
    enter_standing(
        organization_id=row.pk, year=year - 1, hearing="qualified", held_on=date(year - 1, 12, 20), evidence="述职评议会记录", stars=0, by=office,
        at=at,
    )  # fmt: skip
    sheet = enter_rating(
        organization_id=row.pk, year=year - 1, marks=dict.fromkeys(CRITERIA, Decimal(85)), shown=0, by=office, at=at
    )
    (one,) = confirm_ratings(
        street=here.area, year=year - 1, choices=[Choice(row.pk, sheet.number, 4)], by=here.people["leader"], at=at
    )
    return {
        "hearing_id": hearing.pk, "due_id": hearing.dues.get().pk, "community_id": here.communities[0].pk, "ballot_code": code.code,
        "certificate_id": one.pk,
    }  # fmt: skip


def _months(here, at):
    """Three low months of the member's organization, on which a leader decided; the last is appealed."""
    office, row, on = here.people["office"], here.organization, Month.of(local(at).date())
    row.moved_in_on = date(on.year - 1, 1, 1)
    row.save()
    set_items(street=here.area, items=DEFAULT, starts=on.plus(-3), by=office, at=at)
    for n in (3, 2, 1):
        marks = {item.key: Decimal(1) for item in DEFAULT}
        sheet = enter_sheet(
            organization_id=row.pk, month=on.plus(-n), marks=marks, note="坐班两次", shown=0, by=office, at=at
        )
    decision = decide_exit(
        organization_id=row.pk, outcome="exit", reason="连续三个月低于6分", leaves_on=local(at).date() + timedelta(days=30),
        by=here.people["leader"], at=at,
    )  # fmt: skip
    appeal = appeal_sheet(sheet_id=sheet.pk, words="坐班三次，漏记一次", by=here.people["member"], at=at)
    return {"year": sheet.year, "month": sheet.month, "appeal_id": appeal.pk, "exit_id": decision.pk}


def _salon(here, need, at):
    """A salon of the first community to which the member's organization is invited, with one point."""
    by = here.people["community"]
    salon = plan_salon(
        community=here.communities[0], series="书记沙龙", number=None, subject="文艺角", held_on=date(2026, 11, 20), begins=time(14, 30),
        venue="会议室", convener="社区书记", by=by, at=at,
    )  # fmt: skip
    set_guests(salon_id=salon.pk, guests=[Guest("organization", here.organization.name, 2)], by=by, at=at)
    return salon, add_item(salon_id=salon.pk, title="文艺角", need_ids=[need.pk], by=by, at=at)


def _resource(here, order_id, at):
    """A room of the member's organization in the first community, pledged to an order."""
    facts = {
        "community": here.communities[0],
        "kind": "venue",
        "title": "二楼活动室",
        "contact_name": "李某",
        "contact_phone": "13800001234",
    }
    by = here.people["member"]
    resource = register_resource(
        street=here.area, unit_name=here.organization.name, unit_kind="organization", organization=here.organization, facts=facts, by=by, at=at
    )  # fmt: skip
    return resource, offer_pledge(resource_id=resource.pk, order_id=order_id, words="每周六", amount=None, by=by, at=at)


def _next_workday(at: datetime) -> date:
    """The first working day after a moment, whatever day that is: the scene is played by the real clock too."""
    return add_workdays(local(at).date(), 1, {})


def _proposal(world, organization, member, order_id, at):
    here = world.here
    draft = start_proposal(
        round_id=here.round.pk, organization=organization, title="邻里文艺", by=member, at=at, order_ids=[order_id]
    )
    facts = {
        "title": "邻里文艺", "theme": here.themes[2].pk, "category": "文体娱乐类", "community": here.communities[0].pk, "summary": "简介",
        "plan": "计划", "indicators": "指标", "starts_on": date(here.round.apply_closes_at.year + 1, 1, 1), "ends_on": date(here.round.apply_closes_at.year + 1, 12, 31), "beneficiaries": 100, "minimum": Decimal(5000),
    }  # fmt: skip
    lines = [Line("activity", "物资", Decimal(1000), 9, Decimal(0))]
    save_draft(
        proposal_id=draft.pk, facts=facts, lines=lines, need_ids=[], order_ids=[order_id], revision=0, by=member, at=at,
        parts=PARTS,
    )  # fmt: skip
    add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(), by=member, at=at)
    submit_proposal(proposal_id=draft.pk, by=member, at=at)
    office = here.people["office"]
    decide_eligibility(
        proposal_id=draft.pk, outcome="return", reason="计划太短。", fields_open=["plan"], complete_by=at + timedelta(days=1), by=office,
        at=at,
    )  # fmt: skip
    submit_proposal(proposal_id=draft.pk, by=member, at=at)
    decide_eligibility(proposal_id=draft.pk, outcome="pass", by=office, at=at)
    return draft.pk


def _agreement(world, at):
    """A signed agreement of a round of its own, with a request for its first instalment; and the round's notice is over."""
    from tests.funding import money

    here = world.here
    second = Round.objects.create(
        street=here.area, title="协议期", number=3, year=2026, fund_source="经费", applicant_kinds=["social"], budget=Decimal(200000),
        cap=Decimal(30000), apply_opens_at=at - timedelta(days=1), apply_closes_at=at + timedelta(days=9), state="open", rules={},
        rules_digest="0" * 64, opened_at=at, opinion="optional",
    )  # fmt: skip
    themes = [Theme.objects.create(round=second, name=n, position=i) for i, n in enumerate(("党建", "环保", "文体"), 1)]
    other = replace(world, here=replace(here, round=second, themes=themes))
    agreement = money.signed(other, at)
    payment = money.ask(other, agreement, at + money.LATER)
    paper = add_paper(
        agreement_id=agreement.pk, kind="vote", file=money.pdf(), by=here.people["office"], at=at + money.LATER
    )
    return {
        "bound_round_id": second.pk, "fund_id": agreement.draws.get().fund_id, "version_id": agreement.versions.get().pk, "paper_id": paper.pk, "funded_id": agreement.proposal_id,
        "agreement_id": agreement.pk, "payment_id": payment.pk, "part_id": payment.parts.get().pk, "evidence_id": payment.evidence.get().pk,
    }  # fmt: skip


def _spend(world, ids, at):
    """A voucher of the signed agreement, handed in."""
    from tests.funding.money import pdf  # its tests play this scene

    later, member = at + timedelta(days=20), world.here.people["member"]
    facts = Facts(
        spent_on=date(2026, 12, 5), summary="购买物资", head="activity", payee="测试文具店", bill_kind="receipt", amount=Decimal(100), source="grant",
        checked=("signed",),
    )  # fmt: skip
    expense = add_expense(
        agreement_id=int(ids["agreement_id"]), facts=facts, papers={"bill": [pdf()]}, by=member, at=later
    )
    submit_expenses(expense_ids=[expense.pk], by=member, at=later)
    return {"expense_id": expense.pk, "expense_paper_id": expense.papers.get().pk}
