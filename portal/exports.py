"""Excel reports that draw on the whole house: E25 年度总表 for the district."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, Q, QuerySet, Sum

from accounts.models import Area
from accounts.rules import street_ids
from core.clock import SHANGHAI
from core.sheets import Cell, Column, Formula, Report, Row, write_report
from delivery.models import Rating
from funding.models import AllocationPlan, Award, Payment
from funding.rules import READERS
from jobs.registry import Work, register
from needs.models import Need
from portal.yearly import Figure, spoken_growth
from projects.models import Proposal
from rounds.models import Round

COLUMNS = [
    Column("序号", "rank", 6),
    Column("指标", "long", 34),
    Column("单位", "text", 8),
    Column("本年", "int", 17),
    Column("上年", "int", 17),
    Column("增减", "int", 17),
    Column("增减幅度", "text", 11),
    Column("累计", "int", 18),
]
THIS, LAST = 3, 4
Triple = tuple[Decimal, Decimal, Decimal]
Measure = Callable[[Q], Aggregate]


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """The street's people."""
    return params["street"] in street_ids(user, *READERS)


@register("portal.e25", may=may_read)
def year_report(work: Work) -> None:
    """E25 of one street and year: `params` = {"street": id, "year": 2026, "day": "2026-11-23"}. One A4 page."""
    street, year = Area.objects.get(pk=work.params["street"]), work.params["year"]
    found = figures(street, year)
    report = Report(
        title=f"{street.name}公益创投年度总表（{year}年）",
        left=f"填报单位：{street.name}（盖章）",
        right=f"填报日期：{work.params['day']}",
        columns=COLUMNS,
        sheet="年度总表",
        note=(
            "口径：期次、项目和资金按期次年度统计，资助金额以已批准的资金分配方案为准，已拨付资金按拨付日期、需求按收集日期、"
            "评议按评议日期统计；覆盖社区、参与单位在累计中不重复计算；累计为历年至本年合计。"
            + (
                "含演示数据，不能上报。"
                if Round.objects.filter(street=street, is_demo=True, year__lte=year).exists()
                else ""
            )
        ),
        approvals=["审核意见", "主要领导意见"],
        signatures="填报人：　　　　　　　　　　联系电话：　　　　　　　　　　填报日期：　　　　年　　月　　日",
    )
    write_report(work.path, report, _rows(found), progress=lambda n: work.rows(n, len(found)))


def _rows(found: list[Figure]) -> Iterator[Row]:
    for n, f in enumerate(found, 1):
        yield [
            n, f.words, f.unit, Cell(f.this, kind=f.kind), Cell(f.last, kind=f.kind),
            Formula(lambda cell: f"={cell(THIS)}-{cell(LAST)}", f.this - f.last, kind=f.kind),
            spoken_growth(f.this, f.last), Cell(f.total, kind=f.kind),
        ]  # fmt: skip


def figures(street: Area, year: int) -> list[Figure]:
    """Every measure of the year's summary, in seven statements whatever the size."""
    rounds = _measure(
        Round.objects.public().filter(street=street), _years("year", year), n=_count("pk"), pool=_sum("budget")
    )
    standing = Proposal.objects.filter(round__street=street).exclude(
        state__in=[Proposal.State.DRAFT, Proposal.State.WITHDRAWN]
    )
    asked = _measure(
        standing, _years("round__year", year), n=_count("pk"), who=_count("organization"), money=_sum("requested")
    )
    awards = Award.objects.filter(plan__round__street=street, plan__state=AllocationPlan.State.APPROVED, amount__gt=0)
    given = _measure(
        awards, _years("plan__round__year", year), n=_count("pk"), money=_sum("amount"),
        people=_sum("proposal__beneficiaries"), volunteers=_sum("proposal__volunteers"), places=_count("proposal__community"), who=_count("proposal__organization"),
    )  # fmt: skip
    answered = _measure(awards, _years("plan__round__year", year), n=_count("proposal__needs"))
    payments = Payment.objects.filter(agreement__proposal__round__street=street, state=Payment.State.PAID)
    paid = _measure(payments, _years("paid_on__year", year), money=_sum("amount"))
    needs = _measure(Need.objects.filter(street=street), _moments("collected_at", year), n=_count("pk"))
    ratings = _measure(Rating.objects.filter(need__street=street), _moments("rated_at", year), n=_count("pk"))
    return [
        Figure("创投期数", "期", "int", *rounds["n"]),
        Figure("投入资金总额", "元", "money", *rounds["pool"]),
        Figure("收集居民需求", "件", "int", *needs["n"]),
        Figure("申报项目数", "个", "int", *asked["n"]),
        Figure("申报单位数", "家", "int", *asked["who"]),
        Figure("申请资金", "元", "money", *asked["money"]),
        Figure("立项项目数", "个", "int", *given["n"]),
        Figure("承接单位数", "家", "int", *given["who"]),
        Figure("批准资助金额", "元", "money", *given["money"]),
        Figure("已拨付资金", "元", "money", *paid["money"]),
        Figure("覆盖社区", "个", "int", *given["places"]),
        Figure("立项项目对接居民需求", "件", "int", *answered["n"]),
        Figure("立项项目计划受益人次", "人次", "int", *given["people"]),
        Figure("立项项目计划参加志愿者", "人", "int", *given["volunteers"]),
        Figure("居民评议", "次", "int", *ratings["n"]),
    ]


def _count(field: str) -> Measure:
    return lambda span: Count(field, filter=span, distinct=True)


def _sum(field: str) -> Measure:
    return lambda span: Sum(field, filter=span)


def _years(field: str, year: int) -> list[Q]:
    """The year, the year before, all years up to it."""
    return [Q(**{field: year}), Q(**{field: year - 1}), Q(**{f"{field}__lte": year})]


def _moments(field: str, year: int) -> list[Q]:
    """The same three spans for a moment, on the wall clock of the street."""
    before, begin, end = (datetime(y, 1, 1, tzinfo=SHANGHAI) for y in (year - 1, year, year + 1))
    within = [(begin, end), (before, begin)]
    return [*(Q(**{f"{field}__gte": a, f"{field}__lt": b}) for a, b in within), Q(**{f"{field}__lt": end})]


def _measure(rows: "QuerySet[Any]", spans: list[Q], **measures: Measure) -> dict[str, Triple]:
    """Each measure in each of the three spans, in one statement."""
    wanted = {f"{name}_{i}": measure(span) for name, measure in measures.items() for i, span in enumerate(spans)}
    found = rows.aggregate(**wanted)
    return {name: tuple(Decimal(found[f"{name}_{i}"] or 0) for i in range(3)) for name in measures}  # type: ignore[misc]
