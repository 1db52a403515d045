"""Pages of the theme library 主题库."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from needs import rules, services
from needs.domain.advice import CAUTIONS
from needs.domain.nodes import next_date, node_words
from needs.forms import theme as forms
from needs.models import LibraryTheme, Need
from organizations.rules import organizations_of
from rounds.models import Round


def _library(request: HttpRequest) -> tuple[Area | None, list[LibraryTheme]]:
    street = rules.home_street(person(request))
    return street, rules.themes_of(street)


def _theme(request: HttpRequest, code: str) -> tuple[Area | None, LibraryTheme]:
    street, themes = _library(request)
    found = next((t for t in themes if t.code == code), None)
    if found is None:
        raise Http404
    return street, found


@require_safe
def theme_list(request: HttpRequest) -> HttpResponse:
    """The library as one's street sees it; `?category=` and `?q=` narrow it down."""
    street, themes = _library(request)
    category, words = request.GET.get("category", ""), request.GET.get("q", "").strip()
    found = [
        t
        for t in themes
        if (not category or t.category == category)
        and (not words or words in f"{t.code}{t.name}{t.target_group}{t.activities}{' '.join(t.keywords)}")
    ]
    facts = {
        "themes": found, "total": len(themes), "categories": forms.CATEGORIES, "category": category, "words": words,
        "edits": street is not None and rules.can_edit_themes(request.user, street),
        "advised": holds(request.user, *rules.ADVISED),
    }  # fmt: skip
    return render(request, "needs/theme_list.html", facts)


@require_safe
def theme_detail(request: HttpRequest, theme_code: str) -> HttpResponse:
    """One theme, and what one can make of it with one click."""
    user = person(request)
    street, theme = _theme(request, theme_code)
    today = clock.local(clock.now()).date()
    open_rounds = (
        list(Round.objects.accepting(clock.now()).filter(street=street).order_by("apply_closes_at"))
        if street is not None and organizations_of(user)
        else []
    )
    categories = dict(Need.Category.choices)
    facts = {
        "theme": theme,
        "answers": [categories[a] for a in theme.answers],
        "nodes": [(node_words(n), next_date(n, today)) for n in theme.nodes],
        "cautions": [CAUTIONS[c] for c in theme.cautions],
        "edits": street is not None and rules.can_edit_themes(user, street),
        "is_own": theme.street_id is not None,
        "is_shipped": not theme.code.startswith("J"),
        "call_query": rules.call_query(theme) if holds(user, Role.OFFICE) else "",
        "orders": holds(user, Role.OFFICE, Role.COMMUNITY),
        "open_rounds": open_rounds,
    }
    return render(request, "needs/theme_detail.html", facts)


def _editing_street(request: HttpRequest) -> Area:
    user = person(request)
    street = rules.home_street(user)
    if street is None or not rules.can_edit_themes(user, street):
        raise NotAllowed
    return street


@require_http_methods(["GET", "HEAD", "POST"])
def theme_edit(request: HttpRequest, theme_code: str) -> HttpResponse:
    """The office writes its street's version of a theme."""
    street = _editing_street(request)
    _, theme = _theme(request, theme_code)
    return _form_page(request, street, theme)


@require_http_methods(["GET", "HEAD", "POST"])
def theme_new(request: HttpRequest) -> HttpResponse:
    """The office adds a theme of its own."""
    return _form_page(request, _editing_street(request), None)


def _form_page(request: HttpRequest, street: Area, theme: LibraryTheme | None) -> HttpResponse:
    post = request.method == "POST"
    form = forms.ThemeForm(request.POST if post else None, initial=forms.initial_of(theme) if theme else {})
    status = 200
    if post and form.is_valid():
        facts: dict[str, Any] = {"street": street, "facts": form.cleaned_data, "by": person(request), "at": clock.now()}
        try:
            row = services.edit_theme(code=theme.code, **facts) if theme else services.add_theme(**facts)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"“{row.name}”已保存，只对本街道有效。")
            return redirect("needs:theme", row.code)
    return render(request, "needs/theme_edit.html", {"form": form, "theme": theme}, status=status)


@require_POST
def theme_restore(request: HttpRequest, theme_code: str) -> HttpResponse:
    """Back to the theme as shipped."""
    services.restore_theme(street=_editing_street(request), code=theme_code, by=person(request), at=clock.now())
    messages.success(request, "已恢复为主题库原样。")
    return redirect("needs:theme", theme_code)
