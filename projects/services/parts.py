"""Partners, activity plan and indicators of a proposal: reading and writing the rows."""

from decimal import Decimal

from projects.domain.parts import (
    ActivityRow,
    GoalRow,
    PartnerRow,
    Parts,
    TargetRow,
    TeamRow,
    activity_gaps,
    goal_gaps,
    partner_gaps,
)
from projects.models import Activity, Indicator, Partner, Proposal, TargetGroup, TeamMember


def parts_of(proposal: Proposal) -> Parts:
    """The stored rows; None for a table that the round may ask and that has none."""
    return Parts(
        [PartnerRow(*r) for r in proposal.partners.order_by("position").values_list("kind", "name", "task", "amount")],
        [
            ActivityRow(*r)
            for r in proposal.activities.order_by("position").values_list(
                "what", "starts_on", "ends_on", "where", "people"
            )
        ],
        [GoalRow(*r) for r in proposal.goals.order_by("position").values_list("name", "number", "unit")],
        [
            TeamRow(*r)
            for r in proposal.team.order_by("position").values_list("function", "qualification", "count", "task")
        ]
        or None,
        [TargetRow(*r) for r in proposal.targets.order_by("position").values_list("group", "number", "note")] or None,
    )


def write_parts(proposal: Proposal, parts: Parts) -> None:
    """Put rows in the place of those stored, kind by kind; inside the caller's transaction."""
    if parts.partners is not None:
        proposal.partners.all().delete()
        Partner.objects.bulk_create(
            Partner(proposal=proposal, position=n, kind=r.kind, name=r.name, task=r.task, amount=r.amount)
            for n, r in enumerate(parts.partners, 1)
        )
    if parts.activities is not None:
        proposal.activities.all().delete()
        Activity.objects.bulk_create(
            Activity(
                proposal=proposal, position=n, what=r.what, starts_on=r.starts_on, ends_on=r.ends_on, where=r.where, people=r.people
            )
            for n, r in enumerate(parts.activities, 1)
        )  # fmt: skip
    if parts.goals is not None:
        proposal.goals.all().delete()
        Indicator.objects.bulk_create(
            Indicator(proposal=proposal, position=n, name=r.name, number=r.number, unit=r.unit)
            for n, r in enumerate(parts.goals, 1)
        )
    if parts.team is not None:
        proposal.team.all().delete()
        TeamMember.objects.bulk_create(
            TeamMember(
                proposal=proposal, position=n, function=r.function, qualification=r.qualification, count=r.count, task=r.task
            )
            for n, r in enumerate(parts.team, 1)
        )  # fmt: skip
    if parts.targets is not None:
        proposal.targets.all().delete()
        TargetGroup.objects.bulk_create(
            TargetGroup(proposal=proposal, position=n, group=r.group, number=r.number, note=r.note)
            for n, r in enumerate(parts.targets, 1)
        )


def changed_parts(proposal: Proposal, parts: Parts) -> set[str]:
    """Which kinds of rows differ from those stored."""
    stored = parts_of(proposal)
    names = ("partners", "activities", "goals", "team", "targets")
    return {
        n for n in names if getattr(parts, n) is not None and list(getattr(parts, n)) != list(getattr(stored, n) or ())
    }


def part_gaps(proposal: Proposal, parts: Parts, grant: Decimal) -> list[tuple[str, str]]:
    """What is still missing in the rows: (field, sentence)."""
    found = [("partners", words) for words in partner_gaps(parts.partners or (), grant)]
    found += [
        ("activities", words) for words in activity_gaps(parts.activities or (), proposal.starts_on, proposal.ends_on)
    ]
    return found + [("goals", words) for words in goal_gaps(parts.goals or ())]
