"""What holds for every allocation, tried on generated documents."""

import itertools
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import FormatError
from core.exact import canonical
from funding.domain.allocation import allocate
from funding.domain.allocation.crossing import Solver, Task, best_set
from funding.domain.allocation.knapsack import Limit, solve
from tests.funding.case import award, document

fen = st.integers(0, 6000).map(lambda n: f"{n // 100}.{n % 100:02d}")
scores = st.integers(-20, 1000).map(lambda n: f"{'-' if n < 0 else ''}{abs(n) // 10}.{abs(n) % 10}")


@st.composite
def proposals(draw, most=8):
    found = []
    for n in range(draw(st.integers(0, most))):
        asked = draw(fen)
        least = Decimal(asked) * draw(st.integers(0, 100)) / 100
        found.append(
            {
                "key": f"P{n}",
                "name": f"项目{n}",
                "score": draw(st.one_of(scores, scores, scores, st.none())),
                "requested": asked,
                "minimum": f"{least:.2f}"
                if f"{least:.2f}" <= asked or Decimal(f"{least:.2f}") <= Decimal(asked)
                else asked,
                "attrs": {"theme": draw(st.sampled_from("ABC")), "organization": draw(st.sampled_from("XYZ"))},
                "price": draw(fen),
                **draw(cuts()),
            }
        )
    return found


@st.composite
def cuts(draw):
    """The optional keys that lower a request, each by itself or together; most proposals have none."""
    found = {}
    if draw(st.integers(0, 3)) == 0:
        found["approved"] = draw(fen)
    if draw(st.integers(0, 5)) == 0:
        found["self_raised"] = draw(fen)
    if draw(st.integers(0, 3)) == 0:
        found |= {"share_cap": draw(st.sampled_from(["0.5", "0.80", "1"])), "total": draw(fen)}
    return found


def top(p):
    """What a proposal may get at most, in yuan: the smallest of its request and its cuts."""
    found = [Decimal(p["requested"])]
    raised, total = Decimal(p.get("self_raised", "0")), p.get("total")
    if "approved" in p:
        found.append(max(Decimal(0), Decimal(p["approved"]) - raised))
    elif "self_raised" in p:
        found.append(max(Decimal(0), Decimal(total or p["requested"]) - raised))
    if "share_cap" in p:
        found.append((Decimal(total) * Decimal(p["share_cap"])).quantize(Decimal("0.01"), ROUND_DOWN))
    return min(found)


@st.composite
def limits(draw, minima):
    groups = []
    for attr, values in (("theme", "ABC"), ("organization", "XYZ")):
        if draw(st.booleans()):
            most = draw(st.one_of(st.none(), st.integers(0, 3)))
            least = draw(st.integers(0, 1 if most is None else min(1, most))) if minima else 0
            group = {
                "attr": attr,
                "max_awards": most,
                "max_amount": draw(st.one_of(st.none(), fen)),
                "min_awards": least,
            }
            groups.append(group | draw(st.sampled_from([{"each": True}, {"value": values[0]}])))
    for attr, value in draw(
        st.lists(st.sampled_from([("theme", "A"), ("theme", "B"), ("organization", "X")]), max_size=2)
    ):
        # a second limit on the same projects, or one across the others
        most = draw(st.one_of(st.none(), st.integers(1, 2)))
        groups.append(
            {
                "attr": attr,
                "value": value,
                "max_awards": most,
                "max_amount": draw(st.one_of(st.none(), fen)),
                "min_awards": 0,
            }
        )
    return {
        "min_score": draw(st.one_of(st.none(), st.just("20"))),
        "max_awards": draw(st.one_of(st.none(), st.integers(0, 5))),
        "groups": groups,
    }


