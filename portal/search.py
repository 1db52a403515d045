"""One box that finds what a person may see: by words, by initials, by a number or a part of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import people_of, street_ids
from accounts.web import person
from core.finding import narrowed, sought
from core.pinyin import pinyin_key
from funding.rules import visible_agreements, visible_payments
from needs.rules import found_by_words, visible_needs, visible_orders
from organizations.rules import visible_organizations
from projects.rules import visible_proposals
from rounds.rules import visible_rounds

SHOWN = 20  # of each kind


@dataclass(slots=True)
class Found:
    """What was found of one kind: its name, the rows shown, and whether there are more."""

    kind: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    is_more: bool = False


def look(user: Any, typed: str) -> list[Found]:
    """What the person may see that fits, by kind, in Chinese order; as many queries whatever there is."""
    text = sought(typed).text
    if not text:
        return []
    title, of = "proposal__title", "proposal__organization__name"
    kinds = [
        ("社会组织", _rows(visible_organizations(user), text, ("name",), ("uscc",), "organizations:detail")),
        ("申报项目", _rows(visible_proposals(user), text, ("title", "organization__name"), ("receipt_number",), "projects:detail")),
        ("服务项目单", _rows(visible_orders(user), text, ("title",), ("number",), "needs:order")),
        ("期次", _rows(visible_rounds(user), text, ("title",), (), "rounds:detail")),
        ("项目协议", _rows(visible_agreements(user), text, (title, of), ("number",), "funding:agreement")),
        ("拨付", _rows(visible_payments(user), text, (f"agreement__{title}", f"agreement__{of}"), ("number", "voucher"), "funding:payment")),
        ("账号", _rows(people_of(street_ids(user, Role.SYSTEM_ADMIN)), text, ("display_name",), ("username",), "accounts:person")),
        ("居民需求", _needs(user, text)),
    ]  # fmt: skip
    found = []
    for kind, rows in kinds:
        some = list(rows)
        some.sort(key=lambda row: (pinyin_key(row["title"]), row["title"]))
        if some:
            found.append(Found(kind, some[:SHOWN], len(some) > SHOWN))
    return found


def _rows(rows: Any, text: str, texts: tuple[str, ...], codes: tuple[str, ...], page: str) -> Iterator[dict[str, Any]]:
    """The newest rows that fit: the first of `texts` is their title, the first of `codes` their number."""
    fits = narrowed(rows.select_related(None), text, texts=texts, codes=codes)
    for pk, title, *code in fits.order_by("-pk").values_list("pk", texts[0], *codes[:1]).distinct()[: SHOWN + 1]:
        yield {"title": title, "number": (code[0] if code else "") or "", "href": reverse(page, args=[pk])}


def _needs(user: Any, text: str) -> Iterator[dict[str, Any]]:
    rows = found_by_words(visible_needs(user), user, text).order_by("-pk").values_list("pk", "words", "number")
    for pk, words, number in rows[: SHOWN + 1]:
        yield {"title": words[:60], "number": number, "href": reverse("needs:detail", args=[pk])}


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The box and what it found."""
    typed = request.GET.get("q", "")[:100]
    return render(request, "portal/search.html", {"typed": typed, "found": look(person(request), typed)})
