"""What a report is: columns, rows, lines under the total. No file format here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "long", "code", "rank", "int", "money", "score", "date"]
Value = str | int | Decimal | date | datetime | None
A4, A3 = 9, 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `group` is the upper head of a two-level head. `width` is in half-width characters.

    `total=True` puts a live SUM in the total row and in each subtotal, `total="count"` the number of filled cells as
    `12 项`. `rank` is for running numbers and places (centred). `code` is for phones, credit codes, accounts and numbers of documents: always text, never 1.38E+10.
    """

    title: str
    kind: Kind = "text"
    width: float = 12
    group: str = ""
    total: bool | Literal["count"] = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that is marked, never by colour alone: `struck` is a mark left out (underlined, shaded, with ※), `alarm` one
    below a line (red fill, bold, with ▼), `framed` one of a run of such (a thick frame besides).

    `kind` is said where a cell differs from its column: a table of several measures has money and people in one column.
    """

    value: Value
    struck: bool = False
    kind: Kind | None = None
    alarm: bool = False
    framed: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A live formula over cells of its own row: `build` gets a function from column index to cell name.

    `value` is the cached value, from the database; None writes a blank instead.
    """

    build: Callable[[Callable[[int], str]], str]
    value: Decimal | int | None
    kind: Kind | None = None


Row = Sequence[Value | Cell | Formula]


@dataclass(frozen=True, slots=True)
class Line:
    """A line under the total row: words over all columns, or a live formula in one column.

    `formula` gets the cell names of the total row by column index and returns a formula; `value` is its cached value.
    """

    words: str
    column: int | None = None
    formula: Callable[[dict[int, str]], str] | None = None
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says, apart from its rows.

    `paper` is A4 or A3, landscape unless `portrait`. `group` is the index of a column: each run of rows with the same
    value there is followed by a 小计, so the rows must come sorted by it. `approvals` are the boxes in which leaders
    write and sign, side by side; `signatures` is the last line, at the right where `is_signed_right`.
    """

    title: str
    left: str
    right: str
    columns: Sequence[Column]
    signatures: str
    sheet: str
    paper: int = A4
    lines: Sequence[Line] = field(default_factory=tuple)
    note: str = ""
    group: int | None = None
    portrait: bool = False
    approvals: Sequence[str] = field(default_factory=tuple)
    is_signed_right: bool = False


def kind_of(given: Value | Cell | Formula, column: Column) -> Kind:
    """How a cell is shown: as its column, unless it says otherwise itself."""
    return (given.kind if isinstance(given, Cell | Formula) else None) or column.kind


def value_of(given: Value | Cell | Formula) -> Value:
    """The bare value of what stands in a row."""
    return given.value if isinstance(given, Cell | Formula) else given
