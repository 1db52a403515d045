"""Rank by score and tie rules; what stays equal shares its rank."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from judging.domain import steps
from judging.domain.values import Rule, Sheet, Tally

Key = tuple[tuple[bool, Fraction], ...]
ZERO = Fraction(0)


def ranked(rule: Rule, tallies: Sequence[Tally], sheets: Mapping[str, Sequence[Sheet]]) -> list[Tally]:
    """Best first, equals and then the unranked in input order; sets rank, `tie_broken_by` and the step about it.

    `sheets`: the submitted sheets of each standing proposal.
    """
    if "top_sheets" in rule.ties:
        _count_top_sheets(tallies, sheets)
    standing = [t for t in tallies if t.outcome == "ranked"]
    keys = {t.proposal.key: _key(rule, t) for t in standing}
    order = sorted(standing, key=lambda t: keys[t.proposal.key])
    groups: dict[Fraction, list[Tally]] = {}
    before: Key | None = None
    rank = 0
    for place, tally in enumerate(order, 1):
        key = keys[tally.proposal.key]
        if key != before:
            rank, before = (rank + 1 if rule.dense else place), key
        tally.rank = rank
        groups.setdefault(key[0][1], []).append(tally)
    for group in groups.values():
        if len(group) > 1:
            _explain_ties(rule, group, keys)
    return order + [t for t in tallies if t.outcome != "ranked"]


def _key(rule: Rule, tally: Tally) -> Key:
    """Smaller is better: the score, then each tie rule; a proposal without the value comes after those that have it."""
    score = tally.exact or ZERO
    if not rule.by_exact and rule.decimals is not None and tally.score is not None:
        score = Fraction(tally.score)
    values = [tally.tie_values.get(name) for name in rule.ties]
    return ((False, -score), *((value is None, -value if value is not None else ZERO) for value in values))


def _explain_ties(rule: Rule, group: Sequence[Tally], keys: Mapping[str, Key]) -> None:
    """For proposals of the same score: the last tie rule that was needed to tell this one from another."""
    for tally in group:
        mine = keys[tally.proposal.key]
        rivals = [keys[t.proposal.key] for t in group if t is not tally]
        for i, name in enumerate(rule.ties, 1):
            equals = [key for key in rivals if key[i] == mine[i]]
            if len(equals) < len(rivals):
                tally.tie_broken_by = name
            rivals = equals
        if tally.tie_broken_by is not None and tally.score is not None:
            label = steps.tie_label(tally.tie_broken_by, list(rule.criteria.values()))
            tally.steps.append(steps.tie(tally.score, label))
        if rivals:
            tally.steps.append(f"与其他 {len(rivals)} 个项目并列第 {tally.rank} 名")


def _count_top_sheets(tallies: Iterable[Tally], sheets: Mapping[str, Sequence[Sheet]]) -> None:
    """On how many submitted sheets a proposal is first or shares first, by the totals as written."""
    best: dict[int, int] = {}
    for own in sheets.values():
        for sheet in own:
            best[sheet.seat] = max(sheet.total, best.get(sheet.seat, sheet.total))
    for tally in tallies:
        own = sheets.get(tally.proposal.key, ())
        tally.tie_values["top_sheets"] = Fraction(sum(sheet.total == best[sheet.seat] for sheet in own))
