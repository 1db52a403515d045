"""Excel reports of a public notice: E9 拟立项项目公示表."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from core.clock import spoken
from core.sheets import Column, Line, Report, Row, write_report
from funding.models import PublicNotice
from funding.rules import visible_plans
from jobs.registry import Work, register

COLUMNS = [
    Column("序号", "rank", 6),
    Column("项目名称", "long", 30, total="count"),
    Column("承接单位", "long", 28),
    Column("实施社区", "text", 16),
    Column("类别", "text", 12),
    Column("资助金额（元）", "money", 15, total=True),
    Column("起止时间", "text", 24),
]


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Whoever sees the plan of the notice."""
    return PublicNotice.objects.filter(pk=params["notice"], plan__in=visible_plans(user)).exists()


@register("funding.e9", may=may_read)
def notice_report(work: Work) -> None:
    """E9 of one public notice: `params` = {"notice": id}. Exactly the frozen content: what is posted on the paper board
    is what stands on the site, and holds no personal data.
    """
    notice = PublicNotice.objects.select_related("plan__round__street").get(pk=work.params["notice"])
    rows, total = notice.content["rows"], notice.content["total_upper"]
    version = f"（更正第{notice.version}版）" if notice.version > 1 else ""
    lines = [
        Line(f"资助金额合计（大写）：{total}"),
        Line(
            f"公示期：{spoken(notice.starts_on)}至{spoken(notice.ends_on)}。对公示内容有异议的，请在公示期内实名向{notice.contact}反映。"
        ),
    ]
    if notice.correction_reason:
        lines.append(Line(f"更正理由：{notice.correction_reason}"))
    report = Report(
        title=f"{notice.plan.round.title}拟立项项目公示表{version}",
        left=f"公示单位：{notice.plan.round.street.name}（盖章）",
        right=f"公示日期：{spoken(notice.starts_on)}",
        columns=COLUMNS,
        sheet="拟立项项目公示表",
        lines=lines,
        note="演示数据：本表项目和金额为演示而编，不是真实公示。" if notice.plan.is_demo else "",
        signatures=f"{notice.plan.round.street.name}　　{spoken(notice.starts_on)}",
        is_signed_right=True,
    )
    write_report(work.path, report, _rows(rows), progress=lambda n: work.rows(n, len(rows)))


def _rows(rows: list[dict[str, Any]]) -> Iterator[Row]:
    for row in rows:
        yield [
            row["number"], row["title"], row["organization"], row["community"], row["theme"], Decimal(row["amount"]),
            row.get("period") or "以项目协议为准",
        ]  # fmt: skip
