"""六有 and 四建一创: the lists that ship, and lists as a street types them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

SIX = ("有场所", "有标志", "有设施", "有党旗", "有书报", "有制度")
FIVE = ("建立管理机制", "健全党务工作者队伍", "建设六有标准化场所", "建设经费保障机制", "推动创建五星级社会组织")
MOST, LONGEST = 12, 40


def read_lines(text: str) -> list[str]:
    """One item a line. Raises ValueError with a sentence."""
    found = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if not found:
        raise ValueError("请至少写一项，每行一项。")
    if len(found) > MOST:
        raise ValueError(f"最多 {MOST} 项，现在有 {len(found)} 项。")
    long = next((line for line in found if len(line) > LONGEST), None)
    if long is not None:
        raise ValueError(f"“{long[:12]}…”太长，每项最多 {LONGEST} 个字。")
    twice = next((line for n, line in enumerate(found) if line in found[:n]), None)
    if twice is not None:
        raise ValueError(f"“{twice}”写了两次。")
    return found


def answered(names: Iterable[str], done: Mapping[int, bool], notes: Mapping[int, str]) -> list[dict[str, Any]]:
    """The items of a list with what was said of each, by its place."""
    return [{"name": name, "done": bool(done.get(n)), "note": notes.get(n, "").strip()} for n, name in enumerate(names)]
