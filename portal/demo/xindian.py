"""辛店创投: orders, claims and buyers are the source's; prices it does not give are made up and marked.

And a third round, open for applications now, so that a newcomer can try.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Area
from core.clock import local
from needs import services as needs
from needs.models import Need
from needs.services import confirm_claim, draft_order, list_order, offer_claim, post_need, register_resource
from portal.demo import registry
from portal.demo.answers import tell_of_order, tell_result
from portal.demo.people import Place, grid_worker, make_street, source, start, worker
from portal.demo.year import play_year
from projects.domain.budget import Line
from projects.domain.parts import ActivityRow, GoalRow, PartnerRow, Parts, TargetRow, TeamRow
from projects.services import save_draft, start_proposal, submit_proposal
from projects.services.opinions import give_opinion
from rounds.domain.papers import OPTIONAL, PAPERS, SECTIONS, paper_row, ready, section_row
from rounds.models import Round
from rounds.services import create_round, open_round

CATEGORY = {
    "党建红色项目": "party", "社区治理难题": "safety", "志愿服务项目": "convenience", "弱势群体帮扶项目": "relief",
    "社区治理难题(改善居住环境)": "environment",
}  # fmt: skip
NEEDS = {
    "党建银铃、共筑中国梦": "老党员行动不便，希望有人上门走访。",
    "三供一业移交党员服务队": "小区改造问题多，希望有人帮忙协调。",
    "我是社区大管家": "农贸市场占道经营，进出不方便，希望有人维持秩序。",
    "服务群众360": "希望周末在家门口能理发、磨剪子、量血压。",
    "牵手同行": "困难家庭需要家政、助学和看病帮助。",
    "红色单元": "楼道乱、邻里生，希望把单元环境搞好。",
}
ORGANIZATIONS = {
    "临淄义工协会": "yigong", "城际救援六支队": "jiuyuan", "众爱长者养护中心": "zhongai", "正心国学苑": "zhengxin",
}  # fmt: skip


def play(district: Area, now: datetime) -> Place:
    """Play the claim round, then open a round for applications around `now`; returns the street."""
    data = source("xindian.yaml")
    place = make_street(district, "辛店街道", "xindian", start(2018, 3, 1))
    for unit, name in (("牛山", "niushan"), ("溡源", "shiyuan"), ("辛店", "xindian")):
        place.community(unit, "社区")
        worker(place, unit, f"xindian_w_{name}")
    grid_worker(place, "溡源", "xindian_grid")
    for name, tag in ORGANIZATIONS.items():
        place.organization(name, name, "social")
        place.member(name, f"xindian_{tag}", f"演示{name}经办人")
    place.organization("乐邻互助队", "乐邻互助队（演示）", "team", place.communities["溡源"])
    place.member("乐邻互助队", "xindian_lelin", "演示乐邻互助队负责人")
    _claims(place, data["projects"])
    _open_now(place, now)
    _needs_by_other_ways(place, now)
    _resources(place, now)
    registry.play(place, now)
    play_year(place, now)
    return place


def _resources(place: Place, now: datetime) -> None:
    """What units nearby could give, for the resource list and its suggestions."""
    clerk, community = place.people["worker:溡源"], place.communities["溡源"]
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("辛店供电服务队（演示）", "registered", {"kind": "skills", "title": "电路维修和用电讲座", "category": "convenience", "times": "每月第二个周六上午"}),
        ("溡源商业街商户联盟（演示）", "company", {"kind": "goods", "title": "旧物交换用的桌椅和展架", "category": "environment", "capacity": "30 套"}),
        ("溡源小学（演示）", "co_unit", {"kind": "venue", "title": "周末可借用的文艺排练教室", "category": "culture", "capacity": "可容 40 人", "times": "周六、周日"}),
    )  # fmt: skip
    for name, kind, facts in rows:
        register_resource(
            street=place.area, unit_name=name, unit_kind=kind, facts=facts | {"community": community}, by=clerk, at=now - timedelta(days=9), is_demo=True
        )  # fmt: skip


def _claims(place: Place, projects: list[dict[str, Any]]) -> None:
    office = place.people["office"]
    facts = {
        "title": "第三期“辛店创投”", "number": 3, "year": 2018, "mode": "claiming", "buyer": "community",
        "fund_source": "党组织服务群众经费", "intro": "居民点单、社区制单、社会组织承单、政府买单。来源未给出的价格为演示数据。",
        "applicant_kinds": ["social", "team"], "budget": Decimal("60000.00"), "cap": Decimal("20000.00"),
        "apply_opens_at": start(2018, 4, 1), "apply_closes_at": start(2018, 4, 30, 17), "notice_days": 5,
        "objection_contact": "辛店街道党建办（演示，无真实电话）", **_asked(),
    }  # fmt: skip
    themes: list[tuple[str, int | None]] = [
        (n, None) for n in ("党建红色项目", "社区治理难题", "志愿服务项目", "弱势群体帮扶项目")
    ]
    row = create_round(street=place.area, facts=facts, themes=themes, at=start(2018, 3, 10), by=office, is_demo=True)
    round_ = open_round(round_id=row.pk, at=start(2018, 3, 20), by=office)
    for i, project in enumerate(projects):
        _one(place, round_, project, i)


def _one(place: Place, round_: Round, project: dict[str, Any], i: int) -> None:
    office = place.people["office"]
    buyer = str(project.get("buyer") or "")
    unit = next((u for u in place.communities if buyer.startswith(u) and buyer.endswith("社区")), "辛店")
    clerk = place.people[f"worker:{unit}"]
    known = project.get("price_cny", project.get("price"))
    price = Decimal(known) if known is not None else Decimal(3000 + 1000 * i)
    need = post_need(
        community=place.communities[unit], channel=Need.Channel.DOUBLE_LINK, category=CATEGORY[project["direction"]],
        words=NEEDS[project["name"]], people_count=50 + 30 * i, urgency="middle", at=start(2018, 3, 12, 9, i), by=clerk, is_demo=True,
    )  # fmt: skip
    content = project.get("content") or project.get("context") or project.get("schedule") or "书记沙龙议定的服务内容。"
    words = "、".join(content) if isinstance(content, list) else str(content)
    if project.get("items"):
        words = f"{project.get('schedule', '')}：{'、'.join(project['items'])}"
    order = draft_order(
        community=place.communities[unit], need_ids=[need.pk], title=project["name"], target="社区居民", content=words,
        price_ceiling=price, by=clerk, at=start(2018, 3, 15, 9, i), is_demo=True, is_price_demo=known is None,
    )  # fmt: skip
    tell_of_order([need], clerk, start(2018, 3, 16, 10, i))
    list_order(order_id=order.pk, round_id=round_.pk, by=clerk, at=start(2018, 3, 25, 9, i))
    who = project.get("undertaker")
    named = [who] if isinstance(who, str) else list(project.get("named_partners", {}))
    first = 0
    for j, name in enumerate(n for n in named if n in place.organizations):
        claim = offer_claim(
            order_id=order.pk, organization=place.organizations[name], plan="按社区要求组织队伍，按月报告。", price=price,
            by=place.people[f"member:{name}"], at=start(2018, 4, 3, 9, i, j), is_price_demo=known is None,
        )  # fmt: skip
        first = first or claim.pk
    if first:
        confirm_claim(claim_id=first, reason="队伍在本社区，价格在限价以内。", by=office, at=start(2018, 4, 10, 9, i))
        told = f"“{project['name']}”由{named[0]}承接，已按约定开展，欢迎继续提意见（演示）。"
        tell_result([need], told, clerk, start(2018, 10, 15, 9, i))


def _clock(now: datetime, days: int, hour: int) -> datetime:
    """A full hour of Shanghai's clock, `days` days after today."""
    day = local(now).date() + timedelta(days=days)
    return start(day.year, day.month, day.day, hour)


