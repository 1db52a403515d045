"""The automatic check: the facts of any number of proposals of one round, and what a decision against it leaves behind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db.models import Count, Window

from accounts.models import User
from core.clock import local
from core.errors import DomainError
from organizations.models import Membership, Organization, Standing
from projects.domain import findings as domain
from projects.domain.findings import Answer, Facts, Finding, Hearing, Opinion, Shared
from projects.domain.likeness import Other, alike, whole
from projects.models import (
    Attachment,
    CommunityOpinion,
    EligibilityDecision,
    FindingWaiver,
    Proposal,
    ProposalVersion,
)
from projects.services.limits import limits_of
from projects.services.sections import missing_papers
from rounds.domain.papers import SEAL
from rounds.models import Round

MOST_COMPARED = 1000
YEARS = 3
LEADS = (Membership.Duty.HEAD, Membership.Duty.CLERK)


class WaiverMissing(DomainError):
    message = "自动核对有 {count} 项不符合，要“通过”须逐项写明理由：{told}"


def check(proposal: Proposal, at: datetime) -> list[Finding]:
    """What is found about one proposal."""
    return check_all(proposal.round, [proposal], local(at).date())[proposal.pk]


def check_all(round_: Round, proposals: Sequence[Proposal], today: date) -> dict[int, list[Finding]]:
    """What is found about proposals of one round, by id; six queries however many there are, three more where the round
    limits budget heads, and up to four more where it asks for attachments or the community's opinion.

    `proposals` come with their organization.
    """
    if not proposals:
        return {}
    standing = list(
        Proposal.objects.in_round(round_)
        .handed_in()
        .exclude(state__in=[Proposal.State.WITHDRAWN, Proposal.State.REFUSED])
        .order_by("pk")
        .values_list("pk", "organization_id", "receipt_number", "title", "organization__name")
    )
    answers, hearings = _answers(round_, proposals), _hearings(round_, proposals)
    shared = _shared(standing)
    others, left_out = _others(round_)
    papers = _papers(round_, proposals)
    opinions = _opinions(round_, proposals, papers)
    limits = limits_of(round_, [p.pk for p in proposals])
    kinds = dict(Organization.Kind.choices)
    found = {}
    for p in proposals:
        unit = p.organization
        rest = [
            other
            for pk, organization, other in others
            if pk != p.pk and not (organization == unit.pk and other.state == "已撤回" and other.round == round_.title)
        ]
        facts = Facts(
            organization=unit.name, kind=unit.kind, kind_name=unit.get_kind_display(),
            invited=tuple((k, kinds.get(k, k)) for k in round_.applicant_kinds), uscc=unit.uscc or "",
            requested=p.requested, minimum=p.minimum, cap=round_.cap, starts_on=p.starts_on, ends_on=p.ends_on,
            opens_on=local(round_.apply_opens_at).date(), closes_on=local(round_.apply_closes_at).date(), today=today,
            answers=tuple(answers[p.pk]), unanswered=p.unanswered, shared=tuple(shared[p.pk]), hearing=hearings.get(unit.pk),
            entries=tuple(number or "" for pk, who, number, _, _ in standing if who == unit.pk and pk != p.pk),
            licence_until=getattr(unit, "licence_until", None),  # where the registry knows one
            alike=alike(whole(p.title, p.summary, p.plan), rest), left_out=left_out,
            papers_missing=tuple(x.label for x in missing_papers(round_, unit.kind, papers[p.pk])), opinion=opinions.get(p.pk),
            most_entries=round_.entries, limits=limits.get(p.pk, ()),
        )  # fmt: skip
        found[p.pk] = domain.findings(facts)
    return found


def _answers(round_: Round, proposals: Iterable[Proposal]) -> dict[int, list[Answer]]:
    """Needs and orders answered, by proposal; an order is here if it is of the street and, where it names one, the round."""
    ids = [p.pk for p in proposals]
    found: dict[int, list[Answer]] = defaultdict(list)
    needs = Proposal.needs.through.objects.filter(proposal__in=ids).order_by("pk")
    for pk, number, street, name in needs.values_list(
        "proposal_id", "need__number", "need__street_id", "need__street__name"
    ):
        found[pk].append(Answer(f"需求 {number}", name, street == round_.street_id))
    orders = Proposal.orders.through.objects.filter(proposal__in=ids).order_by("pk")
    for pk, number, street, name, of in orders.values_list(
        "proposal_id", "serviceorder__number", "serviceorder__street_id", "serviceorder__street__name", "serviceorder__round_id"
    ):  # fmt: skip
        here = street == round_.street_id and of in (None, round_.pk)
        found[pk].append(Answer(f"服务项目单 {number}", name if street != round_.street_id else "其他期次", here))
    return found


def _papers(round_: Round, proposals: Iterable[Proposal]) -> dict[int, dict[str, int]]:
    """How many attachments of each kind, by proposal; not asked where the round asks for none."""
    found: dict[int, dict[str, int]] = {p.pk: {} for p in proposals}
    if round_.papers or round_.opinion:
        rows = Attachment.objects.filter(proposal__in=list(found), removed_at__isnull=True)
        for pk, kind, count in rows.values_list("proposal_id", "kind").annotate(n=Count("pk")).order_by():
            found[pk][kind] = count
    return found


def _opinions(
    round_: Round, proposals: Sequence[Proposal], papers: Mapping[int, Mapping[str, int]]
) -> dict[int, Opinion]:
    """The community's opinion by proposal, where the round asks for it."""
    if not round_.opinion:
        return {}
    ids = [p.pk for p in proposals]
    said = {o.proposal_id: o for o in CommunityOpinion.objects.filter(proposal__in=ids).order_by("pk")}
    newest = dict(ProposalVersion.objects.filter(proposal__in=ids).order_by("number").values_list("proposal_id", "pk"))
    places = dict(Proposal.objects.filter(pk__in=ids).values_list("pk", "community__name"))
    must = round_.opinion == Round.Opinion.REQUIRED
    found = {}
    for pk in ids:
        row, seal = said.get(pk), bool(papers[pk].get(SEAL))
        if row is None:
            found[pk] = Opinion(must, places[pk] or "", has_seal=seal)
        else:
            found[pk] = Opinion(must, places[pk] or "", row.agrees, row.words, row.version_id != newest.get(pk), seal)
    return found