METHODS = [
    {"name": "rank", "on_misfit": "skip", "partial": False},
    {"name": "rank", "on_misfit": "stop", "partial": True},
    {"name": "rank", "on_misfit": {"fund_from_share": "0.8"}, "partial": True},
    *(
        {
            "name": "tiers",
            "tie": tie,
            "tiers": [{"label": "一", "count": 1, "amount": "30"}, {"label": "二", "count": 3, "amount": "12.5"}],
        }
        for tie in ("order", "share", "promote")
    ),
    {"name": "classes", "attr": "theme", "amounts": {"A": "40", "B": "20", "C": "0"}},
    {"name": "claimed"},
    {"name": "proportional"},
    {"name": "optimal", "partial": False},
    {"name": "optimal", "partial": True},
    {"name": "phragmen"},
    *(
        {"name": "equal_shares", "utility": utility, "completion": completion}
        for utility, completion in itertools.product(
            ("cost", "count", "points"), ("none", "rank", "add1_stop_exhaustive", "add1_stop_overspend")
        )
    ),
]
WITH_MINIMA = ("rank", "tiers", "classes", "claimed", "optimal")


@st.composite
def documents(draw, methods=tuple(METHODS)):
    method = draw(st.sampled_from(methods))
    items = draw(proposals())
    ties = draw(st.permutations(["lower_requested", "higher_requested", "higher_score", "key"]))
    ballots = []
    if method["name"] in ("phragmen", "equal_shares"):
        assume(items)
        keys = [p["key"] for p in items]
        points = st.dictionaries(st.sampled_from(keys), st.sampled_from(["1", "2", "0.5"]), min_size=1)
        ballots = draw(
            st.lists(
                st.builds(lambda c, p: {"count": c, "points": p}, st.integers(1, 3), points), min_size=1, max_size=6
            )
        )
    more = {"ballots": ballots} if ballots else {}
    unit = draw(st.sampled_from(["0.01", "1", "2.50"]))
    drawn = draw(limits(minima=method["name"] in WITH_MINIMA))
    return document(draw(fen), method, items, ties=ties, unit=unit, limits=drawn, **more)


def settled(given_document):
    try:
        return allocate(given_document)
    except FormatError as error:
        assert error.code == "infeasible_minima"
        return None


