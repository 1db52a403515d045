"""What an agreement says, as a document, and what must be true of it before anybody signs. Pure, exact.

All amounts are yuan with two decimals. `read` turns a stored document into `Content`; `findings` lists what is wrong,
each with the part of the form it belongs to, so that the page can say it there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from itertools import combinations
from typing import Any

from core.money import show_yuan

ZERO = Decimal("0.00")
SPLITS: dict[str, tuple[tuple[str, int], ...]] = {
    "100": (("一次性拨付", 100),),
    "60-40": (("首款", 60), ("尾款", 40)),
    "70-30": (("首款", 70), ("尾款", 30)),
    "50-30-20": (("首款", 50), ("二期款", 30), ("尾款", 20)),
    "60-30-10": (("首款", 60), ("二期款", 30), ("尾款", 10)),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One instalment: amount in yuan, conditions by code, spending rate in per cent of what was paid before."""

    title: str
    amount: Decimal
    conditions: tuple[str, ...] = ("signed",)
    spend_rate: int | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One partner of a consortium: her share in yuan and what she delivers. The lead is the applicant herself."""

    name: str
    amount: Decimal
    outputs: str
    is_lead: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One site: community and the unit, hall or yard within it."""

    community: str
    unit: str


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the indicator table."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Pull:
    """What one fund (by id) carries."""

    fund: int
    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Content:
    """Everything an agreement says. `third` is empty where there are two parties."""

    first: str
    second: str
    third: str
    amount: Decimal
    starts_on: date
    ends_on: date
    payee_name: str
    payee_bank: str
    payee_account: str
    copies: int
    terms: tuple[Term, ...]
    pulls: tuple[Pull, ...]
    shares: tuple[Share, ...] = ()
    places: tuple[Place, ...] = ()
    targets: tuple[Target, ...] = ()
    more: str = ""


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def document(content: Content) -> dict[str, Any]:
    """The content as JSON-able data; `read` gives it back."""
    found: dict[str, Any] = _plain(asdict(content))
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def read(data: Mapping[str, Any]) -> Content:
    """The content of a stored document."""
    return Content(
        **{
            **data,
            "amount": Decimal(data["amount"]),
            "starts_on": date.fromisoformat(data["starts_on"]),
            "ends_on": date.fromisoformat(data["ends_on"]),
            "terms": tuple(
                Term(**{**t, "amount": Decimal(t["amount"]), "conditions": tuple(t["conditions"]), "due_on": _day(t["due_on"])})
                for t in data["terms"]
            ),
            "pulls": tuple(Pull(**{**p, "amount": Decimal(p["amount"])}) for p in data["pulls"]),
            "shares": tuple(Share(**{**s, "amount": Decimal(s["amount"])}) for s in data["shares"]),
            "places": tuple(Place(**p) for p in data["places"]),
            "targets": tuple(Target(**t) for t in data["targets"]),
        }
    )  # fmt: skip


def split(amount: Decimal, plan: str, unit: Decimal = Decimal("1.00")) -> tuple[Term, ...]:
    """Amounts of a usual instalment plan: each percentage rounded down to `unit`, the last takes the rest.

    >>> [t.amount for t in split(Decimal("9000.50"), "50-30-20")]
    [Decimal('4500.00'), Decimal('2700.00'), Decimal('1800.50')]
    """
    rows = SPLITS[plan]
    amounts = [(amount * p / 100 / unit).quantize(Decimal(1), ROUND_DOWN) * unit for _, p in rows[:-1]]
    amounts.append(amount - sum(amounts, ZERO))
    found = []
    for n, ((title, _), part) in enumerate(zip(rows, amounts, strict=True)):
        if n == 0:
            conditions: tuple[str, ...] = ("signed",)
        elif n == len(rows) - 1:
            conditions = ("evidence", "final", "accounts")
        else:
            conditions = ("evidence", "midterm")
        found.append(Term(title, part, conditions, 70 if 0 < n < len(rows) - 1 else None))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Purse:
    """What a fund allows: heads it never pays, share limits per head in per cent, yuan still free, whom it serves."""

    id: int
    name: str
    free: Decimal
    forbidden: frozenset[str] = frozenset()
    limits: Mapping[str, Decimal] | None = None


def carried(pulls: Sequence[Pull], purses: Mapping[int, Purse], heads: Mapping[str, Decimal]) -> Sequence[Pull]:
    """The pulls that cannot be carried: those funds together draw more than they may pay of the budget's heads.

    `heads` is the granted part of the budget by head. Empty means it works out. By max-flow and min-cut: funds are
    served by heads exactly when no set of funds draws more than Σ over heads of min(head, Σ what the set may pay of it).
    """
    for size in range(1, len(pulls) + 1):
        for some in combinations(pulls, size):
            room = ZERO
            for head, amount in heads.items():
                may = sum((_may(purses[p.fund], head, p.amount) for p in some), ZERO)
                room += min(amount, may)
            if sum((p.amount for p in some), ZERO) > room:
                return some
    return ()


