"""The window of a round: from its opening second to the second before its closing one."""

from datetime import datetime

from core.clock import local
from core.errors import DomainError
from rounds.models import Round
from rounds.rules import closes_for


class RoundClosed(DomainError):
    message = "申报已于 {at} 截止，不能再提交。您的草稿已保留。"


class RoundNotYetOpen(DomainError):
    message = "申报尚未开始，请在 {at} 之后再来。"


def spoken_moment(moment: datetime) -> str:
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


def check_window(round_: Round, at: datetime, organization_id: int) -> None:
    """The closing is the organization's own where it was put off. Raises RoundClosed, RoundNotYetOpen."""
    closes = closes_for(round_, organization_id)
    if round_.state != Round.State.OPEN or at >= closes:
        raise RoundClosed(at=spoken_moment(closes))
    if at < round_.apply_opens_at:
        raise RoundNotYetOpen(at=spoken_moment(round_.apply_opens_at))
