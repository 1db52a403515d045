"""The system administrator's pages: accounts, invitations, what became of them."""

import secrets
from typing import Any

import segno
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import forms, rules, services
from accounts.models import Area, Authenticator, Invitation, Role, RoleGrant, RoleRequest, User
from accounts.web import need, person
from core import clock
from core.errors import DomainError, NotAllowed
from core.finding import narrowed


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """System administrator: accounts of the street. No business data here."""
    streets = need(person(request), Role.SYSTEM_ADMIN)
    query = request.GET.get("q", "").strip()[:60]
    found = narrowed(rules.people_of(streets), query, texts=("display_name",), codes=("username", "phone"))
    open_ones = Invitation.objects.filter(user=OuterRef("pk"), used_at=None, revoked_at=None)
    found = found.annotate(invited_until=Subquery(open_ones.values("expires_at")[:1]))
    page = Paginator(found.order_by("username"), 30).get_page(request.GET.get("page"))
    return render(request, "accounts/people.html", {"page": page, "q": query, "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    """System administrator: a new account with a first password that is shown once."""
    by = person(request)
    streets = need(by, Role.SYSTEM_ADMIN)
    form = forms.PersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        first = f"{secrets.token_urlsafe(9)}-A1"
        with transaction.atomic(durable=True):
            user = services.add_user(
                username=form.cleaned_data["username"], display_name=form.cleaned_data["display_name"], password=first,
                phone=form.cleaned_data["phone"] or None, email=form.cleaned_data["email"], at=clock.now(), by=by,
                scope_id=streets[0], must_change=True,
            )  # fmt: skip
            services.belong(user=user, street_id=streets[0])
        return render(request, "accounts/person_made.html", {"made": user, "first": first})
    return render(request, "accounts/person_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def person_state(request: HttpRequest, user_id: int) -> HttpResponse:
    """System administrator: disable or enable an account, with a reason."""
    by = person(request)
    streets = need(by, Role.SYSTEM_ADMIN)
    who = get_object_or_404(rules.people_of(streets), pk=user_id)
    form = forms.ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_active(
                user_id=who.pk, active=not who.is_active, by=by, at=clock.now(), reason=form.cleaned_data["reason"],
                scope_id=streets[0],
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"账号“{who.username}”已{'停用' if who.is_active else '启用'}。")
            return redirect("accounts:person", who.pk)
    return render(request, "accounts/person_state.html", {"who": who, "form": form})


def someone(request: HttpRequest, user_id: int) -> tuple[User, User, list[int]]:
    """Who asks, about whom, and the streets they share; others find nothing."""
    by = person(request)
    streets = rules.street_ids(by)
    return by, get_object_or_404(rules.people_of(streets).distinct(), pk=user_id), streets


@require_safe
def person_page(request: HttpRequest, user_id: int) -> HttpResponse:
    """System and security administrator: one account, its roles, invitation and second factor. No business data."""
    by, who, streets = someone(request, user_id)
    makes, secures = rules.holds(by, Role.SYSTEM_ADMIN), rules.holds(by, Role.SECURITY_ADMIN)
    if not (makes or secures):
        raise NotAllowed
    roles = RoleGrant.objects.filter(user=who, area__street__in=streets).select_related("area")
    asked = RoleRequest.objects.filter(user=who, area__street__in=streets, decided_at=None).select_related("area")
    facts: dict[str, Any] = {
        "who": who, "grants": list(roles.order_by("role")), "asked": list(asked.order_by("pk")), "makes": makes,
        "secures": secures, "now": clock.now(), "is_self": who.pk == by.pk,
        "invitation": Invitation.objects.filter(user=who).select_related("invited_by").order_by("-pk").first(),
        "factor": Authenticator.objects.filter(user=who, confirmed_at__isnull=False).first(),
    }  # fmt: skip
    return render(request, "accounts/person.html", facts)


def _areas(streets: list[int]) -> Any:
    return Area.objects.filter(street__in=streets).exclude(kind=Area.Kind.DISTRICT).order_by("path")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """System administrator: invite a person. The link stands on the answer and nowhere else."""
    by = person(request)
    streets = need(by, Role.SYSTEM_ADMIN)
    form = forms.InviteForm(request.POST if request.method == "POST" else None, areas=_areas(streets[:1]))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = services.invite(
                street=Area.objects.get(pk=streets[0]), display_name=data["display_name"], username=data["username"],
                phone=data["phone"], email=data["email"], role=Role(data["role"]) if data["role"] else None,
                area=data["area"], by=by, at=clock.now(),
            )  # fmt: skip
        except services.PlaceDoesNotFit as error:
            form.add_error("area", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return _link(request, row)
    return render(request, "accounts/invite.html", {"form": form})


def _link(request: HttpRequest, row: Invitation) -> HttpResponse:
    """The link to hand over, as text and as QR code."""
    link = request.build_absolute_uri(reverse("accounts:welcome", args=[services.link_token(row)]))
    code = segno.make(link, error="m").svg_inline(scale=5, border=2, omitsize=True)
    return render(request, "accounts/invited.html", {"row": row, "link": link, "code": code})


@never_cache
@require_POST
def person_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """System administrator: a new link for this person, or the old one void."""
    by, who, streets = someone(request, user_id)
    if not rules.holds(by, Role.SYSTEM_ADMIN):
        raise NotAllowed
    act: dict[str, Any] = {"user_id": who.pk, "by": by, "at": clock.now(), "scope_id": streets[0]}
    try:
        if request.POST.get("act") == "revoke":
            services.revoke_invitation(**act)
            messages.success(request, "链接已撤销，不能再用。")
        elif request.POST.get("act") == "send":
            return _link(request, services.send_again(**act))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("accounts:person", who.pk)
