"""How the money goes down the ranking: rank, tiers, classes, claimed, proportional, optimal."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

from core.errors import FormatError
from core.reading import Node
from funding.domain.book import Book, plain, yuan
from funding.domain.knapsack import best_set
from funding.domain.reading import Candidate


def by_rank(book: Book) -> None:
    """Full requests down the ranking; what does not fit is passed over, ends the list, or is funded from a share."""
    method = book.job.method
    share: Fraction | None = None
    misfit = method.get("on_misfit")
    if isinstance(misfit, dict):
        node = Node(misfit, "method.on_misfit")
        share = node.amount("fund_from_share")
        node.done()
    elif misfit not in ("skip", "stop"):
        raise FormatError("method.on_misfit", "unknown_value", '应为 skip、stop 或 {"fund_from_share": "0.80"}。')
    partial = method.flag("partial")
    method.done()
    rest = book.screen()
    book.minima(rest, lambda c: c.request)
    ended: Candidate | None = None
    for c in rest:
        if not book.open(c):
            continue
        if ended is not None:
            book.refuse(c, "stopped_before", f"排在前面的“{ended.name}”之后不再资助，余额 {yuan(book.left)} 元")
            continue
        limit = book.forbids(c, c.request)
        if limit is not None:
            book.refuse(c, *limit)
        elif c.request <= book.left:
            book.pay(c, c.request, f"按申报金额 {yuan(c.request)} 元全额资助")
        elif share is not None and book.left >= share * c.request:
            left = book.left
            book.pay(c, c.request, f"余额 {yuan(left)} 元达到申报金额的 {plain(share * 100)}%，按申报金额全额资助")
            ended = c
        elif partial and book.left > 0 and book.left >= c.minimum:
            left = book.left
            book.pay(
                c,
                left,
                f"余额 {yuan(left)} 元不足申报金额 {yuan(c.request)} 元，不低于最低可行金额 {yuan(c.minimum)} 元，以余额资助",
            )
            book.entries[c.key].outcome = book.entries[c.key].code = "partial"
            ended = c if misfit != "skip" else None
        else:
            _too_small(book, c, c.request, partial=partial)
            ended = c if misfit != "skip" else None
    book.mark_reserve()


def _too_small(book: Book, c: Candidate, wanted: Fraction, *, partial: bool) -> None:
    against = f"最低可行金额 {yuan(c.minimum)} 元" if partial else f"所需的 {yuan(wanted)} 元"
    book.refuse(c, "budget_left_too_small", f"余额 {yuan(book.left)} 元，低于{against}")
    book.entries[c.key].needed_amount = (c.minimum if partial else wanted) - book.left


@dataclass(frozen=True, slots=True)
class Place:
    label: str
    amount: Fraction


def by_tiers(book: Book) -> None:
    """Fixed amounts for so many places each, never more than requested; what is left stays left."""
    method = book.job.method
    places: list[Place] = []

    def tier(value: Any, path: str) -> None:
        node = Node(value, path)
        label, count, amount = node.text("label"), node.whole("count", least=1), node.amount("amount")
        node.done()
        places.extend(Place(label, amount) for _ in range(count))

    method.items("tiers", tier)
    tie = method.one_of("tie", ("order", "share", "promote"), "order")
    method.done()
    rest = book.screen()
    top = places[0].amount if places else Fraction(0)
    book.minima(rest, lambda c: min(top, c.request))
    at = len(book.funded)
    waiting = [c for c in rest if book.open(c)]
    while waiting:
        same = [c for c in waiting if c.score == waiting[0].score]
        waiting = waiting[len(same) :]
        slots = (places[at : at + len(same)] + [Place("", Fraction(0))] * len(same))[: len(same)]
        slots = _across_border(book, same, slots, tie)
        for c in same:
            if not slots or not slots[0].label:
                book.refuse(c, "max_awards", f"各等次共 {len(places)} 个名额已满")
            elif _place(book, c, slots[0]):
                slots = slots[1:]
                at += 1
        at = min(at, len(places))


def _across_border(book: Book, same: list[Candidate], slots: list[Place], tie: str) -> list[Place]:
    """What equal scores get when a border between tiers runs through them."""
    if tie == "order" or len(same) == 1 or len({s.amount for s in slots}) == 1:
        return slots
    if tie == "share":
        part = sum((s.amount for s in slots), Fraction(0)) / len(same)
        part = floor(part / book.job.unit) * book.job.unit
        return [Place(slots[0].label, part)] * len(same) if slots[0].label else slots
    need = sum((min(slots[0].amount, c.request) for c in same), Fraction(0))
    return [slots[0]] * len(same) if slots[0].label and need <= book.left else slots


def _place(book: Book, c: Candidate, place: Place) -> bool:
    amount = min(place.amount, c.request)
    limit = book.forbids(c, amount)
    if limit is not None:
        book.refuse(c, *limit)
        return False
    if amount < c.minimum:
        book.refuse(c, "below_minimum", f"{place.label}资助 {yuan(amount)} 元，低于最低可行金额 {yuan(c.minimum)} 元")
        return False
    if amount > book.left:
        _too_small(book, c, amount, partial=False)
        return False
    capped = "，不超过申报金额" if amount < place.amount else ""
    book.pay(c, amount, f"进入{place.label}（每项 {yuan(place.amount)} 元{capped}）", place.label)
    return True


def _fixed(book: Book, amount_of: Callable[[Candidate], Fraction], words: Callable[[Candidate], str]) -> None:
    rest = book.screen()
    book.minima(rest, amount_of)
    for c in rest:
        if not book.open(c):
            continue
        amount = amount_of(c)
        limit = book.forbids(c, amount)
        if limit is not None:
            book.refuse(c, *limit)
        elif amount < c.minimum:
            book.refuse(
                c, "below_minimum", f"{words(c)}，可得 {yuan(amount)} 元，低于最低可行金额 {yuan(c.minimum)} 元"
            )
        elif amount > book.left:
            _too_small(book, c, amount, partial=False)
        else:
            book.pay(c, amount, words(c))
    book.mark_reserve()


def by_classes(book: Book) -> None:
    """A fixed amount per class, capped by the request, down the ranking."""
    method = book.job.method
    attr = method.text("attr")
    node = method.node("amounts")
    amounts = {k: node.amount(k) for k in node.value}
    method.done()
    for c in book.job.candidates:
        if c.attrs.get(attr) not in amounts:
            raise FormatError(f"proposals[{c.place}].attrs.{attr}", "unknown_class", f"“{c.name}”没有对应的类别金额。")
    _fixed(
        book,
        lambda c: min(amounts[c.attrs[attr]], c.request),
        lambda c: f"属于“{c.attrs[attr]}”类，每项 {yuan(amounts[c.attrs[attr]])} 元",
    )


def by_claimed(book: Book) -> None:
    """The claimed price, down the ranking while the money lasts."""
    book.job.method.done()
    prices: dict[str, Fraction] = {}
    for c in book.job.candidates:
        if c.price is None:
            raise FormatError(f"proposals[{c.place}].price", "missing_key", f"“{c.name}”缺少认领价。")
        prices[c.key] = c.price
    _fixed(book, lambda c: prices[c.key], lambda c: f"按认领价 {yuan(prices[c.key])} 元资助")


def by_proportion(book: Book) -> None:
    """Budget × score ÷ Σ score, capped by the request, the excess shared again; whole units, remainder by fraction."""
    book.job.method.done()
    if any(g.max_amount is not None or g.min_awards for g in book.job.limits.groups):
        raise FormatError("limits.groups", "limit_not_available", "按得分比例分配暂不支持分组的金额上限和最少项目数。")
    chosen = _count_limited(book)
    while chosen:
        amounts = water_fill(book.job.budget, chosen, book.job.unit)
        short = [c for c in chosen if amounts[c.key] < c.minimum]
        if not short:
            break
        worst = short[-1]
        book.refuse(
            worst,
            "below_minimum",
            f"按比例可得 {yuan(amounts[worst.key])} 元，低于最低可行金额 {yuan(worst.minimum)} 元",
        )
        chosen = [c for c in chosen if c is not worst]
    total = sum((c.score or Fraction(0) for c in chosen), Fraction(0))
    for c in chosen:
        full = "，达到申报金额" if amounts[c.key] == c.request else ""
        book.pay(c, amounts[c.key], f"按得分占 {plain(c.score)}÷{plain(total)} 的比例分配{full}")


def _count_limited(book: Book) -> list[Candidate]:
    """Who takes part, down the ranking, under the limits that count projects."""
    chosen: list[Candidate] = []
    limits = book.job.limits
    for c in book.screen():
        if not c.score or c.score < 0:
            book.refuse(c, "no_score", "得分为零，无法按比例分配")
            continue
        if limits.max_awards is not None and len(chosen) >= limits.max_awards:
            book.refuse(c, "max_awards", f"资助项目数已达上限 {limits.max_awards} 项")
            continue
        full = next(
            (
                g
                for g in book.groups_of(c)
                if g.max_awards is not None and sum(o.attrs.get(g.attr) == g.value for o in chosen) >= g.max_awards
            ),
            None,
        )
        if full is not None:
            book.refuse(c, "group_max_awards", f"“{full.value}”已达上限 {full.max_awards} 项")
            continue
        chosen.append(c)
    return chosen


def water_fill(budget: Fraction, chosen: list[Candidate], unit: Fraction) -> dict[str, Fraction]:
    """Shares in proportion to the scores, capped by the requests, in whole units."""
    exact: dict[str, Fraction] = {}
    free, left = list(chosen), budget
    while free:
        total = sum((c.score or Fraction(0) for c in free), Fraction(0))
        full = [c for c in free if left * (c.score or Fraction(0)) / total >= c.request]
        if not full:
            exact |= {c.key: left * (c.score or Fraction(0)) / total for c in free}
            break
        for c in full:
            exact[c.key] = c.request
            left -= c.request
        free = [c for c in free if c not in full]
    found = {c.key: floor(exact[c.key] / unit) * unit for c in chosen}
    spare = floor((sum(exact.values(), Fraction(0)) - sum(found.values(), Fraction(0))) / unit)
    order = sorted(range(len(chosen)), key=lambda i: (-(exact[chosen[i].key] - found[chosen[i].key]), i))
    for i in order:
        c = chosen[i]
        if spare and found[c.key] + unit <= c.request:
            found[c.key] += unit
            spare -= 1
    return found


def by_optimum(book: Book) -> None:
    """The greatest total score that the budget pays in full; proven. Then more projects, less money, better-ranked first."""
    if book.job.method.flag("partial"):
        raise FormatError("method.partial", "method_not_available", "最优分配暂不支持部分资助。")
    book.job.method.done()
    limits = book.job.limits
    if limits.groups or limits.max_awards is not None:
        raise FormatError("limits", "method_not_available", "最优分配暂不支持项目数和分组限制。")
    rest = book.screen()
    taken = best_set([(c.score or Fraction(0), c.request) for c in rest], book.job.budget)
    best = sum((c.score or Fraction(0) for i, c in enumerate(rest) if i in taken), Fraction(0))
    for i, c in enumerate(rest):
        if i in taken:
            book.pay(c, c.request, f"在总分最高（{plain(best)}）的组合之中，按申报金额 {yuan(c.request)} 元全额资助")
    for i, c in enumerate(rest):
        if i not in taken:
            book.refuse(
                c, "not_in_optimum", f"总分最高（{plain(best)}）的组合不含本项目，其申报金额 {yuan(c.request)} 元"
            )


METHODS: dict[str, Callable[[Book], None]] = {
    "rank": by_rank,
    "tiers": by_tiers,
    "classes": by_classes,
    "claimed": by_claimed,
    "proportional": by_proportion,
    "optimal": by_optimum,
}