def _may(purse: Purse, head: str, drawn: Decimal) -> Decimal:
    if head in purse.forbidden:
        return ZERO
    limit = (purse.limits or {}).get(head)
    return drawn if limit is None else drawn * limit / 100


_FIGURE = re.compile(r"[\d０-９]")


def targets_of(text: str) -> tuple[Target, ...]:
    r"""An indicator table from what a proposal says, a line each: name before the colon or before the first figure.

    >>> targets_of("活动场次：12 场\n受益600人次")
    (Target(name='活动场次', target='12 场'), Target(name='受益', target='600人次'))
    """
    found = []
    for line in (raw.strip(" 　。；;、") for raw in text.splitlines()):
        if not line:
            continue
        name, colon, target = line.replace(":", "：").partition("：")
        figure = _FIGURE.search(line)
        if not colon and figure and figure.start():
            name, target = line[: figure.start()], line[figure.start() :]
        found.append(Target(name.strip()[:60], target.strip()[:200] or "按申报书"))
    return tuple(found[:20])


Finding = tuple[str, str]


def findings(
    content: Content, *, granted: Decimal, purses: Mapping[int, Purse], heads: Mapping[str, Decimal]
) -> list[Finding]:
    """What forbids this agreement, as (part of the form, sentence). Parts: amount, ends_on, terms, pulls, shares."""
    found: list[Finding] = []
    if content.amount <= 0:
        found.append(("amount", "协议金额必须大于零。"))
    if content.amount > granted:
        found.append(("amount", f"协议金额不能高于批准的资助金额 {show_yuan(granted)} 元。"))
    if content.ends_on < content.starts_on:
        found.append(("ends_on", "项目结束日期不能早于开始日期。"))
    found += _adds_up("terms", "各期拨付", [t.amount for t in content.terms], content.amount)
    found += _adds_up("pulls", "各资金来源", [p.amount for p in content.pulls], content.amount)
    if content.shares:
        found += _adds_up("shares", "各合作单位份额", [s.amount for s in content.shares], content.amount)
        if sum(s.is_lead for s in content.shares) != 1:
            found.append(("shares", "联合体须有且只有一个牵头单位。"))
        if len({s.name for s in content.shares}) != len(content.shares):
            found.append(("shares", "同一合作单位只写一行。"))
    if any(t.amount <= 0 for t in content.terms):
        found.append(("terms", "每期金额必须大于零。"))
    days = [t.due_on for t in content.terms if t.due_on]
    if days != sorted(days):
        found.append(("terms", "后一期的计划拨付日期不能早于前一期。"))
    return found + _pull_findings(content, purses, heads)


def _pull_findings(content: Content, purses: Mapping[int, Purse], heads: Mapping[str, Decimal]) -> list[Finding]:
    found: list[Finding] = []
    if len({p.fund for p in content.pulls}) != len(content.pulls):
        found.append(("pulls", "同一资金来源只写一行。"))
    unknown = [p for p in content.pulls if p.fund not in purses]
    if unknown:
        return [*found, ("pulls", f"“{unknown[0].name}”不能用于该项目。")]
    for pull in content.pulls:
        purse = purses[pull.fund]
        if pull.amount > purse.free:
            short = f"“{purse.name}”年度余额 {show_yuan(purse.free)} 元，不够 {show_yuan(pull.amount)} 元，差 {show_yuan(pull.amount - purse.free)} 元。"
            found.append(("pulls", short))
    stuck = carried(content.pulls, purses, heads)
    if stuck:
        names = "、".join(f"“{p.name}”" for p in stuck)
        total = sum((p.amount for p in stuck), ZERO)
        found.append(
            (
                "pulls",
                f"{names}拟支出 {show_yuan(total)} 元，但预算中这些资金可以开支的科目不够（有不得开支的科目或比例上限）。请减少金额，或换资金来源。",
            )
        )
    return found


def _adds_up(part: str, words: str, amounts: Sequence[Decimal], total: Decimal) -> list[Finding]:
    added = sum(amounts, ZERO)
    if added == total:
        return []
    gap = f"少 {show_yuan(total - added)} 元" if added < total else f"多 {show_yuan(added - total)} 元"
    return [(part, f"{words}合计 {show_yuan(added)} 元，与协议金额 {show_yuan(total)} 元不符，{gap}。")]


def release(draws: Sequence[tuple[int, Decimal]], amount: Decimal) -> list[tuple[int, Decimal]]:
    """Which draws (id, yuan still free) carry a payment: in their order, each as far as it goes. Σ parts = amount.

    Raises ValueError where they do not reach.
    """
    found, left = [], amount
    for key, free in draws:
        part = min(free, left)
        if part > 0:
            found.append((key, part))
            left -= part
    if left:
        raise ValueError(f"short by {left}")
    return found
