"""What an allocation is computed from: scores, requests, cuts, hearings, prices, ticks."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from core.errors import DomainError
from funding.domain.ceilings import HEARINGS, Ceiling, Terms, ceiling
from funding.models import Fund
from judging.models import Result, ResultLine
from needs.models import Claim
from organizations.rules import standings_in
from projects.models import BudgetLine, Proposal
from projects.rules import standing_cuts
from projects.services.limits import uncut
from rounds.models import Round


class NothingRanked(DomainError):
    message = "评审结果中没有可以分配资金的项目。"


class CutMissing(DomainError):
    message = "有项目的预算科目超过限额，例外没有准许，须先核减到限额以内：{titles}。"


class PriceMissing(DomainError):
    message = "按认领价需要每个项目都有服务项目单的价格。还没有的：{titles}。请先补齐，或改用其他办法。"


class NoTicks(DomainError):
    message = "“{session}”不是票选，没有选票，不能按选票分配。请选用其他办法，或选票选的评审结果。"


BY_BALLOTS = ("equal_shares", "phragmen")
UNIT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The document, and by receipt number what lowered each ceiling and the facts to show beside it."""

    document: dict[str, Any]
    ceilings: dict[str, Ceiling]
    facts: dict[str, dict[str, Any]]


def allocation_inputs(
    *,
    result: Result,
    pool: Decimal,
    method: Mapping[str, Any],
    limits: Mapping[str, Any],
    ties: Sequence[str],
    unit: Decimal = UNIT,
    terms: Terms | None = None,
) -> Inputs:
    """The chuangtou/allocation@1 document of a result: what the engine and `allocate_file` read, byte for byte. Its
    proposals stand by the session's rank; who shares one, by the lower request, then the receipt number.

    Raises NothingRanked, CutMissing, PriceMissing (method `claimed`), NoTicks (methods by ballots).
    """
    terms = terms or Terms()
    lines: list[Any] = list(
        ResultLine.objects.filter(result=result, outcome="ranked", entry__proposal__state="passed")
        .order_by("rank", _of("requested"), _of("receipt_number"))  # ties by `input` keep the session's ranks
        .values(
            "score", key=_of("receipt_number"), proposal=_of("pk"), title=_of("title"), requested=_of("requested"), minimum=_of("minimum"),
            theme=_of("theme__name"), unit=_of("organization_id"), organization=_of("organization__name"), community=_of("community__name"),
            where=_of("community_id"),
        )
    )  # fmt: skip
    if not lines:
        raise NothingRanked
    ids = [row["proposal"] for row in lines]
    if waiting := uncut(result.session.round, ids):
        raise CutMissing(titles="、".join(waiting))
    cuts = standing_cuts(ids)
    results = standings_in(terms.year, {row["unit"] for row in lines}) if terms.year else {}
    totals = dict(
        BudgetLine.objects.filter(proposal__in=ids)
        .values("proposal")
        .annotate(s=Sum("amount"))
        .values_list("proposal", "s")
    )
    prices = _prices(lines) if method["name"] == "claimed" else {}
    decimals = result.scoring["rule"]["decimals"]
    places = 4 if decimals is None else decimals
    purses = purses_of(result.session.round)
    proposals, ceilings, facts = [], {}, {}
    for row in lines:
        key, cut, standing = row["key"], cuts.get(row["proposal"]), results.get(row["unit"])
        top = ceiling(
            terms, requested=row["requested"], minimum=row["minimum"], total=totals.get(row["proposal"]) or row["requested"],
            cut=cut.approved if cut else None, hearing=standing.hearing if standing else None,
        )  # fmt: skip
        ceilings[key] = top
        facts[key] = _facts(cut, standing, terms, top)
        item = {
            "key": key,
            "name": row["title"],
            "score": f"{row['score'] or Decimal(0):.{places}f}",
            "requested": f"{row['requested']:.2f}",
            "minimum": f"{row['minimum']:.2f}",
            "attrs": {name: row[name] for name in ("theme", "organization", "community")}
            | purse_of(purses, row["where"]),
            **top.keys,
        }
        if key in prices:
            item["price"] = f"{prices[key]:.2f}"
        proposals.append(item)
    document = {
        "format": "chuangtou/allocation@1",
        "budget": f"{pool:.2f}",
        "unit": f"{unit:.2f}",
        "method": dict(method),
        "ties": list(ties),
        "limits": dict(limits),
        "proposals": proposals,
    }
    if method["name"] in BY_BALLOTS:
        document["ballots"] = ballots_of(result, {row["key"] for row in lines})
    return Inputs(document, ceilings, facts)


