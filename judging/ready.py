"""Makes the rubrics for choosing projects known to the rounds below, which name one in their call."""

from core.exact import plain_text
from judging.domain.rubrics import CHARITY_MARKET, COMMUNITY, MICRO, PARTY, VOLUNTEER
from rounds.catalogue import ReadyRubric, register

CHOOSING = (COMMUNITY, PARTY, VOLUNTEER, MICRO, CHARITY_MARKET)


def install() -> None:
    """Register them, in this order."""
    for rubric in CHOOSING:
        lines = tuple((c.label, c.most, c.hint) for c in rubric.criteria)
        register(ReadyRubric(rubric.key, rubric.label, plain_text(rubric.full_marks), lines))
