"""Excel reports of a plan: E8 资金分配方案表."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from core.rmb import rmb_upper
from core.sheets import Column, Formula, Line, Report, Row, write_report
from funding.models import AllocationPlan
from funding.rules import visible_plans
from jobs.registry import Work, register

COLUMNS = [
    Column("名次", "rank", 6),
    Column("项目名称", "long", 21, total="count"),
    Column("申报单位", "long", 19),
    Column("得分", "score", 9),
    Column("申报金额", "money", 12, total=True),
    Column("核定预算", "money", 12, total=True),
    Column("核减额", "money", 12, total=True),
    Column("述职/等级系数", "text", 8),
    Column("建议金额", "money", 12, total=True),
    Column("拟资助金额", "money", 12, total=True),
    Column("大写", "long", 18),
    Column("类别/等次", "text", 9),
    Column("说明", "long", 32),
]
ASKED, APPROVED, AMOUNT = 4, 5, 9


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Whoever sees the plan."""
    return visible_plans(user).filter(pk=params["plan"]).exists()


@register("funding.e8", may=may_read)
def allocation_report(work: Work) -> None:
    """E8 of one plan: `params` = {"plan": id}. One row per award in ranking order; totals, what is left, signatures.

    The approved budget and the factor are those of the plan's stored document; where it names no approved budget, the
    budget is approved as requested.
    """
    plan = AllocationPlan.objects.select_related("round__street").get(pk=work.params["plan"])
    awards = list(
        plan.awards.order_by("place").values_list(
            "rank", "proposal__receipt_number", "proposal__title", "proposal__organization__name",
            "proposal__theme__name", "score", "requested", "proposed", "amount", "label", "reason", "adjust_reason",
        )
    )  # fmt: skip
    spent = sum((a[8] for a in awards), Decimal(0))
    day = plan.decided_at or plan.submitted_at or plan.drafted_at
    report = Report(
        title=f"{plan.round.title}资金分配方案表（第{plan.version}版）",
        left=f"填报单位：{plan.round.street.name}（盖章）　　状态：{plan.get_state_display()}",
        right=f"填报日期：{day:%Y-%m-%d}　　单位：元",
        columns=COLUMNS,
        sheet="资金分配方案表",
        lines=[
            Line("资金总额", AMOUNT, lambda _: f"={plan.pool:.2f}", plan.pool),
            Line("余额", AMOUNT, lambda t: f"={plan.pool:.2f}-{t[AMOUNT]}", plan.pool - spent),
            Line(f"拟资助金额合计（大写）：{rmb_upper(spent)}"),
        ],
        note="演示数据：本表得分和金额为演示而编，不是真实结果。" if plan.is_demo else "",
        approvals=["分管领导意见", "主要领导意见"],
        signatures="制表人：　　　　　　　　　　审核人：　　　　　　　　　　财务负责人：",
    )
    write_report(
        work.path, report, _rows(awards, plan.document["proposals"]), progress=lambda n: work.rows(n, len(awards))
    )


def _rows(awards: list[tuple[Any, ...]], proposals: list[dict[str, Any]]) -> Iterator[Row]:
    known = {p["key"]: p for p in proposals}
    for rank, key, title, unit, theme, score, asked, proposed, amount, label, reason, adjusted in awards:
        said = known.get(key, {})
        approved = asked if said.get("approved") is None else Decimal(said["approved"])
        yield [
            rank, title, unit, score, asked, approved,
            Formula(lambda cell: f"={cell(ASKED)}-{cell(APPROVED)}", asked - approved), said.get("factor") or "—",
            proposed, amount, rmb_upper(amount) if amount else "", "\n".join(w for w in (theme, label) if w),
            f"{reason}调整理由：{adjusted}" if adjusted else reason,
        ]  # fmt: skip
