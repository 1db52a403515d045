"""Spending against the budget: what each head may cost, how far it is, and what an entry does to it. Pure, exact.

All amounts are yuan with two decimals. The figures below are the usual practice of the trade, not law; they stand here
and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Literal

from core.clock import spoken
from core.exact import half_up, plain_text
from core.money import FEN, show_yuan

ZERO = Decimal("0.00")
MOST_FILES = 5
MOST_MEGABYTES = 10  # a photo as a telephone takes it


@dataclass(frozen=True, slots=True)
class Limits:
    """When to warn and when to ask for a reason, in per cent of a head's budget or of a fund's share limit.

    `warn_at`: say that it is getting close. `shift`: how far a head may go over its budget without a reason.
    """

    warn_at: Decimal = Decimal(90)
    shift: Decimal = Decimal(10)


USUAL = Limits()

CHECKS = {
    "title": "发票抬头是本单位全称",
    "verified": "已在税务平台查验真伪",
    "signed": "收款人已签字或盖章",
    "signin": "附签到表或领取表",
    "photo": "附现场照片",
    "acceptance": "附验收单",
    "reason": "附情况说明，负责人已签字",
}
NEEDED: dict[str, tuple[str, ...]] = {
    "invoice": ("title", "verified"),
    "receipt": ("signed",),
    "labour": ("signed", "signin"),
    "other": ("reason",),
}
# Words that never go with the grant, or seldom: the checker is asked to look, nothing is refused for a word.
RED_WORDS = (
    "慰问金", "慰问品", "礼品", "礼金", "红包", "烟", "酒", "旅游", "罚款", "滞纳金", "还款", "借款", "房租", "装修", "空调", "汽车", "电脑",
    "打印机", "固定资产", "基建",
)  # fmt: skip


def scaled(asked: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """`asked` brought down (or up) to `total` in proportion, to the fen, by largest remainder: the parts add up exactly.

    Earlier parts come first where remainders are equal. All zero or empty: zeros, whatever the total.

    >>> scaled([Decimal("6000.00"), Decimal("3000.00")], Decimal("6000.00"))
    [Decimal('4000.00'), Decimal('2000.00')]
    """
    whole = int(sum(asked, ZERO) / FEN)
    if not whole:
        return [ZERO for _ in asked]
    fen = int(total / FEN)
    shares = [divmod(int(part / FEN) * fen, whole) for part in asked]
    left = fen - sum(units for units, _ in shares)
    first = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))[:left]
    return [(units + (i in first)) * FEN for i, (units, _) in enumerate(shares)]


Level = Literal["fine", "near", "over", "beyond"]
LEVEL_WORDS: dict[Level, str] = {"fine": "正常", "near": "接近预算", "over": "超预算", "beyond": "超预算过多"}


def level(budget: Decimal, spent: Decimal, limits: Limits = USUAL) -> Level:
    """How far a head is: `near` from `warn_at` per cent on, `over` above its budget, `beyond` above budget and shift."""
    if spent * 100 > budget * (100 + limits.shift):
        return "beyond"
    if spent > budget:
        return "over"
    return "near" if spent and spent * 100 >= budget * limits.warn_at else "fine"


def rate(budget: Decimal, spent: Decimal) -> Decimal | None:
    """Spent in per cent of the budget, two decimals, half-up; None without a budget."""
    return half_up(spent * 100 / budget, 2) if budget else None


@dataclass(frozen=True, slots=True)
class Row:
    """One head or one budget line: what was granted for it, what was spent, how much of that in the period."""

    key: str
    words: str
    budget: Decimal
    spent: Decimal
    period: Decimal = ZERO
    asked: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """Not spent yet; negative when over."""
        return self.budget - self.spent

    @property
    def rate(self) -> Decimal | None:
        return rate(self.budget, self.spent)

    @property
    def level(self) -> Level:
        return level(self.budget, self.spent)

    @property
    def warning(self) -> str:
        """`超预算 120.00 元`, `接近预算`, or nothing."""
        if self.level == "fine":
            return ""
        if not self.budget:
            return f"无预算，支出 {show_yuan(self.spent)} 元"
        if self.spent <= self.budget:
            return "接近预算" if self.left else "已用完"
        return f"{LEVEL_WORDS[self.level]} {show_yuan(-self.left)} 元"


def added(rows: Sequence[Row], words: str = "合计") -> Row:
    """The sum of rows."""
    parts = {name: sum((getattr(r, name) for r in rows), ZERO) for name in ("budget", "spent", "period", "asked")}
    return Row("", words, **parts)


@dataclass(frozen=True, slots=True)
class Purse:
    """What one fund of the agreement gives: yuan drawn, heads it never pays, share limits per head in per cent."""

    name: str
    drawn: Decimal
    forbidden: frozenset[str] = frozenset()
    limits: Mapping[str, Decimal] | None = None

    def may(self, head: str) -> Decimal:
        """The most it pays for one head, yuan."""
        if head in self.forbidden:
            return ZERO
        limit = (self.limits or {}).get(head)
        return self.drawn if limit is None else self.drawn * limit / 100


def room(purses: Sequence[Purse], heads: Sequence[str]) -> Decimal:
    """The most all funds together pay for these heads, yuan."""
    return sum((min(p.drawn, sum((p.may(h) for h in heads), ZERO)) for p in purses), ZERO)


def tight(purses: Sequence[Purse], spent: Mapping[str, Decimal]) -> tuple[str, ...]:
    """The heads that the funds cannot carry together, fewest first; empty when all of `spent` can be carried.

    Max-flow and min-cut: the funds carry the heads exactly when no set of heads costs more than its `room`.
    """
    used = [h for h, amount in spent.items() if amount > 0]
    for size in range(1, len(used) + 1):
        for some in combinations(used, size):
            if sum((spent[h] for h in some), ZERO) > room(purses, some):
                return some
    return ()


def close(purses: Sequence[Purse], spent: Mapping[str, Decimal], head: str, limits: Limits = USUAL) -> bool:
    """Whether a head with a share limit has reached `warn_at` per cent of what the funds may pay for it."""
    if not any(head in (p.limits or {}) for p in purses):
        return False
    return spent.get(head, ZERO) * 100 >= room(purses, [head]) * limits.warn_at


@dataclass(frozen=True, slots=True)
class Entry:
    """One expense as the rules see it, amount in yuan. `is_grant`: paid from the grant, else self-raised."""

    head: str
    amount: Decimal
    is_grant: bool
    spent_on: date
    summary: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of an entry. `stop`: refused whatever the reason; `ask`: refused until a reason is given."""

    level: Literal["note", "ask", "stop"]
    field: str
    words: str


