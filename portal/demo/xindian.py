"""辛店创投: orders, claims and buyers are the source's; prices it does not give are made up and marked.

And a third round, open for applications now, so that a newcomer can try.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Area
from needs.models import Need
from needs.services import confirm_claim, draft_order, list_order, offer_claim, post_need
from portal.demo.people import Place, grid_worker, make_street, source, worker
from portal.demo.sanshui import start
from projects.domain.budget import Line
from projects.services import save_draft, start_proposal
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
    return place


def _claims(place: Place, projects: list[dict[str, Any]]) -> None:
    office = place.people["office"]
    facts = {
        "title": "第三期“辛店创投”", "number": 3, "year": 2018, "mode": "claiming", "buyer": "community",
        "fund_source": "党组织服务群众经费", "intro": "居民点单、社区制单、社会组织承单、政府买单。来源未给出的价格为演示数据。",
        "applicant_kinds": ["social", "team"], "budget": Decimal("60000.00"), "cap": Decimal("20000.00"),
        "apply_opens_at": start(2018, 4, 1), "apply_closes_at": start(2018, 4, 30, 17), "notice_days": 5,
        "objection_contact": "辛店街道党建办（演示，无真实电话）",
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
        price_ceiling=price, by=clerk, at=start(2018, 3, 22, 9, i), is_demo=True, is_price_demo=known is None,
    )  # fmt: skip
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
        confirm_claim(claim_id=first, by=office, at=start(2018, 4, 10, 9, i))


def _open_now(place: Place, now: datetime) -> None:
    """A round whose window is open: ten days ago to two days and a bit from now on, one draft in it."""
    office = place.people["office"]
    facts = {
        "title": f"{now.year}年邻里公益创投（试一试）", "number": 4, "year": now.year, "mode": "scoring", "buyer": "street",
        "fund_source": "街道公益创投资金（演示）", "intro": "这一期正在征集，供试用：看项目超市，写申报书，提交后由创投办初审。",
        "applicant_kinds": ["social", "team", "party"], "budget": Decimal("100000.00"), "cap": Decimal("20000.00"),
        "apply_opens_at": now - timedelta(days=10), "apply_closes_at": now + timedelta(days=20), "notice_days": 5,
        "objection_contact": "辛店街道党建办（演示，无真实电话）",
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
    member = place.people["member:临淄义工协会"]
    draft = start_proposal(
        round_id=round_.pk, organization=place.organizations["临淄义工协会"], title="旧物新生（演示草稿）", by=member,
        at=now - timedelta(days=5), is_demo=True,
    )  # fmt: skip
    save_draft(
        proposal_id=draft.pk, facts={"summary": "每月一次旧物交换。"}, lines=[Line("activity", "场地布置", Decimal("200.00"), 6, Decimal("0.00"))],
        need_ids=[], order_ids=[], revision=0, by=member, at=now - timedelta(days=4),
    )  # fmt: skip
