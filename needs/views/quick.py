"""Needs on the way: the quick screen of a secretary, the patrol of a grid worker."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Area, Role, User
from accounts.rules import area_paths, holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from needs import rules, services
from needs.forms.intake import PatrolForm, QuickForm
from needs.models import Need

PLACE = "needs_place"  # in the session: the community chosen last


def _places(request: HttpRequest) -> list[Area]:
    communities = rules.communities_to_post(person(request))
    if not communities:
        raise NotAllowed
    return communities


def channel_of(user: User) -> str:
    """How a need reached this person on the way."""
    return Need.Channel.VISIT if holds(user, Role.COMMUNITY, Role.OFFICE) else Need.Channel.PATROL


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def quick(request: HttpRequest) -> HttpResponse:
    """书记一点通: one screen, one button; what is alike is shown, and never in the way."""
    user, at, communities, status = person(request), clock.now(), _places(request), 200
    form = QuickForm(
        *((request.POST, request.FILES) if request.method == "POST" else (None,)),
        communities=communities, chosen=request.session.get(PLACE),
    )  # fmt: skip
    if request.method == "POST":
        status = 400
        if form.is_valid():
            data = form.cleaned_data
            try:
                need = services.post_with_photos(
                    community=data["community"], channel=channel_of(user), category=data["category"], words=data["words"],
                    people_count=1, urgency=Need.Urgency.LOW, at=at, by=user, once_key=str(data["once_key"]),
                    photos=data["photo"],
                )  # fmt: skip
            except DomainError as error:
                form.add_error("photo" if error.status == 400 else None, error.message)
                status = error.status
            else:
                request.session[PLACE] = data["community"].pk
                return redirect(f"{reverse('needs:quick')}?done={need.pk}")
    done = None
    if (pk := whole(request.GET.get("done", ""))) is not None:
        done = rules.visible_needs(user).filter(pk=pk, posted_by=user).first()
    alike = rules.similar_needs(done.words, done.community_id, at=at, without=[done.pk], most=3) if done else []
    return render(request, "needs/quick.html", {"form": form, "done": done, "alike": alike}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def patrol(request: HttpRequest) -> HttpResponse:
    """巡查: the form, and where the page's outbox sends what was written down without a network (answers JSON then)."""
    user, at, communities = person(request), clock.now(), _places(request)
    sent = request.headers.get("Accept") == "application/json"
    form = PatrolForm(request.POST if request.method == "POST" else None, communities=communities, own=_own_grid(user))
    status = 200
    if request.method == "POST":
        status = 400
        if sent and request.POST.get("person") != str(user.pk):
            return JsonResponse(
                {"code": "other_person", "message": "这条记录是另一位工作人员写的，请用原来的账号登录后上传。"},
                status=409,
            )
        if form.is_valid():
            try:
                need = _save(form, user, at)
            except DomainError as error:
                form.add_error(None, error.message)
                status = error.status
            else:
                if sent:
                    href = reverse("needs:detail", args=[need.pk])
                    return JsonResponse({"code": "saved", "number": need.number, "href": href})
                messages.success(request, f"已登记，编号 {need.number}。")
                return redirect("needs:patrol")
        if sent:
            said = " ".join(row.text for row in form.error_rows())
            return JsonResponse({"code": "refused", "message": said}, status=status)
    return render(request, "needs/patrol.html", {"form": form, "who": user.pk}, status=status)


def _own_grid(user: User) -> int | None:
    """The grid of who works in just one."""
    paths = area_paths(user, Role.GRID)
    return (
        Area.objects.filter(path__in=paths, kind=Area.Kind.GRID).values_list("pk", flat=True).first()
        if len(paths) == 1
        else None
    )


def _save(form: PatrolForm, user: User, at: Any) -> Need:
    data = form.cleaned_data
    return services.post_need(
        community=data["community"], grid=data["grid"], channel=Need.Channel.PATROL, category=data["category"],
        words=data["words"], people_count=1, urgency=data["urgency"], at=at, by=user, collected_at=form.noted(at),
        once_key=f"patrol-{user.pk}-{data['once_key']}",
    )  # fmt: skip
