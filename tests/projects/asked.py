"""Rounds that ask for more than the fixed fields, for tests; the round of the world asks nothing."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from rounds.domain.papers import paper_row, section_row
from rounds.models import Round, Theme
from tests.world import Street

PROMISE = "本单位承诺所填真实。"
TEXTS = {
    "section_intro": "我们是邻里队。",
    "section_need": "楼上三十位老人下楼难。",
    "section_aims": "每人每周下楼一次。",
}


def sections(**asked):
    """Rows as stored: `need=("required", 20)`, `team="required"`."""
    rows = []
    for key, how in asked.items():
        word, most = how if isinstance(how, tuple) else (how, None)
        rows.append(section_row(key, word, most))
    return rows


ALL = sections(
    intro=("required", 500), team="required", need=("required", 20), aims=("required", 100), targets="required", risks=("optional", 100)
)  # fmt: skip


def papers(*rows):
    """Rows as stored: ("registration", "required", 1, 10, ("social",))."""
    return [
        paper_row(key, word, label="", most=most, megabytes=size, applies=applies)
        for key, word, most, size, applies in rows
    ]


def asking(street: Street, at, **asked) -> Street:
    """The street with another open round, which asks what is named; themes of its own."""
    first = {"title": f"要求多的一期{Round.objects.count()}", "number": 7, "paper": "full"} | asked
    round_ = Round.objects.create(
        street=street.area, year=2026, fund_source="街道公益创投资金", applicant_kinds=["social", "party", "team"],
        budget=Decimal("200000.00"), cap=Decimal("30000.00"), apply_opens_at=at - timedelta(days=7), apply_closes_at=at + timedelta(days=7),
        state="open", rules={}, rules_digest="0" * 64, opened_at=at - timedelta(days=7), objection_contact="街道创投办（测试）", **first,
    )  # fmt: skip
    themes = [Theme.objects.create(round=round_, name=n, position=i) for i, n in enumerate(("党建", "环保", "文体"), 1)]
    return replace(street, round=round_, themes=themes)
