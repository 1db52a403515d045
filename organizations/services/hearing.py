"""述职评议 before the ballots: planning, who is due, reports, opening."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction

from accounts.models import Area, Role, RoleGrant, User
from audit.services import record
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from organizations import rules
from organizations.domain.hearing import HearingRule
from organizations.models import Hearing, HearingDue, Membership, Organization

RESIDENTS_OF_YEAR, EVERYBODY = "residents", "all"


class BadHearingRule(DomainError):
    message = "评议办法不符合要求。"


class HearingTitleKnown(DomainError):
    message = "这一年已有同名的述职评议。"


class HearingDaysBad(DomainError):
    message = "评议截止时间应晚于现在，不早于述职日期。"


class HearingYearBad(DomainError):
    message = "述职年度不能晚于今年。"


class HearingMoved(DomainError):
    message = "述职评议现在是“{state}”，不能{act}。"


class NobodyDue(DomainError):
    message = "还没有列入述职的组织。"


class NoSuchOrganization(DomainError):
    message = "登记册里没有叫“{name}”的组织。"


class DueAlready(DomainError):
    message = "“{name}”{year} 年已安排述职。"


class ReportMissing(DomainError):
    message = "请写述职报告。"


def locked(hearing_id: int) -> Hearing:
    """The hearing, held for the rest of the transaction."""
    return Hearing.objects.select_for_update(of=("self",)).select_related("street").get(pk=hearing_id)


def demand(hearing: Hearing, state: str, act: str) -> None:
    """Raises HearingMoved unless the hearing is in that state."""
    if hearing.state != state:
        raise HearingMoved(state=hearing.get_state_display(), act=act)


@transaction.atomic(durable=True)
def plan_hearing(
    *, street: Area, year: int, title: str, held_on: date, venue: str, votes_until: datetime, scope: str, rule: HearingRule, by: User, at: datetime,
    is_demo: bool = False,
) -> Hearing:  # fmt: skip
    """Plan a year's hearing; `scope` says who is due: residents of the year, or every organization of the street.

    Whoever is due that year elsewhere is left out. Raises NotAllowed, HearingYearBad, HearingDaysBad, BadHearingRule,
    HearingTitleKnown.
    """
    if not rules.can_register(by, street.pk):
        raise NotAllowed
    Area.objects.select_for_update(of=("self",)).get(pk=street.pk)
    if year > local(at).year:
        raise HearingYearBad
    _check(held_on, votes_until, rule, at)
    row = Hearing(
        street=street, year=year, title=title.strip(), held_on=held_on, venue=venue.strip(), votes_until=votes_until,
        rule=rules.hearing_rule_to(rule), planned_by=by, planned_at=at, is_demo=is_demo,
    )  # fmt: skip
    _save(row)
    if scope == RESIDENTS_OF_YEAR:
        due = rules.residents(street.pk, year=year)
    else:
        due = list(Organization.objects.filter(street=street, moved_out_on=None).exclude(kind=Organization.Kind.PARTY))
    known = set(
        HearingDue.objects.filter(year=year, organization__street=street).values_list("organization_id", flat=True)
    )
    HearingDue.objects.bulk_create(
        (HearingDue(hearing=row, organization=o, year=year) for o in due if o.pk not in known), batch_size=1000
    )
    record(
        actor=by, verb="organizations.hearing_planned", about=row, at=at, scope_id=street.pk,
        facts={"year": year, "due": len(due)},
    )  # fmt: skip
    tell(
        row, members_of(row), "planned", f"请写述职报告：{row.title}",
        f"{row.title}定于 {spoken(held_on)}，请在开始评议前写好述职报告，评议人投票时能看到。", at,
    )  # fmt: skip
    return row


def _check(held_on: date, votes_until: datetime, rule: HearingRule, at: datetime) -> None:
    if votes_until <= at or local(votes_until).date() < held_on:
        raise HearingDaysBad
    if faults := rule.faults():
        raise BadHearingRule("".join(faults))


def _save(row: Hearing) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise HearingTitleKnown from error


@transaction.atomic(durable=True)
def change_hearing(
    *, hearing_id: int, title: str, held_on: date, venue: str, votes_until: datetime, rule: HearingRule, by: User, at: datetime
) -> Hearing:  # fmt: skip
    """Change days and rule, until ballots are open.

    Raises NotAllowed, HearingMoved, HearingDaysBad, BadHearingRule, HearingTitleKnown.
    """
    row = locked(hearing_id)
    if not rules.can_run(by, row):
        raise NotAllowed
    demand(row, Hearing.State.PLANNED, "修改")
    _check(held_on, votes_until, rule, at)
    row.title, row.held_on, row.venue, row.votes_until = title.strip(), held_on, venue.strip(), votes_until
    row.rule = rules.hearing_rule_to(rule)
    _save(row)
    record(actor=by, verb="organizations.hearing_changed", about=row, at=at, scope_id=row.street_id)
    return row


@transaction.atomic(durable=True)
def add_due(*, hearing_id: int, name: str, by: User, at: datetime) -> HearingDue:
    """One more organization of the street. Raises NotAllowed, HearingMoved, NoSuchOrganization, DueAlready."""
    hearing = locked(hearing_id)
    if not rules.can_run(by, hearing):
        raise NotAllowed
    demand(hearing, Hearing.State.PLANNED, "增加述职组织")
    found = Organization.objects.filter(street=hearing.street_id, name=name.strip()).first()
    if found is None:
        raise NoSuchOrganization(name=name.strip())
    try:
        with transaction.atomic():
            due = HearingDue.objects.create(hearing=hearing, organization=found, year=hearing.year)
    except IntegrityError as error:
        raise DueAlready(name=found.name, year=hearing.year) from error
    record(
        actor=by, verb="organizations.hearing_due_added", about=hearing, at=at, scope_id=hearing.street_id,
        facts={"organization": found.pk},
    )  # fmt: skip
    return due


@transaction.atomic(durable=True)
def remove_due(*, due_id: int, by: User, at: datetime) -> None:
    """Take an organization off the list, before ballots are open. Raises NotAllowed, HearingMoved."""
    due = HearingDue.objects.get(pk=due_id)
    hearing = locked(due.hearing_id)
    if not rules.can_run(by, hearing):
        raise NotAllowed
    demand(hearing, Hearing.State.PLANNED, "移出述职组织")
    record(
        actor=by, verb="organizations.hearing_due_removed", about=hearing, at=at, scope_id=hearing.street_id,
        facts={"organization": due.organization_id},
    )  # fmt: skip
    due.delete()


@transaction.atomic(durable=True)
def write_report(*, due_id: int, words: str, by: User, at: datetime) -> HearingDue:
    """The organization writes what it did, until ballots are open. Raises NotAllowed, HearingMoved, ReportMissing."""
    found = HearingDue.objects.get(pk=due_id)
    hearing = locked(found.hearing_id)
    if not rules.acts_for(by, found.organization_id):
        raise NotAllowed
    demand(hearing, Hearing.State.PLANNED, "提交述职报告")
    if not words.strip():
        raise ReportMissing
    due = HearingDue.objects.select_for_update().get(pk=due_id)
    due.report, due.report_by, due.report_at = words.strip(), by, at
    due.save(update_fields=["report", "report_by", "report_at"])
    record(
        actor=by, verb="organizations.hearing_reported", about=due, at=at, scope_id=hearing.street_id,
        facts={"organization": due.organization_id},
    )  # fmt: skip
    return due


@transaction.atomic(durable=True)
def open_hearing(*, hearing_id: int, by: User, at: datetime) -> Hearing:
    """Begin to take ballots; the rule and the list stand. Raises NotAllowed, HearingMoved, NobodyDue, HearingDaysBad."""
    row = locked(hearing_id)
    if not rules.can_run(by, row):
        raise NotAllowed
    demand(row, Hearing.State.PLANNED, "开始评议")
    if at >= row.votes_until:
        raise HearingDaysBad
    if not row.dues.exists():
        raise NobodyDue
    row.state, row.opened_at = Hearing.State.OPEN, at
    row.save(update_fields=["state", "opened_at"])
    record(actor=by, verb="organizations.hearing_opened", about=row, at=at, scope_id=row.street_id)
    workers = RoleGrant.objects.filter(role=Role.COMMUNITY, area__street=row.street_id, user__is_active=True)
    tell(
        row, workers.values_list("user_id", flat=True), "open", f"请评议：{row.title}",
        f"{row.title}开始评议，截止 {local(row.votes_until):%Y年%-m月%-d日 %H:%M}。每人一票，不记名。", at,
    )  # fmt: skip
    return row


def members_of(hearing: Hearing) -> list[int]:
    """People of the organizations due."""
    rows = Membership.objects.filter(organization__in=hearing.dues.values("organization"), user__is_active=True)
    return sorted(set(rows.values_list("user_id", flat=True)))


def tell(hearing: Hearing, people: Iterable[int], occasion: str, subject: str, body: str, at: datetime) -> None:
    """A notice about a hearing, in an open transaction."""
    notify(
        recipients=sorted(set(people)), occasion=f"hearing:{hearing.pk}:{occasion}", subject=subject, body=body, at=at,
        link=f"/organizations/hearings/{hearing.pk}/", kind="organizations.hearing", scope_id=hearing.street_id,
    )  # fmt: skip
