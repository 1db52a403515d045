"""What a project may get at most, before any method divides the money: 预算核减, 述职系数, 资助比例. Yuan, exact.

Everything here can be said with the keys `approved`, `share_cap` and `total` of `chuangtou/allocation@1`; the words
are the portal's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from core.money import FEN, show_yuan

HEARINGS = {"excellent": "优秀", "qualified": "合格", "basic": "基本合格", "failed": "不合格"}
DEFAULT_FACTORS = {
    "excellent": Decimal("1.00"),
    "qualified": Decimal("1.00"),
    "basic": Decimal("0.80"),
    "failed": Decimal("0.00"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How results of earlier years and shares of the total lower a request. As frozen in a plan.

    `year` None leaves hearings out; a factor of 0 bars. `share` is the part of a project's total budget that is
    granted at most: 0.70 asks for 30 % of one's own, 0.50 for as much as is granted.
    """

    year: int | None = None
    factors: Mapping[str, Decimal] = field(default_factory=lambda: dict(DEFAULT_FACTORS))
    share: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        """For the plan's row: decimal text."""
        return {
            "year": self.year,
            "factors": {key: f"{self.factors[key]:.2f}" for key in HEARINGS} if self.year else {},
            "share": None if self.share is None else f"{self.share:.2f}",
        }


@dataclass(frozen=True, slots=True)
class Ceiling:
    """`amount` is the most that may be given; `keys` goes into the document; `why` says what lowered it, in order."""

    amount: Decimal
    keys: dict[str, str]
    why: tuple[str, ...]
    is_barred: bool = False


def ceiling(
    terms: Terms, *, requested: Decimal, minimum: Decimal, total: Decimal, cut: Decimal | None, hearing: str | None
) -> Ceiling:
    """The ceiling of one project. `cut` is the approved total of its budget, `hearing` last year's class; None: there is none.

    A factor or a share is cut down to whole fen. Who is barred has nothing to get, and in the document a least amount
    of at least a fen, so that no method gives it an award of nothing.
    """
    why: list[str] = []
    keys: dict[str, str] = {}
    most = requested
    if cut is not None:
        keys["approved"] = f"{cut:.2f}"
        if cut < most:
            most = cut
            why.append(f"预算核减为 {show_yuan(cut)} 元")
    factor = terms.factors.get(hearing) if terms.year and hearing else None
    if factor is not None and factor == 0:
        words = f"{terms.year} 年述职{HEARINGS[hearing or '']}，本期不予资助"
        least = {"minimum": f"{max(minimum, FEN):.2f}"} if requested >= FEN else {}
        return Ceiling(Decimal("0.00"), {"approved": "0.00", **least}, (words,), is_barred=True)
    if factor is not None:
        part = (requested * factor).quantize(FEN, ROUND_DOWN)
        if part < most:
            most = part
            keys["approved"] = f"{part:.2f}"
            why.append(
                f"{terms.year} 年述职{HEARINGS[hearing or '']}，按系数 {factor:.2f}，最多为申请金额的 {_percent(factor)}，即 {show_yuan(part)} 元"
            )
    if terms.share is not None:
        keys |= {"share_cap": f"{terms.share:.2f}", "total": f"{total:.2f}"}
        part = (total * terms.share).quantize(FEN, ROUND_DOWN)
        if part < most:
            most = part
            why.append(f"最多为项目总预算 {show_yuan(total)} 元的 {_percent(terms.share)}，即 {show_yuan(part)} 元")
    return Ceiling(most, keys, tuple(why))


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"


def needed_words(needed: Mapping[str, str | None]) -> str:
    """What would have been needed, as a sentence, or nothing. `needed` as in `chuangtou/award@1`."""
    found = []
    if needed.get("score") is not None:
        found.append(f"得分不低于 {needed['score']} 分")
    if needed.get("amount") is not None:
        found.append(f"申请金额不高于 {show_yuan(Decimal(needed['amount'] or 0))} 元")
    return f"按公式计算，其他项目不变时，{'或'.join(found)}即可获得资助。" if found else ""
