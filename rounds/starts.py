"""What a new round can begin from: a ready configuration or an earlier round. Answers the first values of the form."""

from datetime import datetime
from typing import Any

from core.clock import local
from rounds.domain.configurations import Configuration
from rounds.domain.papers import ready
from rounds.domain.windows import shifted, years_to_shift
from rounds.forms import initial_of
from rounds.models import Round
from workdays.models import DayOverride

FROM_ROUND = "往期："  # how a round says which earlier one it was set up from


def overrides() -> dict[Any, bool]:
    """The street's own working days and days off."""
    return dict(DayOverride.objects.values_list("day", "is_workday"))


def blank(at: datetime) -> dict[str, Any]:
    """Nothing but the year, what every round has, and the ready set of sections and attachments."""
    return {"year": local(at).year, "number": 1, "entries": 1, **ready()}


def from_configuration(configuration: Configuration, at: datetime) -> dict[str, Any]:
    """Its defaults, with a window from the next working day on."""
    window = configuration.window(local(at).date(), overrides())
    papers = ready(is_page=configuration.initial.get("paper") == "page")
    return {
        "number": 1, **papers, **configuration.initial, "year": local(window.opens).year, "apply_opens_at": window.opens,
        "apply_closes_at": window.closes, "origin": f"配置：{configuration.label}",
    }  # fmt: skip


def from_round(row: Round, at: datetime) -> dict[str, Any]:
    """Everything of an earlier round but its title, its windows shifted by whole years to working times to come."""
    years = years_to_shift(row.apply_opens_at, at)
    moments = {k: getattr(row, k) for k in ("apply_opens_at", "apply_closes_at", "asks_until")}
    moved = shifted(moments, years, overrides())
    opens, closes, asks = moved["apply_opens_at"], moved["apply_closes_at"], moved["asks_until"]
    if asks and closes and asks > closes:
        moved["asks_until"] = closes
    year = local(opens).year if opens else row.year + years
    return {
        **initial_of(row), **moved, "title": "", "number": row.number + 1, "year": year, "origin": f"{FROM_ROUND}{row.title}",
    }  # fmt: skip
