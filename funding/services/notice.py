"""公示: publishing and correcting the public notice of an approved plan."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from accounts.models import User
from audit.services import record
from core.clock import spoken
from core.errors import DomainError, NotAllowed
from core.rmb import rmb_upper
from funding import rules
from funding.domain import personal
from funding.domain.balance import problems
from funding.models import AllocationPlan, PublicNotice
from funding.services.plan import locked
from workdays.domain import end_of_notice, is_workday
from workdays.models import DayOverride


class NotApproved(DomainError):
    message = "方案尚未批准，不能公示。"


class AlreadyNoticed(DomainError):
    message = "该方案已经公示。如需更正，请写明更正理由另发新版本。"


class NoticeStartsOnDayOff(DomainError):
    message = "公示起始日 {day} 不是工作日，请选择工作日。"


class ApproverPublishes(DomainError):
    message = "审批人不能自己发布公示，请由经办人员发布。"


class BooksDoNotBalance(DomainError):
    message = "资金账目不平，不能公示：{why}请联系系统管理员核对。"


class PersonalDataFound(DomainError):
    message = "公示内容中有个人信息：{places}。请改正，或勾选“发布时把个人号码打码”后再发布。"
    status = 400


@transaction.atomic(durable=True)
def publish_notice(
    *, plan_id: int, by: User, starts_on: date, at: datetime, correction_reason: str = "", is_masked: bool = False
) -> PublicNotice:
    """Publish the public notice of an approved plan, its period in Chinese working days, the start day counted.

    A second notice of the same plan is a correction: a new version with its reason; both stay visible.
    Phone and identity numbers stop it, unless `is_masked`: then they appear as `138****1234`. The place that receives
    objections may show a landline number.
    Raises NotAllowed, NotApproved, ApproverPublishes, NoticeStartsOnDayOff, AlreadyNoticed,
    PersonalDataFound, BooksDoNotBalance.
    """
    plan = locked(plan_id)
    if not rules.can_draft(by, plan.round):
        raise NotAllowed
    if plan.state != AllocationPlan.State.APPROVED:
        raise NotApproved
    if plan.decided_by_id == by.pk:
        raise ApproverPublishes
    wrong = problems(rules.books(plan.round))
    if wrong:
        raise BooksDoNotBalance(why="".join(wrong))
    overrides = dict(DayOverride.objects.values_list("day", "is_workday"))
    if not is_workday(starts_on, overrides):
        raise NoticeStartsOnDayOff(day=spoken(starts_on))
    last = plan.notices.aggregate(n=Max("version"))["n"] or 0
    if last and not correction_reason.strip():
        raise AlreadyNoticed
    content = _notice_rows(plan)
    contact = plan.round.objection_contact or f"{plan.round.street.name}创投办"
    reason = correction_reason.strip() if last else ""
    places = personal_data(content, contact, reason)
    if places and not is_masked:
        raise PersonalDataFound(places="；".join(places))
    if places:
        content["rows"] = [
            {k: personal.mask(v) if isinstance(v, str) and k in NAMES else v for k, v in row.items()}
            for row in content["rows"]
        ]
        reason = personal.mask(reason)
        contact = personal.mask(contact) if personal.find(contact, landlines=False) else contact
    notice = PublicNotice.objects.create(
        plan=plan,
        version=last + 1,
        title=f"关于{plan.round.title}拟资助项目的公示",
        content=content,
        starts_on=starts_on,
        ends_on=end_of_notice(starts_on, plan.round.notice_days, overrides),
        contact=contact,
        correction_reason=reason,
        published_by=by,
        published_at=at,
    )
    record(
        actor=by, verb="funding.notice_published", about=notice, at=at, scope_id=plan.round.street_id,
        reason=notice.correction_reason, facts={"version": notice.version, "ends_on": notice.ends_on.isoformat()},
    )  # fmt: skip
    return notice


NAMES = {"title": "项目名称", "organization": "承接单位", "community": "实施社区", "theme": "主题"}


def personal_data(content: dict[str, Any], contact: str, reason: str) -> list[str]:
    """Where a notice would show personal numbers, in words, the numbers masked. Empty: it may be published."""
    found = [
        f"第 {row['number']} 行“{word}”有{f.kind} {f.masked}"
        for row in content["rows"]
        for key, word in NAMES.items()
        for f in personal.find(row[key] or "")
    ]
    found += [f"“异议受理方式”有{f.kind} {f.masked}" for f in personal.find(contact, landlines=False)]
    return found + [f"“更正理由”有{f.kind} {f.masked}" for f in personal.find(reason)]


def _notice_rows(plan: AllocationPlan) -> dict[str, Any]:
    awards = plan.awards.filter(amount__gt=0).order_by("place")
    rows = [
        {"number": i, "title": title, "organization": organization, "community": community, "theme": theme, "amount": f"{amount:.2f}"}
        for i, (title, organization, community, theme, amount) in enumerate(
            awards.values_list(
                "proposal__title", "proposal__organization__name", "proposal__community__name", "proposal__theme__name",
                "amount",
            ),
            1,
        )
    ]  # fmt: skip
    total = awards.aggregate(s=Sum("amount"))["s"] or Decimal(0)
    return {"rows": rows, "total": f"{total:.2f}", "total_upper": rmb_upper(total)}
