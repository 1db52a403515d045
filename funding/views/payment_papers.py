"""Papers of a payment: W14 拨款申请书 as Word, E11 拨付审批单 on paper and as Excel."""

import tempfile
from io import BytesIO
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import NotAllowed
from core.files import attachment
from funding import rules
from funding.documents.form import form_of
from funding.documents.request import write_request
from funding.models import Payment
from jobs.services import start_job


def _visible(request: HttpRequest, payment_id: int) -> Payment:
    return get_object_or_404(rules.visible_payments(person(request)), pk=payment_id)


@require_safe
@never_cache
def request_word(request: HttpRequest, payment_id: int) -> HttpResponseBase:
    """W14 of one payment; the account as the reader may see it."""
    user, payment = person(request), _visible(request, payment_id)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "request.docx"
        write_request(path, payment, rules.payee_for(user, payment))
        content = path.read_bytes()
    return attachment(BytesIO(content), name=f"拨款申请书-{payment.number}.docx", content_type=DOCX)


@require_safe
@never_cache
def form_print(request: HttpRequest, payment_id: int) -> HttpResponse:
    """E11 for paper: two copies on one sheet."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.sees_form(user, payment):
        raise NotAllowed
    form = form_of(payment, rules.payee_for(user, payment))
    return render(
        request, "funding/payment_print.html", {"payment": payment, "form_": form, "copies": ["财政留存", "创投办留存"]}
    )


@require_POST
def form_export(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Start E11 as Excel; the next page shows its progress."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.exports_form(user, payment):
        raise NotAllowed
    job = start_job(
        owner=user, kind="funding.e11", title=f"拨付审批单-{payment.number}", params={"payment": payment.pk}, at=clock.now(),
        scope_id=payment.agreement.round.street_id,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
