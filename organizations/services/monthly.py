"""Ten points a month: items, sheets, appeals and answers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import Area, Role, RoleGrant, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from organizations import rules
from organizations.domain.monthly import STEP, TOP, Item, Level, Month, first_whole, sums_to_ten, total
from organizations.models import MonthlyAnswer, MonthlyAppeal, MonthlyItems, MonthlySheet, Organization

MOST_ITEMS = 12


class BadItems(DomainError):
    message = "积分项目不符合要求。"


class NoItems(DomainError):
    message = "{month}还没有积分项目，请先设定。"


class NotResident(DomainError):
    message = "“{name}”在{month}不是整月入驻，不按月积分。"


class MonthNotBegun(DomainError):
    message = "{month}还没有开始。"


class MarkMissing(DomainError):
    message = "请填写“{item}”的得分。"


class MarkOutOfRange(DomainError):
    message = "“{item}”的得分应在 0 至 {top} 之间，最多一位小数。"


class SheetReasonMissing(DomainError):
    message = "{month}已登记为 {total} 分。再登记是更正它，请写明更正理由。"


class SheetMoved(DomainError):
    message = "{month}的积分表刚刚被别人登记过。您填写的内容还在，请对照后再提交。"


class AppealOpen(DomainError):
    message = "本单位对{month}的积分提出了申诉，请先答复；答复时可以更正。"


class AppealWordsMissing(DomainError):
    message = "请写明申诉理由。"


class AppealKnown(DomainError):
    message = "这一版积分已经申诉过，不能重复申诉。"


class AppealOnOld(DomainError):
    message = "这个月的积分已更正，请看最新的一版。"


class AlreadyAnswered(DomainError):
    message = "这项申诉已经答复。"


class AnswerWordsMissing(DomainError):
    message = "请写明答复。"


@transaction.atomic(durable=True)
def set_items(*, street: Area, items: Sequence[Item], starts: Month, by: User, at: datetime) -> MonthlyItems:
    """What the street marks months by, from a month on; sheets that are entered keep theirs. Raises NotAllowed, BadItems."""
    if not rules.can_register(by, street.pk):
        raise NotAllowed
    Area.objects.select_for_update(of=("self",)).get(pk=street.pk)
    if not 1 <= len(items) <= MOST_ITEMS:
        raise BadItems(f"积分项目应为 1 至 {MOST_ITEMS} 项。")
    if len({i.name for i in items}) != len(items):
        raise BadItems("积分项目的名称不能重复。")
    if any(not STEP <= i.top <= TOP or i.top % STEP for i in items):
        raise BadItems("每项分值应在 0.1 至 10 之间，最多一位小数。")
    if not sums_to_ten(items):
        raise BadItems("不算加分项，各项分值合计应为 10 分。")
    before = MonthlyItems.objects.filter(street=street).order_by("-number").first()
    row = MonthlyItems.objects.create(
        street=street, number=before.number + 1 if before else 1, year=starts.year, month=starts.month, set_by=by, set_at=at,
        items=[{"key": i.key, "name": i.name, "top": str(i.top), "is_bonus": i.is_bonus} for i in items],
    )  # fmt: skip
    record(
        actor=by, verb="organizations.items_set", about=row, at=at, scope_id=street.pk,
        facts={"number": row.number, "starts": str(starts)},
    )  # fmt: skip
    return row


def _locked(organization_id: int) -> Organization:
    return Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)


@transaction.atomic(durable=True)
def enter_sheet(
    *, organization_id: int, month: Month, marks: Mapping[str, Decimal], note: str, shown: int, by: User, at: datetime,
    correction_reason: str = "",
) -> MonthlySheet:  # fmt: skip
    """Enter a month's marks; over an earlier version it is a correction and says why. `shown` is the version that was
    seen, 0 for none.

    Raises NotAllowed, NoItems, NotResident, MonthNotBegun, SheetMoved, AppealOpen, SheetReasonMissing, MarkMissing,
    MarkOutOfRange.
    """
    row = _locked(organization_id)
    if not rules.can_enter(by, row):
        raise NotAllowed
    _markable(row, month, local(at).date())
    before = row.sheets.filter(year=month.year, month=month.month).order_by("-number").first()
    if (before.number if before else 0) != shown:
        raise SheetMoved(month=month)
    if before is not None:
        if MonthlyAppeal.objects.filter(sheet=before, answer=None).exists():
            raise AppealOpen(month=month)
        if not correction_reason.strip():
            raise SheetReasonMissing(month=month, total=before.total)
    return _write(row, month, marks, note, before, correction_reason, by, at)


def _markable(row: Organization, month: Month, today: date) -> None:
    came, left = row.moved_in_on, row.moved_out_on
    if came is None or month < first_whole(came) or (left is not None and month >= Month.of(left)):
        raise NotResident(name=row.name, month=month)
    if month > Month.of(today):
        raise MonthNotBegun(month=month)


def _write(
    row: Organization, month: Month, marks: Mapping[str, Decimal], note: str, before: MonthlySheet | None, reason: str, by: User,
    at: datetime,
) -> MonthlySheet:  # fmt: skip
    scheme = rules.scheme_for(rules.schemes_of(row.street_id), month)
    if scheme is None:
        raise NoItems(month=month)
    kept = before.items if before is not None else scheme.items
    items = rules.items_of(kept)
    for item in items:
        mark = marks.get(item.key)
        if mark is None:
            raise MarkMissing(item=item.name)
        if not 0 <= mark <= item.top or mark % STEP:
            raise MarkOutOfRange(item=item.name, top=item.top)
    sheet = MonthlySheet.objects.create(
        organization=row, year=month.year, month=month.month, number=before.number + 1 if before else 1, items=kept,
        marks={i.key: str(marks[i.key]) for i in items}, total=total(items, marks), note=note.strip(),
        correction_reason=reason.strip() if before else "", entered_by=by, entered_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.sheet_entered", about=sheet, at=at, scope_id=row.street_id, reason=sheet.correction_reason,
        facts={"organization": row.pk, "month": f"{month.year}-{month.month:02d}", "total": str(sheet.total), "number": sheet.number},
    )  # fmt: skip
    _tell(row, sheet, month, at)
    return sheet


def _tell(row: Organization, sheet: MonthlySheet, month: Month, at: datetime) -> None:
    """The organization hears of its score and of a warning; leaders and office hear of a red flag."""
    found = rules.records_of([row], row.street_id, local(at).date())[0]
    level = found.verdict.level if found.verdict else Level.CLEAR
    warning = "" if level in (Level.CLEAR, Level.BLOCKED) else f"{found.words}。"
    notify(
        recipients=sorted(row.members.filter(user__is_active=True).values_list("user_id", flat=True)),
        occasion=f"monthly_sheet:{sheet.pk}", subject=f"{month}积分：{sheet.total} 分",
        body=f"“{row.name}”{month}的积分表已登记，得 {sheet.total} 分。{warning}有异议的，可以在积分表页面申诉。",
        link=f"/organizations/{row.pk}/monthly/{month.year}/{month.month}/", at=at, kind="organizations.sheet", scope_id=row.street_id,
    )  # fmt: skip
    if level is Level.RED and found.verdict is not None:
        grants = RoleGrant.objects.filter(role__in=[Role.OFFICE, Role.LEADER], area=row.street_id, user__is_active=True)
        last = found.verdict.red[-1]
        notify(
            recipients=sorted(set(grants.values_list("user_id", flat=True))), occasion=f"monthly_red:{row.pk}:{last.index}",
            subject=f"红牌：{row.name}", body=f"“{row.name}”到{last}已连续三个月低于 6 分，是否责令退出，请街道领导决定。",
            link=f"/organizations/{row.pk}/monthly/", at=at, email=False, kind="organizations.red", scope_id=row.street_id,
        )  # fmt: skip


@transaction.atomic(durable=True)
def appeal_sheet(*, sheet_id: int, words: str, by: User, at: datetime) -> MonthlyAppeal:
    """The organization disagrees. Raises NotAllowed, AppealWordsMissing, AppealOnOld, AppealKnown."""
    sheet = MonthlySheet.objects.get(pk=sheet_id)
    row = _locked(sheet.organization_id)
    if not rules.acts_for(by, row.pk):
        raise NotAllowed
    if not words.strip():
        raise AppealWordsMissing
    if row.sheets.filter(year=sheet.year, month=sheet.month, number__gt=sheet.number).exists():
        raise AppealOnOld
    if MonthlyAppeal.objects.filter(sheet=sheet).exists():
        raise AppealKnown
    made = MonthlyAppeal.objects.create(sheet=sheet, words=words.strip(), said_by=by, said_at=at)
    record(
        actor=by, verb="organizations.sheet_appealed", about=sheet, at=at, scope_id=row.street_id,
        facts={"organization": row.pk},
    )  # fmt: skip
    office = RoleGrant.objects.filter(role=Role.OFFICE, area=row.street_id, user__is_active=True)
    notify(
        recipients=sorted(set(office.values_list("user_id", flat=True))), occasion=f"monthly_appeal:{made.pk}",
        subject=f"积分申诉：{row.name}", body=f"“{row.name}”对{Month(sheet.year, sheet.month)}的积分提出申诉，请答复。",
        link=f"/organizations/appeals/{made.pk}/", at=at, email=False, kind="organizations.appeal", scope_id=row.street_id,
    )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def answer_appeal(
    *, appeal_id: int, words: str, marks: Mapping[str, Decimal] | None, by: User, at: datetime
) -> MonthlyAnswer:  # fmt: skip
    """Answer an appeal; with `marks` the sheet gets a corrected version, without them it stands.

    Raises NotAllowed, AlreadyAnswered, AnswerWordsMissing, MarkMissing, MarkOutOfRange.
    """
    appeal = MonthlyAppeal.objects.select_related("sheet").get(pk=appeal_id)
    sheet = appeal.sheet
    row, month = _locked(sheet.organization_id), Month(sheet.year, sheet.month)
    if not rules.can_enter(by, row):
        raise NotAllowed
    if MonthlyAnswer.objects.filter(appeal=appeal).exists():
        raise AlreadyAnswered
    if not words.strip():
        raise AnswerWordsMissing
    said = words.strip()
    corrected = None
    if marks is not None:
        corrected = _write(row, month, marks, sheet.note, sheet, f"申诉更正：{said}"[:500], by, at)
    made = MonthlyAnswer.objects.create(
        appeal=appeal, words=said, corrected=corrected, answered_by=by, answered_at=at
    )  # fmt: skip
    record(
        actor=by, verb="organizations.appeal_answered", about=sheet, at=at, scope_id=row.street_id,
        facts={"organization": row.pk, "corrected": corrected is not None},
    )  # fmt: skip
    notify(
        recipients=[appeal.said_by_id], occasion=f"monthly_answer:{made.pk}", subject=f"{month}积分申诉的答复",
        body=f"“{row.name}”对{month}积分的申诉已答复：{'已更正' if corrected else '维持原分'}。",
        link=f"/organizations/{row.pk}/monthly/{month.year}/{month.month}/", at=at, kind="organizations.appeal", scope_id=row.street_id,
    )  # fmt: skip
    return made
