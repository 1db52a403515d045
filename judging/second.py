"""Acts that need two people: a change of the rule after scoring opened, the unlock; and the supervisor's page."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.rules import may
from accounts.web import person
from audit.models import Event
from core import clock
from core.errors import DomainError, NotAllowed
from judging import forms, rules, services
from judging.domain.scoring import check_rule
from judging.domain.sentences import sentences
from judging.found import visible_session
from judging.models import Draw, Entry, Judge, Move, Recusal, RuleChange, Session, SupervisorNote, Unlock
from judging.preparing import rule_initial
from judging.rules import online
from judging.services.rulechange import decide_rule, propose_rule
from judging.services.unlock import UnlockOver, add_note, ask_unlock, sign_unlock, withdraw_unlock


def compared(change: RuleChange) -> list[tuple[str, list[str], list[str]]]:
    """Heading, sentences only of the old rule, sentences only of the new one."""
    old, new = dict(sentences(check_rule(change.old_rule))), dict(sentences(check_rule(change.new_rule)))
    found = []
    for heading in dict.fromkeys([*old, *new]):
        before, after = old.get(heading, []), new.get(heading, [])
        gone, come = [s for s in before if s not in after], [s for s in after if s not in before]
        if gone or come:
            found.append((heading, gone, come))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rule_change(request: HttpRequest, session_id: int) -> HttpResponse:
    """Propose a change, decide on it, read all that were made."""
    session, user = visible_session(request, session_id), person(request)
    scoring = session.state == Session.State.SCORING
    proposes, decides = (
        rules.can_run(user, session) and scoring,
        may(user, session.round.street, Role.LEADER) and scoring,
    )
    sent = request.POST if request.method == "POST" and request.POST.get("part") == "propose" else None
    form = forms.RuleForm(sent, initial=rule_initial(session.rule), rule=session.rule)
    composite = forms.PartsForm(sent, initial=forms.PartsForm.initial_of(session.rule), prefix="part")
    reason = forms.ReasonForm(sent, prefix="why")
    decision = forms.DecisionForm(request.POST if request.method == "POST" and sent is None else None)
    try:
        if sent is not None and all([form.is_valid(), composite.is_valid(), reason.is_valid()]):
            rule = services.make_rule(session.rule["criteria"], **(form.options() | composite.options()))
            propose_rule(
                session_id=session.pk, rule=rule, reason=reason.cleaned_data["reason"], by=user, at=clock.now()
            )
            messages.success(request, "已提出，等街道领导批准。批准前仍按原规则。")
            return redirect("judging:rule_change", session.pk)
        if sent is None and request.method == "POST" and decision.is_valid():
            waiting = get_object_or_404(RuleChange, session=session, state=RuleChange.State.WAITING)
            approve = request.POST.get("do") == "approve"
            decide_rule(
                change_id=waiting.pk, approve=approve, words=decision.cleaned_data["words"], by=user, at=clock.now()
            )
            messages.success(request, "规则变更已生效，结果会注明。" if approve else "没有批准，仍按原规则。")
            return redirect("judging:rule_change", session.pk)
    except NotAllowed:
        raise
    except DomainError as error:
        (reason if sent is not None else decision).add_error(None, error.message)
    changes = RuleChange.objects.filter(session=session).select_related("proposed_by", "decided_by").order_by("-pk")
    told = [(c, compared(c)) for c in changes]
    waiting_now = any(c.state == RuleChange.State.WAITING for c, _ in told)
    facts = {
        "session": session, "rule_form": form, "composite": composite, "reason": reason, "decision": decision, "changes": told,
        "proposes": proposes and not waiting_now, "decides": decides and waiting_now,
        "has_errors": any(f.errors for f in (form, composite, reason, decision)),
    }  # fmt: skip
    return render(request, "judging/second_rule.html", facts, status=400 if facts["has_errors"] else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unlock(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ask for the unlock, approve, co-sign, withdraw; the results so far."""
    session, user = visible_session(request, session_id), person(request)
    street = session.round.street
    asks = may(user, street, Role.OFFICE, Role.LEADER)
    form = forms.ReasonForm(request.POST if request.method == "POST" and request.POST.get("do") == "ask" else None)
    at = clock.now()
    waiting = Unlock.objects.filter(session=session, state=Unlock.State.WAITING, expires_at__gt=at).first()
    try:
        if form.is_bound and form.is_valid():
            ask_unlock(session_id=session.pk, reason=form.cleaned_data["reason"], by=user, at=at)
            messages.success(request, "已提出解锁申请，等领导批准、监督员会签。")
            return redirect("judging:unlock", session.pk)
        if request.method == "POST" and not form.is_bound:
            if waiting is None:
                raise UnlockOver
            if request.POST.get("do") == "withdraw":
                withdraw_unlock(unlock_id=waiting.pk, by=user, at=at)
                messages.success(request, "已撤回解锁申请。")
            else:
                done = sign_unlock(unlock_id=waiting.pk, by=user, at=at)
                messages.success(
                    request, "已解锁，恢复评分。" if done.state == Unlock.State.DONE else "已签署，等另一位签署。"
                )
            return redirect("judging:unlock", session.pk)
    except NotAllowed:
        raise
    except DomainError as error:
        if not form.is_bound:
            messages.error(request, error.message)
            return redirect("judging:unlock", session.pk)
        form.add_error(None, error.message)
    facts = {
        "session": session, "form": form, "waiting": waiting, "has_errors": form.is_bound,
        "asks": asks and waiting is None and session.state == Session.State.LOCKED, "withdraws": asks and waiting is not None,
        "approves": waiting is not None and waiting.approved_by_id is None and may(user, street, Role.LEADER),
        "cosigns": waiting is not None and waiting.cosigned_by_id is None and may(user, street, Role.SUPERVISOR),
        "unlocks": Unlock.objects.filter(session=session).select_related("asked_by", "approved_by", "cosigned_by", "result").order_by("-pk"),
        "results": session.results.order_by("number"),
    }  # fmt: skip
    return render(request, "judging/second_unlock.html", facts, status=409 if form.errors else 200)


