"""The values of a scoring document after reading: frozen, checked, exact.

Marks and totals are whole numbers counted in a unit that the rule fixes (`Rule.mark_unit`, `Rule.total_unit`): a
mark of 22.5 under a step of 0.5 is 225 with a mark unit of 10. Everything else is a Fraction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

TICK = "tick"
SHEET_STATES = ("submitted", "recused", "absent", "void", "late")
PROPOSAL_STATES = ("standing", "withdrawn", "absent")
AGGREGATES = ("mean", "median", "sum", "ticks")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the rubric: marks run from `least` to `most` in steps of `step` and count `weight` times."""

    key: str
    label: str
    least: Fraction
    most: Fraction
    step: Fraction
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Trim:
    """Leave out the `high` highest and `low` lowest where at least `start` values count."""

    high: int
    low: int
    start: int
    by_criterion: bool


@dataclass(frozen=True, slots=True)
class Clamp:
    """Move each value to within `within` of the mean, then round to `decimals` if given."""

    within: Fraction
    decimals: int | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The additive model: total = proposal + judge, with `ridge` on the judges; effects rounded to `decimals`."""

    ridge: Fraction
    decimals: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a composite score; its value is multiplied by `scale` (to ÷ max, else 1) and by `weight`."""

    key: str
    weight: Fraction
    scale: Fraction


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of a session as it is frozen when scoring opens."""

    criteria: Mapping[str, Criterion]
    trim: Trim | None
    clamp: Clamp | None
    calibration: Calibration | None
    aggregate: str
    ticks_at_most: int
    criterion_decimals: int | None
    product_decimals: int | None
    decimals: int | None
    quorum: int
    own_part: str | None
    parts: tuple[Part, ...]
    bonus_cap: Fraction | None
    by_exact: bool
    dense: bool
    ties: tuple[str, ...]
    mark_unit: int
    weights: Mapping[str, int]  # each criterion's weight in units of mark_unit ÷ total_unit
    total_unit: int

    @property
    def uses_sheets(self) -> bool:
        """False where the score is put together from the proposals' parts alone."""
        return self.own_part is not None or not self.parts

    @property
    def by_tick(self) -> bool:
        return self.aggregate == "ticks"

    @property
    def by_criterion(self) -> bool:
        """Whether each criterion is trimmed and aggregated for itself (`on: criterion`)."""
        return self.trim is not None and self.trim.by_criterion and not self.by_tick


@dataclass(frozen=True, slots=True)
class Proposal:
    key: str
    name: str
    factor: Fraction
    parts: Mapping[str, Fraction]
    bonus: Fraction
    penalty: Fraction
    lot: Fraction | None
    state: str

    @property
    def stands(self) -> bool:
        return self.state == "standing"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One judge's sheet. `seat` is the judge's place in the list of judges; marks and total are in units of the rule."""

    judge: str
    seat: int
    proposal: str
    state: str
    marks: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class Scoring:
    """A whole document, read and checked."""

    rule: Rule
    proposals: tuple[Proposal, ...]
    judges: tuple[str, ...]
    sheets: tuple[Sheet, ...]


@dataclass(slots=True)
class Tally:
    """What becomes of one proposal while it is counted and ranked."""

    proposal: Proposal
    outcome: str = "ranked"
    exact: Fraction | None = None
    score: str | None = None
    rank: int | None = None
    tie_broken_by: str | None = None
    counted: list[str] = field(default_factory=list)
    high: list[str] = field(default_factory=list)
    low: list[str] = field(default_factory=list)
    criteria: dict[str, dict[str, object]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    tie_values: dict[str, Fraction | None] = field(default_factory=dict)
