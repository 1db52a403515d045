"""需求分析: what residents ask for, how long it takes, what became of it. Joins needs, projects and money."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Area, Role
from accounts.rules import communities_of, street_ids
from accounts.web import person
from core import clock
from core.errors import NotAllowed
from core.numbers import whole
from funding.models import AllocationPlan, Award
from jobs.services import start_job
from needs import rules, services
from needs.domain import analysis
from needs.domain.words import top_words
from needs.models import Need, OrderNeed
from projects.models import Proposal

SHOWN = 40  # rows of a table that has no natural end: grids, people
GONE = (Proposal.State.DRAFT, Proposal.State.WITHDRAWN, Proposal.State.REFUSED)
STAGES = (
    ("ordered", "已制成服务项目单", "需求写进了社区的服务项目单"),
    ("linked", "已有项目对接", "经服务项目单或直接写进已提交的申报书；撤回和不予受理的申报不算"),
    ("funded", "已获资助", "对接的项目在已批准的资金分配方案中有资助金额"),
)
EXPORTS = {
    "e1": ("needs.e1", "居民需求台账"),
    "e2": ("portal.e2", "三张清单"),
    "e26": ("needs.e26", "需求闭环统计"),
}


def linked_needs() -> dict[str, list[Any]]:
    """Stage → sets of ids of the needs that have come so far."""
    standing = Proposal.objects.exclude(state__in=GONE).values("pk")
    given = Award.objects.filter(plan__state=AllocationPlan.State.APPROVED, amount__gt=0).values("proposal")
    return {"ordered": [rules.ordered_needs()], "linked": _behind(standing), "funded": _behind(given)}


def _behind(proposals: Any) -> list[Any]:
    """Ids of the needs that proposals answer, directly and through orders."""
    taken = Proposal.orders.through.objects.filter(proposal__in=proposals).values("serviceorder_id")
    return [
        Proposal.needs.through.objects.filter(proposal__in=proposals).values("need_id"),
        OrderNeed.objects.filter(order__in=taken).values("need_id"),
    ]


def read(get: Any, communities: dict[int, Area], today: date) -> tuple[rules.Chosen, dict[str, str], str]:
    """What is asked for, as it was typed, and what is wrong with the days. Raises Http404 for an area of others."""
    typed = {n: get.get(n, "").strip() for n in ("period", "first", "last", "community", "grid", "category", "channel")}
    wrong = ""
    try:
        span = analysis.read_span(typed["period"], typed["first"], typed["last"], today)
    except analysis.BadSpan as error:
        span, wrong = analysis.year_of(today), str(error)
    community = _area(typed["community"], communities)
    grid = whole(typed["grid"]) if typed["grid"] else None
    if typed["grid"]:
        inside = [community] if community else list(communities)
        if grid is None or not Area.objects.filter(pk=grid, kind=Area.Kind.GRID, parent__in=inside).exists():
            raise Http404
    category = typed["category"] if typed["category"] in Need.Category.values else ""
    channel = typed["channel"] if typed["channel"] in Need.Channel.values else ""
    return rules.Chosen(span, community, grid, category, channel), typed, wrong


def _area(text: str, communities: dict[int, Area]) -> int | None:
    if not text:
        return None
    pk = whole(text)
    if pk not in communities:
        raise Http404
    return pk


def _scope(request: HttpRequest) -> dict[int, Area]:
    """The communities whose needs a person may count, in Chinese order. Raises NotAllowed."""
    user = person(request)
    if not rules.can_analyse(user):
        raise NotAllowed
    return {area.pk: area for area in communities_of(user, Role.COMMUNITY, *rules.WATCHERS)}


@require_safe
def need_analysis(request: HttpRequest) -> HttpResponse:
    """The page of counts: filters in the address, every number with its list behind it. A fixed number of statements."""
    user, communities = person(request), _scope(request)
    today = clock.local(clock.now()).date()
    chosen, typed, wrong = read(request.GET, communities, today)
    needs = rules.chosen_needs(rules.needs_to_analyse(user), chosen)
    counts = rules.counts(needs, today)
    off = services.overrides()
    late = rules.late_from(street_ids(user), today, off)
    took = rules.days_taken(needs, "category", chosen.span.first, today, off)
    rated = rules.ratings(needs)
    rows = [chosen.community] if chosen.community else list(communities)
    parent = chosen.community or (next(iter(communities)) if len(communities) == 1 else None)
    coverage = rules.covered(needs, linked_needs())
    silent = rules.silent(rules.chosen_needs(rules.needs_to_analyse(user), chosen, earlier=True), today, late)
    facts = {
        "chosen": chosen, "typed": typed, "wrong": wrong, "today": today, "periods": analysis.choices(today),
        "communities": list(communities.values()), "categories": Need.Category.choices, "channels": Need.Channel.choices,
        "grids": list(Area.objects.filter(parent=parent, kind=Area.Kind.GRID).in_chinese_order()) if parent else [],
        "sums": _sums(counts), "heat": _heat(counts, rows, communities, chosen),
        "months": _months(rules.by_month(needs), chosen.span, today), "places": _grids(rules.by_grid(needs, today)),
        "speed": _speed(counts, took, rated), "rated_places": _rated(rated, "community", communities),
        "rated_people": _rated(rated, "handler__display_name", None)[:SHOWN],
        "words": [(w, n, _list(chosen, q=w)) for w, n in top_words(rules.newest_words(needs))], "read_words": rules.READ_WORDS,
        "stages": _stages(coverage), "met": _total(coverage, "linked"), "covered": _covered(coverage, rows, communities),
        "silent": _silent(silent, rows, communities, chosen), "days": sorted({n for n, _ in late.values()}),
        "exports": [(what, title) for what, (_kind, title) in EXPORTS.items()],
    }  # fmt: skip
    return render(request, "portal/need_analysis.html", facts)


def _list(chosen: rules.Chosen, *, upto: bool = False, **more: Any) -> str:
    """The list of needs with the same filters and some more; `upto`: with those collected before the span."""
    said = {
        "community": chosen.community, "grid": chosen.grid, "category": chosen.category, "channel": chosen.channel,
        "first": "" if upto else chosen.span.first.isoformat(), "last": chosen.span.last.isoformat(),
    } | more  # fmt: skip
    return reverse("needs:list") + "?" + urlencode({k: v for k, v in said.items() if v not in (None, "")})


def _sums(counts: list[dict[str, Any]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for row in counts:
        total.update({name: row[name] for name in ("n", "refused", "closed", "pending", "over", "demo")})
    accepted = total["n"] - total["refused"]
    return dict(total) | {
        "n": total["n"], "accepted": accepted, "done": analysis.Rate(total["closed"], accepted),
        "late": analysis.Rate(total["over"], total["pending"]), "demo": total["demo"],
    }  # fmt: skip


def _heat(
    counts: list[dict[str, Any]], rows: Sequence[int], communities: dict[int, Area], chosen: rules.Chosen
) -> dict[str, Any]:
    table = analysis.cross(
        {(row["community"], row["category"]): row["n"] for row in counts}, rows, Need.Category.values
    )
    return {
        "columns": [(Need.Category(c).label, n, _list(chosen, category=c)) for c, n in zip(table.columns, table.sums, strict=True)],
        "rows": [
            (
                communities[pk].name,
                [(n, _list(chosen, community=pk, category=c)) for c, n in zip(table.columns, cells, strict=True)],
                total, _list(chosen, community=pk),
            )
            for pk, cells, total in table.rows
        ],
        "total": table.total, "href": _list(chosen),
    }  # fmt: skip


def _months(
    found: dict[tuple[int, int], tuple[int, int]], span: analysis.Span, today: date
) -> list[tuple[str, int, int]]:
    nothing = (0, 0)
    return [
        (words, sum(found.get(m, nothing)[0] for m in months), sum(found.get(m, nothing)[1] for m in months))
        for words, months in analysis.steps_of(span, today)
    ]


def _grids(rows: list[dict[str, Any]]) -> list[tuple[str, int, int, int]]:
    found = [
        (f"{r['community__name']} {r['grid__name'] or '未定网格'}", r["n"], r["closed"], r["over"])
        for r in rows[:SHOWN]
    ]
    rest = rows[SHOWN:]
    if rest:
        found.append((f"其余 {len(rest)} 个", *(sum(r[k] for r in rest) for k in ("n", "closed", "over"))))
    return found


def _speed(
    counts: list[dict[str, Any]], took: dict[Any, dict[int, int]], rated: list[dict[str, Any]]
) -> dict[str, Any]:
    """By category: working days to closing, satisfaction, overdue of those in work; and all together."""

    def row(words: str, days: analysis.Days, of: Iterable[dict[str, Any]], marks: Iterable[dict[str, Any]]) -> Any:
        of, marks = list(of), list(marks)
        over = analysis.Rate(sum(r["over"] for r in of), sum(r["pending"] for r in of))
        count = sum(r["n"] for r in marks)
        return {"words": words, "days": days, "over": over, "rated": count, "stars": analysis.mean(sum(r["total"] for r in marks), count)}  # fmt: skip

    rows = []
    for code, words in Need.Category.choices:
        of = [r for r in counts if r["category"] == code]
        if of:
            marks = [r for r in rated if r["category"] == code]
            rows.append(row(words, analysis.days_of(took.get(code, {})), of, marks))
    return {"rows": rows, "total": row("合计", analysis.days_of(analysis.added(took.values())), counts, rated)}


def _rated(rows: list[dict[str, Any]], by: str, names: dict[int, Area] | None) -> list[dict[str, Any]]:
    """Ratings by community or by person, the most rated first: how many, average stars, satisfied share."""
    sums: dict[Any, Counter[str]] = {}
    for row in rows:
        sums.setdefault(row[by], Counter()).update({k: row[k] for k in ("n", "total", "good")})
    found = [
        {
            "words": names[key].name if names is not None else key or "未定承办人", "n": c["n"],
            "stars": analysis.mean(c["total"], c["n"]), "good": analysis.Rate(c["good"], c["n"]),
        }
        for key, c in sums.items()
    ]  # fmt: skip
    return sorted(found, key=lambda r: (-r["n"], r["words"]))


def _total(rows: list[dict[str, Any]], stage: str) -> analysis.Rate:
    return analysis.Rate(sum(r[stage] for r in rows), sum(r["whole"] for r in rows))


def _stages(rows: list[dict[str, Any]]) -> list[tuple[str, analysis.Rate, str]]:
    """The funnel: every stage of all that were accepted."""
    accepted = sum(r["whole"] for r in rows)
    first = ("已受理", analysis.Rate(accepted, accepted), "收集的需求减去不予受理的")
    return [first, *((words, _total(rows, name), use) for name, words, use in STAGES)]


def _covered(
    coverage: list[dict[str, Any]], rows: Sequence[int], communities: dict[int, Area]
) -> list[tuple[str, list[int], analysis.Rate]]:
    by = {row["community"]: row for row in coverage}
    nothing = {"whole": 0, "ordered": 0, "linked": 0, "funded": 0}
    found = []
    for pk in rows:
        one = by.get(pk, nothing)
        numbers = [one[k] for k in ("whole", "ordered", "linked", "funded")]
        found.append((communities[pk].name, numbers, analysis.Rate(one["linked"], one["whole"])))
    return found


def _silent(
    found: list[dict[str, Any]], rows: Sequence[int], communities: dict[int, Area], chosen: rules.Chosen
) -> dict[str, Any]:
    """By community: needs nobody answered, carried over, beyond the term; those without any left out."""
    by, ways = {row["community"]: row for row in found}, ("silent", "carried", "late")
    return {
        "rows": [
            (communities[pk].name, [(by[pk][w], w, _list(chosen, upto=True, community=pk, due=w)) for w in ways])
            for pk in rows if pk in by
        ],
        "total": [(sum(r[w] for r in found), w, _list(chosen, upto=True, due=w)) for w in ways],
    }  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Start E1, E2 or E26 of what was chosen on the page; the next page shows its progress."""
    user, communities = person(request), _scope(request)
    at = clock.now()
    today = clock.local(at).date()
    chosen, typed, wrong = read(request.POST, communities, today)
    if request.POST.get("what", "") not in EXPORTS:
        raise Http404
    back = reverse("portal:need_analysis") + "?" + urlencode({k: v for k, v in typed.items() if v})
    if wrong:
        messages.error(request, wrong)
        return redirect(back)
    kind, title = EXPORTS[request.POST["what"]]
    streets = {area.street_id for area in communities.values()}
    job = start_job(
        owner=user, kind=kind, title=f"{title}-{chosen.span.words.replace(' ', '')}-{today:%Y%m%d}", at=at,
        params={
            "user": user.pk, "first": chosen.span.first.isoformat(), "last": chosen.span.last.isoformat(), "span": chosen.span.words,
            "community": chosen.community, "grid": chosen.grid, "category": chosen.category, "channel": chosen.channel,
            "day": today.isoformat(), "scope": rules.scope_of(user),
        },
        scope_id=next(iter(streets)) if len(streets) == 1 else None,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
