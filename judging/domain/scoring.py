"""`chuangtou/scoring@1` in, `chuangtou/result@1` out. The screens and `manage.py score_file` call `compute`.

document ── reading ──▶ Scoring ── calibration ── tally (per proposal) ── ranking ──▶ result document
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.errors import FormatError
from core.exact import digest, fraction_text, half_up, half_up_text
from core.reading import Node
from judging.domain.arithmetic import rounded
from judging.domain.calibration import judge_effects
from judging.domain.ranking import ranked
from judging.domain.reading import MarkReader, read, read_rule
from judging.domain.tally import tally
from judging.domain.values import Rule, Scoring, Sheet, Tally

RESULT = "chuangtou/result@1"
SheetsOf = Mapping[str, Sequence[Sheet]]


def compute(document: Any) -> dict[str, Any]:
    """Rank the proposals of a scoring document. Raises FormatError with path, code and a Chinese sentence.

    Pure: the same document gives the same answer, whatever the order of its sheets but for `input_digest`.
    """
    scoring = read(document)
    digests = _digests(document)
    count = counted(scoring)
    rule = scoring.rule
    answer: dict[str, Any] = {
        "format": RESULT,
        **digests,
        "results": [_result(t) for t in count.order],
    }
    if rule.calibration is not None and not rule.by_tick:
        answer["judges"] = _judges(scoring, count.submitted, count.effects, rule.calibration.decimals)
    if rule.by_tick:
        invalid = len(count.invalid)
        answer["ballots"] = {"given": count.given, "valid": count.given - invalid, "invalid": invalid}
        answer["invalid"] = count.invalid
    return answer


@dataclass(frozen=True, slots=True)
class Count:
    """A document counted: proposals best first, submitted sheets by proposal, effects by seat, ballots."""

    order: list[Tally]
    submitted: SheetsOf
    effects: Mapping[int, Fraction]
    given: int
    invalid: list[str]


def counted(scoring: Scoring) -> Count:
    """Count and rank a document that has been read. Raises FormatError for panels that cannot be calibrated."""
    rule = scoring.rule
    submitted = _submitted(scoring)
    effects = _effects(rule, submitted)
    given, invalid = _ballots(scoring)
    valid: dict[str, Sequence[Sheet]] = {
        key: [s for s in sheets if s.judge not in invalid] if invalid else sheets for key, sheets in submitted.items()
    }
    tallies = [
        tally(rule, proposal, valid.get(proposal.key, ()), effects, given - len(invalid))
        for proposal in scoring.proposals
    ]
    return Count(ranked(rule, tallies, valid), submitted, effects or {}, given, invalid)


def check_rule(rule: Any) -> Rule:
    """Check a rule by itself, as when a session is prepared. Raises FormatError with paths that begin `rule.`."""
    return read_rule(Node(rule, "rule"))


def check_marks(rule: Rule, marks: Mapping[str, Any], *, complete: bool) -> dict[str, Decimal]:
    """Check one sheet's marks (criterion key → decimal string) and return them as Decimals of the rule's precision.

    Paths begin `marks.`. `complete` asks for every criterion, unless the rule trims by criterion. Raises FormatError.
    """
    found = MarkReader(rule).read(marks, "marks", complete=complete and not rule.by_criterion)
    unit = 1 if rule.by_tick else rule.mark_unit
    return {key: _decimal(Fraction(mark, unit)) for key, mark in found.items()}


def sheet_total(rule: Rule, marks: Mapping[str, Any]) -> Decimal:
    """Σ weight × mark of what one sheet says so far, exact. Raises FormatError for a mark that is not allowed."""
    reader = MarkReader(rule)
    return _decimal(Fraction(reader.total(reader.read(marks, "marks", complete=False)), rule.total_unit))


def _decimal(value: Fraction) -> Decimal:
    """A fraction that comes from decimals, as the Decimal with no more places than it needs."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    return half_up(value, places)


def _digests(document: Any) -> dict[str, str]:
    try:
        return {"rule_digest": digest(document["rule"]), "input_digest": digest(document)}
    except UnicodeEncodeError as error:
        raise FormatError("", "not_unicode", "文件中有不成对的代理字符（\\ud800 至 \\udfff）。") from error


def _submitted(scoring: Scoring) -> dict[str, list[Sheet]]:
    """The submitted sheets of each standing proposal, by the judges' seats."""
    found: dict[str, list[Sheet]] = {p.key: [] for p in scoring.proposals if p.stands}
    for sheet in scoring.sheets:
        if sheet.state == "submitted" and sheet.proposal in found:
            found[sheet.proposal].append(sheet)
    for sheets in found.values():
        sheets.sort(key=lambda s: s.seat)
    return found


def _effects(rule: Rule, submitted: SheetsOf) -> dict[int, Fraction] | None:
    """Seat → effect in points, rounded; None where the rule does not calibrate or uses no totals."""
    if rule.calibration is None or not rule.uses_sheets or rule.by_tick:
        return None
    cells = {key: [(s.seat, s.total) for s in sheets] for key, sheets in submitted.items()}
    found = judge_effects(cells, rule.calibration.ridge)
    return {seat: rounded(effect / rule.total_unit, rule.calibration.decimals) for seat, effect in found.items()}


def _judges(
    scoring: Scoring, submitted: SheetsOf, effects: Mapping[int, Fraction], decimals: int
) -> list[dict[str, Any]]:
    """Each judge's effect and the number of totals it rests on, in the order of the list."""
    counts = dict.fromkeys(effects, 0)
    for sheets in submitted.values():
        for sheet in sheets:
            if sheet.seat in counts:
                counts[sheet.seat] += 1
    return [
        {"judge": judge, "effect": half_up_text(effects[seat], decimals), "totals": counts[seat]}
        for seat, judge in enumerate(scoring.judges)
        if seat in effects
    ]


def _ballots(scoring: Scoring) -> tuple[int, list[str]]:
    """How many judges handed in a ballot of ticks, and whose has too many, in the order of the list."""
    if not scoring.rule.by_tick:
        return 0, []
    ticks: dict[str, int] = {}
    for sheet in scoring.sheets:
        if sheet.state == "submitted":
            ticks[sheet.judge] = ticks.get(sheet.judge, 0) + len(sheet.marks)
    most = scoring.rule.ticks_at_most
    return len(ticks), [judge for judge in scoring.judges if ticks.get(judge, 0) > most]


def _result(found: Tally) -> dict[str, Any]:
    return {
        "proposal": found.proposal.key,
        "outcome": found.outcome,
        "score": found.score,
        "exact": None if found.exact is None else fraction_text(found.exact),
        "rank": found.rank,
        "tie_broken_by": found.tie_broken_by,
        "counted": found.counted,
        "left_out": {"high": found.high, "low": found.low},
        "criteria": found.criteria,
        "steps": found.steps,
    }
