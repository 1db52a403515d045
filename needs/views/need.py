"""Pages of needs for those who work with them: the ledger, one need, registering."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Page
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import communities_of, holds, street_ids
from accounts.web import person
from audit.models import Event
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from core.paging import CappedPaginator
from core.people import mask_name, mask_phone
from core.pictures import BadPicture
from needs import rules, services
from needs.domain.analysis import day_in
from needs.domain.cycle import PENDING
from needs.forms import act as act_forms
from needs.forms import need as forms
from needs.models import MOST_PHOTOS, Need, NeedRating
from needs.views.acts import offered
from needs.views.door import works_with_needs

SHOWN = 30
MOST_AT_ONCE = 300  # needs that one act of the ledger is done on
CHOICES = (
    ("category", Need.Category), ("state", Need.State), ("channel", Need.Channel), ("route", Need.Route),
    ("level", Need.Level),
)  # fmt: skip
NAMES = ("community", "grid", "due", "mine", "q", "first", "last", *(name for name, _ in CHOICES))


def chosen_of(asked: QueryDict) -> dict[str, str]:
    """The filters in an address, each a string."""
    return {name: asked.get(name, "") for name in NAMES}


def filtered(found: "QuerySet[Need]", chosen: dict[str, str], request: HttpRequest) -> "QuerySet[Need]":
    """The ledger narrowed by the filters; what is no known value narrows nothing."""
    user = person(request)
    for name in ("community", "grid"):
        if (pk := whole(chosen[name])) is not None:
            found = found.filter(**{name: pk})
    for name, values in CHOICES:
        if chosen[name] in values.values:
            found = found.filter(**{name: chosen[name]})
    found = found.filter(rules.collected(day_in(chosen["first"]), day_in(chosen["last"])))
    if chosen["due"] == "over":
        found = found.filter(state__in=PENDING, due_on__lt=clock.local(clock.now()).date())
    elif chosen["due"] in rules.SILENCES:
        today = clock.local(clock.now()).date()
        found = found.filter(rules.unanswered(today, late_for(user, today))[chosen["due"]])
    if chosen["mine"]:
        found = found.filter(Q(handler=user.pk) | Q(deputy=user.pk))
    if chosen["q"].strip():
        found = rules.found_by_words(found, user, chosen["q"][:100])
    return found


def late_for(user: User, today: date) -> dict[int, tuple[int, date]]:
    """When silence is marked in each of a person's streets."""
    return rules.late_from(street_ids(user), today, services.overrides())


def rows_of(page: Page[Need], today: date, late: dict[int, tuple[int, date]]) -> list[dict[str, Any]]:
    """The needs of a page, each with whether it waits unanswered since an earlier month, or beyond the street's term."""
    found = []
    for need in page:
        asked_on = clock.local(need.collected_at).date()
        waits = need.answered_at is None and need.state in PENDING
        days, since = late.get(need.street_id, (0, None))
        found.append(
            {
                "need": need, "asked_on": asked_on, "carried": waits and asked_on < today.replace(day=1),
                "late": days if waits and since is not None and asked_on <= since else 0,
            }
        )  # fmt: skip
    return found