def _open_now(place: Place, now: datetime) -> None:
    """A round whose window opened ten days ago and closes in twenty, with a draft and an application in it."""
    office = place.people["office"]
    facts = {
        "title": f"{now.year}年邻里公益创投（试一试）", "number": 4, "year": now.year, "mode": "scoring", "buyer": "street",
        "fund_source": "街道公益创投资金（演示）", "intro": "这一期正在征集，供试用：看项目超市，写申报书，提交后由创投办初审。",
        "applicant_kinds": ["social", "team", "party"], "budget": Decimal("100000.00"), "cap": Decimal("20000.00"),
        "apply_opens_at": _clock(now, -10, 9), "apply_closes_at": _clock(now, 20, 17), "notice_days": 5,
        "objection_contact": "辛店街道党建办（演示，无真实电话）", **_asked(),
    }  # fmt: skip
    themes: list[tuple[str, int | None]] = [("党建", 3), ("环保", 3), ("文体", 3), ("便民", None), ("帮扶", None)]
    row = create_round(
        street=place.area, facts=facts, themes=themes, at=now - timedelta(days=15), by=office, is_demo=True
    )
    round_ = open_round(round_id=row.pk, at=now - timedelta(days=12), by=office)
    clerk = place.people["worker:溡源"]
    texts = (
        ("environment", "小区旧衣旧书没处去，希望有个交换的地方。"),
        ("culture", "想跟邻居一起跳舞唱歌，缺人组织。"),
        ("elderly", "老人用手机挂号不会，希望有人教。"),
    )
    orders: list[int] = []
    for i, (category, text) in enumerate(texts):
        need = post_need(
            community=place.communities["溡源"], channel=Need.Channel.VISIT, category=category, words=text, people_count=40 + 10 * i,
            urgency="low", at=now - timedelta(days=14, minutes=i), by=clerk, is_demo=True,
        )  # fmt: skip
        if i < 2:
            order = draft_order(
                community=place.communities["溡源"], need_ids=[need.pk], title=("旧物交换市集", "邻里文艺角")[i], target="溡源社区居民",
                content=text, price_ceiling=Decimal(15000), by=clerk, at=now - timedelta(days=13), is_demo=True, is_price_demo=True,
            )  # fmt: skip
            list_order(order_id=order.pk, round_id=round_.pk, by=clerk, at=now - timedelta(days=11))
            orders.append(order.pk)
    member = place.people["member:临淄义工协会"]
    draft = start_proposal(
        round_id=round_.pk, organization=place.organizations["临淄义工协会"], title="旧物新生（演示草稿）", by=member,
        at=now - timedelta(days=5), is_demo=True,
    )  # fmt: skip
    facts = {
        "summary": "每月一次旧物交换。", "section_need": "小区里旧衣旧书没处去，扔了可惜，堆在楼道又不安全。去年冬天三个单元清出旧物两车。",
        "section_aims": "每月办一次交换市集，一年换出旧物六百件。",
    }  # fmt: skip
    save_draft(
        proposal_id=draft.pk, facts=facts, lines=[Line("activity", "场地布置", Decimal("200.00"), 6, Decimal("0.00"))],
        need_ids=[], order_ids=[], revision=0, by=member, at=now - timedelta(days=4),
        parts=Parts(
            partners=[PartnerRow("party", "溡源社区党组织（演示）", "提供场地和党员志愿者", Decimal("0.00"))],
            activities=[ActivityRow("旧物交换市集（演示）", None, None, "社区广场", 60)],
            goals=[GoalRow("活动场次", Decimal("6.00"), "场"), GoalRow("服务人次", None, "人次")],
            team=[TeamRow("项目负责人", "有社区活动组织经验", 1, "统筹"), TeamRow("志愿者", "", 8, "")],
        ),
    )  # fmt: skip
    _handed_in(place, round_, orders[1], now)


