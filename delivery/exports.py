"""Excel reports of a project's money: E12 预算执行表, E13 支出明细和凭证清单."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from core import clock
from core.clock import spoken
from core.rmb import rmb_upper
from core.sheets import A3, Column, Formula, Line, Report, write_report
from delivery.domain.spending import Row, added
from delivery.models import Expense
from delivery.rules import books, visible_projects
from funding.models import Agreement
from jobs.registry import Work, register

BUDGET = [
    Column("一级", "long", 14, group="科目"),
    Column("二级", "long", 30, group="科目"),
    Column("核定预算", "money", 15),
    Column("本期支出", "money", 15),
    Column("累计支出", "money", 15),
    Column("执行率（%）", "score", 11),
    Column("超支预警", "text", 22),
    Column("结余", "money", 15),
]
PLAN, PERIOD, SPENT, LEFT = 2, 3, 4, 7
VOUCHERS = [
    Column("日期", "date", 15),
    Column("凭证号", "text", 20),
    Column("摘要", "long", 26),
    Column("科目", "long", 20),
    Column("资金来源", "text", 10),
    Column("收款方", "long", 20),
    Column("票据类型", "text", 9),
    Column("票号", "text", 23),
    Column("金额", "money", 14, total=True),
    Column("经手", "text", 9),
    Column("审批", "text", 9),
    Column("活动编号", "long", 16),
    Column("状态", "text", 9),
]
SIGNATURES = "制表人：　　　　　　　审核人：　　　　　　　分管领导："
Cells = list[Any]
Name = Callable[[int], str]


def _days(params: dict[str, Any]) -> tuple[date | None, date | None]:
    first, last = params.get("first"), params.get("last")
    return date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None


def _period(first: date | None, last: date | None) -> str:
    if not (first or last):
        return "本期：全部"
    return f"本期：{spoken(first) if first else '开始'}至{spoken(last) if last else '今天'}"


def _agreement(work: Work) -> Agreement:
    rows = Agreement.objects.select_related("round__street", "proposal__organization")
    return rows.get(pk=work.params["agreement"])


def _report(agreement: Agreement, title: str, period: str, columns: Sequence[Column], **more: Any) -> Report:
    return Report(
        title=f"{agreement.proposal.title} {title}",
        left=f"填报单位：{agreement.proposal.organization.name}（盖章）　　协议号：{agreement.number}",
        right=f"{period}　　日期：{clock.local(clock.now()):%Y-%m-%d}　　单位：元",
        columns=columns,
        sheet=title[:31],
        note="演示数据：本表金额为演示而编，不是真实结果。" if agreement.is_demo else "",
        signatures=SIGNATURES,
        **more,
    )


def _rate(row: Row) -> Formula:
    """Spent in per cent of the budget, half-up as the database says; blank without a budget."""
    return Formula(lambda at: f'=IF({at(PLAN)}=0,"",ROUND({at(SPENT)}*100/{at(PLAN)},2))', row.rate)


def _left(row: Row) -> Formula:
    return Formula(lambda at: f"={at(PLAN)}-{at(SPENT)}", row.left)


def _line(head: str, row: Row) -> Cells:
    return [head, row.words, row.budget, row.period, row.spent, _rate(row), row.warning, _left(row)]


def _above(column: int, count: int, value: Decimal) -> Formula:
    """A live subtotal of the `count` rows above; subtotals among them are not added twice."""

    def build(at: Name) -> str:
        letter, row = re.fullmatch(r"([A-Z]+)(\d+)", at(column)).groups()  # type: ignore[union-attr]
        return f"=SUBTOTAL(9,{letter}{int(row) - count}:{letter}{int(row) - 1})"

    return Formula(build, value)


def _sum(words: str, count: int, row: Row) -> Cells:
    figures = [_above(c, count, v) for c, v in ((PLAN, row.budget), (PERIOD, row.period), (SPENT, row.spent))]
    return [words, "", *figures, _rate(row), row.warning if words != "合计" else "", _left(row)]


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Whoever sees the project's money."""
    return visible_projects(user).filter(pk=params["agreement"]).exists()


@register("delivery.e12", may=may_read)
def budget_report(work: Work) -> None:
    """E12 of one project: `params` = {"agreement": id, "first", "last": ISO days or None}. The grant by head and line, then
    what the project raised itself; each first-level head with its subtotal, all at the end.
    """
    agreement = _agreement(work)
    first, last = _days(work.params)
    found = books(agreement, first=first, last=last)
    blocks = [(row.words, found.lines[key], row) for key, row in found.heads.items() if found.lines[key]]
    if found.own_lines:
        blocks.append(("自筹资金", found.own_lines, found.own))
    rows: list[Cells] = []
    for words, lines, total in blocks:
        rows += [_line(words, line) for line in lines]
        rows.append(_sum(f"{words}小计", len(lines), total))
    if rows:
        rows.append(_sum("合计", len(rows), added([total for _, _, total in blocks])))
    grant = found.grant
    lines_below = [Line(f"其中资助资金累计支出（大写）：{rmb_upper(max(grant.spent, Decimal(0)))}")]
    if found.is_scaled:
        lines_below.append(Line("协议金额与申请金额不同，核定预算按各行申请的资助资金同比例折算到分。"))
    report = _report(agreement, "预算执行表", _period(first, last), BUDGET, lines=lines_below)
    write_report(work.path, report, rows, progress=lambda n: work.rows(n, len(rows)))


@register("delivery.e13", may=may_read)
def voucher_report(work: Work) -> None:
    """E13 of one project, `params` as E12: everything that counts as spent in the period, by day; counter-entries negative."""
    agreement = _agreement(work)
    first, last = _days(work.params)
    rows = Expense.objects.of_project(agreement).counted().select_related("line").order_by("spent_on", "id")
    rows = rows.filter(spent_on__gte=first or date.min, spent_on__lte=last or date.max)
    found = list(rows)
    total = sum((e.signed_amount for e in found), Decimal(0))
    lines = [Line(f"金额合计（大写）：{rmb_upper(total)}")] if total >= 0 else []
    report = _report(agreement, "支出明细和凭证清单", _period(first, last), VOUCHERS, lines=lines, paper=A3)
    write_report(work.path, report, _cells(found), progress=lambda n: work.rows(n, len(found)))


def _cells(found: Sequence[Expense]) -> Iterator[Cells]:
    for e in found:
        head = f"{e.get_head_display()}：{e.line.item}" if e.line else e.get_head_display()
        state = "冲销记录" if e.reverses_id else e.get_state_display()
        yield [
            e.spent_on, e.voucher_shown, e.summary, head, e.get_source_display(), e.payee, e.get_bill_kind_display(), e.bill_number,
            e.signed_amount, e.handled_by, e.approved_by, e.activity, state,
        ]  # fmt: skip