@require_safe
def need_list(request: HttpRequest) -> HttpResponse:
    """The ledger of needs, filters in the address; several can be chosen for one order or one act."""
    user = person(request)
    works_with_needs(request)
    chosen = chosen_of(request.GET)
    found = filtered(rules.visible_needs(user), chosen, request).select_related("community", "handler")
    communities = {n.pk: n for n in communities_of(user, Role.COMMUNITY, *rules.WATCHERS)}
    one = whole(chosen["community"])
    only = (
        communities.get(one) if one is not None else next(iter(communities.values())) if len(communities) == 1 else None
    )
    handles, today = holds(user, Role.COMMUNITY, Role.OFFICE), clock.local(clock.now()).date()
    page = CappedPaginator(found.order_by("-id").defer("keys"), SHOWN).get_page(request.GET.get("page"))
    late = late_for(user, today)
    facts = {
        "page": page, "rows": rows_of(page, today, late), "chosen": chosen, "days": sorted({n for n, _ in late.values()}),
        "communities": [(c.pk, c.name) for c in sorted(communities.values(), key=lambda c: (c.pinyin, c.name))],
        "grids": list(Area.objects.filter(parent=only.pk, kind=Area.Kind.GRID).in_chinese_order()) if only else [],
        "categories": Need.Category.choices, "states": Need.State.choices, "channels": Need.Channel.choices,
        "routes": Need.Route.choices, "levels": Need.Level.choices, "today": today, "can_analyse": rules.can_analyse(user),
        "can_order": handles, "most_at_once": MOST_AT_ONCE, "can_post": holds(user, *rules.POSTERS), "can_set": handles, "can_terms": holds(user, Role.OFFICE), "can_import": handles,
        "workers": list(rules.workers_of(only)) if only and handles else [],
    }  # fmt: skip
    return render(request, "needs/list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def need_new(request: HttpRequest) -> HttpResponse:
    """A worker writes a need down; what is alike is shown before it is registered again."""
    user, at = person(request), clock.now()
    communities = rules.communities_to_post(user)
    if not communities:
        raise NotAllowed
    form = forms.NeedForm(
        *((request.POST, request.FILES) if request.method == "POST" else (None,)), communities=communities
    )
    alike: list[Any] = []
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        data["once_key"] = str(data["once_key"])
        if not request.POST.get("is_new"):
            seen = rules.similar_needs(data["words"], data["community"].pk, at=at)
            alike = [a for a in seen if a.need.once_key != data["once_key"]]
        if not alike:
            try:
                need = services.post_with_photos(by=user, at=at, **data)
            except DomainError as error:
                form.add_error("photos" if isinstance(error, BadPicture) else None, error.message)
            else:
                messages.success(request, f"需求已登记，编号 {need.number}，查询码 {need.tracking_code}。")
                return redirect("needs:detail", need.pk)
    return render(request, "needs/new.html", {"form": form, "alike": alike, "asks": True})


@require_safe
@never_cache
def similar(request: HttpRequest, *, asks: bool = True) -> HttpResponse:
    """What is alike to the words being typed, as a piece of page; nothing for who does not post in that community.

    Without `asks` it is only shown, not asked whether to register all the same.
    """
    user = person(request)
    works_with_needs(request)
    community, words = request.GET.get("community", ""), request.GET.get("words", "")[:1000]
    alike: list[Any] = []
    place = whole(community)
    if place is not None and any(c.pk == place for c in rules.communities_to_post(user)):
        alike = rules.similar_needs(words, place, at=clock.now())
    return render(request, "needs/similar.html", {"alike": alike, "asks": asks})


@require_safe
def need_detail(request: HttpRequest, need_id: int) -> HttpResponse:
    """One need: its words, who works on it, what may be done next, its history."""
    return need_page(request, visible(request, need_id))


def visible(request: HttpRequest, need_id: int) -> Need:
    """A need this person sees, else 404."""
    found = rules.visible_needs(person(request)).select_related(
        "community", "street", "grid", "posted_by", "handler", "deputy", "first_asked", "merged_into"
    )
    return get_object_or_404(found, pk=need_id)


def need_page(request: HttpRequest, need: Need, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a need; `bound` is (act, form) of a refused act."""
    user, at = person(request), clock.now()
    bound = more.pop("bound", None)
    handles = rules.can_handle(user, need)
    merged = list(need.merged.order_by("pk").defer("keys"))
    family = [need.pk, *(n.pk for n in merged)]
    alike = []
    if handles and need.state in ("collected", "analysed", "handling"):
        alike = rules.similar_needs(need.words, need.community_id, at=at, without=family)
    facts = {
        "need": need, "merged": merged, "alike": alike, "today": clock.local(at).date(),
        "masked_name": mask_name(need.contact_name), "masked_phone": mask_phone(need.contact_phone),
        "steps_": list(need.steps.order_by("id")), "looks": _looks(need),
        "feedbacks": list(need.feedbacks.order_by("-id").select_related("file")),
        "ratings": list(NeedRating.objects.filter(need__in=family).order_by("id")),
        "photos": list(need.photos.order_by("position")), "most_photos": MOST_PHOTOS,
        "can_shoot": rules.can_work(user, need), "photo_form": forms.PhotoForm(prefix="shots"),
        "seconds": need.seconds.count(), "orders": need.orders.order_by("id"),
        "acts": offered(user, need, bound), "can_order": handles and need.state in ("collected", "analysed", "handling"),
        "can_merge": handles and need.state in ("collected", "analysed", "handling", "feedback", "rating", "held"),
        "can_print": rules.can_work(user, need) and need.state in ("rating", "closed"),
        "slips_form": act_forms.SlipsForm(prefix="slips"),
        "can_see_contact": rules.can_see_contact(user, need) and bool(need.contact_name or need.contact_phone),
        "contact_form": forms.ContactForm(prefix="who"), **more,
    }  # fmt: skip
    return render(request, "needs/detail.html", facts, status=status)


def _looks(need: Need) -> list[Event]:
    """Who looked at the contact data, when and why."""
    about = Event.objects.about("needs.need", need.pk)
    return list(about.filter(verb="needs.contact_shown").select_related("actor"))


@require_POST
@never_cache
def need_contact(request: HttpRequest, need_id: int) -> HttpResponse:
    """Show the contact data once, as a recorded act."""
    user, need = person(request), visible(request, need_id)
    if not rules.can_see_contact(user, need):
        raise NotAllowed
    form = forms.ContactForm(request.POST, prefix="who")
    if form.is_valid():
        name, phone = services.show_contact(
            need_id=need.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now()
        )
        return need_page(request, need, contact={"name": name, "phone": phone})
    return need_page(request, need, 409, contact_form=form)
