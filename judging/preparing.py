"""Pages of a session in preparation: begun, set up, drawn."""

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.forms import PortalForm
from core.numbers import wholes
from judging import forms, rules, services
from judging.domain.ballot import votes
from judging.domain.rubrics import RUBRICS
from judging.found import run_session, visible_session
from judging.models import Draw, Entry, Judge, Recusal, Session
from judging.pool import pool_of
from judging.services.rehearsal import end_rehearsal, start_rehearsal
from judging.services.repeat import earlier_sessions, repeat_session
from judging.services.stage import add_group, set_pace
from projects.models import Proposal
from rounds.rules import can_run_round, visible_rounds
from rounds.starts import FROM_ROUND

VOTES = 5  # of each judge in a new tick-vote; the office changes it in the rule


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, round_id: int) -> HttpResponse:
    """A new session of a round from a ready rubric, or like an earlier session with its judges."""
    user = person(request)
    round_ = get_object_or_404(visible_rounds(user), pk=round_id)
    if not can_run_round(user, round_):
        raise NotAllowed
    earlier = earlier_sessions(round_)
    initial: dict[str, Any] = {"rubric": round_.rubric} if round_.rubric else {}
    if round_.origin.startswith(FROM_ROUND):
        initial["like"] = earlier.filter(round__title=round_.origin.removeprefix(FROM_ROUND)).first()
    sent = request.POST if request.method == "POST" else None
    form = forms.SessionForm(sent, initial=initial, earlier=earlier)
    if sent is not None and form.is_valid():
        data = form.cleaned_data
        act: dict[str, Any] = {"round_id": round_.pk, "by": user, "at": clock.now()}
        act |= {name: data[name] for name in ("name", "held_on", "venue")}
        try:
            if data["like"] is not None:
                session = repeat_session(like_id=data["like"].pk, **act)
            else:
                session = _from_rubric(data["rubric"], act)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("judging:setup", session.pk)
    return render(request, "judging/new.html", {"form": form, "round": round_})


