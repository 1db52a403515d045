"""培训签到表 of one session, 培训台账 of a year."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from accounts.models import Area
from accounts.rules import street_ids
from core.clock import local, spoken
from core.deadlines import midnight
from core.sheets import Column, Report, write_report
from jobs.registry import Work, register
from organizations import rules
from organizations.exports.registry import SIGNED, may_read
from organizations.models import Organization, Training
from organizations.rules.monthly import today_of

DEMO = "演示数据：本表内容为演示而编。"
ONE = [
    Column("序号", "rank", 6), Column("单位", "long", 28), Column("性质", "text", 14), Column("报名人数", "int", 9, total=True),
    Column("参加人职务", "long", 26), Column("到场人数", "int", 9, total=True), Column("登记方式", "text", 10), Column("签名", "text", 16),
]  # fmt: skip
YEAR = [
    Column("序号", "rank", 6), Column("日期", "date", 13), Column("系列", "text", 14), Column("主题", "long", 28), Column("地点", "long", 18),
    Column("参加对象", "long", 20), Column("必修", "text", 7), Column("容纳人数", "int", 9), Column("报名单位", "int", 9, total=True),
    Column("报名人数", "int", 9, total=True), Column("到场单位", "int", 9, total=True), Column("到场人数", "int", 9, total=True),
    Column("状态", "text", 9),
]  # fmt: skip


def may_one(user: Any, params: Mapping[str, Any]) -> bool:
    """Readers of the registry of the session's street."""
    return Training.objects.filter(pk=params["training"], street__in=street_ids(user, *rules.READERS)).exists()


def kinds_words(row: Training) -> str:
    """For whom a session is, in words."""
    return "、".join(str(Organization.Kind(kind).label) for kind in row.audience)


@register("organizations.training", may=may_one)
def training_report(work: Work) -> None:
    """One session: `params` = {"training": id}. Two statements."""
    row = Training.objects.select_related("street").get(pk=work.params["training"])
    found = list(rules.coming_sign_ups(row))
    begins = local(row.begins_at)

    def cells() -> Iterator[list[Any]]:
        for number, one in enumerate(found, 1):
            yield [
                number, one.organization.name, one.organization.get_kind_display(), one.people, one.functions, one.attended,
                one.get_way_display(), "",
            ]  # fmt: skip

    report = Report(
        title=f"{row.title}签到表", left=f"主办：{row.street.name}　地点：{row.place}",
        right=f"时间：{spoken(begins.date())} {begins:%H:%M}　单位：人", columns=ONE, sheet="签到表", signatures=SIGNED,
        note=DEMO if row.is_demo else "",
    )  # fmt: skip
    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(found)))


@register("organizations.trainings", may=may_read)
def trainings_report(work: Work) -> None:
    """The sessions of a street in a year: `params` = {"street": id, "year": number, "day": ISO}. Two statements."""
    street, year = Area.objects.get(pk=work.params["street"]), int(work.params["year"])
    first, last = midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1))
    rows = Training.objects.filter(street=street, begins_at__gte=first, begins_at__lt=last)
    found: list[Any] = list(rules.with_counts(rows).order_by("begins_at", "pk"))

    def cells() -> Iterator[list[Any]]:
        for number, row in enumerate(found, 1):
            yield [
                number, local(row.begins_at).date(), row.series, row.title, row.place, kinds_words(row), "是" if row.is_mandatory else "",
                row.capacity, row.units, row.people, row.came_units, row.came, "已取消" if row.cancelled_at else "",
            ]  # fmt: skip

    report = Report(
        title=f"{year}年培训台账", left=f"填报单位：{street.name}（盖章）",
        right=f"填报日期：{spoken(today_of(work.params['day']))}　单位：个、人", columns=YEAR, sheet="培训台账", signatures=SIGNED,
        note=DEMO if any(row.is_demo for row in found) else "",
    )  # fmt: skip
    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(found)))
