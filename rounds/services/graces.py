"""顺延: the office lets one applicant hand in later, as far as the round foresees it."""

from datetime import datetime

from django.db import transaction

from accounts.models import Role, User
from accounts.rules import may
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from organizations.models import Organization
from organizations.rules import acts_for
from rounds.kinds import GRACE
from rounds.models import Grace, Round
from rounds.rules import closes_for, standing_grace


class GraceNotForeseen(DomainError):
    message = "本期规则没有个别顺延，不能单独顺延。"


class GraceOver(DomainError):
    message = "本期顺延最迟到 {until}，已经过了。"


class GraceTooFar(DomainError):
    message = "最迟只能顺延到 {until}，请改早。"


class GraceNotLater(DomainError):
    message = "该单位的截止时间是 {closes}，顺延到的时间要晚于它，也要晚于现在。"


class GraceForStranger(DomainError):
    message = "该单位不是本期的申报主体。"


class GraceReasonMissing(DomainError):
    message = "请写明顺延的理由，申报单位和监督员会看到。"


def _spoken(moment: datetime) -> str:
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


@transaction.atomic(durable=True)
def grant_grace(
    *, round_id: int, organization_id: int, closes_at: datetime, reason: str, by: User, at: datetime
) -> Grace:
    """Put the closing off for one organization. Sent twice it is there once; a later one takes the place of the standing.

    Raises NotAllowed, GraceReasonMissing, GraceNotForeseen, GraceForStranger, GraceOver, GraceTooFar, GraceNotLater.
    """
    unit = Organization.objects.select_for_update().get(pk=organization_id)
    round_ = Round.objects.select_related("street").get(pk=round_id)
    if not may(by, round_.street, Role.OFFICE) or acts_for(by, unit.pk):
        raise NotAllowed
    words = reason.strip()
    if not words:
        raise GraceReasonMissing
    if not round_.grace_hours or round_.state != Round.State.OPEN:
        raise GraceNotForeseen
    if unit.street_id != round_.street_id or unit.kind not in round_.applicant_kinds:
        raise GraceForStranger
    standing = standing_grace(round_, unit.pk)
    if standing is not None and standing.closes_at == closes_at:
        return standing
    until = _spoken(round_.grace_ends_at)
    if at >= round_.grace_ends_at:
        raise GraceOver(until=until)
    if closes_at > round_.grace_ends_at:
        raise GraceTooFar(until=until)
    closes = closes_for(round_, unit.pk)
    if closes_at <= max(closes, at):
        raise GraceNotLater(closes=_spoken(closes))
    grace = Grace.objects.create(
        round=round_, organization=unit, closes_at=closes_at, reason=words, granted_by=by, granted_at=at
    )
    record(
        actor=by, verb="rounds.grace_granted", about=grace, at=at, scope_id=round_.street_id, reason=words,
        facts={"round": round_.pk, "organization": unit.pk, "closes_at": closes_at.isoformat()},
    )  # fmt: skip
    notify(
        recipients=[m.user_id for m in unit.members.all()], occasion=f"rounds.grace:{grace.pk}", subject="", body="", kind=GRACE.key,
        data={"round": round_.title, "closes": _spoken(closes_at), "organization": unit.name}, link=f"/calls/{round_.pk}/", at=at,
        scope_id=round_.street_id,
    )  # fmt: skip
    return grace
