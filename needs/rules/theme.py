"""Who reads and edits the theme library; the library as one street sees it."""

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from django.db.models import Q

from accounts.models import Area, Role
from accounts.rules import held, may
from core.clock import local
from needs.domain.advice import CAUTIONS, Asked, Idea, Reason, call_text
from needs.models import LibraryTheme, Need
from needs.rules.need import Person
from organizations.rules import organizations_of

URGENCY = {"low": 1, "middle": 2, "high": 3}
ADVISED = (Role.OFFICE, Role.LEADER, Role.COMMUNITY, Role.SUPERVISOR)


def home_street(user: Person) -> Area | None:
    """The street whose library a person reads: of her role, else of her organization."""
    streets = [grant.street_id for grant in held(user) if grant.street_id is not None]
    if streets:
        return Area.objects.get(pk=streets[0])
    mine = organizations_of(user)
    return Area.objects.filter(pk=mine[0].street_id).first() if mine else None


def can_edit_themes(user: Person, street: Area) -> bool:
    """The office edits its street's library."""
    return may(user, street, Role.OFFICE)


def themes_of(street: Area | None) -> list[LibraryTheme]:
    """The library as a street sees it, in order of code: its own version of a theme stands before the shipped one."""
    rows = LibraryTheme.objects.filter(Q(street=None) | Q(street=street)).order_by("code", "street")
    found: dict[str, LibraryTheme] = {}
    for row in rows:
        if row.code not in found or row.street_id is not None:
            found[row.code] = row
    return list(found.values())


def idea_of(theme: LibraryTheme) -> Idea:
    """A theme as the advice reads it."""
    return Idea(
        theme.code,
        theme.name,
        frozenset(theme.answers),
        tuple(theme.keywords),
        tuple(theme.nodes),
        tuple(theme.cautions),
    )


def asked_in(area: Area, today: date) -> list[Asked]:
    """The needs of a street or community collected within a year, refused ones left out; one statement."""
    rows = (
        Need.objects.filter(community__path__startswith=area.path, collected_at__date__gt=today - timedelta(days=366))
        .exclude(state=Need.State.REFUSED)
        .values_list("number", "category", "words", "urgency", "people_count", "collected_at")
    )
    return [
        Asked(number, category, words, URGENCY[urgency], people, local(at).date())
        for number, category, words, urgency, people, at in rows
    ]


def call_query(theme: LibraryTheme, reasons: Sequence[Reason] = ()) -> str:
    """What the form of a new round is filled with when it is begun from a theme."""
    text = call_text(
        name=theme.name, target_group=theme.target_group, activities=theme.activities, indicators=theme.indicators,
        budget=(theme.budget_min, theme.budget_max), reasons=reasons, cautions=[CAUTIONS[c] for c in theme.cautions],
    )  # fmt: skip
    return urlencode({"title": f"“{theme.name.strip('“”')}”公益创投", "intro": text, "themes": theme.category})
