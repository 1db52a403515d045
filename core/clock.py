"""The one clock: the database's. A deadline is judged by it; nothing below a view or task reads a clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.db import connection

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The database's clock at this moment, aware, UTC. Ask once at the start of a request or task and pass it down."""
    return _database()


def _database() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]


def drift() -> float:
    """Seconds by which this machine's own clock is ahead of the database's; nothing is judged by it."""
    return datetime.now(UTC).timestamp() - _database().timestamp()


def local(moment: datetime) -> datetime:
    """The same instant on the wall clock of Asia/Shanghai."""
    return moment.astimezone(SHANGHAI)


def spoken(day: date) -> str:
    """`2026年11月23日`."""
    return f"{day.year}年{day.month}月{day.day}日"
