"""E18 党组织覆盖统计表."""

from collections.abc import Iterator
from typing import Any

from accounts.models import Area
from core.clock import spoken
from core.sheets import Column, Line, Report, write_report
from jobs.registry import Work, register
from organizations import rules
from organizations.exports.registry import SIGNED, may_read
from organizations.rules.monthly import today_of

COLUMNS = [
    Column("序号", "rank", 6), Column("组织", "long", 26), Column("正式党员数", "int", 10, total=True), Column("应设形式", "text", 13),
    Column("现设形式", "text", 13), Column("支部名称或指导员", "long", 22), Column("联合单位", "long", 26), Column("统计日期", "date", 13),
    Column("是否一致", "text", 9), Column("说明", "long", 22), Column("上级党组织", "long", 20), Column("六有（已确认）", "text", 9),
    Column("四建一创（已确认）", "text", 10), Column("清单状态", "text", 9),
]  # fmt: skip


@register("organizations.e18", may=may_read)
def party_report(work: Work) -> None:
    """E18 of one street: `params` = {"street": id, "day": ISO}. Four statements."""
    street, day = Area.objects.get(pk=work.params["street"]), today_of(work.params["day"])
    lines = rules.party_lines(street.pk, day)
    found = rules.coverage_of(lines, day)
    counts = "，".join(f"{form} {count} 个" for form, count in rules.forms_count(lines))
    report = Report(
        title="党组织覆盖统计表", left=f"填报单位：{street.name}（盖章）", right=f"统计日期：{spoken(day)}　单位：个、人", columns=COLUMNS,
        sheet="覆盖统计", signatures=SIGNED,
        note="演示数据：本表内容为演示而编。" if any(line.organization.is_demo for line in lines) else "",
        lines=[
            Line(f"组织覆盖率（独立、联合党支部 ÷ 登记社会组织）：{found.organized.words}"),
            Line(f"工作覆盖率（独立、联合党支部和党建指导员 ÷ 登记社会组织）：{found.reached.words}"),
            Line(f"其中：{counts}。没有登记的计入总数，不计入覆盖。"),
        ],
    )  # fmt: skip

    def cells() -> Iterator[list[Any]]:
        for number, line in enumerate(lines, 1):
            own = line.record
            yield [
                number, line.organization.name, own.members if own else None, line.due, own.get_form_display() if own else "", line.name,
                "、".join(line.partners), own.counted_on if own else None, "否" if line.fault else "是", line.fault,
                own.upper.name if own and own.upper else "", line.checks.six, line.checks.five, line.checks.words,
            ]  # fmt: skip

    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(lines)))
