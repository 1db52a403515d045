"""Scoring held against a slow, naive reading of the format, and properties that any fair score has."""

import random
from decimal import Decimal
from fractions import Fraction
from math import floor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exact import pretty
from judging.domain.scoring import compute
from tests.judging.documents import by_key, criterion, document, proposal, ranking, rule, sheet

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TIES = ["criterion:a", "untrimmed_mean", "top_sheets", "part:x", "vote:v", "lot"]
small = st.integers(0, 3)


def decimals(least, most, places=1):
    unit = 10**places
    return st.integers(least * unit, most * unit).map(lambda n: str(Decimal(n) / unit))


@st.composite
def documents(draw, *, ticks=False):
    """A document with any mixture of rules but calibration; marks are few and coarse, so that ties are common."""
    on = draw(st.sampled_from(["total", "criterion"]))
    high, low = draw(small), draw(small)
    trim = draw(st.none() | st.just({"high": high, "low": low, "from": high + low + draw(st.integers(1, 3)), "on": on}))
    by_criterion = trim is not None and on == "criterion"
    criteria = [
        criterion(key, "4", "0.5", weight=draw(st.sampled_from(["1", "1", "0.3", "-0.5"]))) for key in ("a", "b")
    ]
    composite = draw(st.sampled_from(["none", "own", "all"]))
    parts = [{"key": "x", "weight": draw(decimals(-1, 1))}]
    if draw(st.booleans()):
        parts[0]["scale"] = {"max": draw(decimals(1, 7)), "to": "10"}
    if composite == "own":
        parts.append({"key": "own", "weight": draw(decimals(0, 1))})
    places = st.none() | st.integers(0, 3)
    r = rule(
        *criteria,
        trim=trim,
        clamp=draw(st.none() | st.fixed_dictionaries({"within": decimals(0, 2), "decimals": places})),
        aggregate=draw(st.sampled_from(["mean", "median", "sum"])),
        criterion_decimals=draw(places),
        product_decimals=draw(places),
        decimals=draw(places),
        quorum=draw(st.integers(0, 3)),
        own_part="own" if composite == "own" else None,
        parts=[] if composite == "none" else parts,
        bonus_cap=draw(st.none() | decimals(0, 2)),
        rank=ranking(
            *draw(st.lists(st.sampled_from(TIES), unique=True)),
            by=draw(st.sampled_from(["printed", "exact"])),
            style=draw(st.sampled_from(["competition", "dense"])),
        ),
    )
    if ticks:
        r |= {"aggregate": "ticks", "ticks": {"at_most": draw(st.integers(0, 3))}}
    known = {"x"} if composite != "none" or "part:x" in r["rank"]["ties"] else set()
    known |= {"v"} if "vote:v" in r["rank"]["ties"] else set()
    proposals = []
    for i in range(draw(st.integers(1, 4))):
        given_ = {key: draw(decimals(0, 3)) for key in sorted(known) if key == "x" or draw(st.booleans())}
        proposals.append(
            proposal(
                f"P{i}",
                parts=given_,
                factor=draw(st.sampled_from(["1", "1", "3.1"])),
                bonus=draw(st.sampled_from(["0", "1", "2.5"])),
                penalty=draw(st.sampled_from(["0", "0.25"])),
                lot=draw(st.none() | st.sampled_from(["1", "2"])),
                state=draw(st.sampled_from(["standing", "standing", "standing", "withdrawn", "absent"])),
            )
        )
    sheets = []
    for p in proposals:
        for j in range(draw(st.integers(0, 7))):
            marks = {}
            for c in criteria:
                if not by_criterion or draw(st.integers(0, 3)):
                    marks[c["key"]] = draw(decimals(0, 8).map(lambda t: str(floor(Decimal(t)) / Decimal(2))))
            if ticks:
                marks = {"tick": "1"} if draw(st.booleans()) else {}
            state = draw(st.sampled_from(["submitted"] * 5 + ["recused", "void", "late", "absent"]))
            sheets.append({**sheet(f"J{j}", p["key"], **marks), "state": state})
    sheets = draw(st.permutations(sheets))
    return document(r, proposals, sheets)


