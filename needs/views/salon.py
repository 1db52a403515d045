"""Pages of secretary salons 书记沙龙: calling one, guests, agenda, decisions, minutes."""

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.rules import communities_of
from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import DomainError, NotAllowed
from core.files import attachment
from jobs.services import start_job
from needs import rules, services
from needs.documents.salon import write_minutes, write_sign_in
from needs.forms import salon as forms
from needs.models import Need, Salon, SalonItem

SHOWN_NEEDS = 60


@require_safe
def salon_list(request: HttpRequest) -> HttpResponse:
    """Salons one may read, the newest first."""
    user = person(request)
    if not rules.sees_salons(user):
        raise NotAllowed
    found = rules.with_counts(rules.visible_salons(user)).order_by("-held_on", "-pk")
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    facts = {"page": page, "can_plan": bool(communities_of(user, Role.COMMUNITY))}
    return render(request, "needs/salon_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def salon_new(request: HttpRequest) -> HttpResponse:
    """A community calls a salon."""
    user = person(request)
    communities = communities_of(user, Role.COMMUNITY)
    if not communities:
        raise NotAllowed
    form = forms.SalonForm(request.POST if request.method == "POST" else None, communities=communities)
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data | {"once_key": str(form.cleaned_data["once_key"])}
        try:
            salon = services.plan_salon(by=user, at=clock.now(), **data)
        except DomainError as error:
            form.add_error("number", error.message)
            status = error.status
        else:
            messages.success(request, "沙龙已建好。请接着写议题和邀请的单位。")
            return redirect("needs:salon", salon.pk)
    return render(request, "needs/salon_edit.html", {"form": form}, status=status)


def _writable(request: HttpRequest, salon_id: int) -> Salon:
    """A visible salon that this person may write; others are refused."""
    user = person(request)
    salon = get_object_or_404(rules.visible_salons(user), pk=salon_id)
    if not rules.can_hold_salon(user, salon.community):
        raise NotAllowed
    return salon


def _item(request: HttpRequest, item_id: int) -> SalonItem:
    user = person(request)
    item = get_object_or_404(SalonItem.objects.filter(salon__in=rules.visible_salons(user).values("pk")), pk=item_id)
    item.salon = _writable(request, item.salon_id)
    return item


@require_http_methods(["GET", "HEAD", "POST"])
def salon_edit(request: HttpRequest, salon_id: int) -> HttpResponse:
    """Change day, place and subject of a salon that is not closed."""
    salon, user = _writable(request, salon_id), person(request)
    form = forms.SalonForm(
        request.POST if request.method == "POST" else None,
        communities=[salon.community],
        initial=forms.initial_of(salon),
    )
    form.fields["number"].required = True
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_salon(salon_id=salon.pk, facts=form.cleaned_data, by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "已保存。")
            return redirect("needs:salon", salon.pk)
    return render(request, "needs/salon_edit.html", {"form": form, "salon": salon}, status=status)


@require_safe
def salon_detail(request: HttpRequest, salon_id: int) -> HttpResponse:
    """One salon: who, what about, what came of it, what is still open."""
    return _page(request, get_object_or_404(rules.visible_salons(person(request)), pk=salon_id))


def _page(request: HttpRequest, salon: Salon, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    writes = rules.can_hold_salon(user, salon.community) and salon.state == Salon.State.PLANNED
    items = list(salon.items.select_related("order").prefetch_related("needs").order_by("position"))
    facts = {
        "salon": salon,
        "items": items,
        "guests": salon.guests.order_by("kind", "pk"),
        "people": sum(g.people for g in salon.guests.all()),
        "writes": writes,
        "internal": rules.reads_needs_of(user, salon.community),
        "unfinished": services.unfinished(salon) if writes else "",
        "guests_form": forms.GuestsForm(salon=salon) if writes else None,
        "item_form": forms.ItemForm(needs=_choice(salon), is_new=True, prefix="item") if writes else None,
        "close_form": forms.CloseForm(initial={"summary": salon.summary}, prefix="close"),
        "cancel_form": forms.CancelForm(prefix="cancel"),
        **bound,
    }
    return render(request, "needs/salon.html", facts, status=status)


def _choice(salon: Salon) -> "QuerySet[Need]":
    newest = list(rules.needs_for_salon(salon).values_list("pk", flat=True)[:SHOWN_NEEDS])
    return Need.objects.filter(pk__in=newest).order_by("-pk")


@require_POST
def salon_guests(request: HttpRequest, salon_id: int) -> HttpResponse:
    """Save who was invited and who came."""
    salon, user = _writable(request, salon_id), person(request)
    form, status = forms.GuestsForm(request.POST, salon=salon), 200
    if form.is_valid():
        try:
            services.set_guests(salon_id=salon.pk, guests=form.guests(), by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "参会单位已保存。")
            return redirect("needs:salon", salon.pk)
    return _page(request, salon, status, guests_form=form)


@require_POST
def salon_item_add(request: HttpRequest, salon_id: int) -> HttpResponse:
    """Put a point on the agenda."""
    salon, user = _writable(request, salon_id), person(request)
    form, status = forms.ItemForm(request.POST, needs=_choice(salon), is_new=True, prefix="item"), 200
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.add_item(
                salon_id=salon.pk, title=data["title"], need_ids=[n.pk for n in data["needs"]], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "议题已列入。")
            return redirect("needs:salon", salon.pk)
    return _page(request, salon, status, item_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def salon_item(request: HttpRequest, item_id: int) -> HttpResponse:
    """What was said and decided on one point."""
    item, user = _item(request, item_id), person(request)
    needs = item.needs.all() | _choice(item.salon)
    initial = {
        "title": item.title, "needs": list(item.needs.values_list("pk", flat=True)), "said": item.said, "decision": item.decision,
        "words": item.words,
    }  # fmt: skip
    form = forms.ItemForm(
        request.POST if request.method == "POST" else None, needs=needs.distinct().order_by("-pk"), initial=initial
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.edit_item(
                item_id=item.pk, need_ids=[n.pk for n in data.pop("needs")], by=user, at=clock.now(), **data
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"“{item.title}”已保存。")
            return redirect("needs:salon", item.salon_id)
    return render(request, "needs/salon_item.html", {"form": form, "item": item, "salon": item.salon}, status=status)


def _act(request: HttpRequest, salon: Salon, act: Callable[[], Any], said: str) -> HttpResponse:
    try:
        act()
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)
    return redirect("needs:salon", salon.pk)


@require_POST
def salon_item_drop(request: HttpRequest, item_id: int) -> HttpResponse:
    """Take a point off the agenda."""
    item, user = _item(request, item_id), person(request)
    return _act(
        request, item.salon, lambda: services.drop_item(item_id=item.pk, by=user, at=clock.now()), "议题已删除。"
    )


@require_POST
def salon_close(request: HttpRequest, salon_id: int) -> HttpResponse:
    """Close the minutes."""
    salon, user = _writable(request, salon_id), person(request)
    form, status = forms.CloseForm(request.POST, prefix="close"), 200
    if form.is_valid():
        try:
            services.close_salon(salon_id=salon.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "沙龙已办结，可以下载纪要。")
            return redirect("needs:salon", salon.pk)
    return _page(request, salon, status, close_form=form)


@require_POST
def salon_cancel(request: HttpRequest, salon_id: int) -> HttpResponse:
    """The salon does not take place."""
    salon, user = _writable(request, salon_id), person(request)
    form, status = forms.CancelForm(request.POST, prefix="cancel"), 200
    if form.is_valid():
        try:
            services.cancel_salon(salon_id=salon.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "已取消。")
            return redirect("needs:salon", salon.pk)
    return _page(request, salon, status, cancel_form=form)


@require_safe
def salon_word(request: HttpRequest, salon_id: int, paper: str) -> HttpResponseBase:
    """W23: `minutes` or the `sign-in` sheet as Word."""
    salon = get_object_or_404(rules.visible_salons(person(request)), pk=salon_id)
    write, words = {"minutes": (write_minutes, "纪要"), "sign-in": (write_sign_in, "签到表")}[paper]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "salon.docx"
        write(path, salon)
        content = path.read_bytes()
    name = f"{salon.community.name}{salon}-{words}-{salon.held_on:%Y%m%d}.docx"
    return attachment(BytesIO(content), name=name, content_type=DOCX)


@require_POST
def salon_ledger(request: HttpRequest) -> HttpResponse:
    """Start E24: the ledger of the salons one may read."""
    user = person(request)
    if not rules.sees_salons(user):
        raise NotAllowed
    at = clock.now()
    job = start_job(
        owner=user, kind="needs.e24", title=f"书记沙龙台账-{clock.local(at):%Y%m%d}", params={"user": user.pk}, at=at
    )
    return redirect("jobs:detail", job.pk)
