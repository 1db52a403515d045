"""What an applicant learns after publication: the mean per criterion beside that of all, and the comments, merged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Exists, OuterRef

from judging.models import Entry, Recusal, ScoreSheet, Session

FEWEST = 3  # sheets of a project, projects of a session: fewer, and one judge or one rival could be told apart


@dataclass(frozen=True, slots=True)
class Feedback:
    """`rows`: label, maximum, mean, mean of all projects. `withheld` says why there is nothing, "" where there is."""

    rows: list[tuple[str, str, Decimal | None, Decimal | None]]
    comments: list[str]
    sheets: int
    judges: list[str]
    withheld: str = ""


def sheets_of(session: Session) -> list[ScoreSheet]:
    """Every sheet of the session that counts: handed in, of a proposal that stands, of a judge who was not recused."""
    away = Recusal.objects.filter(judge=OuterRef("judge"), entry=OuterRef("entry"))
    return list(ScoreSheet.objects.filter(~Exists(away), session=session).counted().select_related("judge__user"))


def feedback(entry: Entry, session: Session, *, is_applicant: bool) -> Feedback:
    """For those who watch: everything. For the applicant: nothing where the session keeps it back or the sheets of her
    project are fewer than three; the mean of all only where at least three projects have one. One query.

    Comments stand in the order of their words, which tells nothing of seats or of when they were written.
    """
    every = sheets_of(session)
    own = [s for s in every if s.entry_id == entry.pk]
    if is_applicant and not session.notes.get("feedback", True):
        return Feedback([], [], len(own), [], "本场评审会不公开各评分项的平均分和评语。")
    if is_applicant and len(own) < FEWEST:
        words = f"有效评分表不足 {FEWEST} 张，为避免看出是哪位评委，不公开各评分项的平均分和评语。"
        return Feedback([], [], len(own), [], words)
    by_entry: dict[int, list[Mapping[str, str]]] = defaultdict(list)
    for sheet in every:
        by_entry[sheet.entry_id].append(sheet.marks)
    rows = []
    for criterion in session.rule["criteria"]:
        key = criterion["key"]
        means = [m for marks in by_entry.values() if (m := _mean(marks, key)) is not None]
        both = _rounded(sum(means, Decimal(0)) / len(means)) if len(means) >= FEWEST else None
        mine = _mean(by_entry[entry.pk], key)
        rows.append((criterion["label"], criterion["max"], None if mine is None else _rounded(mine), both))
    comments = sorted(s.comment.strip() for s in own if s.comment.strip())
    return Feedback(rows, comments, len(own), _names(own))


def _names(sheets: Sequence[ScoreSheet]) -> list[str]:
    return [s.judge.user.display_name for s in sorted(sheets, key=lambda s: s.judge.seat)]


def _mean(marks: Iterable[Mapping[str, str]], key: str) -> Decimal | None:
    """Exact enough to be rounded once; None where nobody marked it."""
    given = [Decimal(m[key]) for m in marks if key in m]
    return sum(given, Decimal(0)) / len(given) if given else None


def _rounded(mean: Decimal) -> Decimal:
    return mean.quantize(Decimal("0.01"), ROUND_HALF_UP)
