"""When a message may go out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain.timing import PAUSES, SHANGHAI, Quiet, at_hour, pause_after
from messaging.kinds import Kind, Variable, all_kinds, fill, missing_words, register, unknown_words

HOURS = st.integers(0, 23)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda t: t.replace(tzinfo=UTC))


def shanghai(hour, minute=0, day=23):
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "hours", "expected"),
    [
        (shanghai(12), (22, 7), shanghai(12)),
        (shanghai(22), (22, 7), shanghai(7, day=24)),
        (shanghai(6, 59), (22, 7), shanghai(7)),
        (shanghai(7), (22, 7), shanghai(7)),
        (shanghai(13, 30), (12, 14), shanghai(14)),
        (shanghai(14), (12, 14), shanghai(14)),
    ],
)
def test_quiet_hours(moment, hours, expected):
    assert Quiet(*hours).after(moment) == expected


@given(MOMENTS, HOURS, HOURS)
def test_after_the_quiet_hours_nothing_waits_and_never_a_day(moment, start, end):
    if start == end:
        return
    found = Quiet(start, end).after(moment)
    assert timedelta(0) <= found - moment < timedelta(days=1)
    assert Quiet(start, end).after(found) == found


@given(MOMENTS, HOURS)
def test_the_digest_hour_is_the_next_one(moment, hour):
    found = at_hour(moment, hour)
    assert timedelta(0) < found - moment <= timedelta(days=1)
    assert (found.astimezone(SHANGHAI).hour, found.astimezone(SHANGHAI).minute) == (hour, 0)


def test_pauses_grow_and_end():
    assert [pause_after(i + 1) for i in range(len(PAUSES) + 1)] == [*sorted(PAUSES), None]


KIND = Kind(
    "t.k", "试", subject="{甲}", body="{甲}和{乙}", variables=(Variable("a", "甲", "1"), Variable("b", "乙", "2"))
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{甲}{乙}", []),
        ("{丙}", ["丙"]),
        ("{甲", ["{"]),
        ("甲}", ["}"]),
        ("{}", [""]),
        ("{{甲}}", ["{", "}"]),
        ("{ 甲 }", [" 甲 "]),
    ],
)
def test_unknown_words(text, wrong):
    assert unknown_words(KIND, text) == wrong


def test_missing_words():
    assert (missing_words(KIND, "{乙}", ""), missing_words(KIND, "{甲}", "{乙}")) == (["甲"], [])


@given(st.text(max_size=20), st.text(max_size=20))
def test_values_are_put_in_once(one, two):
    assert fill(KIND, KIND.body, {"a": one, "b": two}) == f"{one}和{two}"


def test_a_default_with_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="no such variables"):
        register(Kind("t.bad", "坏", subject="{丙}", body="x"))
    with pytest.raises(ValueError, match="two kinds"):
        register(Kind("general", "别的"))


@pytest.mark.parametrize("kind", [k for k in all_kinds() if k.has_template], ids=lambda k: k.key)
def test_every_registered_template_can_be_filled(kind):
    assert fill(kind, kind.subject + kind.body, kind.samples())
    assert len(fill(kind, kind.subject, kind.samples())) <= 120
