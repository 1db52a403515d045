"""The office answers what was asked about its call."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from rounds import forms, rules, services
from rounds.models import Question


@require_safe
def questions(request: HttpRequest, round_id: int) -> HttpResponse:
    """Everything asked about one call, waiting ones first, oldest first."""
    user = person(request)
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    if not rules.can_run_round(user, row):
        raise NotAllowed
    found = row.questions.select_related("asked_by", "settled_by")
    waiting = list(found.waiting().order_by("asked_at", "pk")[:200])
    page = Paginator(found.exclude(state=Question.State.WAITING).order_by("-settled_at", "-pk"), 30)
    facts = {"round": row, "waiting": waiting, "page": page.get_page(request.GET.get("page"))}
    return render(request, "rounds/questions.html", facts)


def _mine(request: HttpRequest, question_id: int) -> Question:
    user = person(request)
    found = get_object_or_404(rules.visible_questions(user), pk=question_id)
    if not rules.can_run_round(user, found.round):
        raise NotAllowed
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, question_id: int) -> HttpResponse:
    """One question: answer and publish it."""
    found = _mine(request, question_id)
    form = forms.AnswerForm(request.POST if request.method == "POST" else None, initial={"public_words": found.words})
    if request.method == "POST" and form.is_valid():
        try:
            services.answer_question(question_id=found.pk, by=person(request), at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已公布，并通知了开始填写申报书的单位。")
            return redirect("rounds:questions", found.round_id)
    facts = {"question": found, "form": form, "decline": forms.DeclineForm(prefix="d")}
    return render(request, "rounds/question.html", facts)


@require_POST
def question_decline(request: HttpRequest, question_id: int) -> HttpResponse:
    """Keep a question out of the public list."""
    found = _mine(request, question_id)
    decline = forms.DeclineForm(request.POST, prefix="d")
    if not decline.is_valid():
        form = forms.AnswerForm(initial={"public_words": found.words})
        facts = {"question": found, "form": form, "decline": decline}
        return render(request, "rounds/question.html", facts, status=400)
    services.decline_question(
        question_id=found.pk, reason=decline.cleaned_data["reason"], by=person(request), at=clock.now()
    )
    messages.success(request, "已标为不公布。")
    return redirect("rounds:questions", found.round_id)
