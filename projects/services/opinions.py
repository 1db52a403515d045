"""The community's opinion on an application, and the applicant's reminder to give it."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Area, Role, RoleGrant, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from organizations.rules import acts_for
from projects import rules
from projects.kinds import OPINION_ASKED, OPINION_GIVEN
from projects.models import CommunityOpinion, OpinionReminder, Proposal

LINK = "/proposals/{}/opinion/"


class OpinionNeedsWords(DomainError):
    message = "不同意请写明理由，申报单位和创投办会看到。"
    status = 400


class OpinionClosed(DomainError):
    message = "初审已有结论或申报已撤回，不能再出具意见。"


class OpinionGiven(DomainError):
    message = "社区已经出具意见，不用提醒。"


class OpinionAskedToday(DomainError):
    message = "今天已经提醒过社区，明天可以再提醒。"


class NobodyInCommunity(DomainError):
    message = "{community}还没有登记工作人员，提醒没有发出。请联系街道创投办，或上传盖章的社区意见扫描件。"


def _locked(proposal_id: int) -> Proposal:
    found = Proposal.objects.select_for_update(of=("self",)).select_related(
        "round__street", "organization", "community"
    )
    return found.get(pk=proposal_id)


@transaction.atomic(durable=True)
def give_opinion(*, proposal_id: int, agrees: bool, words: str, by: User, at: datetime) -> CommunityOpinion:
    """Put the community's opinion on record for the newest version; the applicant's people are told. The same sent twice is
    there once; another one is a new row that stands from then on.

    Raises NotAllowed, OpinionClosed, OpinionNeedsWords.
    """
    proposal = _locked(proposal_id)
    if proposal.state not in (Proposal.State.SUBMITTED, Proposal.State.RETURNED):
        raise OpinionClosed
    if not rules.gives_opinion(by, proposal) or proposal.community is None:
        raise NotAllowed
    said = " ".join(words.split())
    if not agrees and not said:
        raise OpinionNeedsWords
    version = proposal.versions.order_by("-number").first()
    assert version is not None  # noqa: S101 - what was handed in has one
    standing = rules.standing_opinion(proposal)
    told = (version.pk, agrees, said, by.pk)
    if standing is not None and (standing.version_id, standing.agrees, standing.words, standing.given_by_id) == told:
        return standing  # sent twice
    opinion = CommunityOpinion.objects.create(
        proposal=proposal,
        version=version,
        community=proposal.community,
        agrees=agrees,
        words=said,
        given_by=by,
        given_at=at,
    )
    record(
        actor=by, verb="projects.opinion_given", about=proposal, at=at, scope_id=proposal.round.street_id, reason=said,
        facts={"agrees": agrees, "version": version.number, "community": proposal.community.name},
    )  # fmt: skip
    data = {
        "title": proposal.title, "receipt": proposal.receipt_number or "", "community": proposal.community.name,
        "outcome": "同意" if agrees else "不同意", "words": said,
    }  # fmt: skip
    notify(
        recipients=[m.user_id for m in proposal.organization.members.all()], occasion=f"projects.opinion:{opinion.pk}", subject="",
        body="", kind=OPINION_GIVEN.key, data=data, link=LINK.format(proposal.pk), at=at, scope_id=proposal.round.street_id,
    )  # fmt: skip
    return opinion


@transaction.atomic(durable=True)
def remind_community(*, proposal_id: int, by: User, at: datetime) -> OpinionReminder:
    """Tell the community's workers that the applicant waits for their opinion; once a Beijing day.

    Raises NotAllowed, OpinionClosed, OpinionGiven, OpinionAskedToday, NobodyInCommunity.
    """
    proposal = _locked(proposal_id)
    if not acts_for(by, proposal.organization_id):
        raise NotAllowed
    if not rules.asks_opinion(by, proposal) or proposal.community is None:
        raise OpinionClosed
    if rules.standing_opinion(proposal) is not None:
        raise OpinionGiven
    people = workers_of(proposal.community)
    if not people:
        raise NobodyInCommunity(community=proposal.community.name)
    day = local(at).date()
    try:
        with transaction.atomic():
            reminder = OpinionReminder.objects.create(proposal=proposal, asked_on=day, asked_by=by, asked_at=at)
    except IntegrityError as error:
        raise OpinionAskedToday from error
    record(actor=by, verb="projects.opinion_asked", about=proposal, at=at, scope_id=proposal.round.street_id)
    data = {
        "organization": proposal.organization.name, "title": proposal.title, "receipt": proposal.receipt_number or "",
        "community": proposal.community.name,
    }  # fmt: skip
    notify(
        recipients=people, occasion=f"projects.opinion_asked:{reminder.pk}", subject="", body="", kind=OPINION_ASKED.key, data=data,
        link=LINK.format(proposal.pk), at=at, scope_id=proposal.round.street_id,
    )  # fmt: skip
    return reminder


def workers_of(community: Area) -> list[int]:
    """People who work for a community, or for the street that it belongs to as its community."""
    grants = RoleGrant.objects.filter(role=Role.COMMUNITY, user__is_active=True, area__street=community.street_id)
    rows = grants.order_by("pk").values_list("user_id", "area__path")
    return list(dict.fromkeys(user for user, path in rows if community.path.startswith(path)))