def findings(
    entry: Entry, *, heads: Mapping[str, Row], own: Row, purses: Sequence[Purse], starts_on: date, ends_on: date, limits: Limits = USUAL
) -> list[Finding]:  # fmt: skip
    """What an entry does to the budget. `heads` is the grant by head and `own` the self-raised part, both without the entry."""
    found = []
    if not starts_on <= entry.spent_on <= ends_on:
        period = f"{spoken(starts_on)}至{spoken(ends_on)}"
        found.append(Finding("note", "spent_on", f"日期不在项目实施期（{period}）内，请核对。"))
    red = [word for word in RED_WORDS if word in entry.summary]
    if red:
        found.append(Finding("note", "summary", f"摘要中有“{'”“'.join(red)}”，可能不在资金开支范围内，请核对。"))
    if not entry.is_grant:
        spent = own.spent + entry.amount
        if spent > own.budget:
            over = show_yuan(spent - own.budget)
            found.append(Finding("note", "amount", f"自筹支出将超过自筹预算 {over} 元。"))
        return found
    return found + _of_grant(entry, heads, purses, limits)


def _of_grant(entry: Entry, heads: Mapping[str, Row], purses: Sequence[Purse], limits: Limits) -> list[Finding]:
    row = heads[entry.head]
    if room(purses, [entry.head]) == 0:
        names = "、".join(f"“{p.name}”" for p in purses)
        return [Finding("stop", "head", f"{names}不得开支{row.words}，请改用自筹资金或核对科目。")]
    found = []
    total = added(list(heads.values()))
    granted = sum((p.drawn for p in purses), ZERO)
    if total.spent + entry.amount > granted:
        left = show_yuan(max(granted - total.spent, ZERO))
        found.append(Finding("stop", "amount", f"资助资金只剩 {left} 元，超支不补，超出部分请用自筹资金。"))
        return found
    spent = {key: r.spent for key, r in heads.items()}
    spent[entry.head] += entry.amount
    ask = _over(row, spent[entry.head], limits)
    stuck = tight(purses, spent)
    if entry.head in stuck:
        names = "、".join(heads[h].words for h in stuck)
        total_words = show_yuan(sum((spent[h] for h in stuck), ZERO))
        ask.append(f"{names}累计支出 {total_words} 元，超过资金比例上限 {show_yuan(room(purses, stuck))} 元")
    if ask:
        level_: Literal["note", "ask"] = "note" if entry.reason else "ask"
        end = "" if entry.reason else "。请写明超出的理由，或改用自筹资金"
        return [*found, *(Finding(level_, "over_reason", f"{words}{end}。") for words in ask)]
    return found + _near(row, purses, spent, limits)


def _over(row: Row, spent: Decimal, limits: Limits) -> list[str]:
    if level(row.budget, spent, limits) != "beyond":
        return []
    most = plain_text(100 + limits.shift)
    return [f"{row.words}预算 {show_yuan(row.budget)} 元，累计支出将为 {show_yuan(spent)} 元，超过预算的 {most}%"]


def _near(row: Row, purses: Sequence[Purse], spent: Mapping[str, Decimal], limits: Limits) -> list[Finding]:
    found = []
    now = level(row.budget, spent[row.key], limits)
    figures = f"累计支出将为 {show_yuan(spent[row.key])} 元，预算 {show_yuan(row.budget)} 元"
    if now == "over":
        found.append(
            Finding(
                "note", "amount", f"{row.words}超出预算（{figures}），在允许调剂的 {plain_text(limits.shift)}% 以内。"
            )
        )
    elif now == "near":
        found.append(Finding("note", "amount", f"{row.words}接近预算（{figures}）。"))
    if close(purses, spent, row.key, limits):
        most = show_yuan(room(purses, [row.key]))
        found.append(Finding("note", "amount", f"{row.words}接近资金比例上限 {most} 元。"))
    return found


def missing(kind: str, checked: Sequence[str]) -> list[str]:
    """What a voucher of this kind still needs, in words."""
    return [CHECKS[code] for code in NEEDED[kind] if code not in checked]


def is_digital_invoice(number: str) -> bool:
    """Whether a number is one of the 20 digits of an electronic invoice, unique in the whole country."""
    return len(number) == 20 and number.isascii() and number.isdigit()
