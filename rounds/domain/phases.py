"""Where a round stands, in two languages: what the office works on, and what an applicant needs to know."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Phase:
    """`tone` is the colour key of a status mark."""

    key: str
    office: str
    public: str
    tone: str


DRAFT = Phase("draft", "筹备中（未公布）", "尚未公布", "draft")
ANNOUNCED = Phase("announced", "已公布，待开始申报", "尚未开始", "waiting")
APPLYING = Phase("applying", "申报中，收件", "正在申报", "open")
JUDGING = Phase("judging", "申报截止，初审和评审", "申报已截止", "closed")
CLOSED = Phase("closed", "已结束，只读", "本期已结束", "closed")
PHASES = (DRAFT, ANNOUNCED, APPLYING, JUDGING, CLOSED)


def phase_of(state: str, opens: datetime, closes: datetime, at: datetime) -> Phase:
    """The phase at a moment: the opening second belongs to applying, the closing second no longer does."""
    if state == "draft":
        return DRAFT
    if state == "closed":
        return CLOSED
    if at < opens:
        return ANNOUNCED
    return APPLYING if at < closes else JUDGING
