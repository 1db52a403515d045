"""When a message may go out: quiet hours, the daily digest, pauses between attempts. Shanghai's wall clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
LONGEST_QUIET = 14  # hours; longer would leave too little of the day to tell anybody anything
LATE = 3  # more due e-mails than this for one person become one


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours from a full hour (included) until another (excluded); from 21 until 8 goes over midnight."""

    start: int
    end: int

    @property
    def hours(self) -> int:
        """How long they are."""
        return (self.end - self.start) % 24

    @property
    def is_over_midnight(self) -> bool:
        return self.start > self.end

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` lies in them: the first instant does, the last hour's end does not."""
        hour = moment.astimezone(SHANGHAI).hour
        if self.is_over_midnight:
            return hour >= self.start or hour < self.end
        return self.start <= hour < self.end

    def after(self, moment: datetime) -> datetime:
        """`moment`, or the end of the quiet hours it lies in."""
        return at_hour(moment, self.end) if self.covers(moment) else moment


USUAL = Quiet(21, 8)  # where a street has set none


def after_all(moment: datetime, *several: Quiet | None) -> datetime:
    """The first moment from `moment` on that lies in none of these; where together they fill the day, the first one holds
    alone.
    """
    real = [quiet for quiet in several if quiet]
    found = moment
    while waiting := next((quiet for quiet in real if quiet.covers(found)), None):
        found = waiting.after(found)
        if found - moment >= timedelta(days=1):
            return real[0].after(moment)
    return found


def at_hour(moment: datetime, hour: int) -> datetime:
    """The next full `hour` of Shanghai's day after `moment`, in the zone of `moment`."""
    local = moment.astimezone(SHANGHAI)
    found = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if found <= local:
        found += timedelta(days=1)
    return found.astimezone(moment.tzinfo)


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after that many refusals that may pass (1 or more); None: enough, a person must look."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
