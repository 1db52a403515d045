"""E17 社会组织基本情况表."""

from collections.abc import Iterator, Mapping
from typing import Any

from accounts.models import Area
from accounts.rules import street_ids
from core.clock import spoken
from core.sheets import A3, Column, Report, write_report
from jobs.registry import Work, register
from organizations import rules
from organizations.models import Organization
from organizations.rules.monthly import today_of

COLUMNS = [
    Column("序号", "rank", 6), Column("名称", "long", 24), Column("统一社会信用代码", "code", 21), Column("类型", "text", 14),
    Column("所在社区", "text", 14), Column("成立日期", "date", 13), Column("法定代表人", "text", 10), Column("党组织书记", "text", 10),
    Column("业务范围", "long", 28), Column("登记证书有效期至", "date", 13), Column("年检", "text", 10), Column("评估等级", "text", 8),
    Column("街道星级", "text", 8), Column("党员数", "int", 7, total=True), Column("党组织形式", "text", 12),
    Column("支部名称或指导员", "long", 18), Column("入驻日期", "date", 13),
    Column("支持单位", "long", 18),
]  # fmt: skip
SIGNED = "制表人：　　　　　　　审核人：　　　　　　　分管领导："


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Readers of the street's registry."""
    return params["street"] in street_ids(user, *rules.READERS)


def _report(street: str, day: str, note: str = "") -> Report:
    return Report(
        title="社会组织基本情况表", left=f"填报单位：{street}（盖章）", right=f"填报日期：{day}　单位：个、人", columns=COLUMNS,
        sheet="基本情况表", paper=A3, note=note, signatures=SIGNED,
    )  # fmt: skip


@register("organizations.e17", may=may_read)
def registry_report(work: Work) -> None:
    """E17 of one street: `params` = {"street": id, "day": ISO}. Four statements."""
    street = Area.objects.get(pk=work.params["street"])
    found = list(Organization.objects.filter(street=street).select_related("community").order_by("pinyin", "pk"))
    stars, party = rules.newest_standings(street.pk), rules.newest_party(street.pk)

    def cells() -> Iterator[list[Any]]:
        for number, row in enumerate(found, 1):
            star, own = stars.get(row.pk), party.get(row.pk)
            yield [
                number, row.name, row.uscc or "", row.get_kind_display(), row.community.name if row.community else "", row.founded_on,
                row.legal_name, row.secretary, row.business, row.licence_until, row.get_inspection_display(), row.get_grade_display(),
                star.get_stars_display() if star else "未评", own.members if own else None, own.get_form_display() if own else "",
                (own.branch or own.instructor) if own else "", row.moved_in_on, row.supporter,
            ]  # fmt: skip

    note = "演示数据：本表内容为演示而编。" if any(o.is_demo for o in found) else ""
    write_report(
        work.path,
        _report(street.name, spoken(today_of(work.params["day"])), note),
        cells(),
        progress=lambda n: work.rows(n, len(found)),
    )