# --- the naive reading: Fractions throughout, one thing at a time, nothing shared with the code under test ---


def nearest(value, places):
    unit = Fraction(10) ** places
    size = Fraction(floor(abs(value) * unit + Fraction(1, 2))) / unit
    return size if value >= 0 else -size


def naive_values(values, r):
    """`values`: judge index → value. Returns the kept values, and who was left out above and below."""
    values = dict(values)
    clamp = r.get("clamp")
    if clamp:
        m, reach = sum(values.values()) / len(values), Fraction(clamp["within"])
        for j, v in values.items():
            moved = m - reach if v < m - reach else min(v, m + reach)
            values[j] = moved if clamp["decimals"] is None else nearest(moved, clamp["decimals"])
    trim, high, low = r["trim"], [], []
    if trim and len(values) >= trim["from"]:
        for _ in range(trim["high"]):
            out = max(j for j in values if values[j] == max(values.values()))
            del values[out]
            high.append(out)
        for _ in range(trim["low"]):
            out = max(j for j in values if values[j] == min(values.values()))
            del values[out]
            low.append(out)
    return values, high, low


def naive_aggregate(kind, values):
    found = sorted(values)
    if kind == "sum":
        return sum(found, Fraction(0))
    if kind == "mean":
        return sum(found, Fraction(0)) / len(found)
    while len(found) > 2:
        found = found[1:-1]
    return sum(found) / len(found)


def naive_session(doc, p):
    """Own score before factor (None: no score), and the two tie values that come from the sheets."""
    r = doc["rule"]
    seat = {j["key"]: i for i, j in enumerate(doc["judges"])}
    own = {
        seat[s["judge"]]: s["marks"] for s in doc["sheets"] if s["proposal"] == p["key"] and s["state"] == "submitted"
    }
    weight = {c["key"]: Fraction(c["weight"]) for c in r["criteria"]}
    totals = {j: sum((weight[k] * Fraction(m) for k, m in marks.items()), Fraction(0)) for j, marks in own.items()}
    if not own or len(own) < r["quorum"]:
        return None, None, None
    untrimmed = sum(totals.values()) / len(totals)
    if not (r["trim"] and r["trim"]["on"] == "criterion"):
        kept, _, _ = naive_values(totals, r)
        return (
            naive_aggregate(r["aggregate"], kept.values()),
            sum(Fraction(own[j]["a"]) for j in kept) / len(kept),
            untrimmed,
        )
    score, average = Fraction(0), None
    for key, w in weight.items():
        given_ = {j: Fraction(marks[key]) for j, marks in own.items() if key in marks}
        if not given_:
            return None, None, None
        kept, _, _ = naive_values(given_, r)
        value = naive_aggregate(r["aggregate"], kept.values())
        if key == "a":
            average = sum(given_[j] for j in kept) / len(kept)
        if r["criterion_decimals"] is not None:
            value = nearest(value, r["criterion_decimals"])
        value *= w
        if r["product_decimals"] is not None:
            value = nearest(value, r["product_decimals"])
        score += value
    return score, average, untrimmed


def naive_tops(doc, key):
    standing = {p["key"] for p in doc["proposals"] if p["state"] == "standing"}
    weight = {c["key"]: Fraction(c["weight"]) for c in doc["rule"]["criteria"]}

    def total(s):
        return sum(weight[k] * Fraction(m) for k, m in s["marks"].items())

    counting = [s for s in doc["sheets"] if s["state"] == "submitted" and s["proposal"] in standing]
    return sum(
        all(total(other) <= total(mine) for other in counting if other["judge"] == mine["judge"])
        for mine in counting
        if mine["proposal"] == key
    )


