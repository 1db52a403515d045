"""One box that finds what a person may see: by words, by initials, by a number or a part of it."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.web import person
from core.pinyin import initials, pinyin_key
from needs.rules import found_by_words, visible_needs, visible_orders
from organizations.rules import visible_organizations
from projects.rules import visible_proposals
from rounds.rules import visible_rounds

SHOWN = 20  # of each kind
LOOKED_AT = 3000  # titles whose initials are worked out, the newest
LETTERS = re.compile(r"[a-z]{2,12}")


@dataclass(slots=True)
class Found:
    """What was found of one kind: its name, the rows shown, and whether there are more."""

    kind: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    is_more: bool = False


def by_initials(letters: str) -> str:
    """A regular expression for stored pinyin keys (`lin2 zi1 yi4`) whose syllables begin with these letters in a row."""
    return r"(^|\s)" + r"\S*\s+".join(letters)


def look(user: Any, typed: str) -> list[Found]:
    """What the person may see that fits, by kind, in Chinese order; as many queries whatever there is."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", typed)).strip()[:60]
    if not text:
        return []
    compact = text.replace(" ", "")
    letters = compact.lower() if LETTERS.fullmatch(compact.lower()) else ""
    kinds = [
        ("社会组织", _organizations(user, text, compact, letters)),
        ("申报项目", _titled(visible_proposals(user).select_related(None), "receipt_number", "projects:detail", text, compact, letters)),
        ("服务项目单", _titled(visible_orders(user).select_related(None), "number", "needs:order", text, compact, letters)),
        ("期次", _titled(visible_rounds(user).select_related(None), "", "rounds:detail", text, compact, letters)),
        ("居民需求", _needs(user, text)),
    ]  # fmt: skip
    found = []
    for kind, rows in kinds:
        some = list(rows)
        some.sort(key=lambda row: (pinyin_key(row["title"]), row["title"]))
        if some:
            found.append(Found(kind, some[:SHOWN], len(some) > SHOWN))
    return found


def _organizations(user: Any, text: str, compact: str, letters: str) -> Iterator[dict[str, Any]]:
    fits = Q(name__icontains=text) | Q(uscc__contains=compact.upper())
    if letters:
        fits |= Q(pinyin__iregex=by_initials(letters))
    rows = (
        visible_organizations(user).filter(fits).order_by("pinyin", "pk").values_list("pk", "name", "uscc").distinct()
    )
    for pk, name, uscc in rows[: SHOWN + 1]:
        yield {"title": name, "number": uscc or "", "href": reverse("organizations:detail", args=[pk])}


def _titled(
    rows: "QuerySet[Any]", number: str, page: str, text: str, compact: str, letters: str
) -> Iterator[dict[str, Any]]:
    """Rows with a title and, mostly, a number. Initials of titles are not stored: those of the newest are worked out."""
    columns = ["pk", "title", *([number] if number else [])]
    if not letters:
        fits = Q(title__icontains=text)
        if number:
            fits |= Q(**{f"{number}__icontains": compact})
        rows = rows.filter(fits)
    count = 0
    for pk, title, *rest in rows.order_by("-pk").values_list(*columns)[: LOOKED_AT if letters else SHOWN + 1]:
        code = (rest[0] if rest else "") or ""
        if letters and letters not in initials(title) and letters not in title.lower() and letters not in code.lower():
            continue
        count += 1
        yield {"title": title, "number": code, "href": reverse(page, args=[pk])}
        if count > SHOWN:
            return


def _needs(user: Any, text: str) -> Iterator[dict[str, Any]]:
    rows = found_by_words(visible_needs(user), user, text).order_by("-pk").values_list("pk", "words", "number")
    for pk, words, number in rows[: SHOWN + 1]:
        yield {"title": words[:60], "number": number, "href": reverse("needs:detail", args=[pk])}


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The box and what it found."""
    typed = request.GET.get("q", "")[:100]
    return render(request, "portal/search.html", {"typed": typed, "found": look(person(request), typed)})
