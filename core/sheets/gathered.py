"""What is remembered of a report's rows while they stream by: the first of them, how many, their sums."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from core.sheets.report import Report, Row, Value

Sums = dict[int, Decimal]


@dataclass(slots=True)
class Part:
    """A run of rows with one value in the grouping column: `first` and `last` count from 0."""

    value: Value
    first: int
    last: int
    sums: Sums


@dataclass(slots=True)
class Gathered:
    """Rows seen so far. `rows` are all of them while there are at most `most`, none afterwards; so are `parts`."""

    report: Report
    most: int
    rows: list[Row] = field(default_factory=list)
    count: int = 0
    sums: Sums = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    is_bulk: bool = False
    has_parts: bool = True

    def __post_init__(self) -> None:
        self.sums = dict.fromkeys(self.totalled(), Decimal(0))
        self.has_parts = self.report.group is not None

    def totalled(self) -> list[int]:
        """Indices of the columns that have a total."""
        return [i for i, c in enumerate(self.report.columns) if c.total]

    def add(self, block: list[Row], columns: list[list[Value]]) -> None:
        """Take in a block of rows, and its bare values column by column."""
        for i in self.sums:
            self.sums[i] += self._sum(i, columns[i])
        if self.has_parts and self.report.group is not None:
            self._run(columns[self.report.group], columns)
        self.count += len(block)
        if not self.is_bulk and self.count > self.most:
            self.is_bulk = True
            self.rows.clear()
        if not self.is_bulk:
            self.rows += block

    def _run(self, by: list[Value], columns: list[list[Value]]) -> None:
        at = 0
        for value, run in groupby(by):
            size = sum(1 for _ in run)
            sums = {i: self._sum(i, columns[i][at : at + size]) for i in self.sums}
            first = self.count + at
            if self.parts and self.parts[-1].value == value:
                part = self.parts[-1]
                part.last += size
                part.sums = {i: part.sums[i] + sums[i] for i in sums}
            else:
                self.parts.append(Part(value, first, first + size - 1, sums))
            at += size
        if len(self.parts) > self.most:
            self.has_parts = False
            self.parts.clear()

    def _sum(self, i: int, values: list[Any]) -> Decimal:
        if self.report.columns[i].total == "count":
            return Decimal(len(values) - values.count(None) - values.count(""))
        try:
            return sum(values, Decimal(0))
        except TypeError:  # blanks or words among the numbers
            return sum((Decimal(v) for v in values if isinstance(v, int | Decimal)), Decimal(0))
