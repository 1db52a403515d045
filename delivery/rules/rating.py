"""When a resident may rate a project."""

from delivery.models import Rating
from funding.models import AllocationPlan, Award
from needs.models import Need
from projects.models import Proposal


def rateable(need: Need) -> list[Proposal]:
    """Funded, publicly noticed projects that answer this need or an order made of it, best funded first."""
    answering = Proposal.objects.filter(needs=need) | Proposal.objects.filter(orders__in=need.orders.values("pk"))
    funded = Award.objects.filter(
        proposal__in=answering.values("pk"),
        amount__gt=0,
        plan__state=AllocationPlan.State.APPROVED,
        plan__notices__isnull=False,
    ).values("proposal")
    return list(Proposal.objects.filter(pk__in=funded).select_related("organization").order_by("pk"))


def ratings_of(need: Need) -> dict[int, Rating]:
    """What the person who asked has rated, by proposal id."""
    return {r.proposal_id: r for r in Rating.objects.filter(need=need)}
