"""送达情况: what did not arrive, and why; sending again by a deliberate act."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import DomainError, NotAllowed
from messaging import rules, services
from messaging.forms import AgainForm
from messaging.kinds import all_kinds, kind_of
from messaging.models import Delivery
from messaging.services.again import TROUBLE
from messaging.web import person


@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """Deliveries of the streets one watches over; what is in trouble unless another state is asked for."""
    user = person(request)
    if not rules.desk(user).watch:
        raise NotAllowed
    found = rules.visible_deliveries(user)
    counts = dict(found.order_by().values_list("state").annotate(n=Count("pk")))
    state, channel, kind = (request.GET.get(n, "")[:60] for n in ("state", "channel", "kind"))
    found = found.filter(state=state) if state in Delivery.State.values else found.filter(state__in=TROUBLE)
    if channel in Delivery.Channel.values:
        found = found.filter(channel=channel)
    if kind:
        found = found.filter(notice__kind=kind)
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    for row in page:
        row.label = kind_of(row.notice.kind).label  # type: ignore[attr-defined]
    context = {
        "page": page, "state": state, "channel": channel, "kind": kind, "kinds": all_kinds(), "channels": Delivery.Channel.choices,
        "states": [(s, words, counts.get(s, 0)) for s, words in Delivery.State.choices],
        "in_trouble": sum(counts.get(s, 0) for s in TROUBLE),
    }  # fmt: skip
    return render(request, "messaging/deliveries.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One delivery: what is known of it; POST sends it again, with a reason."""
    user = person(request)
    row = get_object_or_404(rules.visible_deliveries(user), pk=delivery_id)
    form = AgainForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.send_again(
                delivery_id=row.pk, scope_id=row.notice.scope_id, by=user, reason=form.cleaned_data["reason"], at=clock.now()
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已放回待发送，一分钟内发出。")
            return redirect("messaging:delivery", row.pk)
    context = {
        "row": row, "form": form, "label": kind_of(row.notice.kind).label, "in_trouble": row.state in TROUBLE,
        "may_read": rules.can_write(user, row.notice.scope_id or 0), "with_it": row.merged.count(), "number": row.message_id.strip("<>"),
    }  # fmt: skip
    return render(request, "messaging/delivery.html", context)
