"""Excel reports of the money: E8 资金分配方案表."""

from decimal import Decimal

from core.rmb import rmb_upper
from core.sheets import Column, Line, Report, write_report
from funding.models import AllocationPlan
from jobs.registry import Work, register

COLUMNS = [
    Column("名次", "int", 6),
    Column("项目名称", "long", 30),
    Column("申报单位", "long", 22),
    Column("实施社区", "text", 12),
    Column("主题", "text", 9),
    Column("得分", "score", 9),
    Column("申报金额", "money", 13, total=True),
    Column("建议金额", "money", 13, total=True),
    Column("拟资助金额", "money", 13, total=True),
    Column("大写", "long", 24),
    Column("等次", "text", 7),
    Column("说明", "long", 44),
]
ASKED, PROPOSED, AMOUNT = 6, 7, 8


@register("funding.e8")
def allocation_report(work: Work) -> None:
    """E8 of one plan: `params` = {"plan": id}. One row per award in ranking order; totals, what is left, signatures."""
    plan = AllocationPlan.objects.select_related("round__street").get(pk=work.params["plan"])
    rows = list(
        plan.awards.order_by("place").values_list(
            "rank", "proposal__title", "proposal__organization__name", "proposal__community__name",
            "proposal__theme__name", "score", "requested", "proposed", "amount", "label", "reason", "adjust_reason",
        )
    )  # fmt: skip
    spent = sum((r[8] for r in rows), Decimal(0))
    day = plan.decided_at or plan.submitted_at or plan.drafted_at
    report = Report(
        title=f"{plan.round.title}资金分配方案表（第{plan.version}版）",
        left=f"填报单位：{plan.round.street.name}（盖章）　　状态：{plan.get_state_display()}",
        right=f"日期：{day:%Y-%m-%d}　　单位：元",
        columns=COLUMNS,
        sheet="资金分配方案表",
        lines=[
            Line("资金总额", AMOUNT, lambda _: f"={plan.pool:.2f}", plan.pool),
            Line("余额", AMOUNT, lambda t: f"={plan.pool:.2f}-{t[AMOUNT]}", plan.pool - spent),
            Line(f"拟资助金额合计（大写）：{rmb_upper(spent)}"),
        ],
        note="演示数据：本表得分和金额为演示而编，不是真实结果。" if plan.is_demo else "",
        signatures="制表人：　　　　　　　审核人：　　　　　　　分管领导：　　　　　　　主要领导：",
    )

    def cells() -> "list[list[object]]":
        return [
            [rank, title, unit, community, theme, score, asked, proposed, amount, rmb_upper(amount) if amount else "", label,
             f"{reason}调整理由：{adjusted}" if adjusted else reason]
            for rank, title, unit, community, theme, score, asked, proposed, amount, label, reason, adjusted in rows
        ]  # fmt: skip

    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(rows)))  # type: ignore[arg-type]
