"""When a message may go out: quiet hours, the daily digest, pauses between attempts. Shanghai's wall clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
LATE = 3  # more due e-mails than this for one person become one


def after_quiet(moment: datetime, quiet_from: int | None, quiet_until: int | None) -> datetime:
    """`moment`, or the end of the quiet hours it falls into. From 22 to 7 goes over midnight; both None: no quiet hours."""
    if quiet_from is None or quiet_until is None:
        return moment
    local = moment.astimezone(SHANGHAI)
    over_midnight = quiet_from > quiet_until
    quiet = (
        local.hour >= quiet_from or local.hour < quiet_until
        if over_midnight
        else quiet_from <= local.hour < quiet_until
    )
    return at_hour(moment, quiet_until) if quiet else moment


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
