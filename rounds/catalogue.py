"""Which rubrics a round can name. The app that judges stands above and registers its ready ones when it is loaded."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReadyRubric:
    """A rubric as a call publishes it: lines of label, most points (decimal text), what a judge looks at."""

    key: str
    label: str
    full_marks: str
    lines: tuple[tuple[str, str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """As it is frozen."""
        lines = [{"label": label, "most": most, "hint": hint} for label, most, hint in self.lines]
        return {"key": self.key, "label": self.label, "full_marks": self.full_marks, "lines": lines}


_READY: dict[str, ReadyRubric] = {}


def register(rubric: ReadyRubric) -> ReadyRubric:
    """Make a rubric known."""
    _READY[rubric.key] = rubric
    return rubric


def ready_rubrics() -> list[ReadyRubric]:
    return list(_READY.values())


def rubric_of(key: str) -> ReadyRubric | None:
    return _READY.get(key)