@require_safe
@never_cache
def watch(request: HttpRequest, session_id: int) -> HttpResponse:
    """Process facts, never a mark: for the supervisor, the office, the leader."""
    return _watch(request, _watched(request, session_id))


def _watched(request: HttpRequest, session_id: int) -> Session:
    session = visible_session(request, session_id)
    if not may(person(request), session.round.street, Role.OFFICE, Role.LEADER, Role.SUPERVISOR):
        raise NotAllowed
    return session


ACTS = ("judging.stage_pause", "judging.stage_resume")


def _watch(request: HttpRequest, session: Session, **more: Any) -> HttpResponse:
    at = clock.now()
    kinds = dict(Move.objects.filter(session=session).values_list("kind").annotate(n=Count("pk")).order_by())
    judges = (
        Judge.objects.filter(session=session)
        .select_related("user")
        .order_by("seat")
        .annotate(handed=Count("sheets", filter=Q(sheets__state="submitted")))
    )
    seats = online(session, at)
    pauses = Event.objects.filter(object_label="judging.session", object_id=session.pk, verb__in=ACTS).order_by("at")
    facts = {
        "session": session, "judges": list(zip(judges, seats, strict=True)), "moves": [(Move.Kind(k).label, n) for k, n in sorted(kinds.items())],
        "entries": Entry.objects.filter(session=session).count(),
        "recusals": Recusal.objects.filter(judge__session=session).select_related("judge__user", "entry__proposal").order_by("pk"),
        "draw": Draw.objects.filter(session=session).first(), "changes": session.rule_changes.order_by("pk"),
        "unlocks": session.unlocks.order_by("pk"), "pauses": pauses,
        "notes": SupervisorNote.objects.filter(session=session).select_related("by", "entry__proposal").order_by("pk"),
        "writes": may(person(request), session.round.street, Role.SUPERVISOR), "form": forms.NoteForm(session=session), **more,
    }  # fmt: skip
    return render(request, "judging/second_watch.html", facts)


@require_POST
def note(request: HttpRequest, session_id: int) -> HttpResponse:
    """The supervisor writes a note."""
    session = _watched(request, session_id)
    form = forms.NoteForm(request.POST, session=session)
    if not may(person(request), session.round.street, Role.SUPERVISOR):
        raise NotAllowed
    if form.is_valid():
        add_note(
            session_id=session.pk,
            words=form.cleaned_data["words"],
            entry_id=form.cleaned_data["entry"],
            by=person(request),
            at=clock.now(),
        )
        messages.success(request, "已记录，不能修改或删除。")
        return redirect("judging:watch", session.pk)
    return _watch(request, session, form=form, has_errors=True)
