"""Pages for residents, without an account: 需求公开 with 附议, rating by a slip, what others asked already."""

import hashlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area
from core import clock
from core.errors import DomainError
from core.numbers import code, whole
from needs import rules, services
from needs.domain import cycle
from needs.forms.need import RateForm
from needs.models import Need

COOKIE, SALT, KEPT = "neighbour", "needs.second", 400 * 24 * 3600


def device_of(request: HttpRequest) -> str:
    """A digest of this device's cookie, or empty when it has none of ours."""
    try:
        name = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return ""
    return hashlib.sha256(str(name).encode()).hexdigest()


def remember(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Give the device a name if it has none: a random one, so that it seconds a need once."""
    if not device_of(request):
        answer.set_cookie(
            COOKIE, signing.dumps(code(20), salt=SALT), max_age=KEPT, httponly=True, samesite="Lax", secure=request.is_secure()
        )  # fmt: skip
    return answer


@login_not_required
@require_safe
@never_cache
def similar(request: HttpRequest) -> HttpResponse:
    """What neighbours asked already, as a piece of page: only words that are public."""
    community, words = request.GET.get("community", ""), request.GET.get("words", "")[:1000]
    alike: list[Any] = []
    if (place := whole(community)) is not None:
        alike = rules.similar_needs(words, place, at=clock.now(), public=True)
    return render(request, "needs/similar_public.html", {"alike": alike})


@login_not_required
@require_safe
def open_list(request: HttpRequest) -> HttpResponse:
    """需求公开 of a community: what is being worked on, the longest waiting first; or what is done. No personal data."""
    wanted = request.GET.get("community", "")
    community = None
    if (place := whole(wanted)) is not None:
        community = Area.objects.communities().select_related("street").filter(pk=place).first()
    if community is None or community.street_id is None:
        return render(request, "needs/open_places.html", {"places": _places()})
    today, terms, off = clock.local(clock.now()).date(), services.terms_of(community.street_id), services.overrides()
    done = request.GET.get("show") == "done"
    found = rules.open_needs().filter(community=community)
    if done:
        found = found.filter(state=Need.State.CLOSED).order_by("-closed_at", "-id")
    else:
        found = found.filter(state__in=cycle.OPEN).order_by("collected_at", "id")
    found = found.annotate(second_count=Count("seconds"))
    page = Paginator(found.defer("keys"), 20).get_page(request.GET.get("page"))
    since = cycle.late_since(today, terms.answer, off)
    rows = []
    for need in page:
        asked_on = clock.local(need.collected_at).date()
        waits = need.answered_at is None and need.state in cycle.PENDING
        rows.append(
            {
                "need": need, "asked_on": asked_on, "late": waits and asked_on <= since,
                "carried": not done and (asked_on.year, asked_on.month) < (today.year, today.month),
            }
        )  # fmt: skip
    facts = {"community": community, "page": page, "rows": rows, "done": done, "days": terms.answer}
    return render(request, "needs/open.html", facts)


def _places() -> list[dict[str, Any]]:
    """Communities with how many needs are open and how many of them nobody has answered yet."""
    counts = {
        row["community"]: row
        for row in Need.objects.open()
        .values("community")
        .annotate(n=Count("pk"), silent=Count("pk", filter=Q(answered_at=None, state__in=cycle.PENDING)))
        .order_by("community")
    }
    areas = Area.objects.communities().select_related("street").order_by("street__pinyin", "pinyin")
    nothing = {"n": 0, "silent": 0}
    return [{"area": a, **{k: v for k, v in counts.get(a.pk, nothing).items() if k != "community"}} for a in areas]


def _open_need(need_id: int) -> Need:
    return get_object_or_404(rules.open_needs().select_related("merged_into"), pk=need_id)


@login_not_required
@require_safe
def open_detail(request: HttpRequest, need_id: int) -> HttpResponse:
    """One need in public: its public words, how far it is, who seconds it."""
    return remember(request, _open_page(request, _open_need(need_id)))


def _open_page(request: HttpRequest, need: Need, status: int = 200, error: str = "") -> HttpResponse:
    device = device_of(request)
    seconds = need.seconds.aggregate(n=Count("pk"), mine=Count("pk", filter=Q(device=device or "-")))
    facts = {
        "need": need, "count": seconds["n"], "mine": bool(seconds["mine"]), "error": error,
        "can_second": bool(need.public_words) and need.state in cycle.OPEN and not seconds["mine"],
        "steps_": [s for s in need.steps.order_by("id") if s.act not in ("assign", "publish", "unpublish")],
    }  # fmt: skip
    answer = render(request, "needs/open_need.html", facts, status=status)
    answer["Cache-Control"] = "private, no-store"
    return answer


@login_not_required
@require_POST
def second(request: HttpRequest, need_id: int) -> HttpResponse:
    """附议: once a device, without an account. A device that never opened the page is sent there first."""
    need, device = _open_need(need_id), device_of(request)
    if not device:
        return remember(
            request, _open_page(request, need, 409, "请在本页再点一次“附议”。浏览器须允许保存本站的小记录。")
        )
    try:
        services.second_need(need_id=need.pk, device=device, at=clock.now())
    except DomainError as error:
        return _open_page(request, need, error.status, error.message)
    messages.success(request, "已附议，谢谢。")
    return redirect("needs:open_need", need.pk)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, slip_code: str) -> HttpResponse:
    """Rate by a printed slip, once."""
    found = rules.slip_by_code(slip_code)
    if found is None:
        raise Http404
    form = RateForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.rate_need(need_id=found.need_id, slip_id=found.pk, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "谢谢您的评议。")
            return redirect("needs:slip", found.code)
    rating = getattr(found, "rating", None)
    told = found.need.feedbacks.filter(is_final=True).order_by("-id").first()
    answer = render(
        request, "needs/slip.html", {"slip": found, "need": found.need, "form": form, "rating": rating, "told": told}, status=status
    )  # fmt: skip
    answer["X-Robots-Tag"] = "noindex"
    return answer