def allocation_document(**given: Any) -> dict[str, Any]:
    """The document alone; arguments as `allocation_inputs`."""
    return allocation_inputs(**given).document


def purses_of(round_: Round) -> dict[int | None, str]:
    """By community (None: the street) the name of the one fund of the round's year; places with several are left out."""
    names: dict[int | None, list[str]] = defaultdict(list)
    for place, name in Fund.objects.filter(street=round_.street_id, year=round_.year).values_list("community", "name"):
        names[place].append(name)
    return {place: found[0] for place, found in names.items() if len(found) == 1}


def purse_of(purses: Mapping[int | None, str], place: int | None) -> dict[str, str]:
    """The attribute `fund` of a project carried out there: the community's own, else the street's; none where neither is clear."""
    name = purses.get(place) or purses.get(None)
    return {"fund": name} if name else {}


def names_in(round_: Round) -> dict[str, set[str]]:
    """What a limit may name: themes, organizations, communities and funds of the projects that passed."""
    found: dict[str, set[str]] = {"theme": set(), "organization": set(), "community": set(), "fund": set()}
    purses = purses_of(round_)
    rows = Proposal.objects.judgeable().in_round(round_).values_list(
        "theme__name", "organization__name", "community__name", "community_id"
    )  # fmt: skip
    for theme, unit, community, place in rows:
        for kind, name in (("theme", theme), ("organization", unit), ("community", community)):
            found[kind].add(name)
        found["fund"].update(purse_of(purses, place).values())
    return found


def _of(field: str) -> Any:
    return F(f"entry__proposal__{field}")


def _facts(cut: Any, standing: Any, terms: Terms, top: Ceiling) -> dict[str, Any]:
    """What the screen shows beside a project, as it stood now."""
    found: dict[str, Any] = {"why": list(top.why)}
    if cut is not None:
        answer = getattr(cut, "answer", None)
        found["cut"] = {"number": cut.number, "approved": f"{cut.approved:.2f}"}
        if answer is not None:
            found["cut"] |= {"agrees": answer.agrees, "words": answer.words}
    if standing is not None:
        found["hearing"] = {
            "year": standing.year, "class": HEARINGS[standing.hearing], "factor": f"{terms.factors[standing.hearing]:.2f}",
            "stars": standing.get_stars_display() if standing.stars else "",
            "comments": [said.words for said in standing.said],
        }  # fmt: skip
    return found


def _prices(lines: list[dict[str, Any]]) -> dict[str, Decimal]:
    """By receipt number: for each service order that a proposal takes, the price of its own confirmed claim, else the
    order's price; added up. Raises PriceMissing.
    """
    through = Proposal.orders.through.objects.filter(proposal__in=[row["proposal"] for row in lines])
    orders = defaultdict(list)
    for proposal, order, price in through.values_list("proposal_id", "serviceorder_id", "serviceorder__price_ceiling"):
        orders[proposal].append((order, price))
    claimed = {
        (order, unit): price
        for order, unit, price in Claim.objects.filter(
            state=Claim.State.CONFIRMED, order__in=[o for some in orders.values() for o, _ in some]
        ).values_list("order_id", "organization_id", "price")
    }
    found, missing = {}, []
    for row in lines:
        parts = [claimed.get((order, row["unit"])) or price for order, price in orders[row["proposal"]]]
        known = [part for part in parts if part is not None]
        if known and len(known) == len(parts):
            found[row["key"]] = sum(known, Decimal("0.00"))
        else:
            missing.append(row["title"])
    if missing:
        raise PriceMissing(titles="、".join(missing[:10]) + ("等" if len(missing) > 10 else ""))
    return found


def ballots_of(result: Result, keys: set[str]) -> list[dict[str, Any]]:
    """The valid ballots of a tick-vote, equal ones counted together; ticks for projects out of the running are left
    out. Raises NoTicks.
    """
    rule = result.scoring["rule"]
    if rule["aggregate"] != "ticks":
        raise NoTicks(session=result.session.name)
    most = int(rule["ticks"]["at_most"])
    ticked: dict[str, list[str]] = defaultdict(list)
    for sheet in result.scoring["sheets"]:
        if sheet.get("state", "submitted") == "submitted" and sheet["marks"].get("tick") == "1":
            ticked[sheet["judge"]].append(sheet["proposal"])
    counted: Counter[tuple[str, ...]] = Counter()
    for picks in ticked.values():
        kept = tuple(sorted(key for key in picks if key in keys))
        if len(picks) <= most and kept:
            counted[kept] += 1
    return [{"count": n, "points": dict.fromkeys(picks, "1")} for picks, n in sorted(counted.items())]
