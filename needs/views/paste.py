"""Needs out of a chat: paste, look through, register what was ticked."""

from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Area
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from needs import rules, services
from needs.domain import chat
from needs.forms.intake import PasteForm, PostSaidForm, SaidFormSet
from needs.models import Need


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def paste(request: HttpRequest) -> HttpResponse:
    """Two steps on one address; what is between them stands in the page and nowhere else."""
    communities = rules.communities_to_post(person(request))
    if not communities:
        raise NotAllowed
    if request.method != "POST" or "text" in request.POST:
        return _split(request, communities)
    return _post(request, communities)


def _split(request: HttpRequest, communities: list[Area]) -> HttpResponse:
    today = clock.local(clock.now()).date()
    form = PasteForm(request.POST if request.method == "POST" else None, communities=communities, today=today)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            if said := chat.entries(form.cleaned_data["text"]):
                return _listed(request, communities, form, said)
            form.add_error("text", "没有找到像是需求的话。请检查粘贴的内容，或直接登记。")
    return render(request, "needs/paste.html", {"form": form}, status=status)


def _listed(request: HttpRequest, communities: list[Area], form: PasteForm, said: list[chat.Said]) -> HttpResponse:
    data = form.cleaned_data
    common = PostSaidForm(
        initial={"community": data["community"].pk, "source": data["source"], "heard_on": data["heard_on"]},
        communities=communities, today=form.today,
    )  # fmt: skip
    common.fields["community"].initial = data["community"].pk
    rows = SaidFormSet(
        prefix="said",
        initial=[{"take": s.likely, "words": s.words, "category": s.category, "who": s.who} for s in said],
    )
    return _page(request, common, rows)


def _post(request: HttpRequest, communities: list[Area]) -> HttpResponse:
    user, at = person(request), clock.now()
    common = PostSaidForm(request.POST, communities=communities, today=clock.local(at).date())
    rows = SaidFormSet(request.POST, prefix="said")
    # both are asked, so that everything wrong is said at once
    fits = [common.is_valid(), rows.is_valid()]
    if all(fits):
        data = common.cleaned_data
        taken = [f.cleaned_data for f in rows if f.cleaned_data.get("take")]
        if not taken:
            common.add_error(None, "一件也没有勾选，请至少勾选一件。")
        else:
            heard = services.noon(data["heard_on"], at) if data["heard_on"] < clock.local(at).date() else None
            entries = [
                services.Entry(
                    community=data["community"], channel=Need.Channel.WECHAT, category=row["category"], words=row["words"],
                    contact_name=row["who"] if row["named"] else "", collected_at=heard, source=data["source"],
                )
                for row in taken
            ]  # fmt: skip
            try:
                made = services.post_pasted(entries=entries, by=user, at=at, key=f"paste-{data['once_key']}")
            except DomainError as error:
                common.add_error(None, error.message)
            else:
                until = f" 至 {made[-1].number}" if len(made) > 1 else ""
                messages.success(request, f"已登记 {len(made)} 件需求：{made[0].number}{until}。")
                return redirect("needs:list")
    return _page(request, common, rows, 400)


def _page(
    request: HttpRequest, common: PostSaidForm, rows: "django_forms.BaseFormSet[Any]", status: int = 200
) -> HttpResponse:
    facts = {
        "common": common, "rows": rows, "form": common, "has_errors": status != 200, "most": chat.MOST_ENTRIES,
        "full": rows.total_form_count() >= chat.MOST_ENTRIES,
    }  # fmt: skip
    return render(request, "needs/paste_pick.html", facts, status=status)
