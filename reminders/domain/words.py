"""What a reminder says. Titles and numbers, never anything about a resident."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.clock import local
from workdays.domain import ONE, Overrides, workdays_left

MOST = 30  # lines of one digest


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in a digest; `is_above`: it is somebody else's, and late."""

    label: str
    title: str
    note: str
    ends_at: datetime
    is_moment: bool
    path: str
    is_above: bool = False

    @property
    def day(self) -> date:
        """The day it ends on."""
        return local(self.ends_at).date() - (ONE if not self.is_moment else ONE * 0)


def moment(line: Line) -> str:
    """`11月26日 17:00`, or only the day."""
    local_end = local(line.ends_at)
    return f"{line.day.month}月{line.day.day}日" + (f" {local_end:%H:%M}" if line.is_moment else "")


def when(line: Line, at: datetime, overrides: Overrides) -> str:
    """`还有 3 天（11月26日 17:00）`, `今天 17:00 前`, `已逾期 2 个工作日（应于 11月20日）`."""
    today = local(at).date()
    left = (line.day - today).days
    if line.ends_at <= at:
        late = workdays_left(line.day + ONE, today, overrides)
        return f"已逾期 {late} 个工作日（应于 {moment(line)}）" if late else f"已逾期（应于 {moment(line)}）"
    if left > 1:
        return f"还有 {left} 天（{moment(line)}）"
    hour = f" {local(line.ends_at):%H:%M} 前" if line.is_moment else ""
    return f"{'明天' if left else '今天'}{hour}（{moment(line)}）" if left else f"今天{hour}"


def said(line: Line, at: datetime, overrides: Overrides) -> str:
    """One line of a digest."""
    where = f"（{line.note}）" if line.note else ""
    return f"{line.label}：{line.title}{where}，{when(line, at, overrides)}"


def digest(lines: Sequence[Line], at: datetime, overrides: Overrides) -> tuple[str, str]:
    """Subject and body of one message about all of these, soonest first; one alone speaks for itself."""
    own = sorted((x for x in lines if not x.is_above), key=lambda x: (x.ends_at, x.label, x.title))
    above = sorted((x for x in lines if x.is_above), key=lambda x: (x.ends_at, x.label, x.title))
    if len(lines) == 1:
        head = "逾期督办" if above else "期限提醒"
        return f"{head}：{lines[0].label} {lines[0].title}"[:120], f"{said(lines[0], at, overrides)}。"
    late = sum(x.ends_at <= at for x in own)
    soon = len(own) - late
    parts = (
        [f"{soon} 件快到期"] * bool(soon) + [f"{late} 件已逾期"] * bool(late) + [f"{len(above)} 件要督办"] * bool(above)
    )
    shown = (own + above)[:MOST]
    text, heading = [], ""
    for number, line in enumerate(shown, 1):
        now = "下面的事项逾期未办，请督办：" if line.is_above else "请您办理："
        if now != heading:
            heading = now
            text.append(now)
        text.append(f"{number}. {said(line, at, overrides)}")
    if len(lines) > MOST:
        text.append(f"另有 {len(lines) - MOST} 件，请打开日历查看。")
    return f"期限提醒：{'，'.join(parts)}", "\n".join(text)
