"""提醒规则: when a street reminds of what."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area
from accounts.web import person
from core import clock
from core.deadlines import Term, deadline_of
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from reminders import services
from reminders.forms import RuleForm
from reminders.models import Rule
from reminders.rules import kinds_for_streets, rule_streets, steps_by


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """All kinds with the days that hold in a street (`?street=`), one's own first."""
    streets = Area.objects.filter(pk__in=rule_streets(person(request))).in_chinese_order()
    by_id = {street.pk: street for street in streets}
    if not by_id:
        raise NotAllowed
    street = by_id.get(whole(request.GET.get("street", "")) or 0) or next(iter(by_id.values()))
    own = {rule.kind: rule for rule in Rule.objects.filter(street=street)}
    rows = [(d, steps_by(own.get(d.key), d), d.key in own) for d in kinds_for_streets()]
    return render(request, "reminders/rules.html", {"rows": rows, "street": street, "streets": list(by_id.values())})


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, street_id: int, deadline_key: str) -> HttpResponse:
    """Change one kind's days in one street."""
    user = person(request)
    deadline = deadline_of(deadline_key)
    if deadline is None or street_id not in rule_streets(user):
        raise Http404
    street = get_object_or_404(Area, pk=street_id)
    row = Rule.objects.filter(street=street, kind=deadline.key).first()
    usual = deadline.default_steps()
    steps = steps_by(row, deadline)
    first = {
        "is_on": steps is not None, "before": row.before if row else usual.before, "after": row.after if row else usual.after,
        "in_workdays": row.in_workdays if row else usual.in_workdays, "escalate": row.escalate if row else usual.escalate,
        "revision": row.revision if row else 0,
    }  # fmt: skip
    if deadline.term is not None:
        own = Term(row.due_day, row.due_in_workdays) if row and row.due_day else deadline.term
        first |= {"due_day": own.day, "due_in_workdays": own.in_workdays}
    form = RuleForm(request.POST if request.method == "POST" else None, deadline=deadline, initial=first)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.save_rule(street=street, deadline=deadline, by=user, at=clock.now(), **form.facts())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"“{deadline.label}”的提醒规则已保存，从下一次提醒起生效。")
            return redirect(f"{reverse('reminders:rules')}?street={street.pk}")
    facts = {"form": form, "deadline": deadline, "street": street, "usual": usual, "is_own": row is not None}
    return render(request, "reminders/rule.html", facts, status=status)
