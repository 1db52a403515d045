"""W23: minutes of a secretary salon, and its sign-in sheet."""

from pathlib import Path

from core.clock import spoken
from core.documents import Heading, Part, Signed, Table, write_document
from needs.models import Salon, SalonGuest

SPARE = 12  # empty lines on a sign-in sheet


def write_minutes(path: Path, salon: Salon) -> None:
    """纪要: when, where, who; each point with the needs it is about (by number), what was said, what was decided."""
    guests = list(salon.guests.order_by("kind", "pk"))
    by_kind: list[str] = []
    for kind, label in SalonGuest.Kind.choices:
        rows = [g for g in guests if g.kind == kind]
        if rows:
            names = "、".join(f"{g.name}（{g.people} 人）" if g.people else f"{g.name}（未到会）" for g in rows)
            by_kind.append(f"{label}：{names}。")
    parts: list[Part] = []
    if salon.is_demo:
        parts.append("演示数据：内容为演示而编。")
    if salon.state != Salon.State.CLOSED:
        parts.append("草稿：本次沙龙还没有办结。")
    parts += [
        f"时间：{spoken(salon.held_on)}{salon.begins:%H:%M}",
        f"地点：{salon.venue}",
        f"召集人：{salon.convener}",
        Heading("一、参会情况"),
        *(by_kind or ["还没有登记参会单位。"]),
        f"到会共 {sum(g.people for g in guests)} 人。",
        Heading("二、会议情况"),
        f"本次沙龙的主题是“{salon.subject}”。{salon.summary}",
        Heading("三、议题和结论"),
    ]
    for item in salon.items.select_related("order").prefetch_related("needs").order_by("position"):
        numbers = "、".join(n.number for n in item.needs.all())
        parts.append(f"{item.position}.{item.title}。" + (f"涉及居民需求：{numbers}。" if numbers else ""))
        if item.said:
            parts.append(f"讨论：{item.said}")
        order = f"《{item.order.title}》（{item.order.number}）" if item.order else ""
        decided = item.get_decision_display() if item.decision else "还没有结论"
        parts.append(f"结论：{decided}{order}。{item.words}")
    parts.append(Signed(f"{salon.community.name}党组织", spoken(salon.held_on)))
    write_document(path, f"{salon.community.name}{salon}纪要", parts, author=salon.community.name)


def write_sign_in(path: Path, salon: Salon) -> None:
    """签到表: invited units first, then empty lines, to be printed and signed by hand."""
    rows = [
        [str(n), g.get_kind_display(), g.name, "", "", ""] for n, g in enumerate(salon.guests.order_by("kind", "pk"), 1)
    ]
    rows += [[str(n), "", "", "", "", ""] for n in range(len(rows) + 1, len(rows) + SPARE + 1)]
    write_document(
        path, f"{salon.community.name}{salon}签到表",
        [
            f"主题：{salon.subject}",
            f"时间：{spoken(salon.held_on)}{salon.begins:%H:%M}　地点：{salon.venue}",
            Table(["序号", "类别", "单位", "姓名", "职务", "签名"], rows, [12, 30, 45, 22, 22, 27]),
        ],
        author=salon.community.name,
    )  # fmt: skip
