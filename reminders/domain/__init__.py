"""Which reminder of a deadline is due at a moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta


def due_offset(deadline: datetime, at: datetime, offsets: Sequence[int]) -> int | None:
    """The days-before offset to remind of now, or None: too early, or over.

    After a downtime several offsets may have passed; only the nearest to the deadline counts, the others are dropped.
    """
    if at >= deadline:
        return None
    passed = [days for days in offsets if deadline - timedelta(days=days) <= at]
    return min(passed) if passed else None
