"""Ready configurations of a round, read from data: what the first page of a new round offers."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rounds.domain.windows import Window, from_today
from workdays.domain import Overrides

FILE = Path(__file__).resolve().parents[1] / "data" / "configurations.yaml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Named defaults of the set-up form; `workdays` or calendar `days` say how long the window is."""

    key: str
    label: str
    hint: str
    source: str
    initial: dict[str, Any]
    workdays: int | None
    days: int

    def window(self, today: date, overrides: Overrides) -> Window:
        """From the next working day on."""
        return from_today(today, workdays=self.workdays, days=self.days, overrides=overrides)


def read(text: str) -> list[Configuration]:
    """Configurations as the file has them; KeyError where one lacks its key, label, hint or window."""
    return [
        Configuration(
            row["key"], row["label"], row["hint"], row["source"], dict(row["initial"]), row["window"].get("workdays"),
            row["window"].get("days", 0),
        )
        for row in yaml.safe_load(text)
    ]  # fmt: skip


@cache
def configurations() -> tuple[Configuration, ...]:
    """In the order of the file."""
    return tuple(read(FILE.read_text(encoding="utf-8")))


def configuration_of(key: str) -> Configuration | None:
    return next((c for c in configurations() if c.key == key), None)
