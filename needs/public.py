"""Pages for residents, without an account: ask, and the public list of orders."""

from urllib.parse import urlencode

import segno
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import DomainError
from needs import forms, rules, services
from needs.models import Need
from organizations.rules import organizations_of
from rounds.rules import may_apply, public_rounds


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """A resident asks: community, kind of thing, words."""
    initial = {"community": request.GET.get("community")} if request.GET.get("community", "").isdigit() else {}
    form = forms.AskForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        if data.pop("website"):
            return redirect("portal:front")
        data["once_key"] = str(data["once_key"])
        try:
            need = services.post_need(
                by=None, at=clock.now(), channel=Need.Channel.ONLINE, people_count=1, urgency=Need.Urgency.LOW, **data
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            return redirect("needs:asked", need.tracking_code)
    return render(request, "needs/ask.html", {"form": form}, status=status)


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
    """Type the code."""
    typed = request.GET.get("code", "")
    if typed:
        need = rules.need_by_code(typed)
        if need is not None:
            return redirect("portal:track", need.tracking_code)
    return render(
        request, "needs/track_entry.html", {"typed": typed, "unknown": bool(typed)}, status=404 if typed else 200
    )


@login_not_required
@require_safe
def market(request: HttpRequest, round_id: int | None = None) -> HttpResponse:
    """项目超市: listed orders, of one round or of all."""
    found = rules.listed_orders().annotate(need_count=Count("links"))
    round_ = None
    if round_id is not None:
        round_ = get_object_or_404(public_rounds(), pk=round_id)
        found = found.filter(round=round_)
    page = Paginator(found.order_by("-listed_at", "-id"), 30).get_page(request.GET.get("page"))
    return render(request, "needs/market.html", {"page": page, "round": round_})


@login_not_required
@require_safe
def market_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """One listed order for everybody; a member of an organization may claim it from here."""
    order = get_object_or_404(rules.listed_orders(), pk=order_id)
    now = clock.now()
    claimable = order.state == "listed" and order.round is not None and order.round.mode == "claiming"
    mine = any(o.street_id == order.street_id for o in organizations_of(request.user))
    accepts = order.round is not None and order.round.accepts_at(now) and order.round.mode == "scoring"
    facts = {
        "order": order,
        "need_count": order.links.count(),
        "can_claim": claimable and mine,
        "can_apply": accepts
        and order.state == "listed"
        and order.round is not None
        and may_apply(request.user, order.round),
        "apply_query": urlencode({"order": order.pk}),
        "confirmed": order.claims.filter(state="confirmed").select_related("organization").first(),
    }
    return render(request, "needs/market_order.html", facts)
