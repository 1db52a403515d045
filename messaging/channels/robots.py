"""What a robot says: built from a kind, a number and a path, and refused when anything personal could be in it."""

import re
from dataclasses import dataclass

from messaging.channels import Unsendable

PERSONAL = re.compile(
    r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{15}(?!\d)|(?<!\d)\d{17}[\dXx](?!\w)|[^\s@]+@[^\s@]+\.[^\s@]+"
)
PATH = re.compile(r"(/[A-Za-z0-9_.-]+)*/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a robot. `label` is the name of a registered kind, never a message's own words; `site` the address."""

    address: str
    secret: str
    label: str
    count: int
    site: str
    path: str


def words(line: Line) -> str:
    """`【初审结论】门户刚刚通知了 3 人，请登录查看：https://…`. Raises Unsendable when something personal would go out."""
    path = line.path if PATH.fullmatch(line.path) else "/home/"
    said = f"【{line.label}】门户刚刚通知了 {line.count} 人，请登录查看：{line.site}{path or '/home/'}"
    if PERSONAL.search(f"{line.label} {line.path} {path}"):
        raise Unsendable("群机器人消息里疑似有个人信息，没有发送")
    return said