def _asked() -> dict[str, Any]:
    """What the open round asks: the ready set; attachments may all lack, so that a newcomer can hand in at once."""
    first = ready()
    sections = [section_row(key, first[f"section_{key}"], None) for key in SECTIONS]
    papers = [
        paper_row(key, OPTIONAL if first[f"paper_{key}"] else "", label="", most=None, megabytes=None, applies=first[f"paper_for_{key}"])
        for key in PAPERS
    ]  # fmt: skip
    return {
        "sections": [row for row in sections if row], "papers": [row for row in papers if row], "promise": first["promise"],
        "opinion": first["opinion"],
    }  # fmt: skip


def _handed_in(place: Place, round_: Round, order: int, now: datetime) -> None:
    """An application with every section filled in, handed in, with the community's opinion; it waits for the check."""
    name = "众爱长者养护中心"
    member = place.people[f"member:{name}"]
    draft = start_proposal(
        round_id=round_.pk, organization=place.organizations[name], title="邻里文艺角（演示）", by=member, at=now - timedelta(days=6),
        order_ids=[order], is_demo=True,
    )  # fmt: skip
    begin = local(round_.apply_closes_at).date() + timedelta(days=30)
    end = begin + timedelta(days=180)
    facts = {
        "title": "邻里文艺角（演示）", "theme": round_.themes.get(name="文体").pk, "category": "文体娱乐类", "community": place.communities["溡源"].pk,
        "summary": "在社区活动室每周一次合唱和广场舞，由退休教师带，邻居自己排、自己演。", "plan": "第一个月招募和分组，之后每周六上午一次，第三个月和第六个月各演一场。",
        "indicators": "活动 24 场，演出 2 场，参加 80 人，满意率不低于 90%。", "starts_on": begin, "ends_on": end, "beneficiaries": 80, "volunteers": 6,
        "minimum": Decimal("6000.00"),
        "section_need": "社区里退休的人多，想唱歌跳舞的有八十来人，没有人组织，也没有固定的地方。夏天在马路边跳，吵到邻居，去年有过四次投诉。",
        "section_aims": "半年里有一支固定的队伍、一个固定的地方和一份大家认的时间约定，因跳舞吵闹的投诉不再有。",
        "section_risks": "雨天改在室内；高龄队员由志愿者陪同；音量用定好的上限。", "section_lasting": "队长由队员推选，场地由社区长期提供，资助结束后每人每月十元自己办。",
        "section_publicity": "海报和节目单写明资助单位；拍照前征得同意，不拍小孩正脸。",
    }  # fmt: skip
    save_draft(
        proposal_id=draft.pk, facts=facts, need_ids=[], order_ids=[order], revision=0, by=member, at=now - timedelta(days=6),
        lines=[Line("activity", "音响和服装（演示）", Decimal("320.00"), 15, Decimal("0.00")), Line("activity", "老师课时（演示）", Decimal("150.00"), 24, Decimal("600.00"))],
        parts=Parts(
            activities=[ActivityRow("每周排练（演示）", begin, end, "社区活动室", 1440), ActivityRow("两场演出（演示）", end, end, "社区广场", 300)],
            goals=[GoalRow("活动场次", Decimal("24.00"), "场"), GoalRow("满意率", Decimal("90.00"), "%")],
            team=[TeamRow("项目负责人", "社会工作者", 1, "统筹和安全"), TeamRow("带队老师", "退休音乐教师", 2, "教唱和编排"), TeamRow("志愿者", "社区党员", 6, "场地和陪同")],
            targets=[TargetRow("退休居民", 65, "六十岁以上的占多半"), TargetRow("在职居民", 15, "周末参加")],
        ),
    )  # fmt: skip
    submit_proposal(proposal_id=draft.pk, by=member, at=now - timedelta(days=5), promised=True)
    give_opinion(
        proposal_id=draft.pk, agrees=True, words="活动室每周六上午留给这支队伍（演示）。", by=place.people["worker:溡源"], at=now - timedelta(days=3)
    )  # fmt: skip


