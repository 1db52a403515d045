"""Reports of the page of counts: who may have one, of which needs, and what stands under its title.

`params` = {"user", "first", "last", "span", "community", "grid", "category", "channel", "day",
"scope"}: `scope` are the paths of the areas the person answered for when she asked. A file is hers only while she still
answers for all of them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet

from accounts.models import Area, User
from accounts.rules import area_paths, street_ids
from core.clock import spoken
from needs.domain.analysis import Span
from needs.models import Need
from needs.rules.analysis import ANALYSTS, Chosen, can_analyse, chosen_needs, needs_to_analyse
from needs.rules.need import Person


def may_count(user: Any, params: Mapping[str, Any]) -> bool:
    """One's own counts only, and only while one may count all that is in them."""
    return bool(user.pk == params["user"] and can_analyse(user) and set(params["scope"]) <= set(scope_of(user)))


def scope_of(user: Person) -> list[str]:
    """Paths of the areas whose needs a person may count."""
    return area_paths(user, *ANALYSTS)


def asked_for(params: Mapping[str, Any]) -> "tuple[QuerySet[Need], Chosen]":
    """The needs a report is about, as the page of counts chose them, within what the person sees now."""
    user = User.objects.get(pk=params["user"])
    first, last = date.fromisoformat(params["first"]), date.fromisoformat(params["last"])
    chosen = Chosen(
        Span("range", params["span"], first, last), params["community"], params["grid"], params["category"], params["channel"]
    )  # fmt: skip
    return chosen_needs(needs_to_analyse(user), chosen), chosen


def letterhead(params: Mapping[str, Any], chosen: Chosen) -> tuple[str, str]:
    """The line under the title, left and right: whose report, which needs, when."""
    streets = Area.objects.filter(pk__in=street_ids(User.objects.get(pk=params["user"]))).order_by("pk")
    said = [chosen.span.words + "收集"]
    areas = [pk for pk in (chosen.community, chosen.grid) if pk is not None]
    if areas:
        said += list(Area.objects.filter(pk__in=areas).order_by("path").values_list("name", flat=True))
    said += [Need.Category(chosen.category).label] if chosen.category else []
    said += [Need.Channel(chosen.channel).label] if chosen.channel else []
    names = "、".join(s.name for s in streets)
    return (
        f"填报单位：{names}（盖章）　　范围：{'、'.join(said)}",
        f"填报日期：{spoken(date.fromisoformat(params['day']))}　　单位：件",
    )


def size_of(params: Mapping[str, Any]) -> int:
    """How many needs a report is about."""
    return asked_for(params)[0].count()
