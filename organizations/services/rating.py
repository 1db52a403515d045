"""年终等级评定: the rule of a year, and marks."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.domain.rating import CRITERIA, FULL, Rule, rate
from organizations.models import Organization, RatingRule, RatingSheet

PLACES = Decimal("0.1")


class BadRule(DomainError):
    message = "评定办法不符合要求。"


class RuleInUse(DomainError):
    message = "{year} 年已有单位登记了评定得分，评定办法不能再改。"


class NotResidentThatYear(DomainError):
    message = "“{name}”{year} 年没有入驻服务中心，不参加等级评定。"


class YearNotBegun(DomainError):
    message = "{year} 年还没有开始。"


class RatingMarkBad(DomainError):
    message = "“{name}”的得分应在 0 至 100 之间，最多一位小数。"


class RatingMoved(DomainError):
    message = "{year} 年的评定刚刚被别人登记过。您填写的内容还在，请对照后再提交。"


class RatingReasonMissing(DomainError):
    message = "{year} 年已登记为 {total} 分。再登记是更正它，请写明更正理由。"


@transaction.atomic(durable=True)
def set_rating_rule(*, street: Area, year: int, rule: Rule, by: User, at: datetime) -> RatingRule:
    """How a year is rated, until its first marks. Raises NotAllowed, BadRule, RuleInUse."""
    if not rules.can_register(by, street.pk):
        raise NotAllowed
    if faults := rule.faults():
        raise BadRule("".join(faults))
    Area.objects.select_for_update(of=("self",)).get(pk=street.pk)
    if rules.is_rated(street.pk, year):
        raise RuleInUse(year=year)
    before = RatingRule.objects.filter(street=street, year=year).order_by("-number").first()
    row = RatingRule.objects.create(
        street=street, year=year, number=before.number + 1 if before else 1, rule=rules.rule_to(rule), set_by=by, set_at=at
    )  # fmt: skip
    record(
        actor=by, verb="organizations.rating_rule_set", about=row, at=at, scope_id=street.pk,
        facts={"year": year, "number": row.number},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def enter_rating(
    *, organization_id: int, year: int, marks: Mapping[str, Decimal], shown: int, by: User, at: datetime, correction_reason: str = ""
) -> RatingSheet:  # fmt: skip
    """Enter a year's marks; the sum and the proposed star follow from them. The star itself is decided with the hearing.

    Raises NotAllowed, NotResidentThatYear, YearNotBegun, RatingMarkBad, RatingMoved, RatingReasonMissing.
    """
    found = Organization.objects.select_related("street").get(pk=organization_id)
    if not rules.can_enter(by, found):
        raise NotAllowed
    # the street first: while its rule is being set, no marks are entered
    Area.objects.select_for_update(of=("self",)).get(pk=found.street_id)
    row = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if year > local(at).year:
        raise YearNotBegun(year=year)
    came, left = row.moved_in_on, row.moved_out_on
    if came is None or came > date(year, 12, 31) or (left is not None and left <= date(year, 1, 1)):
        raise NotResidentThatYear(name=row.name, year=year)
    for key, name in CRITERIA.items():
        mark = marks.get(key)
        if mark is None or not 0 <= mark <= FULL or mark % PLACES:
            raise RatingMarkBad(name=name)
    before = row.ratings.filter(year=year).order_by("-number").first()
    if (before.number if before else 0) != shown:
        raise RatingMoved(year=year)
    if before is not None and not correction_reason.strip():
        raise RatingReasonMissing(year=year, total=before.total)
    rule = rules.rule_from(before.rule) if before else rules.rating_rule(row.street_id, year)
    result = rate(rule, marks)
    sheet = RatingSheet.objects.create(
        organization=row, year=year, number=before.number + 1 if before else 1, rule=rules.rule_to(rule),
        marks={key: str(marks[key]) for key in CRITERIA}, total=result.total, is_through=result.is_through, stars=result.stars,
        correction_reason=correction_reason.strip() if before else "", entered_by=by, entered_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.rated", about=sheet, at=at, scope_id=row.street_id, reason=sheet.correction_reason,
        facts={"organization": row.pk, "year": year, "total": str(sheet.total), "stars": sheet.stars},
    )  # fmt: skip
    return sheet
