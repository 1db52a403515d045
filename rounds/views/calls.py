"""Pages for everybody: the calls, questions and answers, the papers."""

from io import BytesIO

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from core import clock
from core.documents import DOCX
from core.errors import DomainError
from core.exact import canonical
from core.files import attachment
from rounds import forms, rules, services
from rounds.documents import PAPERS, call_paper
from rounds.facts import facts_of
from rounds.models import Round


@login_not_required
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """Calls for everybody, newest first."""
    page = Paginator(rules.public_rounds().order_by("-apply_closes_at", "-id"), 30).get_page(request.GET.get("page"))
    now = clock.now()
    return render(
        request, "rounds/calls.html", {"page": page, "rows": [(r, r.phase_at(now)) for r in page], "now": now}
    )


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest, round_id: int) -> HttpResponse:
    """One call: what, who may apply, how much, until when to the second; what was asked, and a form to ask."""
    row = get_object_or_404(rules.public_rounds(), pk=round_id)
    now, status = clock.now(), 200
    form = forms.AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if data["website"]:
            return redirect("rounds:call", row.pk)
        try:
            services.ask_question(
                round_id=row.pk, words=data["words"], asker=data["asker"], at=now, once_key=str(data["once_key"]),
                by=request.user if isinstance(request.user, User) else None,
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "问题已收到，答复后会和问题一起公布在本页，不显示您的称呼。")
            return redirect(reverse("rounds:call", args=[row.pk]) + "#questions")
    page = Paginator(row.questions.published().order_by("-settled_at", "-id"), 30).get_page(request.GET.get("page"))
    closings = rules.later_closings(request.user, row) if row.state == Round.State.OPEN else {}
    later = max((moment for moment in closings.values() if moment > now), default=None)
    facts = {
        "round": row,
        "now": now,
        "accepts": row.accepts_at(now) or bool(later),
        "later": later,
        "phase": row.phase_at(now),
        "may_apply": rules.may_apply(request.user, row),
        "page": page,
        "asks": row.may_ask_at(now),
        "form": form,
        **facts_of(row),
    }
    return render(request, "rounds/call.html", facts, status=status)


def word_of(row: Round, what: str) -> HttpResponseBase:
    """A paper of the round as a download; an unknown one is not found."""
    if what not in PAPERS:
        raise Http404
    draft = "草案-" if row.state == Round.State.DRAFT else ""
    return attachment(BytesIO(call_paper(row, what)), name=f"{draft}{row.title}-{PAPERS[what]}.docx", content_type=DOCX)


@login_not_required
@require_safe
def call_word(request: HttpRequest, round_id: int) -> HttpResponseBase:
    """W2, the call as Word, for everybody."""
    return word_of(get_object_or_404(rules.public_rounds(), pk=round_id), "w2")


@login_not_required
@require_safe
def call_rules(request: HttpRequest, round_id: int) -> HttpResponse:
    """The frozen rules, byte for byte what the digest was made of."""
    row = get_object_or_404(rules.public_rounds(), pk=round_id)
    answer = HttpResponse(canonical(row.rules), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="round-{row.pk}-rules.json"'
    return answer
