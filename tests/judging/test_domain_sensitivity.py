"""Sensitivity: every variation is what the engine says of the document changed by hand; figures by hand."""

from decimal import Decimal
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FormatError
from core.exact import plain_text
from judging.domain.scoring import compute
from judging.domain.sensitivity import Change, analyse, half_up_root, said, spearman
from tests.judging.documents import NORM, criterion, document, panel, proposal, rule, sheet
from tests.judging.test_domain_properties import documents

SLOW = settings(max_examples=60, deadline=None)


def ranks(doc):
    return {r["proposal"]: r["rank"] for r in compute(doc)["results"]}


def moved(base, after):
    return tuple(Change(p, base[p], after[p]) for p in base if base[p] != after[p])


@SLOW
@given(documents())
def test_without_a_judge_is_the_document_without_her_sheets(doc):
    found, base = analyse(doc), ranks(doc)
    assert found.ranks == base
    for v in found.without:
        less = doc | {"sheets": [s for s in doc["sheets"] if s["judge"] != v.key]}
        assert v.changes == moved(base, ranks(less))
        assert (v.crossed, v.refused) == ((), "")


@SLOW
@given(documents())
def test_a_moved_weight_is_the_document_with_that_weight(doc):
    base = ranks(doc)
    for w in analyse(doc).weights:
        for sign, variation in ((-1, w.less), (1, w.more)):
            changed = Fraction(0)
            if w.kind == "part":
                parts = []
                for p in doc["rule"]["parts"]:
                    weight = Fraction(p["weight"])
                    changed = weight + Fraction(sign, 20) if p["key"] == w.key else changed
                    parts.append(p | {"weight": plain_text(changed if p["key"] == w.key else weight)})
                rule_ = doc["rule"] | {"parts": parts}
            else:
                lines = []
                for c in doc["rule"]["criteria"]:
                    weight = Fraction(c["weight"])
                    changed = weight + Fraction(5 * sign) / Fraction(c["max"]) if c["key"] == w.key else changed
                    lines.append(c | {"weight": plain_text(changed if c["key"] == w.key else weight)})
                rule_ = doc["rule"] | {"criteria": lines}
            if changed < 0:
                assert variation is None
            else:
                assert variation.changes == moved(base, ranks(doc | {"rule": rule_}))


def test_who_crosses_the_line_is_named():
    doc = panel({"P1": ["90", "90", "90"], "P2": ["89", "89", "99"], "P3": ["80", "80", "80"]}, rule(criterion()))
    found = analyse(doc, cut=1)
    assert found.ranks == {"P2": 1, "P1": 2, "P3": 3}
    third = found.without[2]
    assert third.changes == (Change("P2", 1, 2), Change("P1", 2, 1))
    assert third.crossed == ("P2", "P1")
    assert said(third.changes, {"P1": "甲", "P2": "乙"}) == ["乙（1→2）", "甲（2→1）"]
    assert analyse(doc, cut=2).without[2].crossed == ()
    assert found.without[0].changes == ()


def test_below_the_quorum_there_is_no_rank():
    doc = panel({"P1": ["90", "90"], "P2": ["80", "80"]}, rule(criterion(), quorum=2))
    found = analyse(doc, cut=1).without[0]
    assert found.changes == (Change("P1", 1, None), Change("P2", 2, None))
    assert found.crossed == ("P1",)
    assert said(found.changes, {"P1": "甲", "P2": "乙"}) == ["甲（1→无名次）", "乙（2→无名次）"]


def test_a_judge_who_alone_links_the_panels_cannot_be_left_out_of_a_calibration():
    r = rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 4})
    panels = {"P1": ["J1", "J2"], "P2": ["J2", "J3"]}
    sheets = [sheet(j, p, mark="80") for p, judges in panels.items() for j in judges]
    found = analyse(document(r, [proposal("P1"), proposal("P2")], sheets)).without
    assert [v.refused for v in found] == ["", "有的评委组与其他组没有共同的评委，也没有共同的项目，无法互相校准。", ""]
    assert found[1].changes == ()


