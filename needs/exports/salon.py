"""E24 书记沙龙台账."""

from collections.abc import Iterator, Mapping
from typing import Any

from accounts.models import User
from core.sheets import Column, Report, write_report
from jobs.registry import Work, register
from needs import rules
from needs.models import SalonGuest

COLUMNS = [
    Column("序号", "int", 6), Column("社区", "text", 12), Column("系列和期次", "text", 16), Column("日期", "date", 14),
    Column("召集人", "text", 14), Column("主题", "long", 22), Column("社会组织", "long", 22, group="参会单位"),
    Column("志愿者", "long", 16, group="参会单位"), Column("双报到单位", "long", 16, group="参会单位"),
    Column("兼职委员单位", "long", 16, group="参会单位"), Column("其他", "long", 14, group="参会单位"),
    Column("到会人数", "int", 8, total=True), Column("议题", "long", 30), Column("形成服务项目单", "long", 24), Column("状态", "text", 9),
]  # fmt: skip
GROUPS = ["organization", "volunteer", "registered", "co_unit"]


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """One's own ledger only."""
    return bool(user.pk == params["user"] and rules.sees_salons(user))


@register("needs.e24", may=may_read)
def salon_ledger(work: Work) -> None:
    """E24 of every salon the person may read: `params` = {"user": id}. Three statements."""
    user = User.objects.get(pk=work.params["user"])
    salons = list(rules.visible_salons(user).order_by("held_on", "pk").prefetch_related("guests", "items__order"))
    report = Report(
        title="书记沙龙台账",
        left=f"填报单位：{salons[0].street.name if salons else ''}（盖章）",
        right="单位：期、人",
        columns=COLUMNS,
        sheet="书记沙龙台账",
        note="演示数据：本表内容为演示而编。" if any(s.is_demo for s in salons) else "",
        signatures="制表人：　　　　　　　审核人：　　　　　　　分管领导：",
    )

    def names(guests: list[SalonGuest], kinds: list[str]) -> str:
        return "、".join(g.name for g in guests if g.kind in kinds)

    def cells() -> Iterator[list[Any]]:
        for number, salon in enumerate(salons, 1):
            guests, items = list(salon.guests.all()), sorted(salon.items.all(), key=lambda i: i.position)
            yield [
                number, salon.community.name, str(salon), salon.held_on, salon.convener, salon.subject,
                *(names(guests, [kind]) for kind in GROUPS), names(guests, ["resident", "staff"]), sum(g.people for g in guests),
                "；".join(f"{i.position}.{i.title}（{i.get_decision_display() or '未定'}）" for i in items),
                "；".join(f"{i.order.number} {i.order.title}" for i in items if i.order), salon.get_state_display(),
            ]  # fmt: skip

    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(salons)))