def naive(doc):
    """Proposal → (printed or shown score, exact score, key to compare, larger is better); None without a score."""
    r, found = doc["rule"], {}
    for p in doc["proposals"]:
        found[p["key"]] = None
        if p["state"] != "standing":
            continue
        own = average = untrimmed = None
        if r["own_part"] or not r["parts"]:
            own, average, untrimmed = naive_session(doc, p)
            if own is None:
                continue
            own *= Fraction(p["factor"])
        score = own
        if r["parts"]:
            if r["own_part"] and r["decimals"] is not None:
                own = nearest(own, r["decimals"])
            score = Fraction(0)
            for part in r["parts"]:
                value = own if part["key"] == r["own_part"] else Fraction(p["parts"][part["key"]])
                if "scale" in part:
                    value = value * Fraction(part["scale"]["to"]) / Fraction(part["scale"]["max"])
                score += value * Fraction(part["weight"])
        bonus = Fraction(p["bonus"])
        if r["bonus_cap"] is not None and bonus > Fraction(r["bonus_cap"]):
            bonus = Fraction(r["bonus_cap"])
        score = score + bonus - Fraction(p["penalty"])
        printed = score if r["decimals"] is None else nearest(score, r["decimals"])
        of = {
            "criterion:a": average, "untrimmed_mean": untrimmed, "top_sheets": Fraction(naive_tops(doc, p["key"])),
            "part:x": p["parts"].get("x"), "vote:v": p["parts"].get("v"),
            "lot": None if p["lot"] is None else -Fraction(p["lot"]),
        }  # fmt: skip
        ties = [(of[t] is not None, Fraction(of[t] or 0)) for t in r["rank"]["ties"]]
        found[p["key"]] = (printed, score, [score if r["rank"]["by"] == "exact" else printed, *ties])
    return found


@SLOW
@given(documents())
def test_scores_and_ranks_are_those_of_the_naive_reading(doc):
    answer, want = compute(doc), naive(doc)
    keys = {k: v[2] for k, v in want.items() if v is not None}
    for result in answer["results"]:
        expected = want[result["proposal"]]
        if expected is None:
            assert (result["score"], result["exact"], result["rank"]) == (None, None, None)
            continue
        printed, exact, key = expected
        assert Fraction(result["exact"]) == exact
        places = doc["rule"]["decimals"]
        assert Fraction(result["score"]) == (nearest(exact, 10) if places is None else printed)
        if places is not None:
            assert len(result["score"].partition(".")[2]) == places
        better = [k for k in keys.values() if k > key]
        dense = doc["rule"]["rank"]["style"] == "dense"
        assert result["rank"] == 1 + (len({str(k) for k in better}) if dense else len(better))
    order = [p["key"] for p in doc["proposals"]]
    assert [r["proposal"] for r in answer["results"]] == (
        sorted(sorted(keys, key=order.index), key=lambda k: keys[k], reverse=True)
        + [k for k in order if want[k] is None]
    )


@SLOW
@given(documents())
def test_left_out_is_who_the_naive_reading_leaves_out(doc):
    r = doc["rule"]
    names = [j["key"] for j in doc["judges"]]
    weight = {c["key"]: Fraction(c["weight"]) for c in r["criteria"]}
    for result in compute(doc)["results"]:
        if not result["criteria"]:
            continue
        own = {
            names.index(s["judge"]): s["marks"]
            for s in doc["sheets"]
            if s["proposal"] == result["proposal"] and s["state"] == "submitted"
        }
        if r["trim"] and r["trim"]["on"] == "criterion":
            for key in weight:
                _, high, low = naive_values({j: Fraction(m[key]) for j, m in own.items() if key in m}, r)
                assert result["criteria"][key]["left_out"] == {
                    "high": [names[j] for j in high],
                    "low": [names[j] for j in low],
                }
        else:
            totals = {j: sum(weight[k] * Fraction(v) for k, v in m.items()) for j, m in own.items()}
            kept, high, low = naive_values(totals, r)
            assert result["left_out"] == {"high": [names[j] for j in high], "low": [names[j] for j in low]}
            assert result["counted"] == [names[j] for j in sorted(kept)]