def test_spread_of_a_panel_by_hand():
    doc = panel(
        {"P1": ["80", "90"], "P2": ["84", "88"], "P3": ["88", "95"], "P4": ["90", "96"]}, rule(criterion(), trim=NORM)
    )
    first, second = analyse(doc).judges
    # 80, 84, 88, 90: mean 85.5, squares 30.25 + 2.25 + 6.25 + 20.25 = 59, 59 ÷ 3 = 19.667, root 4.4347
    assert (first.sheets, first.average, first.deviation) == (4, Decimal("85.50"), Decimal("4.43"))
    # ranks 1 2 3 4 and 2 1 3 4: 1 − 6×2 ÷ (4×15) = 0.8
    assert (first.agreement, second.agreement) == (Decimal("0.80"), Decimal("0.80"))
    # differences 10, 4, 7, 6: mean 6.75, half each way
    assert (first.severity, second.severity) == (Decimal("-3.38"), Decimal("3.38"))
    assert (first.group, second.group, analyse(doc).groups) == (1, 1, 1)


def test_panels_that_nothing_links_are_compared_within_themselves_only():
    sheets = [
        sheet(j, p, mark=m)
        for j, p, m in (
            ("J1", "P1", "80"),
            ("J2", "P1", "84"),
            ("J3", "P2", "90"),
            ("J4", "P2", "70"),
            ("J5", "P3", "60"),
        )
    ]
    found = analyse(document(rule(criterion()), [proposal(p) for p in ("P1", "P2", "P3")], sheets))
    assert found.groups == 3
    assert [(s.judge, s.group, s.severity) for s in found.judges] == [
        ("J1", 1, Decimal("-2.00")), ("J2", 1, Decimal("2.00")), ("J3", 2, Decimal("10.00")), ("J4", 2, Decimal("-10.00")), ("J5", 3, None),
    ]  # fmt: skip


def test_a_judge_without_sheets_has_no_figures():
    doc = panel({"P1": ["80", "90"]}, rule(criterion()))
    doc["judges"].append({"key": "J3", "name": "评委"})
    last = analyse(doc).judges[2]
    assert (last.sheets, last.average, last.deviation, last.agreement, last.severity, last.group) == (
        0,
        None,
        None,
        None,
        None,
        None,
    )


def test_sheets_that_do_not_count_are_nobodys_figures():
    doc = panel({"P1": ["80", "90"], "P2": ["70", "90"]}, rule(criterion()), P2={"state": "withdrawn"})
    doc["sheets"][0]["state"] = "void"
    assert [(s.judge, s.sheets) for s in analyse(doc).judges] == [("J1", 0), ("J2", 1)]


@pytest.mark.parametrize(
    ("left", "right", "rho"),
    [
        ([1, 2, 3], [10, 20, 30], "1.00"), ([1, 2, 3], [3, 2, 1], "-1.00"), ([1, 1, 2], [5, 6, 7], "0.87"), ([1, 2, 3, 4], [1, 2, 3, 4], "1.00"),
        ([1, 1, 1], [1, 2, 3], None), ([1, 2], [1, 2], None), ([], [], None), ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], "0.80"),
        ([1, 2, 3], [2, 1, 2], "0.00"),
    ],
)  # fmt: skip
def test_rank_correlation(left, right, rho):
    found = spearman([Fraction(x) for x in left], [Fraction(x) for x in right])
    assert found == (None if rho is None else Decimal(rho))
    assert str(found) == str(rho)


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=10**4), st.integers(0, 4))
def test_root_is_the_nearest(value, places):
    root, half = Fraction(half_up_root(value, places)), Fraction(1, 2 * 10**places)
    assert (root - half) ** 2 <= value or root == 0
    assert value < (root + half) ** 2


@given(st.integers(0, 10**9))
def test_root_of_a_square_is_exact(n):
    assert half_up_root(Fraction(n * n), 2) == isqrt(n * n)


def test_a_document_that_is_none_is_refused():
    with pytest.raises(FormatError):
        analyse({"format": "x"})
