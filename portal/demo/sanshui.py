"""三水西南 2017 “红色核动力”: ten communities, categories and project names are the source's.

The source gives neither scores nor amounts; everything of that kind here is made up by fixed arithmetic and marked
演示数据. The applicants are community Party organizations.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import Area
from funding.models import Agreement
from funding.services import approve_plan, draft_plan, publish_notice, submit_plan
from judging.domain.rubrics import RUBRICS
from judging.models import Entry, Judge
from judging.services import (
    Request,
    commit_draw,
    create_session,
    draw_order,
    lock_session,
    make_rule,
    open_scoring,
    publish_result,
    recuse,
    save_sheet,
    seat_judges,
    set_entries,
)
from needs.models import Need
from needs.services import draft_order, list_order, post_need
from portal.demo.answers import tell_of_order, tell_result
from portal.demo.expenses import play_expenses
from portal.demo.money import fund_and_pay
from portal.demo.people import Place, grid_worker, make_street, source, start, worker
from projects.domain.budget import Line
from projects.services import decide_eligibility, save_draft, start_proposal, submit_proposal
from rounds.models import Round
from rounds.services import close_round, create_round, open_round

PINYIN = {
    "五顶岗": "wudinggang", "洲边": "zhoubian", "江根": "jianggen", "云秀": "yunxiu", "文锋西": "wenfengxi", "月桂": "yuegui",
    "康华": "kanghua", "桥头": "qiaotou", "沙头": "shatou", "布心": "buxin",
}  # fmt: skip
NEED_CATEGORY = {
    "便民利民类": "convenience", "宣传教育类": "education", "扶贫帮困类": "relief", "卫生保健类": "health", "文体娱乐类": "culture",
}  # fmt: skip
WORDS = {
    "便民利民类": "办事要跑很远，希望家门口能有便民服务。",
    "宣传教育类": "孩子放学没地方看书，希望有个能读书的地方。",
    "扶贫帮困类": "楼里有独居老人，希望有人定期上门看看。",
    "卫生保健类": "希望社区里能量血压、听健康讲座。",
    "文体娱乐类": "过节冷清，希望社区组织大家一起热闹热闹。",
}
ASKED = (30000, 26000, 24000, 30000, 18000, 22000, 28000, 16000, 25000, 20000)


def play(district: Area) -> Place:
    """Play the round from the first need to the first payments; returns the street."""
    data = source("sanshui-2017.yaml")
    place = make_street(district, "西南街道", "sanshui", start(2017, 6, 1))
    _settle(place, data["winners"])
    round_ = _round(place, data["season"]["name"])
    orders = _needs_and_orders(place, round_, data["winners"])
    _apply(place, round_, data["winners"], orders)
    _judge(place, round_)
    fund_and_pay(place, round_)
    play_expenses(
        Agreement.objects.filter(round=round_, payments__state="paid").order_by("pk")[:2], start(2017, 11, 20, 10)
    )
    close_round(round_id=round_.pk, at=start(2017, 9, 29, 17), by=place.people["office"])
    _answers(place, data["winners"])
    return place


def _answers(place: Place, winners: list[dict[str, str]]) -> None:
    """After the winter everybody who asked is told what was done, and says whether it helped."""
    for i, row in enumerate(winners):
        clerk, community = place.people[f"worker:{row['unit']}"], place.communities[row["unit"]]
        asked = Need.objects.filter(community=community).order_by("pk")
        words = f"项目“{row['name']}”从去年十月起每周六开展活动，到三月底共 {8 + i} 场，欢迎继续参加（演示）。"
        tell_result(asked, words, clerk, start(2018, 4, 9, 10, i))


def _settle(place: Place, winners: list[dict[str, str]]) -> None:
    for row in winners:
        unit = row["unit"]
        alias = "文锋" if unit == "文锋西" else ""
        community = place.community(unit, "村" if row["unit_kind"] == "村" else "社区", alias)
        place.organization(unit, f"{community.name}党组织党群先锋队", "party", community)
        place.member(unit, f"sanshui_{PINYIN[unit]}", f"演示{community.name}申报人")
        worker(place, unit, f"sanshui_w_{PINYIN[unit]}")
    grid_worker(place, "云秀", "sanshui_grid")


def _round(place: Place, title: str) -> Round:
    office = place.people["office"]
    facts = {
        "title": title, "number": 1, "year": 2017, "mode": "scoring", "buyer": "street", "fund_source": "街道党建项目创投资金（演示）",
        "intro": "各村（社区）党组织的党群先锋队结合实际申报党建项目，现场路演，评委当场打分，协议由街道组工办与实施单位签订。资金总额、得分和金额为演示数据。",
        "applicant_kinds": ["party"], "budget": Decimal("200000.00"), "cap": Decimal("30000.00"),
        "apply_opens_at": start(2017, 8, 1), "apply_closes_at": start(2017, 8, 31, 17), "notice_days": 5,
        "objection_contact": "西南街道组工办（演示，无真实电话）",
    }  # fmt: skip
    themes: list[tuple[str, int | None]] = [(name, None) for name in NEED_CATEGORY]
    row = create_round(street=place.area, facts=facts, themes=themes, at=start(2017, 7, 10), by=office, is_demo=True)
    return open_round(round_id=row.pk, at=start(2017, 7, 15), by=office)


def _needs_and_orders(place: Place, round_: Round, winners: list[dict[str, str]]) -> dict[str, int]:
    orders: dict[str, int] = {}
    for i, row in enumerate(winners):
        unit, category = row["unit"], row["category"]
        community, clerk = place.communities[unit], place.people[f"worker:{row['unit']}"]
        kind = NEED_CATEGORY[category]
        first = post_need(
            community=community, channel=Need.Channel.VISIT, category=kind, words=WORDS[category], people_count=20 + 15 * i,
            urgency="middle" if i % 3 == 0 else "low", at=start(2017, 7, 16 + i % 5, 10, i), by=clerk, is_demo=True,
        )  # fmt: skip
        second = post_need(
            community=community, channel=Need.Channel.ONLINE, category=kind, words=f"{WORDS[category]}最好周末也有。", people_count=1,
            urgency="low", at=start(2017, 7, 17 + i % 5, 19, i), by=None, is_demo=True,
        )  # fmt: skip
        order = draft_order(
            community=community, need_ids=[first.pk, second.pk], title=f"{community.name}{category[:-1]}服务", target=f"{community.name}居民",
            content=WORDS[category], price_ceiling=Decimal(30000), by=clerk, at=start(2017, 7, 24, 9, i), is_demo=True,
            is_price_demo=True,
        )  # fmt: skip
        list_order(order_id=order.pk, round_id=round_.pk, by=clerk, at=start(2017, 7, 25, 9, i))
        tell_of_order([first, second], clerk, start(2017, 7, 25, 15, i))
        orders[unit] = order.pk
    return orders


def _apply(place: Place, round_: Round, winners: list[dict[str, str]], orders: dict[str, int]) -> None:
    themes = {t.name: t.pk for t in round_.themes.all()}
    for i, row in enumerate(winners):
        unit, member = row["unit"], place.people[f"member:{row['unit']}"]
        community = place.communities[unit]
        draft = start_proposal(
            round_id=round_.pk, organization=place.organizations[unit], title=row["name"], by=member, at=start(2017, 8, 5, 9, i),
            order_ids=[orders[unit]], is_demo=True,
        )  # fmt: skip
        asked = Decimal(ASKED[i])
        lines = [
            Line("activity", "活动物资（演示）", asked / 20, 10, Decimal("0.00")),
            Line("activity", "讲师和专业服务（演示）", asked / 10, 3, Decimal("0.00")),
            Line("staff", "志愿者补贴（演示）", asked / 20, 4, Decimal("0.00")),
            Line("management", "场地和保险（自筹，演示）", Decimal(500), 2, Decimal(1000)),
        ]
        facts = {
            "title": row["name"], "theme": themes[row["category"]], "category": row["category"], "community": community.pk,
            "summary": f"由{community.name}党群先锋队实施，回应本社区居民的需求。", "beneficiaries": 120 + 40 * i,
            "starts_on": date(2017, 9, 15), "ends_on": date(2018, 3, 31), "volunteers": 12 + 3 * i,
            "plan": "九月组织队伍，十月起每周六开展活动，次年三月总结。", "indicators": f"活动 {8 + i} 场，服务 {300 + 50 * i} 人次。",
            "minimum": Decimal(10000),
        }  # fmt: skip
        save_draft(
            proposal_id=draft.pk, facts=facts, lines=lines, need_ids=[], order_ids=[orders[unit]], revision=0, by=member,
            at=start(2017, 8, 12, 15, i),
        )  # fmt: skip
        submit_proposal(proposal_id=draft.pk, by=member, at=start(2017, 8, 20, 16, i, i))
        decide_eligibility(proposal_id=draft.pk, outcome="pass", by=place.people["office"], at=start(2017, 9, 1, 10, i))


def _judge(place: Place, round_: Round) -> None:
    office = place.people["office"]
    rule = make_rule(RUBRICS["party"].as_criteria())
    session = create_session(
        round_id=round_.pk, name="党建项目路演评审会", held_on=date(2017, 9, 8), venue="街道党群服务中心", rule=rule, by=office,
        at=start(2017, 9, 2), is_demo=True, notes={"anchors": RUBRICS["party"].anchors()},
    )  # fmt: skip
    from projects.models import Proposal

    ids = list(Proposal.objects.in_round(round_).judgeable().values_list("pk", flat=True))
    set_entries(session_id=session.pk, proposal_ids=ids, by=office, at=start(2017, 9, 4))
    users = [place.people[f"judge{i}"] for i in range(1, 8)]
    seat_judges(session_id=session.pk, user_ids=[u.pk for u in users], by=office, at=start(2017, 9, 4, 10))
    seats = list(Judge.objects.filter(session=session).order_by("seat").select_related("user"))
    entries = list(Entry.objects.filter(session=session).select_related("proposal__organization").order_by("pk"))
    recuse(
        judge_id=seats[6].pk, entry_id=entries[2].pk, reason="近三年在该村任职（演示）", by=office, at=start(2017, 9, 5)
    )
    commit_draw(session_id=session.pk, by=office, at=start(2017, 9, 7, 16), secret="5a5aa5a5c3c33c3c9696696969966996")  # noqa: S106 - made up for the demonstration
    draw_order(
        session_id=session.pk,
        public_number="2017105",
        witnesses="演示监督员、各村居代表",
        by=office,
        at=start(2017, 9, 8, 8, 40),
    )
    open_scoring(session_id=session.pk, by=office, at=start(2017, 9, 8, 9))
    criteria = rule["criteria"]
    entries = list(Entry.objects.filter(session=session).order_by("position"))
    recused = {(seats[6].pk, e.pk) for e in entries if e.recusals.exists()}
    for e, entry in enumerate(entries):
        for j, seat in enumerate(seats):
            if (seat.pk, entry.pk) in recused:
                continue
            marks = {
                c["key"]: str(Decimal(c["max"]) - Decimal((e * 5 + j * 3 + k * 7 + j * e + j * k) % 7) / 2)
                for k, c in enumerate(criteria)
            }
            save_sheet(
                entry_id=entry.pk, judge=seat.user, marks=marks, submit=True, request=Request(client_id=f"demo-{seat.pk}-{entry.pk}"),
                at=start(2017, 9, 8, 9, 10 + 5 * e, j),
            )  # fmt: skip
    result = lock_session(session_id=session.pk, by=office, at=start(2017, 9, 8, 11, 30))
    publish_result(session_id=session.pk, by=office, at=start(2017, 9, 8, 14))
    tiers = {
        "name": "tiers", "tie": "order",
        "tiers": [{"label": "一等", "count": 1, "amount": "30000.00"}, {"label": "二等", "count": 3, "amount": "20000.00"}, {"label": "三等", "count": 6, "amount": "12000.00"}],
    }  # fmt: skip
    limits: dict[str, Any] = {"min_score": "60.00", "max_awards": None, "groups": []}
    plan = draft_plan(
        result_id=result.pk, by=office, pool=round_.budget, method=tiers, limits=limits, at=start(2017, 9, 11)
    )
    _adjust(plan.pk, place)
    submit_plan(plan_id=plan.pk, by=office, at=start(2017, 9, 13))
    approve_plan(
        plan_id=plan.pk, by=place.people["leader"], minutes_number="演示纪要〔2017〕9号", minutes_on=date(2017, 9, 18), entitled=9, present=8,
        note="同意。", at=start(2017, 9, 18, 16),
    )  # fmt: skip
    publish_notice(plan_id=plan.pk, by=office, starts_on=date(2017, 9, 19), at=start(2017, 9, 19, 9))


def _adjust(plan_id: int, place: Place) -> None:
    """One award is raised to its request, with a reason, out of what the tiers leave."""
    from funding.models import Award
    from funding.services import adjust_award

    award = Award.objects.filter(plan=plan_id).order_by("place").last()
    if award is not None:
        adjust_award(
            award_id=award.pk, amount=min(award.requested, Decimal(15000)), by=place.people["office"], at=start(2017, 9, 12),
            reason="该项目覆盖两个自然村，按集体研究意见适当提高（演示）。",
        )  # fmt: skip
