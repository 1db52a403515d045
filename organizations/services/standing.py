"""Hearings and stars: entered by the office, corrected by a new version, commented by the organization."""

from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.models import Organization, Standing, StandingComment


class EvidenceMissing(DomainError):
    message = "请写明依据，例如述职评议会记录文号。"


class CorrectionReasonMissing(DomainError):
    message = "{year} 年的述职结果已登记为“{hearing}”。再登记是更正它，请写明更正理由。"


class HeldInFuture(DomainError):
    message = "述职日期不能晚于今天。"


class BelowThreshold(DomainError):
    message = "{year} 年的评定中党建得分未达到门槛，不能评星。"


class ClassFromBallots(DomainError):
    message = "这一年的述职等次由评议票数得出，为“{hearing}”。要更正，请到述职评议里更正票数。"


class CommentMissing(DomainError):
    message = "请写明说明。"


class CommentOnOld(DomainError):
    message = "这一年的述职结果已更正，请对最新的一版说明。"


@transaction.atomic(durable=True)
def enter_standing(
    *, organization_id: int, year: int, hearing: str, held_on: date, evidence: str, stars: int, by: User, at: datetime,
    correction_reason: str = "",
) -> Standing:  # fmt: skip
    """Enter what a year's hearing decided; a second entry for the same year corrects the first and says why.

    Raises NotAllowed, EvidenceMissing, HeldInFuture, CorrectionReasonMissing, ClassFromBallots, BelowThreshold.
    """
    organization = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if not rules.can_enter(by, organization):
        raise NotAllowed
    if not evidence.strip():
        raise EvidenceMissing
    if held_on > local(at).date():
        raise HeldInFuture
    before = Standing.objects.filter(organization=organization, year=year).order_by("-number").first()
    if before is not None and not correction_reason.strip():
        raise CorrectionReasonMissing(year=year, hearing=before.get_hearing_display())
    counted = rules.class_from_ballots(organization.pk, year)
    if counted and counted != hearing:
        raise ClassFromBallots(hearing=Standing.Hearing(counted).label)
    rated = organization.ratings.filter(year=year).order_by("-number").first()
    if stars and rated is not None and not rated.is_through:
        raise BelowThreshold(year=year)
    row = Standing.objects.create(
        organization=organization, year=year, number=before.number + 1 if before else 1, hearing=hearing, held_on=held_on,
        evidence=evidence.strip(), stars=stars, correction_reason=correction_reason.strip() if before else "",
        entered_by=by, entered_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.standing_entered", about=row, at=at, scope_id=organization.street_id,
        reason=row.correction_reason, facts={"organization": organization.pk, "year": year, "hearing": hearing, "stars": stars},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def comment_standing(*, standing_id: int, words: str, by: User, at: datetime) -> StandingComment:
    """The organization says something about its result. Raises NotAllowed, CommentMissing, CommentOnOld."""
    row = Standing.objects.select_related("organization").get(pk=standing_id)
    Organization.objects.select_for_update().get(pk=row.organization_id)
    if not rules.acts_for(by, row.organization_id):
        raise NotAllowed
    if not words.strip():
        raise CommentMissing
    if Standing.objects.filter(organization=row.organization_id, year=row.year, number__gt=row.number).exists():
        raise CommentOnOld
    said = StandingComment.objects.create(standing=row, words=words.strip(), said_by=by, said_at=at)
    record(
        actor=by, verb="organizations.standing_commented", about=row, at=at, scope_id=row.organization.street_id,
        facts={"organization": row.organization_id, "year": row.year},
    )  # fmt: skip
    return said
