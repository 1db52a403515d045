"""E2 三张清单: what is needed, what is there to help with, which projects bring both together."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q

from accounts.models import User
from accounts.rules import street_ids
from core.clock import local
from core.money import show_yuan
from core.people import mask_name, mask_phone
from core.sheets import A4, Column, Report, Row, write_book
from funding.models import Agreement, AllocationPlan, Award
from jobs.registry import Work, register
from needs import rules
from needs.models import Claim, Need, OrderNeed, Pledge, Resource, ServiceOrder
from portal.analysis import GONE
from projects.models import Proposal

NEEDS = [
    Column("序号", "rank", 6), Column("编号", "code", 16, total="count"), Column("收集日期", "date", 14), Column("社区", "text", 13),
    Column("需求类别", "text", 10), Column("内容", "long", 40), Column("涉及人数", "int", 8, total=True), Column("紧急程度", "text", 7),
    Column("处置方式", "text", 8), Column("责任人", "text", 10), Column("办结时限", "date", 14), Column("状态", "text", 9),
]  # fmt: skip
RESOURCES = [
    Column("资源号", "code", 12, total="count"), Column("单位", "long", 24), Column("资源名称", "long", 24), Column("类型（场地/人员/资金/物资/技能）", "text", 20),
    Column("数量", "text", 10), Column("可用时段", "long", 20), Column("联系人", "text", 14),
]  # fmt: skip
PROJECTS = [
    Column("序号", "rank", 6), Column("项目编号", "code", 18, total="count"), Column("项目名称", "long", 26), Column("对接需求号", "long", 34),
    Column("资源号", "text", 12), Column("承接单位", "long", 24), Column("进度", "text", 14),
]  # fmt: skip
CHUNK, SIGN = 2000, "制表人：　　　　　　　审核人：　　　　　　　分管领导："
GIVEN = (Pledge.State.CONFIRMED, Pledge.State.KEPT)


@register("portal.e2", may=rules.may_count, size=rules.size_of)
def three_lists(work: Work) -> None:
    """E2 of the needs somebody chose on the page of counts; the `params` of needs.e1. Refused and merged needs left out.

    Resources: those that can be had in the person's streets now, contacts masked; beside a project those confirmed to it.
    """
    found, chosen = rules.asked_for(work.params)
    needs = found.exclude(state__in=[Need.State.REFUSED, Need.State.MERGED])
    left, right = rules.letterhead(work.params, chosen)
    demo = needs.filter(is_demo=True).exists()
    note = "含演示数据，不能上报。" if demo else ""

    def report(title: str, columns: list[Column], note: str) -> Report:
        return Report(
            title=title, left=left, right=right, columns=columns, sheet=title, paper=A4, note=note, signatures=SIGN
        )

    total = needs.count()
    write_book(
        work.path,
        [
            (report("需求清单", NEEDS, f"不含不予受理和并入同类的需求。{note}"), _needs(needs)),
            (
                report("资源清单", RESOURCES, f"只列目前可用的资源；联系人已遮挡，需要时在门户上查看。{note}"),
                _resources(work.params, chosen),
            ),
            (report("项目清单", PROJECTS, f"资源号是社区已确认用于该项目的资源。{note}"), _projects(needs)),
        ],
        progress=lambda n: work.rows(min(n, total), total),
    )


def _needs(needs: Any) -> Iterator[Row]:
    rows = needs.order_by("community__pinyin", "community", "collected_at", "pk").values_list(
        "number", "collected_at", "community__name", "category", "words", "people_count", "urgency", "route",
        "handler__display_name", "due_on", "state",
    )  # fmt: skip
    for n, row in enumerate(rows.iterator(chunk_size=CHUNK), 1):
        number, at, community, category, words, people, urgency, route, who, due_on, state = row
        yield [
            n, number, local(at).date(), community, Need.Category(category).label, words, people, Need.Urgency(urgency).label,
            Need.Route(route).label if route else None, who, due_on, Need.State(state).label,
        ]  # fmt: skip


def _resources(params: Mapping[str, Any], chosen: rules.Chosen) -> Iterator[Row]:
    """What can be had: of the whole street, and of the community where one was chosen."""
    user = User.objects.get(pk=params["user"])
    found = rules.visible_resources(user).filter(is_active=True, street__in=street_ids(user))
    if chosen.community is not None:
        found = found.filter(Q(community=None) | Q(community=chosen.community))
    rows = found.order_by("unit__name", "pk").values_list(
        "pk", "unit__name", "title", "kind", "capacity", "amount", "times", "available_from", "available_until", "contact_name", "contact_phone"
    )  # fmt: skip
    for pk, unit, title, kind, capacity, amount, times, begin, end, name, phone in rows.iterator(chunk_size=CHUNK):
        size = capacity if amount is None else f"{show_yuan(amount)} 元"
        days = f"{begin or ''} 至 {end or ''}" if begin or end else ""
        yield [
            _number(pk), unit, title, Resource.Kind(kind).label, size, "，".join(part for part in (times, days) if part),
            f"{mask_name(name)} {mask_phone(phone)}".strip(),
        ]  # fmt: skip


def _number(pk: int) -> str:
    return f"ZY-{pk:06d}"


def _given(order: Any) -> list[str]:
    return [_number(pledge.resource_id) for pledge in order.given]


def _projects(needs: Any) -> Iterator[Row]:
    """Projects handed in that answer some of the needs, then the orders that no project has taken yet."""
    ids = needs.values("pk")
    numbers = Prefetch("needs", Need.objects.filter(pk__in=ids).order_by("number").only("number"), to_attr="chosen")
    given = Prefetch("pledges", Pledge.objects.filter(state__in=GIVEN).order_by("resource"), to_attr="given")
    orders = Prefetch("orders", ServiceOrder.objects.order_by("pk").prefetch_related(numbers, given), to_attr="taken")
    signed = Agreement.objects.filter(proposal=OuterRef("pk"))
    awarded = Award.objects.filter(proposal=OuterRef("pk"), plan__state=AllocationPlan.State.APPROVED, amount__gt=0)
    answering = Proposal.needs.through.objects.filter(proposal=OuterRef("pk"), need__in=ids)
    through = Proposal.orders.through.objects.filter(proposal=OuterRef("pk"), serviceorder__needs__in=ids)
    projects = (
        Proposal.objects.exclude(state__in=GONE)
        .filter(Exists(answering) | Exists(through))
        .annotate(ended=Exists(signed.filter(state="ended")), signed=Exists(signed.filter(state="signed")), given=Exists(awarded))
        .select_related("organization")
        .prefetch_related(numbers, orders)
        .order_by("pk")
    )  # fmt: skip
    n = 0
    for project in projects:
        n += 1
        own = [need.number for need in project.chosen]  # type: ignore[attr-defined]
        accepted: list[Any] = project.taken  # type: ignore[attr-defined]
        own += [need.number for order in accepted for need in order.chosen]
        yield [
            n, project.receipt_number, project.title, "、".join(sorted(set(own))),
            "、".join(sorted({n for order in accepted for n in _given(order)})) or None, project.organization.name, _progress(project),
        ]  # fmt: skip
    taken = Proposal.orders.through.objects.filter(serviceorder=OuterRef("pk")).exclude(proposal__state__in=GONE)
    claimed = Claim.objects.filter(state=Claim.State.CONFIRMED).select_related("organization")
    waiting = (
        ServiceOrder.objects.filter(pk__in=OrderNeed.objects.filter(need__in=ids).values("order"))
        .exclude(Exists(taken))
        .prefetch_related(numbers, given, Prefetch("claims", claimed, to_attr="confirmed"))
        .order_by("pk")
    )
    for order in waiting:
        n += 1
        who = "、".join(claim.organization.name for claim in order.confirmed)  # type: ignore[attr-defined]
        told = "、".join(need.number for need in order.chosen)  # type: ignore[attr-defined]
        yield [
            n,
            order.number,
            order.title,
            told,
            "、".join(_given(order)) or None,
            who or None,
            order.get_state_display(),
        ]


def _progress(project: Any) -> str:
    """How far a project is, in the words of its furthest step."""
    if project.ended:
        return "协议已终止或结束"
    if project.signed:
        return "实施中"
    return "已获资助" if project.given else str(project.get_state_display())