def _hearings(round_: Round, proposals: Iterable[Proposal]) -> dict[int, Hearing]:
    """The newest result of this year or the last one, by organization."""
    rows = Standing.objects.filter(
        organization__in={p.organization_id for p in proposals}, year__in=[round_.year - 1, round_.year]
    ).order_by("year", "number")
    labels = dict(Standing.Hearing.choices)
    return {who: Hearing(year, value, labels[Standing.Hearing(value)]) for who, year, value in rows.values_list("organization_id", "year", "hearing")}  # fmt: skip


def _shared(standing: Sequence[tuple[int, int, str | None, str, str]]) -> dict[int, list[Shared]]:
    """People who lead or handle two organizations with a proposal in the round, by proposal."""
    by_unit = defaultdict(list)
    for row in standing:
        by_unit[row[1]].append(row)
    duties = dict(Membership.Duty.choices)
    of_person: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    rows = Membership.objects.filter(organization__in=list(by_unit), duty__in=LEADS).order_by("pk")
    for user, name, duty, unit in rows.values_list("user_id", "user__display_name", "duty", "organization_id"):
        of_person[user].append((unit, name, duties[Membership.Duty(duty)]))
    found: dict[int, list[Shared]] = defaultdict(list)
    for seats in of_person.values():
        for unit, name, duty in seats:
            for pk, *_ in by_unit[unit]:
                found[pk] += [
                    Shared(name, duty, title, called)
                    for other, _, _ in seats
                    if other != unit
                    for _, _, _, title, called in by_unit[other]
                ]
    return found


def _others(round_: Round) -> tuple[list[tuple[int, int, Other]], int]:
    """Everything handed in to the street's rounds of the last years, newest first, and how many older ones were left out."""
    rows = Proposal.objects.handed_in().filter(
        round__street=round_.street_id, round__year__gt=round_.year - YEARS, round__year__lte=round_.year
    )
    values = rows.order_by("-pk").values_list(
        "pk", "organization_id", "receipt_number", "title", "organization__name", "round__title", "community__name", "state",
        "summary", "plan", Window(Count("pk")),
    )  # fmt: skip
    states = dict(Proposal.State.choices)
    taken = list(values[:MOST_COMPARED])
    left_out = taken[0][-1] - len(taken) if taken else 0
    return [
        (pk, unit, Other(number or "", title, name, season, place or "", states[Proposal.State(state)], whole(title, summary, plan)))
        for pk, unit, number, title, name, season, place, state, summary, plan, _ in taken
    ], left_out  # fmt: skip


def kept(found: Sequence[Finding]) -> list[dict[str, str]]:
    """Findings as the decision keeps them."""
    return [{"key": f.key, "severity": f.severity, "words": f.words} for f in found]


def check_reasons(found: Sequence[Finding], reasons: Mapping[str, str]) -> None:
    """Raises WaiverMissing where a finding that blocks has no reason."""
    open_ones = [f for f in found if f.severity == domain.BLOCK and not reasons.get(f.key, "").strip()]
    if open_ones:
        raise WaiverMissing(count=len(open_ones), told="".join(f.words for f in open_ones))


def waive(
    decision: EligibilityDecision, found: Sequence[Finding], reasons: Mapping[str, str], *, by: User, at: datetime
) -> None:
    """Put on record why the proposal passed in spite of each finding that blocks. Call `check_reasons` first."""
    FindingWaiver.objects.bulk_create(
        FindingWaiver(
            decision=decision, key=f.key, words=f.words, reason=reasons[f.key].strip(), waived_by=by, waived_at=at
        )
        for f in found
        if f.severity == domain.BLOCK
    )
