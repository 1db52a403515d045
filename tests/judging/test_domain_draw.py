"""The witnessed draw, repeated by a script that knows nothing of the portal."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judging.domain.draw import DrawNeedsDistinctKeys, DrawNeedsNumber, commitment, keeps_commitment, order

OUTSIDE = """
import hashlib, json, sys
secret, number, *keys = sys.argv[1:]
def sha(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
print(json.dumps([sha(secret), sorted(keys, key=lambda key: sha(secret + "|" + number + "|" + key))]))
"""


def test_outside_script_gives_the_same_order():
    secret, number, keys = "5f1c9a0e77b24d0a9c3e6b1d2f48a750", "3829", [f"P{i:02}" for i in range(1, 11)] + ["溡源"]
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", OUTSIDE, secret, number, *keys], capture_output=True, text=True, check=True
    )
    shown, drawn = json.loads(run.stdout)
    assert shown == commitment(secret)
    assert drawn == order(keys, secret, number)


def test_order_is_fixed_for_ever():
    assert order(["P01", "P02", "P03", "P04", "P05"], "secret", "7") == ["P02", "P03", "P01", "P04", "P05"]
    assert commitment("secret") == "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"


@given(st.lists(st.text(max_size=4), unique=True, max_size=8), st.text(max_size=4), st.integers(0, 99))
def test_order_is_a_permutation_that_does_not_hang_on_the_order_given(keys, secret, number):
    drawn = order(keys, secret, str(number))
    assert sorted(drawn) == sorted(keys)
    assert order(keys[::-1], secret, str(number)) == drawn


def test_another_number_draws_another_order():
    keys = [f"P{i}" for i in range(20)]
    assert len({tuple(order(keys, "secret", str(n))) for n in range(50)}) == 50


def test_first_place_falls_evenly():
    firsts = [order(["A", "B", "C", "D"], f"secret{n}", "1")[0] for n in range(2000)]
    assert all(420 < firsts.count(key) < 580 for key in "ABCD")


def test_commitment_is_kept_or_not():
    assert keeps_commitment("secret", commitment("secret"))
    assert not keeps_commitment("Secret", commitment("secret"))


def test_draw_is_refused_for_a_key_twice_or_no_number():
    with pytest.raises(DrawNeedsDistinctKeys):
        order(["A", "A"], "secret", "1")
    with pytest.raises(DrawNeedsNumber):
        order(["A"], "secret", "  ")
