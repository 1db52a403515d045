"""资金总览: where the money of a street's rounds stands, for its leader, office, finance and supervisor."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import NotAllowed
from funding import rules


def _chosen(raw: str | None, allowed: list[int]) -> int | None:
    """The number if it is one of those offered; a filter that fits nothing is no filter."""
    return int(raw) if raw and raw.isascii() and raw.isdigit() and int(raw) in allowed else None


@require_safe
def money_overview(request: HttpRequest) -> HttpResponse:
    """The newest year of all streets one reads; `?street=`, `?year=` and `?round=` narrow it. Complete without script."""
    user = person(request)
    if not street_ids(user, *rules.READERS):
        raise NotAllowed
    every = list(rules.money_rounds(user))
    years = sorted({r.year for r in every}, reverse=True)
    streets = {r.street_id: r.street.name for r in every}
    round_id = _chosen(request.GET.get("round"), [r.pk for r in every])
    year = _chosen(request.GET.get("year"), years) or (years[0] if years else None)
    street = _chosen(request.GET.get("street"), list(streets))
    rounds = [r for r in every if r.year == year and street in (None, r.street_id)]
    if round_id:
        rounds = [r for r in every if r.pk == round_id]
        year, street = rounds[0].year, rounds[0].street_id
    today = clock.local(clock.now()).date()
    facts = {
        "money": rules.overview_of(user, rounds, today),
        "rounds": rounds,
        "every": every,
        "years": years,
        "streets": sorted(streets.items(), key=lambda pair: pair[1]),
        "year": year,
        "street": street,
        "round_id": round_id,
        "today": today,
        "demo": any(r.is_demo for r in rounds),
    }
    return render(request, "funding/overview.html", facts)
