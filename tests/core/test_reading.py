"""Walking a document with its path."""

from fractions import Fraction

import pytest

from core.errors import FormatError
from core.reading import MISSING, Node, unique


def refusal(call, *arguments, **named):
    with pytest.raises(FormatError) as refused:
        call(*arguments, **named)
    return refused.value.path, refused.value.code


def test_paths_grow_with_the_document():
    top = Node({"rows": [{"n": "1.5"}, {"n": 2}]}, "")
    rows = top.nodes("rows")
    assert rows[0].number("n") == Fraction(3, 2)
    assert refusal(rows[1].number, "n") == ("rows[1].n", "not_decimal")
    assert refusal(Node({"rows": [7]}, "a").nodes, "rows") == ("a.rows[0]", "wrong_type")
    assert refusal(top.nodes, "gone") == ("gone", "missing_key")


def test_defaults_and_nulls():
    node = Node({"null": None}, "x")
    assert node.number("gone", "1") == 1
    assert node.maybe_node("null") is None
    assert node.maybe_node("gone", None) is None
    assert refusal(node.maybe_node, "gone") == ("x.gone", "missing_key")
    assert node.node("gone", {}).value == {}
    assert refusal(node.node, "null", MISSING) == ("x.null", "wrong_type")


def test_keys_nobody_asked_for_are_refused():
    node = Node({"a": "x", "b": "y"}, "r")
    assert node.text("a") == "x"
    assert refusal(node.done) == ("r.b", "unknown_key")
    node.get("b")
    node.done()


@pytest.mark.parametrize(
    ("value", "code"), [(True, "wrong_type"), ("3", "wrong_type"), (3.0, "wrong_type"), (-1, "too_small")]
)
def test_whole_numbers(value, code):
    assert refusal(Node({"n": value}, "").whole, "n") == ("n", code)


def test_places_have_an_end():
    assert Node({"n": 30}, "").places("n") == 30
    assert refusal(Node({"n": 31}, "").places, "n") == ("n", "too_large")


def test_long_numbers_are_refused_before_they_are_read():
    assert refusal(Node({"n": "9" * 100_000}, "").number, "n") == ("n", "too_long")


def test_unique_names_the_second():
    unique(["a", "b"], "rows")
    assert refusal(unique, ["a", "b", "a"], "rows") == ("rows[2].key", "duplicate_key")
