"""Pages for residents, without an account: ask, and the public list of orders."""

from typing import Any
from urllib.parse import urlencode

import segno
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import DomainError
from core.numbers import whole
from core.pictures import BadPicture
from needs import rules, services
from needs.forms import need as forms
from needs.models import Need, ServiceOrder
from organizations.rules import organizations_of
from rounds.rules import may_apply, public_rounds


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """A resident asks: community, kind of thing, words."""
    initial = {"community": place} if (place := whole(request.GET.get("community", ""))) is not None else {}
    form = forms.AskForm(*((request.POST, request.FILES) if request.method == "POST" else (None,)), initial=initial)
    status, at = 200, clock.now()
    alike: list[Any] = []
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        if data.pop("website"):
            return redirect("portal:front")
        data["once_key"] = str(data["once_key"])
        if not request.POST.get("is_new"):
            alike = rules.similar_needs(data["words"], data["community"].pk, at=at, public=True)
        if alike:
            return render(request, "needs/ask.html", {"form": form, "alike": alike})
        try:
            need = services.post_with_photos(
                by=None, at=at, channel=Need.Channel.ONLINE, people_count=1, urgency=Need.Urgency.LOW, **data
            )
        except DomainError as error:
            form.add_error("photos" if isinstance(error, BadPicture) else None, error.message)
            status = error.status
        else:
            return redirect("needs:asked", need.tracking_code)
    return render(request, "needs/ask.html", {"form": form, "alike": alike}, status=status)


def qr(text: str) -> SafeString:
    """A QR code as inline SVG without styles."""
    svg = segno.make(text, error="m").svg_inline(scale=6, border=2, omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(svg)  # noqa: S308 - drawn by the library from our own address


@login_not_required
@never_cache
@require_safe
def asked(request: HttpRequest, code: str) -> HttpResponse:
    """Thank you: the tracking code, its QR, print."""
    need = rules.need_by_code(code)
    if need is None:
        raise Http404
    link = request.build_absolute_uri(reverse("portal:track", args=[need.tracking_code]))
    return render(request, "needs/asked.html", {"need": need, "link": link, "qr": qr(link)})


@login_not_required
@require_safe
def track_entry(request: HttpRequest) -> HttpResponse:
    """Type the code of a need, or of a rating slip."""
    typed = request.GET.get("code", "")
    if typed:
        need = rules.need_by_code(typed)
        if need is not None:
            return redirect("portal:track", need.tracking_code)
        slip = rules.slip_by_code(typed)
        if slip is not None:
            return redirect("needs:slip", slip.code)
    return render(
        request, "needs/track_entry.html", {"typed": typed, "unknown": bool(typed)}, status=404 if typed else 200
    )


FILTERS = ("q", "community", "category", "mode", "state")


@login_not_required
@require_safe
def market(request: HttpRequest, round_id: int | None = None) -> HttpResponse:
    """项目超市: listed orders, of one round or of all, filtered."""
    at, round_ = clock.now(), None
    base = rules.listed_orders()
    if round_id is not None:
        round_ = get_object_or_404(public_rounds(), pk=round_id)
        base = base.filter(round=round_)
    chosen = {name: request.GET.get(name, "")[:40] for name in FILTERS}
    found = rules.with_answers(rules.found_orders(base, chosen, at))
    page = Paginator(found.order_by("-listed_at", "-id"), 20).get_page(request.GET.get("page"))
    facts = {
        "page": page, "round": round_, "now": at, "chosen": chosen, "is_filtered": any(chosen.values()), "communities": rules.market_communities(base),
        "categories": Need.Category.choices, "modes": ServiceOrder.Mode.choices, "states": list(rules.OPEN_TO.items()),
    }  # fmt: skip
    return render(request, "needs/market.html", facts)


@login_not_required
@require_safe
def market_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """One listed order for everybody; a member of an organization may claim it from here."""
    order = get_object_or_404(rules.listed_orders(), pk=order_id)
    now = clock.now()
    claims = order.claims.select_related("organization").order_by("id")
    mine = {o.pk for o in organizations_of(request.user)}
    own = [c for c in claims if c.organization_id in mine]
    claiming = [
        o
        for o in rules.may_claim(request.user, order, now)
        if not any(c.organization_id == o.pk and c.state == "offered" for c in own)
    ]
    accepts = order.round is not None and order.round.accepts_at(now) and order.mode == "scoring"
    facts = {
        "order": order,
        "now": now,
        "need_count": order.links.count(),
        "sites": order.sites.select_related("community").order_by("id"),
        "claim_count": sum(c.state in ("offered", "confirmed") for c in claims),
        "own_claims": own,
        "can_claim": bool(claiming),
        "can_apply": accepts
        and order.state == "listed"
        and order.round is not None
        and may_apply(request.user, order.round),
        "apply_query": urlencode({"order": order.pk}),
        "confirmed": next((c for c in claims if c.state == "confirmed"), None),
        "steps_": order.steps.filter(is_public=True).order_by("id"),
        "pledges": order.pledges.filter(state__in=["confirmed", "kept"])
        .select_related("resource__unit")
        .order_by("id"),
    }
    return render(request, "needs/market_order.html", facts)
