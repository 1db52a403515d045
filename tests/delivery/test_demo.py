"""Demonstration expenses over a real agreement."""

from collections import Counter
from decimal import Decimal

from delivery import rules
from portal.demo.expenses import play_expenses
from tests.delivery.make import LATER, SPENT_AT, project


def test_expenses_of_a_demonstration_project(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    agreement = project(world, at)
    assert play_expenses([agreement], at + LATER - LATER) == []  # not begun
    made = play_expenses([agreement], at + SPENT_AT)
    assert Counter(e.state for e in made) == {"accepted": 1, "returned": 1, "draft": 1}
    assert all(e.is_demo and e.papers.count() == 1 for e in made)
    assert rules.spent(agreement) == Decimal(3600)
    assert rules.books(agreement).heads["activity"].warning == ""
