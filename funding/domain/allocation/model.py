"""What an allocation is made of. Money is int fen (1/100 yuan); scores, shares and points are exact fractions."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Outcome = Literal["funded", "partial", "reserve", "unfunded"]

_DIGITS = re.compile(r"(\d+)", re.ASCII)


def natural(key: str) -> tuple[Any, ...]:
    """Sort key that puts P2 before P10; texts that read alike (P1, P01) fall back to their characters."""
    parts = tuple((0, int(part), "") if n % 2 else (1, 0, part) for n, part in enumerate(_DIGITS.split(key)) if part)
    return (parts, key)


def plain(amount: int) -> str:
    """Fen as the files write them: `30000.00`."""
    whole, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:02d}"


def yuan(amount: int) -> str:
    """Fen as sentences write them: `30,000.00 元`."""
    whole, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole:,}.{rest:02d} 元"


@dataclass(frozen=True, slots=True)
class Project:
    """One candidate. `request` is what it may get at most, after the cuts; `requested` what it asked for.

    `taken_off` is what the cuts subtract from whatever it asks for (own money where no budget is given).
    """

    index: int
    key: str
    name: str
    score: Fraction | None
    score_text: str
    requested: int
    taken_off: int
    minimum: int
    request: int
    cut: str
    price: int | None
    attrs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Limits on the projects whose `attr` is `value`."""

    attr: str
    value: str
    path: str
    max_amount: int | None
    min_awards: int
    max_awards: int | None

    def holds(self, project: Project) -> bool:
        return project.attrs.get(self.attr) == self.value

    @property
    def label(self) -> str:
        kind = {"theme": "主题", "organization": "组织", "category": "类别", "class": "档次", "community": "社区"}
        return f"{kind.get(self.attr, self.attr)}“{self.value}”"


@dataclass(frozen=True, slots=True)
class Ballot:
    """`count` equal ballots and the points each gives."""

    count: int
    points: dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Case:
    """A whole document, read and checked."""

    budget: int
    unit: int
    method: dict[str, Any]
    ties: tuple[str, ...]
    min_score: Fraction | None
    min_score_text: str
    max_awards: int | None
    groups: tuple[Group, ...]
    projects: tuple[Project, ...]
    ballots: tuple[Ballot, ...]
    score_places: int

    def tie_key(self, project: Project) -> tuple[Any, ...]:
        """What decides between equals: the document's order of ties, then the natural order of keys."""
        found: list[Any] = []
        for tie in self.ties:
            if tie == "lower_requested":
                found.append(project.request)
            elif tie == "higher_requested":
                found.append(-project.request)
            elif tie == "higher_score":
                found.append(-project.score if project.score is not None else Fraction(10**60))
            elif tie == "input":
                found.append(project.index)
            else:
                found.append(natural(project.key))
        return (*found, natural(project.key))

    def ranking(self) -> list[Project]:
        """All projects: by score, descending, then ties; those without a score last."""
        return sorted(
            self.projects,
            key=lambda p: (p.score is None, -p.score if p.score is not None else Fraction(0), *self.tie_key(p)),
        )

    def groups_of(self, project: Project) -> tuple[Group, ...]:
        return tuple(group for group in self.groups if group.holds(project))


@dataclass(slots=True)
class Verdict:
    """What one project got and why. `because` is the sentence after the colon, without the score and place."""

    code: str
    because: str
    outcome: Outcome = "unfunded"
    amount: int = 0
    order: int | None = None
    needed_score: Fraction | None = None
    needed_amount: int | None = None


@dataclass(slots=True)
class Outcomes:
    """The verdicts by project index and the steps that led to them."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    proven: bool = True

    def step(self, text: str) -> None:
        self.steps.append(f"第 {len(self.steps) + 1} 步：{text}")
