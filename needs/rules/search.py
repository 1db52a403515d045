"""Finding needs: by words or initials for the staff, by likeness for who is about to ask the same again."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, IntegerField, Q, QuerySet, Value

from accounts.models import Role
from accounts.rules import area_paths, street_ids
from needs.domain import similar
from needs.models import Need
from needs.rules.need import WATCHERS, Person

CANDIDATES = 60
MEMORY = timedelta(days=400)  # what was asked longer ago is another matter
LETTERS = re.compile(r"[a-z]{2,}")


@dataclass(frozen=True, slots=True)
class Alike:
    """A need that may be the same, and how alike it is (0 to 1)."""

    need: Need
    likeness: float


def _array(keys: list[int]) -> Value:
    return Value(keys, output_field=ArrayField(IntegerField()))


class Shared(Func):
    """How many keys two arrays have in common."""

    template = "cardinality(ARRAY(SELECT unnest(%(expressions)s)))"
    arg_joiner = ") INTERSECT SELECT unnest("
    output_field = IntegerField()


def candidates(words: str, community_id: int, *, at: datetime, without: Iterable[int] = ()) -> "QuerySet[Need]":
    """Needs of the community that share telling pairs of characters with `words`, by the index; the most shared first."""
    sought = [similar.key(f"c{community_id}", gram) for gram in similar.telling(words)]
    if not sought:
        return Need.objects.none()
    return (
        Need.objects.filter(keys__overlap=_array(sought))
        .exclude(state__in=[Need.State.REFUSED, Need.State.MERGED])
        .filter(community=community_id, collected_at__gt=at - MEMORY)
        .exclude(pk__in=list(without))
        .annotate(shared=Shared(F("keys"), _array(sought)))
        .order_by("-shared", "-id")[:CANDIDATES]
    )


def similar_needs(
    words: str, community_id: int, *, at: datetime, without: Iterable[int] = (), public: bool = False, most: int = 5
) -> list[Alike]:  # fmt: skip
    """Needs of the community that say the same, the most alike first; one query.

    `public`: only those whose words are public, and compared by those words: nothing else is given away.
    """
    found = list(candidates(words, community_id, at=at, without=without))
    if public:
        found = [need for need in found if need.public_words]
    by_id = {need.pk: need for need in found}
    order = similar.ranked(words, [(n.pk, n.public_words if public else n.words) for n in found], most=most)
    return [Alike(by_id[pk], score) for pk, score in order]


def _scopes(user: Person) -> list[str]:
    """Areas under whose keys a person's needs are found: her streets, or her communities."""
    streets = [f"s{pk}" for pk in street_ids(user, *WATCHERS)]
    if streets:
        return streets
    paths = area_paths(user, Role.COMMUNITY) + [
        p.rsplit("/", 2)[0] + "/" for p in area_paths(user, Role.GRID) if p.count("/") > 4
    ]
    return sorted({f"c{path.strip('/').rsplit('/', 1)[-1]}" for path in paths})


def found_by_words(needs: "QuerySet[Need]", user: Person, typed: str) -> "QuerySet[Need]":
    """Those of `needs` with these words, number, tracking code or initials (`ldd` for 楼道灯).

    Two characters and more go by the index; one alone is looked for row by row.
    """
    text = typed.strip()
    plain = similar.plain(text)
    exact = Q(number=text.upper()) | Q(tracking_code="".join(text.split()).upper())
    if plain.isascii() and plain.isdigit() and len(plain) <= 6:
        exact |= Q(number__in=[f"XQ-{year}-{int(plain):06d}" for year in range(2017, 2050)])
    grams = [g for g in similar.pairs(text) if len(g) > 1]
    held = Q(words__icontains=text)
    if grams:
        held &= _anywhere(_scopes(user), lambda scope: [similar.key(scope, g) for g in grams])
    if LETTERS.fullmatch(plain):
        threes = [plain[i : i + 3] for i in range(len(plain) - 2)]
        letters = Q(initials__contains=plain)
        if threes:
            letters &= _anywhere(_scopes(user), lambda scope: [similar.key(f"{scope}i", g) for g in threes])
        held |= letters
    return needs.filter(exact | held)


def _anywhere(scopes: list[str], keys_in: Callable[[str], list[int]]) -> Q:
    found = Q(pk__in=[])
    for scope in scopes:
        found |= Q(keys__contains=_array(keys_in(scope)))
    return found
