"""Doing: one act on one need, feedback with its evidence, several needs at once, merging, slips."""

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role, User
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.numbers import whole, wholes
from jobs.storage import place_of
from needs import rules, services
from needs.forms import act as forms
from needs.models import Need
from needs.public import qr
from needs.views.acts import ACTS, make_form
from needs.views.need import MOST_AT_ONCE, chosen_of, filtered, need_page, visible

DONE = (Need.State.MERGED, Need.State.CLOSED, Need.State.REFUSED)  # not to be ticked in the ledger
MOST_IN_ORDER = 100


@require_POST
def need_do(request: HttpRequest, need_id: int, act: str) -> HttpResponse:
    """One act of the table. A refused form comes back with what was typed, beside how the need stands now."""
    user, need = person(request), visible(request, need_id)
    if act not in ACTS:
        raise Http404
    if not (rules.can_work(user, need) if act in rules.WORK else rules.can_handle(user, need)):
        raise NotAllowed
    what, form = ACTS[act], make_form(act, need, request.POST)
    status = 400
    if form.is_valid():
        try:
            what.do(need, form.cleaned_data, by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
            need = visible(request, need_id)
        else:
            messages.success(request, what.done)
            return redirect("needs:detail", need.pk)
    return need_page(request, need, status, bound=(act, form))


@require_POST
def need_feedback(request: HttpRequest, need_id: int) -> HttpResponse:
    """反馈 to everybody who asked, with a file if one likes."""
    user, need = person(request), visible(request, need_id)
    if not rules.can_work(user, need):
        raise NotAllowed
    form, status = forms.FeedbackForm(request.POST, request.FILES, need=need, prefix="tell"), 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.give_feedback(
                need_id=need.pk, kind=data["kind"], words=data["words"], is_final=data.get("is_final", False), file=data["file"],
                seen=data["seen"], by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error("file" if error.status == 400 else None, error.message)
            status = error.status
            need = visible(request, need_id)
        else:
            messages.success(request, "已反馈，提这件事的居民查进度时都会看到。")
            return redirect("needs:detail", need.pk)
    return need_page(request, need, status, bound=("tell", form))


@require_safe
@never_cache
def evidence(request: HttpRequest, need_id: int, feedback_id: int) -> HttpResponseBase:
    """The evidence of a feedback, for those who see the need, as an attachment that nothing can run in."""
    told = get_object_or_404(visible(request, need_id).feedbacks.select_related("file"), pk=feedback_id)
    if told.file is None or not place_of(told.file).exists():
        raise Http404
    content = BytesIO(place_of(told.file).read_bytes())
    return attachment(content, name=told.file.shown_name, content_type=told.file.content_type)


@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """Several needs of the ledger at once, ticked or all that the filters show: into an order, given to somebody, or
    routed alike.
    """
    user = person(request)
    if not holds(user, Role.COMMUNITY, Role.OFFICE):
        raise NotAllowed
    query = request.POST.get("query", "")[:500]
    back = redirect(f"{reverse('needs:list')}?{query}".rstrip("?"))
    found = rules.visible_needs(user)
    if request.POST.get("all"):  # every need the filters show, on whichever page
        found = filtered(found, chosen_of(QueryDict(query)), request).exclude(state__in=DONE)
    else:
        found = found.filter(pk__in=sorted(set(wholes(request.POST.getlist("need"))))[:MOST_AT_ONCE])
    known = list(found.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(known) > MOST_AT_ONCE:
        messages.warning(request, f"符合条件的需求超过 {MOST_AT_ONCE} 件，一次办不完，请先缩小范围。没有办理任何一件。")
        return back
    if request.POST.get("do") == "order" and len(known) > MOST_IN_ORDER:
        messages.warning(request, f"一张服务项目单最多 {MOST_IN_ORDER} 件需求，现在选了 {len(known)} 件，请缩小范围。")
        return back
    if not known:
        messages.warning(request, "请先在列表里勾选需求。")
        return back
    if request.POST.get("do") == "order":
        return redirect(f"{reverse('needs:order_new')}?" + "&".join(f"need={pk}" for pk in known))
    try:
        done, left = _several(request, user, known)
    except DomainError as error:
        messages.error(request, error.message)
        return back
    if done:
        messages.success(request, f"已办 {done} 件。")
    for sentence in left[:10]:
        messages.warning(request, sentence)
    return back


def _several(request: HttpRequest, user: User, ids: list[int]) -> tuple[int, list[str]]:
    sent, at = request.POST, clock.now()
    if sent.get("do") == "assign":
        chosen = [sent.get("worker", ""), sent.get("deputy", "")]
        people = User.objects.in_bulk(wholes(chosen))
        worker, deputy = (people.get(whole(v)) for v in chosen)
        if worker is None:
            raise services.NotAWorker
        return services.assign_many(need_ids=ids, worker=worker, deputy=deputy, by=user, at=at)
    return services.route_many(need_ids=ids, route=sent.get("route", ""), level=sent.get("level", ""), by=user, at=at)


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, need_id: int) -> HttpResponse:
    """Tick which needs say the same as this one; more can be looked for by words or number."""
    user, need, at = person(request), visible(request, need_id), clock.now()
    if not rules.can_handle(user, need):
        raise NotAllowed
    typed = request.GET.get("q", "")[:100].strip()
    form = forms.MergeForm(request.POST if request.method == "POST" else None, need=need)
    ticked = wholes(request.POST.getlist("need"))[:60]
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.merge_needs(
                head_id=need.pk, need_ids=ticked, words=form.cleaned_data["words"], seen=form.cleaned_data["seen"], by=user, at=at
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"已并入 {need.number}，每位居民的查询码照常可用。")
            return redirect("needs:detail", need.pk)
    own = [need.pk, *need.merged.values_list("pk", flat=True)]
    rows: list[tuple[Need, int | None]] = [
        (a.need, round(100 * a.likeness))
        for a in rules.similar_needs(need.words, need.community_id, at=at, without=own, most=20)
    ]
    if typed:
        seen = {n.pk for n, _ in rows}
        there = Need.objects.open().filter(community=need.community_id).exclude(pk__in=own)
        found = rules.found_by_words(there, user, typed).order_by("-id").defer("keys")[:20]
        rows += [(n, None) for n in found if n.pk not in seen]
    facts = {"need": need, "rows": rows, "form": form, "typed": typed, "ticked": ticked}
    return render(request, "needs/merge.html", facts, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def slips(request: HttpRequest, need_id: int) -> HttpResponse:
    """Print rating slips with a code and its QR each; those used already are left out."""
    user, need = person(request), visible(request, need_id)
    if not rules.can_work(user, need):
        raise NotAllowed
    if request.method == "POST":
        form = forms.SlipsForm(request.POST, prefix="slips")
        if form.is_valid():
            try:
                services.print_slips(need_id=need.pk, count=form.cleaned_data["count"], by=user, at=clock.now())
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                return redirect("needs:slips", need.pk)
        return need_page(request, need, 409, slips_form=form)
    rows: list[dict[str, Any]] = []
    for slip in need.slips.filter(rating=None).order_by("id"):
        link = request.build_absolute_uri(reverse("needs:slip", args=[slip.code]))
        rows.append({"code": slip.code, "qr": qr(link)})
    return render(request, "needs/slips.html", {"need": need, "rows": rows})
