"""主题推荐: what a street or community should put out next, with the reasons; joins needs, money and the calendar."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

import needs.rules
from accounts.models import Area, Role
from accounts.rules import communities_of, held, holds, street_ids
from accounts.web import person
from core import clock
from core.errors import NotAllowed
from funding.models import AllocationPlan, Award
from needs.domain.advice import Given, Reason, suggest
from needs.domain.cycle import TABLE
from needs.models import LibraryTheme

SHOWN = 12


def areas_of(request: HttpRequest) -> list[Area]:
    """The street of an office, leader or supervisor with its communities; the communities of a community worker."""
    user = person(request)
    streets = street_ids(user, Role.OFFICE, Role.LEADER, Role.SUPERVISOR)
    if streets:
        rows = Area.objects.filter(pk__in=streets) | Area.objects.communities().filter(street__in=streets)
        return sorted(rows, key=lambda a: (a.kind != Area.Kind.STREET, a.pinyin, a.name))
    return communities_of(user, Role.COMMUNITY)


def funded_in(area: Area, today: date) -> list[Given]:
    """Projects that approved plans of the last two years fund there; one statement."""
    rows = (
        Award.objects.filter(
            plan__state=AllocationPlan.State.APPROVED, amount__gt=0, proposal__community__path__startswith=area.path,
            plan__decided_at__date__gt=today - timedelta(days=731),
        )
        .annotate(order_code=Max("proposal__orders__theme_code"))
        .values_list("proposal__title", "proposal__library_code", "order_code", "plan__decided_at", "amount")
    )  # fmt: skip
    return [
        Given(title, own or order or "", clock.local(at).date(), amount) for title, own, order, at, amount in rows if at
    ]


@require_safe
def advice(request: HttpRequest) -> HttpResponse:
    """`?area=` one of one's areas, `?category=` of the library: ranked suggestions, each with what speaks for it."""
    user = person(request)
    if not any(grant.role in needs.rules.ADVISED for grant in held(user)):
        raise NotAllowed
    areas = areas_of(request)
    if not areas:
        raise NotAllowed
    area = next((a for a in areas if str(a.pk) == request.GET.get("area")), areas[0])
    category = request.GET.get("category", "")
    today = clock.local(clock.now()).date()
    library = {t.code: t for t in needs.rules.themes_of(needs.rules.home_street(user)) if t.is_offered}
    chosen = {code: t for code, t in library.items() if not category or t.category == category}
    asked = needs.rules.asked_in(area, today)
    found = suggest([needs.rules.idea_of(t) for t in chosen.values()], asked, funded_in(area, today), today)
    found = found if request.GET.get("all") else found[:SHOWN]
    facts: dict[str, Any] = {
        "areas": areas, "area": area, "category": category, "categories": sorted({t.category for t in library.values()}),
        "asked": len(asked), "rows": _rows(user, area, found, chosen, [n.number for n in asked]),
        "more": len(chosen) - len(found), "today": today,
        "can_post": holds(user, *needs.rules.POSTERS),
    }  # fmt: skip
    return render(request, "portal/advice.html", facts)


def _rows(
    user: Any, area: Area, found: Any, library: dict[str, LibraryTheme], numbers: list[str]
) -> list[dict[str, Any]]:
    ids = dict(
        needs.rules.visible_needs(user)
        .filter(number__in=numbers, state__in=list(TABLE["order"]))
        .values_list("number", "pk")
    )
    calls = street_ids(user, Role.OFFICE)
    orders = bool(calls) or bool(communities_of(user, Role.COMMUNITY))
    rows = []
    for place, row in enumerate(found, 1):
        theme = library[row.code]
        behind = next((r for r in row.reasons if r.kind == "needs"), Reason("needs", ""))
        picked = [ids[n] for n in behind.numbers if n in ids][:20]
        rows.append(
            {
                "place": place, "theme": theme, "row": row, "call_query": needs.rules.call_query(theme, row.reasons) if calls else "",
                "picked": picked if orders else [],
            }
        )  # fmt: skip
    return rows