def _needs_by_other_ways(place: Place, now: datetime) -> None:
    """What needs no project: one need led to its end, one on its way with a neighbour's merged into it."""
    clerk, community = place.people["worker:溡源"], place.communities["溡源"]

    def need(words: str, days: int, *, online: bool = False) -> Need:
        return post_need(
            community=community, channel=Need.Channel.ONLINE if online else Need.Channel.HOTLINE, category="safety", words=words,
            people_count=1 if online else 12, urgency="middle", at=now - timedelta(days=days), by=None if online else clerk, is_demo=True,
        )  # fmt: skip

    lamp = need("三单元楼道灯坏了，老人晚上下楼看不见。", 12)
    wires = need("楼下飞线给电动车充电，怕着火，希望装充电桩。", 9)
    again = need("电动车飞线充电很危险，充电桩不够用。", 8, online=True)
    done = now - timedelta(days=7)
    for row, route in ((lamp, "now"), (wires, "joint")):
        needs.analyse_need(need_id=row.pk, route=route, level="small", by=clerk, at=now - timedelta(days=8))
        needs.publish_words(need_id=row.pk, words=row.words, by=clerk, at=now - timedelta(days=8))
        needs.begin_need(need_id=row.pk, by=clerk, at=now - timedelta(days=8))
    needs.finish_need(need_id=lamp.pk, words="物业换了灯泡和开关（演示）", by=clerk, at=done)
    needs.give_feedback(
        need_id=lamp.pk, kind="visit", words="灯已修好，请您晚上看看。", is_final=True, by=clerk, at=done
    )
    needs.rate_need(need_id=lamp.pk, stars=5, words="", at=now - timedelta(days=6))
    needs.close_need(need_id=lamp.pk, by=clerk, at=now - timedelta(days=5))
    needs.merge_needs(head_id=wires.pk, need_ids=[again.pk], by=clerk, at=done)
    needs.give_feedback(
        need_id=wires.pk,
        kind="current",
        words="已请供电所和物业看场地，选址定了再告诉大家。",
        is_final=False,
        by=clerk,
        at=done,
    )
