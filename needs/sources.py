"""Which funds an order may name: apps above that keep purses say so here; the order keeps the words."""

from collections.abc import Callable, Iterable

from needs.models import ServiceOrder
from rounds.models import Round

Names = Callable[[int], Iterable[str]]
_NAMES: list[Names] = []
MOST = 30


def register(names: Names) -> Names:
    """Make a source of names known: street id → names of its funds, the likeliest first. Once, when an app is loaded."""
    if names not in _NAMES:
        _NAMES.append(names)
    return names


def fund_names(street_id: int) -> list[str]:
    """Names to suggest for a street: its purses, its rounds' funds, what its orders named before."""
    found: dict[str, None] = {}
    for names in _NAMES:
        found.update(dict.fromkeys(names(street_id)))
    rounds = Round.objects.filter(street=street_id).order_by("-id").values_list("fund_source", flat=True)[:MOST]
    orders = ServiceOrder.objects.filter(street=street_id).exclude(fund_source="").order_by("-id")
    found.update(dict.fromkeys([*rounds, *orders.values_list("fund_source", flat=True)[:MOST]]))
    return [name for name in found if name][:MOST]