@settings(max_examples=600, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_money_limits_and_order_hold_for_every_method(doc, random):
    answer = settled(doc)
    shuffled = doc | {"proposals": random.sample(doc["proposals"], len(doc["proposals"]))}
    if "ballots" in doc:
        shuffled["ballots"] = random.sample(doc["ballots"], len(doc["ballots"]))
    again = settled(shuffled)
    if answer is None:
        assert again is None
        return
    assert canonical(answer | {"input_digest": ""}) == canonical(again | {"input_digest": ""})
    assert canonical(answer) == canonical(allocate(doc))
    items = {p["key"]: p for p in doc["proposals"]}
    assert sorted(a["proposal"] for a in answer["awards"]) == sorted(items)
    spent = sum((Decimal(a["amount"]) for a in answer["awards"]), Decimal(0))
    assert answer["spent"] == f"{spent:.2f}"
    assert Decimal(answer["left"]) == Decimal(doc["budget"]) - spent
    if not isinstance(doc["method"].get("on_misfit"), dict):
        assert Decimal(answer["left"]) >= 0
    won = [a for a in answer["awards"] if a["outcome"] in ("funded", "partial")]
    assert sorted(a["order"] for a in won) == list(range(1, len(won) + 1))
    for a in answer["awards"]:
        item, amount = items[a["proposal"]], Decimal(a["amount"])
        assert a["reason"].endswith("。")
        assert "。" not in a["reason"][:-1]
        if a in won:
            assert Decimal(item["minimum"]) <= amount <= top(item)
            score = _score(doc, item)
            assert score is not None
            assert doc["limits"]["min_score"] is None or score >= Decimal(doc["limits"]["min_score"])
        else:
            assert amount == 0
            assert a["order"] is None
    assert sum(a["outcome"] == "reserve" for a in answer["awards"]) <= 1
    _limits_hold(doc, won, items)


def _score(doc, item):
    """The score of a proposal: its own, or the sum of its points where there are ballots."""
    if item["score"] is not None:
        return Decimal(item["score"])
    if "ballots" not in doc:
        return None
    return sum(b["count"] * Decimal(b["points"].get(item["key"], "0")) for b in doc["ballots"])


def _limits_hold(doc, won, items):
    most = doc["limits"]["max_awards"]
    assert most is None or len(won) <= most
    for group in doc["limits"]["groups"]:
        values = [group["value"]] if "value" in group else {p["attrs"][group["attr"]] for p in items.values()}
        for value in values:
            inside = [a for a in won if items[a["proposal"]]["attrs"][group["attr"]] == value]
            assert group["max_awards"] is None or len(inside) <= group["max_awards"]
            assert len(inside) >= group["min_awards"]
            money = sum((Decimal(a["amount"]) for a in inside), Decimal(0))
            assert group["max_amount"] is None or money <= Decimal(group["max_amount"])


def allowed(doc, chosen):
    """Whether a set of proposals keeps budget and limits at full requests."""
    count, least = doc["limits"]["max_awards"], doc["limits"]["min_score"]
    if sum(top(p) for p in chosen) > Decimal(doc["budget"]) or (count is not None and len(chosen) > count):
        return False
    if any(p["score"] is None or (least is not None and Decimal(p["score"]) < Decimal(least)) for p in chosen):
        return False
    if any(top(p) < Decimal(p["minimum"]) for p in chosen):
        return False
    for group in doc["limits"]["groups"]:
        values = [group["value"]] if "value" in group else {p["attrs"][group["attr"]] for p in doc["proposals"]}
        for value in values:
            inside = [p for p in chosen if p["attrs"][group["attr"]] == value]
            if len(inside) < group["min_awards"] or (
                group["max_awards"] is not None and len(inside) > group["max_awards"]
            ):
                return False
            money = sum(top(p) for p in inside)
            if group["max_amount"] is not None and money > Decimal(group["max_amount"]):
                return False
    return True


@settings(max_examples=250, deadline=None)
@given(documents(methods=(METHODS[9],)))
def test_optimum_is_what_trying_every_set_gives(doc):
    assert doc["method"] == {"name": "optimal", "partial": False}
    sets = itertools.chain.from_iterable(
        itertools.combinations(doc["proposals"], n) for n in range(len(doc["proposals"]) + 1)
    )
    rated = [
        (sum(Decimal(p["score"]) for p in chosen), len(chosen), -sum(top(p) for p in chosen))
        for chosen in sets
        if allowed(doc, chosen)
    ]
    answer = settled(doc)
    if answer is None:
        assert not rated
        return
    assert answer["proven"] is True
    won = [p for p in doc["proposals"] if award(answer, p["key"])["outcome"] == "funded"]
    mine = (sum(Decimal(p["score"]) for p in won), len(won), -sum(top(p) for p in won))
    assert mine == max(rated)
    scores = {p["key"]: Decimal(p["score"] or 0) for p in doc["proposals"]}
    for misfit in ("skip", "stop"):
        greedy = settled(doc | {"method": {"name": "rank", "on_misfit": misfit, "partial": False}})
        assert mine[0] >= sum(scores[a["proposal"]] for a in greedy["awards"] if a["outcome"] == "funded")
    for order in (lambda p: -scores[p["key"]], top, lambda p: -scores[p["key"]] / max(top(p), Decimal("0.01"))):
        chosen = []
        for p in sorted(doc["proposals"], key=order):
            if allowed(doc | {"limits": _without_minima(doc["limits"])}, [*chosen, p]):
                chosen.append(p)
        if allowed(doc, chosen):
            assert mine[0] >= sum(scores[p["key"]] for p in chosen)


def _without_minima(given_limits):
    return given_limits | {"groups": [group | {"min_awards": 0} for group in given_limits["groups"]]}


@settings(max_examples=250, deadline=None)
@given(documents(methods=METHODS[:3]))
def test_what_is_said_to_be_needed_is_enough(doc):
    for group in doc["limits"]["groups"]:
        group["min_awards"] = 0
    doc["ties"] = ["key"]
    answer = allocate(doc)
    for a in answer["awards"]:
        for field, key in (("score", "score"), ("amount", "requested")):
            value = a["needed"][field]
            if value is None or (field == "score" and a["code"] == "below_min_score"):
                continue
            changed = [p | {key: value} if p["key"] == a["proposal"] else p for p in doc["proposals"]]
            now = award(allocate(doc | {"proposals": changed}), a["proposal"])
            assert now["outcome"] in ("funded", "partial"), (a, now)
            assert a["outcome"] in ("reserve", "unfunded")


def _brute(task, sign=1):
    best = None
    values = [sign * v for v in task.values()]
    for mask in range(1 << len(values)):
        chosen = frozenset(i for i in range(len(values)) if mask >> i & 1)
        if sum(task.costs[i] for i in chosen) > task.budget or (task.most is not None and len(chosen) > task.most):
            continue
        inside = [(limit, limit.members & chosen) for limit in task.limits]
        if any(
            len(has) < limit.least
            or (limit.most is not None and len(has) > limit.most)
            or (limit.cap is not None and sum(task.costs[i] for i in has) > limit.cap)
            for limit, has in inside
        ):
            continue
        value = sum(values[i] for i in chosen)
        if best is None or value > best[0]:
            best = (value, chosen)
    return best


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_search_with_limits_of_any_shape_finds_the_best_set(data):
    n = data.draw(st.integers(1, 8))
    scores = [data.draw(st.integers(-3, 30)) for _ in range(n)]
    costs = [data.draw(st.integers(0, 20)) for _ in range(n)]
    some = []
    for _ in range(data.draw(st.integers(0, 4))):
        most = data.draw(st.one_of(st.none(), st.integers(1, 3)))
        some.append(
            Limit(
                frozenset(data.draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=5))),
                data.draw(st.one_of(st.none(), st.integers(0, 40))),
                data.draw(st.integers(0, 1 if most is None else min(most, 2))),
                most,
            )
        )
    task = Task(scores, costs, data.draw(st.integers(0, 80)), data.draw(st.one_of(st.none(), st.integers(0, n))), some)
    best = _brute(task)
    assume(best is not None)
    found = best_set(task, best[1] if data.draw(st.booleans()) else _any(task))
    assert found.proven
    assert found.chosen == best[1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_solver_and_integer_search_choose_the_same_set(data):
    n = data.draw(st.integers(20, 60))
    few = data.draw(st.booleans())  # many sets alike: the ranks decide
    scores = [data.draw(st.integers(1, 4) if few else st.integers(-5, 9999)) for _ in range(n)]
    costs = [data.draw(st.sampled_from([10, 20]) if few else st.integers(0, 6000)) for _ in range(n)]
    of = [data.draw(st.integers(0, 4)) for _ in range(n)]
    limits = [
        Limit(
            frozenset(i for i in range(n) if of[i] == group),
            data.draw(st.one_of(st.none(), st.integers(0, sum(costs) // 4))),
            0,
            data.draw(st.one_of(st.none(), st.integers(0, 6))),
        )
        for group in set(of)
    ]
    most = data.draw(st.one_of(st.none(), st.integers(0, n)))
    task = Task(sorted(scores, reverse=True), costs, data.draw(st.integers(0, sum(costs))), most, limits)
    exact = solve(task.values(), costs, task.budget, most, limits, None)
    assert exact.proven
    assert Solver(task, limits).run() == exact


def _any(task):
    """The worst allowed set: the search must not depend on a good start."""
    return _brute(task, -1)[1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 500)), min_size=1, max_size=8), st.integers(0, 3000))
def test_proportional_is_within_a_unit_of_the_exact_share(items, budget):
    given_items = [
        {"key": f"P{n}", "name": "", "score": str(score), "requested": str(asked), "minimum": "0", "attrs": {}}
        for n, (score, asked) in enumerate(items)
    ]
    answer = allocate(document(str(budget), {"name": "proportional"}, given_items, unit="1"))
    got = {a["proposal"]: Fraction(a["amount"]) for a in answer["awards"]}
    assert Fraction(answer["spent"]) == min(budget, sum(asked for _, asked in items))
    for n, (score, asked) in enumerate(items):
        # rounding apart, nobody who did not reach its request stands below the level of another
        if got[f"P{n}"] < asked:
            others = [got[f"P{m}"] - 1 for m, _ in enumerate(items) if m != n]
            assert got[f"P{n}"] + 1 >= max((o * score / items[m][0] for m, o in _pairs(others, n)), default=0)


def _pairs(others, skipped):
    places = [m for m in range(len(others) + 1) if m != skipped]
    return zip(places, others, strict=True)
