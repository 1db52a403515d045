"""Pages of claims 认领: an organization's offer, its changes, the community's answer."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from needs import rules, services
from needs.forms import order as forms
from needs.forms.act import ReasonOnly
from needs.forms.need import DeclineForm
from needs.models import Claim
from organizations.models import Organization
from organizations.rules import at_home, organizations_of


@require_http_methods(["GET", "HEAD", "POST"])
def claim_new(request: HttpRequest, order_id: int) -> HttpResponse:
    """A member of an organization claims a listed order."""
    user = person(request)
    order = get_object_or_404(rules.listed_orders(), pk=order_id)
    mine = [o.pk for o in organizations_of(user) if o.street_id == order.street_id]
    if not mine:
        if not at_home(user, order.street_id):
            raise Http404
        raise NotAllowed("只有本街道登记组织的成员可以认领。")
    form = forms.ClaimForm(
        request.POST if request.method == "POST" else None, organizations=Organization.objects.filter(pk__in=mine)
    )
    if request.method == "POST" and form.is_valid():
        data = {k: v for k, v in form.cleaned_data.items() if k != "seen"}
        try:
            services.offer_claim(order_id=order.pk, by=user, at=clock.now(), **data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已提交认领，请等待社区确认。")
            return redirect("needs:market_order", order.pk)
    return render(request, "needs/claim.html", {"form": form, "order": order})


@require_safe
def my_claims(request: HttpRequest) -> HttpResponse:
    """What one's organizations claimed, the newest first."""
    user = person(request)
    if not organizations_of(user):
        raise NotAllowed
    found = rules.claims_of(user).select_related("order__community", "organization").order_by("-id")[:100]
    return render(request, "needs/my_claims.html", {"claims": found, "now": clock.now()})


def _own(request: HttpRequest, claim_id: int) -> Claim:
    rows = rules.claims_of(person(request)).select_related("order__community", "order__round", "organization")
    return get_object_or_404(rows, pk=claim_id)


@require_http_methods(["GET", "HEAD", "POST"])
def claim_edit(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Change one's own claim, or take it back, until the deadline."""
    claim, user, at = _own(request, claim_id), person(request), clock.now()
    initial = {n: getattr(claim, n) for n in ("plan", "schedule", "people", "price")} | {"seen": claim.version}
    back = request.method == "POST" and request.POST.get("do") == "withdraw"
    form = forms.ClaimForm(request.POST if request.method == "POST" and not back else None, initial=initial)
    why = ReasonOnly(request.POST if back else None, prefix="back")
    bound = why if back else form
    status = 200
    if request.method == "POST":
        status = 400
        if bound.is_valid():
            try:
                if back:
                    services.withdraw_claim(claim_id=claim.pk, by=user, at=at, reason=bound.cleaned_data["reason"])
                    messages.success(request, "已撤回认领。")
                else:
                    services.edit_claim(claim_id=claim.pk, by=user, at=at, **form.cleaned_data)
                    messages.success(request, "已保存认领。")
            except DomainError as error:
                bound.add_error(None, error.message)
                status = error.status
            else:
                return redirect("needs:my_claims")
    facts = {"claim": claim, "form": form, "why": why, "open": rules.can_change_claim(user, claim, at)}
    return render(request, "needs/claim_edit.html", facts, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def claim_decide(request: HttpRequest, claim_id: int) -> HttpResponse:
    """The buyer's side confirms or declines a claim."""
    user, at = person(request), clock.now()
    visible = Claim.objects.filter(order__in=rules.visible_orders(user)).select_related(
        "order__community", "order__round", "organization"
    )
    claim = get_object_or_404(visible, pk=claim_id)
    if not rules.can_decide_claim(user, claim.order):
        raise NotAllowed
    answer = request.POST.get("answer")
    yes = forms.ConfirmForm(request.POST if answer == "yes" else None, prefix="yes")
    no = DeclineForm(request.POST if answer == "no" else None, prefix="no")
    status = 200
    if request.method == "POST":
        bound = yes if answer == "yes" else no
        status = 400
        if bound.is_valid():
            run = services.confirm_claim if answer == "yes" else services.decline_claim
            try:
                run(claim_id=claim.pk, reason=bound.cleaned_data["reason"], by=user, at=at)
            except DomainError as refused:
                bound.add_error(None, refused.message)
                status = refused.status
            else:
                said = f"已确认由“{claim.organization.name}”承接。" if answer == "yes" else "已登记不确认。"
                messages.success(request, said)
                return redirect("needs:order", claim.order_id)
    order = claim.order
    others = order.claims.filter(state="offered").exclude(pk=claim.pk).select_related("organization").order_by("id")
    waits = order.mode == "claiming" and order.claims_close_at is not None and not order.closed_at(at)
    facts = {"claim": claim, "yes": yes, "no": no, "others": others, "waits": waits}
    return render(request, "needs/claim_decide.html", facts, status=status)
