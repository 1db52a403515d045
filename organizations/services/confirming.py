"""年终等级评定: a leader confirms stars; each star gets a certificate with a number of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.models import Organization, RatingConfirmation, RatingSheet, Standing


class NothingChosen(DomainError):
    message = "没有要确认的组织。"


class NotRated(DomainError):
    message = "“{name}”{year} 年还没有登记评定得分。"


class NotHeard(DomainError):
    message = "“{name}”{year} 年还没有述职等次，先述职再评定星级。"


class RatingChanged(DomainError):
    message = "“{name}”的得分刚刚被更正，请刷新后再确认。"


class AlreadyConfirmed(DomainError):
    message = "“{name}”的星级已经确认。"


class NoStarBelow(DomainError):
    message = "“{name}”党建得分未达到门槛，不能评星。"


class DifferenceReasonMissing(DomainError):
    message = "“{name}”的星级与建议不同，请写明理由。"


class AgainReasonMissing(DomainError):
    message = "“{name}”的星级确认过，再次确认请写明理由。"


class OwnOrganization(DomainError):
    message = "“{name}”是您自己所在的组织，请由别的领导确认。"
    status = 403


@dataclass(frozen=True, slots=True)
class Choice:
    """The stars of one organization, by the version of its marks that was seen; a reason where they differ from those proposed."""

    organization_id: int
    shown: int
    stars: int
    reason: str = ""


@transaction.atomic(durable=True)
def confirm_ratings(
    *, street: Area, year: int, choices: Sequence[Choice], by: User, at: datetime
) -> list[RatingConfirmation]:  # fmt: skip
    """Confirm stars, all or none; what differs from the standing becomes its next version.

    Raises NotAllowed, NothingChosen, OwnOrganization, NotRated, NotHeard, RatingChanged, AlreadyConfirmed, NoStarBelow,
    DifferenceReasonMissing, AgainReasonMissing.
    """
    if not rules.can_confirm(by, street):
        raise NotAllowed
    if not choices:
        raise NothingChosen
    # the street first: its serial numbers, and no marks are entered meanwhile
    Area.objects.select_for_update(of=("self",)).get(pk=street.pk)
    ids = [c.organization_id for c in choices]
    found = Organization.objects.select_for_update().filter(pk__in=ids, street=street).order_by("pk")
    rows = {row.pk: row for row in found}
    if set(rows) != set(ids):
        raise NotAllowed
    sheets = {
        s.organization_id: s for s in RatingSheet.objects.filter(organization__in=ids, year=year).order_by("number")
    }
    standings, before = rules.newest_versions(year, ids), rules.newest_confirmations(year, ids)
    last = RatingConfirmation.objects.filter(street=street, year=year).aggregate(last=Max("serial"))["last"] or 0
    made = []
    for choice in choices:
        row = rows[choice.organization_id]
        sheet, standing = sheets.get(row.pk), standings.get(row.pk)
        if rules.acts_for(by, row.pk):
            raise OwnOrganization(name=row.name)
        if sheet is None:
            raise NotRated(name=row.name, year=year)
        if standing is None:
            raise NotHeard(name=row.name, year=year)
        one = _confirm(row, choice, sheet, standing, before.get(row.pk), last + 1, by, at)
        last = one.serial or last
        made.append(one)
    return made


def _confirm(
    row: Organization, choice: Choice, sheet: RatingSheet, standing: Standing, before: RatingConfirmation | None, serial: int, by: User, at: datetime
) -> RatingConfirmation:  # fmt: skip
    year = sheet.year
    if sheet.number != choice.shown:
        raise RatingChanged(name=row.name)
    if rules.is_confirmed(before, sheet, standing):
        raise AlreadyConfirmed(name=row.name)
    if choice.stars and not sheet.is_through:
        raise NoStarBelow(name=row.name)
    reason = choice.reason.strip()
    if choice.stars != sheet.stars and not reason:
        raise DifferenceReasonMissing(name=row.name)
    if before is not None and not reason:
        raise AgainReasonMissing(name=row.name)
    if standing.stars != choice.stars:
        standing = Standing.objects.create(
            organization=row, year=year, number=standing.number + 1, hearing=standing.hearing, held_on=standing.held_on,
            evidence=standing.evidence, stars=choice.stars, correction_reason=f"年终等级评定确认。{reason}"[:500], entered_by=by, entered_at=at,
        )  # fmt: skip
    one = RatingConfirmation.objects.create(
        street_id=row.street_id, organization=row, year=year, number=before.number + 1 if before else 1, standing=standing, sheet=sheet,
        stars=choice.stars, proposed=sheet.stars, total=sheet.total, reason=reason, serial=serial if choice.stars else None, name=row.name,
        street_name=row.street.name, confirmed_by=by, confirmed_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.rating_confirmed", about=one, at=at, scope_id=row.street_id, reason=reason,
        facts={"organization": row.pk, "year": year, "stars": choice.stars, "serial": one.serial},
    )  # fmt: skip
    return one