@SLOW
@given(documents(ticks=True))
def test_ticks_are_those_of_the_naive_reading(doc):
    submitted = [s for s in doc["sheets"] if s["state"] == "submitted"]
    ticks = {j["key"]: sum(s["judge"] == j["key"] and bool(s["marks"]) for s in submitted) for j in doc["judges"]}
    given_ = {s["judge"] for s in submitted}
    bad = [j["key"] for j in doc["judges"] if ticks[j["key"]] > doc["rule"]["ticks"]["at_most"]]
    answer = compute(doc)
    assert answer["invalid"] == bad
    assert answer["ballots"] == {"given": len(given_), "valid": len(given_) - len(bad), "invalid": len(bad)}
    if not doc["rule"]["parts"]:
        for result in answer["results"]:
            if result["outcome"] == "ranked":
                voters = {s["judge"] for s in submitted if s["proposal"] == result["proposal"] and s["marks"]} - {*bad}
                assert set(result["counted"]) == voters


@SLOW
@given(documents(), st.randoms(use_true_random=False))
def test_order_of_sheets_changes_nothing_but_the_input_digest(doc, rng: random.Random):
    before = compute(doc)
    sheets = list(doc["sheets"])
    rng.shuffle(sheets)
    after = compute(doc | {"sheets": sheets})
    assert after | {"input_digest": before["input_digest"]} == before


@SLOW
@given(documents())
def test_same_document_gives_the_same_bytes(doc):
    assert pretty(compute(doc)) == pretty(compute(doc))


@SLOW
@given(documents())
def test_equal_ranks_are_ties_and_only_they(doc):
    ranked = [r for r in compute(doc)["results"] if r["outcome"] == "ranked"]
    exact = doc["rule"]["rank"]["by"] == "exact"
    for one in ranked:
        for other in ranked:
            if one["rank"] == other["rank"]:
                assert one["score"] == other["score"]
                if exact:
                    assert one["exact"] == other["exact"]
    for one in ranked:
        same = [o for o in ranked if (o["exact"] if exact else o["score"]) == (one["exact"] if exact else one["score"])]
        if doc["rule"]["decimals"] is not None or exact:
            apart = [o for o in same if o["rank"] != one["rank"]]
            assert (one["tie_broken_by"] is not None) == bool(apart)


PLAIN = {"trim": {"high": 1, "low": 1, "from": 4, "on": "total"}, "decimals": None}


@SLOW
@given(st.lists(decimals(0, 10), min_size=1, max_size=9))
def test_trimmed_mean_lies_within_what_is_kept(marks):
    doc = document(
        rule(criterion("mark", "10", "0.1"), **PLAIN),
        [proposal()],
        [sheet(f"J{i}", mark=m) for i, m in enumerate(marks)],
    )
    (result,) = compute(doc)["results"]
    kept = [Fraction(s["marks"]["mark"]) for s in doc["sheets"] if s["judge"] in result["counted"]]
    assert min(kept) <= Fraction(result["exact"]) <= max(kept)


@SLOW
@given(
    st.lists(decimals(0, 9), min_size=1, max_size=9),
    st.data(),
    st.sampled_from(["mean", "median", "sum"]),
    st.none() | st.just({"within": "1.5", "decimals": 1}),
    st.sampled_from(["total", "criterion"]),
)
def test_raising_a_mark_never_lowers_the_score(marks, data, kind, clamp, on):
    r = rule(criterion("mark", "10", "0.1"), **PLAIN, aggregate=kind, clamp=clamp)
    r["trim"] = r["trim"] | {"on": on}

    def score(given_):
        sheets = [sheet(f"J{i}", mark=m) for i, m in enumerate(given_)]
        return Fraction(by_key(compute(document(r, [proposal()], sheets)))["P1"]["exact"])

    i = data.draw(st.integers(0, len(marks) - 1))
    raised = [*marks[:i], str(Decimal(marks[i]) + data.draw(decimals(0, 1).map(Decimal))), *marks[i + 1 :]]
    assert score(raised) >= score(marks)
