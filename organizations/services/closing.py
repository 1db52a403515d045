"""述职评议 after the ballots: the count, the class, the year's standing; corrections."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit.services import record, record_many
from core.clock import local
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.domain.hearing import GROUPS, OPTIONS, Outcome, Tally, counted, outcome
from organizations.models import Hearing, HearingDue, HearingResult, Organization, Standing
from organizations.services.hearing import demand, locked, members_of, tell


class CountsDiffer(DomainError):
    message = "{names}的现场票还没有两人录入一致，不能结束评议。"


class HearingDayAhead(DomainError):
    message = "还没到述职日期，不能结束评议。"


class ResultMoved(DomainError):
    message = "这个结果刚刚被别人更正过。您填写的内容还在，请对照后再提交。"


class ResultReasonMissing(DomainError):
    message = "请写明更正理由。"


class ResultSame(DomainError):
    message = "票数没有改动。"


class TallyBad(DomainError):
    message = "票数应为不小于 0 的整数。"


class TallyShort(DomainError):
    message = "更正后{groups}的有效票不够，定不出等次。"


@transaction.atomic(durable=True)
def close_hearing(*, hearing_id: int, by: User, at: datetime) -> Hearing:
    """End the ballots and freeze what they say: results, and each organization's class of the year.

    An organization with too few ballots gets no class. Raises NotAllowed, HearingMoved, HearingDayAhead, CountsDiffer.
    """
    row = locked(hearing_id)
    if not rules.can_run(by, row):
        raise NotAllowed
    demand(row, Hearing.State.OPEN, "结束评议")
    if local(at).date() < row.held_on:
        raise HearingDayAhead
    open_counts = [p for p in rules.newest_counts(row).values() if not rules.agree(p.values())]
    if open_counts:
        names = sorted({c.community.name for p in open_counts for c in p.values()})
        raise CountsDiffer(names="、".join(names))
    rule, tallies = rules.hearing_rule_from(row.rule), rules.tallies_of(row)
    dues = list(row.dues.select_related("organization").order_by("pk"))
    # parents before children, as a hand entry locks them
    list(Organization.objects.select_for_update().filter(pk__in=[d.organization_id for d in dues]).order_by("pk"))
    found = {due.pk: outcome(rule, tallies[due.pk]) for due in dues}
    HearingResult.objects.bulk_create(
        (
            HearingResult(
                due=due, number=1, tally=tallies[due.pk], score=found[due.pk].score, hearing_class=found[due.pk].hearing, made_by=by,
                made_at=at,
            )
            for due in dues
        ),
        batch_size=500,
    )  # fmt: skip
    _stand(row, [d for d in dues if found[d.pk].hearing], tallies, found, f"{row.title}计票结果", by, at)
    row.state, row.closed_by, row.closed_at = Hearing.State.CLOSED, by, at
    row.save(update_fields=["state", "closed_by", "closed_at"])
    record(
        actor=by, verb="organizations.hearing_closed", about=row, at=at, scope_id=row.street_id,
        facts={"due": len(dues), "undecided": sum(not f.hearing for f in found.values())},
    )  # fmt: skip
    tell(
        row,
        members_of(row),
        "closed",
        f"评议结果：{row.title}",
        f"{row.title}已结束，请查看本单位的等次，可以说明。",
        at,
    )
    return row


def _stand(
    hearing: Hearing, dues: list[HearingDue], tallies: Mapping[int, Tally], found: Mapping[int, Outcome], reason: str, by: User, at: datetime
) -> None:  # fmt: skip
    """The class becomes the year's standing; stars that were decided stay."""
    before = rules.newest_versions(hearing.year, [d.organization_id for d in dues])
    rows = Standing.objects.bulk_create(
        [
            Standing(
                organization=due.organization, year=hearing.year, number=known.number + 1 if known else 1, hearing=found[due.pk].hearing,
                held_on=hearing.held_on, evidence=evidence_of(hearing, tallies[due.pk], found[due.pk]),
                stars=known.stars if known else Standing.Stars.NONE, correction_reason=reason if known else "", entered_by=by, entered_at=at,
            )
            for due, known in ((due, before.get(due.organization_id)) for due in dues)
        ],
        batch_size=500,
    )  # fmt: skip
    record_many(
        actor=by, verb="organizations.standing_entered", at=at,
        rows=[
            (row, hearing.street_id, {"organization": row.organization_id, "year": row.year, "hearing": row.hearing, "stars": row.stars})
            for row in rows
        ],
    )  # fmt: skip


def evidence_of(hearing: Hearing, tally: Tally, found: Outcome) -> str:
    """What a class rests on, in words."""
    parts = "，".join(f"{name}有效票 {counted(tally[group])} 张" for group, name in GROUPS.items())
    return f"{hearing.title}：{parts}，得分 {found.score}"


@transaction.atomic(durable=True)
def correct_result(
    *, due_id: int, tally: Tally, shown: int, reason: str, by: User, at: datetime
) -> HearingResult:  # fmt: skip
    """Correct what was counted; ballots stay as they are, the class follows by the same rule. `shown`: the version seen.

    Raises NotAllowed, HearingMoved, ResultMoved, ResultReasonMissing, TallyBad, ResultSame, TallyShort.
    """
    due = HearingDue.objects.select_related("organization__street").get(pk=due_id)
    row = locked(due.hearing_id)
    Organization.objects.select_for_update().get(pk=due.organization_id)
    if not rules.can_enter(by, due.organization):
        raise NotAllowed
    demand(row, Hearing.State.CLOSED, "更正结果")
    before = due.results.order_by("-number").first()
    if before is None or before.number != shown:
        raise ResultMoved
    if not reason.strip():
        raise ResultReasonMissing
    clean = {group: {option: tally.get(group, {}).get(option, -1) for option in OPTIONS} for group in GROUPS}
    if any(n < 0 for votes in clean.values() for n in votes.values()):
        raise TallyBad
    if clean == before.tally:
        raise ResultSame
    found = outcome(rules.hearing_rule_from(row.rule), clean)
    if found.short:
        raise TallyShort(groups="和".join(GROUPS[g] for g in found.short))
    made = HearingResult.objects.create(
        due=due, number=before.number + 1, tally=clean, score=found.score, hearing_class=found.hearing, correction_reason=reason.strip(),
        made_by=by, made_at=at,
    )  # fmt: skip
    _stand(row, [due], {due.pk: clean}, {due.pk: found}, reason.strip(), by, at)
    record(
        actor=by, verb="organizations.hearing_corrected", about=made, at=at, scope_id=row.street_id, reason=made.correction_reason,
        facts={"organization": due.organization_id, "score": str(found.score), "class": found.hearing},
    )  # fmt: skip
    people = due.organization.members.filter(user__is_active=True).values_list("user_id", flat=True)
    tell(
        row,
        people,
        f"corrected:{made.pk}",
        f"评议结果更正：{row.title}",
        f"本单位的评议结果已更正：{made.correction_reason}",
        at,
    )
    return made
