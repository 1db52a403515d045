"""What chuangtou/allocation@1 refuses: where, with which code, and with a Chinese sentence."""

import copy
import re

import pytest

from core.errors import FormatError
from funding.domain.allocation import allocate
from tests.funding.case import RANK, document, ten

TIERS = {"name": "tiers", "tie": "order", "tiers": [{"label": "一等", "count": 1, "amount": "30"}]}
GONE = object()


def base():
    return document("100.00", copy.deepcopy(RANK), ten(), ballots=[{"count": 1, "points": {"P1": "1"}}])


def put(doc, path, value):
    """Set the value at a path such as `limits.groups[0].attr`."""
    *way, last = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", path)]
    for step in way:
        doc = doc[step]
    if value is GONE:
        del doc[last]
    elif isinstance(doc, list) and last == len(doc):
        doc.append(value)
    else:
        doc[last] = value


def refused(doc):
    with pytest.raises(FormatError) as caught:
        allocate(doc)
    assert re.search("[\u4e00-\u9fff]", caught.value.message)
    return caught.value.path, caught.value.code


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("format", "chuangtou/allocation@2", "unknown_format"),
        ("format", GONE, "missing_key"),
        ("budget", GONE, "missing_key"),
        ("budget", 100, "not_decimal"),
        ("budget", "1e3", "not_decimal"),
        ("budget", "01", "not_decimal"),
        ("budget", "+1", "not_decimal"),
        ("budget", "１", "not_decimal"),
        ("budget", "1" * 50, "not_decimal"),
        ("budget", "-1", "negative"),
        ("budget", "1.005", "finer_than_fen"),
        ("unit", "0", "too_small"),
        ("unit", GONE, "missing_key"),
        ("colour", "red", "unknown_key"),
        ("method", "rank", "wrong_type"),
        ("method.name", "lottery", "unknown_value"),
        ("method.name", GONE, "missing_key"),
        ("method.on_misfit", "jump", "unknown_value"),
        ("method.partial", "no", "wrong_type"),
        ("method.partial", GONE, "missing_key"),
        ("method.extra", 1, "unknown_key"),
        ("ties", "key", "wrong_type"),
        ("ties[0]", "age", "unknown_value"),
        ("ties[1]", "lower_requested", "duplicate_key"),
        ("limits", GONE, "missing_key"),
        ("limits.min_score", 60, "not_decimal"),
        ("limits.max_awards", "10", "wrong_type"),
        ("limits.max_awards", -1, "out_of_range"),
        ("limits.max_awards", True, "wrong_type"),
        ("limits.groups", None, "wrong_type"),
        ("limits.extra", None, "unknown_key"),
        ("proposals", {}, "wrong_type"),
        ("proposals[3]", "P4", "wrong_type"),
        ("proposals[3].key", "", "wrong_type"),
        ("proposals[3].key", "P1", "duplicate_key"),
        ("proposals[3].score", 88.88, "not_decimal"),
        ("proposals[3].requested", GONE, "missing_key"),
        ("proposals[3].minimum", None, "not_decimal"),
        ("proposals[3].minimum", "30000.01", "minimum_above_requested"),
        ("proposals[3].attrs", [], "wrong_type"),
        ("proposals[3].attrs.theme", None, "wrong_type"),
        ("proposals[3].share_cap", "0", "not_a_share"),
        ("proposals[3].colour", "red", "unknown_key"),
        ("ballots[0].count", 0, "out_of_range"),
        ("ballots[0].count", "1", "wrong_type"),
        ("ballots[0].points.P99", "1", "unknown_proposal"),
        ("ballots[0].points.P1", "-1", "negative"),
        ("ballots[0].points.P1", 1, "not_decimal"),
        ("ballots[0].weight", "1", "unknown_key"),
    ],
)
def test_a_changed_document_is_refused_at_its_path(path, value, code):
    doc = base()
    put(doc, path, value)
    assert refused(doc) == (path, code)


@pytest.mark.parametrize(
    ("group", "path", "code"),
    [
        ({"value": "A"}, "limits.groups[0].attr", "missing_key"),
        ({"attr": "theme"}, "limits.groups[0].value", "value_or_each"),
        ({"attr": "theme", "value": "A", "each": True}, "limits.groups[0].value", "value_or_each"),
        ({"attr": "theme", "value": "A", "max_amount": 5}, "limits.groups[0].max_amount", "not_decimal"),
        (
            {"attr": "theme", "value": "A", "min_awards": 2, "max_awards": 1},
            "limits.groups[0].min_awards",
            "min_above_max",
        ),
        ({"attr": "theme", "value": "A", "most": 1}, "limits.groups[0].most", "unknown_key"),
    ],
)
def test_a_wrong_group_is_refused(group, path, code):
    doc = base()
    doc["limits"]["groups"] = [group]
    assert refused(doc) == (path, code)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        (TIERS | {"tie": "lot"}, "method.tie", "unknown_value"),
        (TIERS | {"tiers": [{"label": "一", "count": 1}]}, "method.tiers[0].amount", "missing_key"),
        (
            TIERS | {"tiers": [{"label": "一", "count": 1, "amount": "1"}, {"label": "二", "count": 1, "amount": "2"}]},
            "method.tiers[1].amount",
            "tier_above_better",
        ),
        ({"name": "classes", "attr": "class", "amounts": {"A": "1"}}, "proposals[0].attrs.class", "missing_key"),
        ({"name": "classes", "attr": "class", "amounts": {"A": 1}}, "method.amounts.A", "not_decimal"),
        (RANK | {"on_misfit": {"fund_from_share": "1.2"}}, "method.on_misfit.fund_from_share", "not_a_share"),
        (RANK | {"on_misfit": {}}, "method.on_misfit.fund_from_share", "missing_key"),
        ({"name": "claimed"}, "proposals[0].price", "missing_key"),
        ({"name": "proportional", "partial": True}, "method.partial", "unknown_key"),
        ({"name": "equal_shares", "utility": "cost"}, "method.completion", "missing_key"),
        ({"name": "equal_shares", "utility": "joy", "completion": "none"}, "method.utility", "unknown_value"),
    ],
)
def test_a_wrong_method_is_refused(method, path, code):
    assert refused(base() | {"method": method}) == (path, code)


def test_a_class_without_an_amount_is_refused():
    doc = base() | {"method": {"name": "classes", "attr": "class", "amounts": {"A": "1"}}}
    for n, item in enumerate(doc["proposals"]):
        item["attrs"] = {"class": "B" if n == 4 else "A"}
    assert refused(doc) == ("proposals[4].attrs.class", "unknown_class")


@pytest.mark.parametrize("name", ["proportional", "phragmen"])
def test_least_numbers_are_refused_where_the_method_cannot_keep_them(name):
    doc = base() | {"method": {"name": name}}
    doc["limits"]["groups"] = [{"attr": "theme", "value": "A", "min_awards": 1}]
    assert refused(doc) == ("limits.groups[0].min_awards", "limit_not_available")


def test_share_cap_needs_a_total():
    doc = base()
    doc["proposals"][0]["share_cap"] = "0.6"
    assert refused(doc) == ("proposals[0].total", "missing_key")


@pytest.mark.parametrize("doc", [None, [], "x", 5])
def test_what_is_no_object_is_refused(doc):
    assert refused(doc) == ("", "wrong_type")


def test_half_a_character_is_refused():
    doc = base()
    doc["proposals"][0]["name"] = "\ud800"
    assert refused(doc) == ("", "not_unicode")