def _from_rubric(key: str, act: Mapping[str, Any]) -> Session:
    rubric = RUBRICS.get(key)
    if rubric is None:
        rule = services.make_rule([], aggregate="ticks", ticks=VOTES)
        return services.create_session(rule=rule, full_marks=Decimal(0), **act)
    return services.create_session(
        rule=services.make_rule(rubric.as_criteria()), full_marks=rubric.full_marks, notes={"anchors": rubric.anchors()}, **act
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def setup(request: HttpRequest, session_id: int) -> HttpResponse:
    """Details, rubric and rule, entries, judges, recusals; each part is saved by its own button."""
    session = run_session(request, session_id)
    if session.state != Session.State.SETUP:
        return redirect("judging:session", session.pk)
    part = request.POST.get("part", "") if request.method == "POST" else ""
    seats = Judge.objects.filter(session=session).select_related("user").order_by("seat")
    entries = Entry.objects.filter(session=session).select_related("proposal__organization").order_by("position", "pk")
    parts = Parts(request, session, part, list(seats), list(entries))
    if part:
        try:
            answer = parts.apply()
        except DomainError as error:
            parts.refuse(error)
        else:
            if answer is not None:
                return answer
    facts = {
        "session": session, "seats": parts.seats, "entries": parts.entries, "chosen": {e.proposal_id for e in parts.entries},
        "pool": pool_of(session, parts.seats), "recusals": Recusal.objects.filter(judge__session=session).select_related("judge__user", "entry__proposal").order_by("pk"),
        "candidates": Proposal.objects.in_round(session.round).judgeable().select_related("organization").order_by("receipt_number"),
        "total": sum(Decimal(c["max"]) for c in session.rule["criteria"]), "gaps": services.gaps_before_opening(session),
        "drawn": Draw.objects.filter(session=session, drawn_at__isnull=False).exists(), "has_errors": bool(part), **parts.forms,
    }  # fmt: skip
    return render(request, "judging/setup.html", facts)


class Parts:
    """The forms of the set-up page; the one that was sent is bound and saved by `apply`."""

    def __init__(
        self, request: HttpRequest, session: Session, part: str, seats: list[Judge], entries: list[Entry]
    ) -> None:
        self.request, self.session, self.part, self.seats, self.entries = request, session, part, seats, entries
        rule = session.rule

        def sent(name: str) -> Any:
            return request.POST if part == name else None

        details = {"name": session.name, "held_on": session.held_on, "venue": session.venue}
        self.details = forms.DetailsForm(sent("details"), initial=details)
        self.rule = forms.RuleForm(sent("rule"), initial=rule_initial(rule), rule=rule)
        self.criteria = forms.CriterionFormSet(sent("rule"), initial=_criteria_initial(session), prefix="c")
        self.composite = forms.PartsForm(sent("rule"), initial=forms.PartsForm.initial_of(rule), prefix="part")
        names = "\n".join(s.user.username for s in seats)
        self.people = forms.PeopleForm(sent("judges"), initial={"usernames": names})
        self.pace = forms.PaceForm(
            sent("pace"),
            initial={
                "is_paced": session.is_paced,
                "opens_after": session.opens_after,
                "names_public": session.notes.get("names_public", False),
                "feedback": session.notes.get("feedback", True),
                "severity": session.notes.get("severity", False),
                "reveals_after": session.reveals_after_id,
            },
            others=_siblings(session),
        )
        self.group = forms.GroupForm(sent("group"), prefix="group")
        self.account = forms.AccountForm(sent("account"), prefix="new")
        self.recusal = forms.RecusalForm(
            sent("recusal"),
            judges=[(s.pk, f"{s.seat} {s.user.display_name}") for s in seats],
            entries=[(e.pk, e.proposal.title) for e in entries],
        )

    @property
    def forms(self) -> dict[str, Any]:
        return {
            "details": self.details, "rule_form": self.rule, "criteria": self.criteria, "people": self.people,
            "account": self.account, "recusal": self.recusal, "pace": self.pace, "group": self.group, "composite": self.composite,
        }  # fmt: skip

    def refuse(self, error: DomainError) -> None:
        """Put a refusal on the form that was sent, or above the page."""
        sent: dict[str, PortalForm] = {
            "details": self.details, "rule": self.rule, "judges": self.people, "account": self.account, "recusal": self.recusal, "pace": self.pace, "group": self.group,
        }  # fmt: skip
        if self.part in sent:
            field = "full_marks" if isinstance(error, services.MaximaDoNotAddUp) else None
            sent[self.part].add_error(field, error.message)
        else:
            messages.error(self.request, error.message)

    def apply(self) -> HttpResponse | None:
        """Save the part that was sent; None when its form has errors. Raises DomainError."""
        act: dict[str, Any] = {"session_id": self.session.pk, "by": person(self.request), "at": clock.now()}
        if self.part == "details" and self.details.is_valid():
            services.set_details(**act, **self.details.cleaned_data)
        elif self.part == "rule" and all([self.rule.is_valid(), self.criteria.is_valid(), self.composite.is_valid()]):
            options = self.rule.options() | self.composite.options()
            rule = services.make_rule(forms.criteria_of(self.criteria), **options)
            notes = self.session.notes | {"anchors": forms.anchors_of(self.criteria)}
            services.set_rule(**act, rule=rule, full_marks=self.rule.cleaned_data["full_marks"], notes=notes)
        elif self.part == "entries":
            services.set_entries(**act, proposal_ids=wholes(self.request.POST.getlist("proposal")))
        elif self.part == "judges" and self.people.is_valid():
            services.seat_judges(**act, user_ids=[u.pk for u in self.people.cleaned_data["usernames"]])
        elif self.part == "account" and self.account.is_valid():
            return self._account(act)
        elif self.part == "recusal" and self.recusal.is_valid():
            data = self.recusal.cleaned_data
            services.recuse(
                judge_id=data["judge"], entry_id=data["entry"], reason=data["reason"], by=act["by"], at=act["at"]
            )
        elif self.part == "pace" and self.pace.is_valid():
            set_pace(**act, **self.pace.cleaned_data)
        elif self.part == "group" and self.group.is_valid():
            made = add_group(**act, name=self.group.cleaned_data["name"])
            messages.success(self.request, f"已建“{made.name}”，请选它的项目和评委。")
            return redirect("judging:setup", made.pk)
        elif self.part == "pool":
            seated = [s.user_id for s in self.seats]
            chosen = [
                u
                for u in wholes(self.request.POST.getlist("user"))
                if u in {p.user_id for p in pool_of(self.session, self.seats)}
            ]
            services.seat_judges(**act, user_ids=[*seated, *chosen])
        elif self.part == "unrecuse":
            for recusal_id in wholes(self.request.POST.getlist("recusal"))[:1]:
                services.withdraw_recusal(**act, recusal_id=recusal_id)
        else:
            return None
        messages.success(self.request, "已保存。")
        return redirect("judging:setup", self.session.pk)

    def _account(self, act: dict[str, Any]) -> HttpResponse:
        """The code stands on this answer and nowhere else."""
        code = first_code()
        judge = services.add_judge(**act, **self.account.cleaned_data, code=code)
        return render(self.request, "judging/judge_made.html", {"session": self.session, "judge": judge, "code": code})


def _siblings(session: Session) -> list[tuple[int, str]]:
    others = Session.objects.filter(round=session.round_id, rehearsal_of=None).exclude(pk=session.pk).order_by("pk")
    return list(others.values_list("pk", "name"))


LETTERS = "abcdefghjkmnpqrstuvwxyz"


DIGITS = "23456789"


def first_code() -> str:
    """A first password that can be read aloud: four groups of letters and digits that nobody mixes up, 79 bits."""
    groups = ["".join(secrets.choice(LETTERS + DIGITS) for _ in range(4)) for _ in range(4)]
    return "-".join(groups)


def rule_initial(rule: dict[str, Any]) -> dict[str, Any]:
    """What the rule form shows of a rule."""
    trim = rule["trim"] or {"high": 0, "low": 0, "from": 5, "on": "total"}
    return {
        "high": trim["high"], "low": trim["low"], "start": trim["from"], "on": trim["on"], "aggregate": rule["aggregate"],
        "quorum": rule["quorum"], "decimals": rule["decimals"], "bonus_cap": rule["bonus_cap"], "by": rule["rank"]["by"],
        "full_marks": sum(Decimal(c["max"]) for c in rule["criteria"]) or 100, "at_most": votes(rule),
        **dict(zip(forms.TIE_FIELDS, rule["rank"]["ties"], strict=False)),
    }  # fmt: skip


def _criteria_initial(session: Session) -> list[dict[str, Any]]:
    told = rules.anchors(session)
    return [
        {
            "label": c["label"], "most": c["max"], "least": c["min"], "step": c["step"], "key": c["key"],
            "anchors": "\n".join(f"{grade}：{words}" if grade else words for grade, words in told.get(c["key"], [])),
        }
        for c in session.rule["criteria"]
    ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: HttpRequest, session_id: int) -> HttpResponse:
    """The witnessed draw: commitment first, then the public number, then the order with how to check it."""
    session = visible_session(request, session_id)
    runs = rules.can_run(person(request), session)
    form = forms.DrawForm(request.POST if request.method == "POST" and "public_number" in request.POST else None)
    if request.method == "POST":
        if not runs:
            raise NotAllowed
        try:
            if "public_number" not in request.POST:
                services.commit_draw(session_id=session.pk, by=person(request), at=clock.now())
                return redirect("judging:draw", session.pk)
            if form.is_valid():
                services.draw_order(session_id=session.pk, by=person(request), at=clock.now(), **form.cleaned_data)
                return redirect("judging:draw", session.pk)
        except DomainError as error:
            form.add_error(None, error.message) if form.is_bound else messages.error(request, error.message)
    found = Draw.objects.filter(session=session).first()
    entries = (
        Entry.objects.filter(session=session, position__isnull=False)
        .select_related("proposal__organization")
        .order_by("position")
    )
    return render(
        request,
        "judging/draw.html",
        {"session": session, "draw": found, "form": form, "entries": entries, "runs": runs},
    )


@require_POST
def rehearse(request: HttpRequest, session_id: int) -> HttpResponse:
    """Start a rehearsal of a session in preparation, or end the one that is shown."""
    session = run_session(request, session_id)
    act: dict[str, Any] = {"session_id": session.pk, "by": person(request), "at": clock.now()}
    try:
        if session.rehearsal_of_id is None:
            copy = start_rehearsal(**act)
            messages.success(request, "排练已开始：评委在自己的手机上能看到这一场，分数不进入任何结果。")
            return redirect("judging:session", copy.pk)
        end_rehearsal(**act)
        messages.success(request, "排练已结束。")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("judging:session", session.rehearsal_of_id or session.pk)
