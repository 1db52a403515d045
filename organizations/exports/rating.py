"""E20 年终等级评定表."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from accounts.models import Area
from core.sheets import Column, Line, Report, write_report
from jobs.registry import Work, register
from organizations import rules
from organizations.domain.rating import CRITERIA, PARTY
from organizations.exports.registry import SIGNED, may_read


@register("organizations.e20", may=may_read)
def rating_report(work: Work) -> None:
    """E20 of one street and year: `params` = {"street": id, "year"}. Seven statements."""
    street, year = Area.objects.get(pk=work.params["street"]), work.params["year"]
    lines, rule = rules.rating_lines(street.pk, year), rules.rating_rule(street.pk, year)
    columns = [
        Column("序号", "rank", 6), Column("组织", "long", 26),
        *(Column(f"{name}（首要）" if key == PARTY else name, "score", 10) for key, name in CRITERIA.items()), Column("总分", "score", 9),
        Column("党建门槛", "text", 10), Column("建议星级", "text", 9), Column("评定星级", "text", 9),
    ]  # fmt: skip
    weights = "，".join(f"{name} {rule.weights[key]}%" for key, name in CRITERIA.items())
    report = Report(
        title=f"{year}年社会组织年终等级评定表", left=f"填报单位：{street.name}（盖章）", right="单位：分", columns=columns, sheet="等级评定",
        signatures=SIGNED,
        note="演示数据：本表内容为演示而编。" if any(line.organization.is_demo for line in lines) else "",
        lines=[
            Line(f"权重：{weights}。党建低于 {rule.threshold} 分的不评星；{rule.lines[5]} 分以上建议五星，{rule.lines[4]} 分以上四星，{rule.lines[3]} 分以上三星。"),
            Line("建议星级由得分算出，评定星级由街道在述职评议后登记。"),
        ],
    )  # fmt: skip

    def cells() -> Iterator[list[Any]]:
        for number, line in enumerate(lines, 1):
            sheet = line.sheet
            marks = [Decimal(sheet.marks[key]) for key in CRITERIA] if sheet else [None] * len(CRITERIA)
            through = ("达到" if sheet.is_through else "未达到") if sheet else ""
            yield [
                number, line.organization.name, *marks, sheet.total if sheet else None, through,
                sheet.get_stars_display() if sheet else "", line.decided,
            ]  # fmt: skip

    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(lines)))
