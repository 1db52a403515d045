"""述职评议: codes, ballots that name nobody, counts typed in by two persons."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.numbers import code
from organizations import rules
from organizations.domain.hearing import COMMUNITY, COUNTED, OPTIONS, RESIDENTS
from organizations.models import Hearing, HearingBallot, HearingCode, HearingCount, HearingVoter
from organizations.services.hearing import demand, locked

MOST_CODES = 500
MOST_PAPERS = 100_000
LENGTH = 10


class TooManyCodes(DomainError):
    message = "一个社区最多 {most} 个评议码，已有 {known} 个。"


class BallotsClosed(DomainError):
    message = "评议没有开始或已经截止，这张票没有计入。"


class AlreadyVoted(DomainError):
    message = "您已经投过票，每人一票，不能再投或更改。"


class CodeUsed(DomainError):
    message = "这个评议码已经用过，每码一票。"


class BallotBad(DomainError):
    message = "票面与本次评议的组织不一致，请刷新后逐个评议。"


class NothingToVote(DomainError):
    message = "本社区没有要评议的组织。"


class CountBad(DomainError):
    message = "“{name}”的票数应为不小于 0 的整数，合计不超过收回票数 {papers}。"


class PapersBad(DomainError):
    message = "收回票数应为 1 至 {most} 的整数。"


class CountSame(DomainError):
    message = "与您上次录入的一样，没有再登记。"


@transaction.atomic(durable=True)
def print_hearing_codes(
    *, hearing_id: int, community: Area, count: int, by: User, at: datetime
) -> list[HearingCode]:  # fmt: skip
    """New codes for residents of a community. Raises NotAllowed, HearingMoved, NothingToVote, TooManyCodes."""
    row = locked(hearing_id)
    if not rules.can_run(by, row) or community.street_id != row.street_id:
        raise NotAllowed
    if row.state == Hearing.State.CLOSED:
        demand(row, Hearing.State.OPEN, "打印评议码")
    if not rules.dues_of(row, [community.pk]).exists():
        raise NothingToVote
    known = row.codes.filter(community=community).count()
    if known + count > MOST_CODES:
        raise TooManyCodes(most=MOST_CODES, known=known)
    words = [code(LENGTH) for _ in range(count)]
    made = HearingCode.objects.bulk_create(
        HearingCode(
            hearing=row, community=community, code=word, digest=rules.digests_of(word)[0], printed_by=by, printed_at=at
        )
        for word in words
    )
    record(
        actor=by, verb="organizations.hearing_codes_printed", about=row, at=at, scope_id=row.street_id,
        facts={"community": community.pk, "count": count},
    )  # fmt: skip
    return made


def _ballot(hearing: Hearing, group: str, marks: Mapping[int, str], asked: Collection[int]) -> None:
    if not asked:
        raise NothingToVote
    if set(marks) != set(asked) or not set(marks.values()) <= set(OPTIONS):
        raise BallotBad
    HearingBallot.objects.create(hearing=hearing, group=group, marks={str(k): marks[k] for k in sorted(marks)})


@transaction.atomic(durable=True)
def vote(*, hearing_id: int, marks: Mapping[int, str], by: User, at: datetime) -> None:
    """A community worker's one ballot; it is kept without her name and without a time.

    Raises NotAllowed, BallotsClosed, AlreadyVoted, NothingToVote, BallotBad.
    """
    row = locked(hearing_id)
    if not rules.has_ballot(by, row):
        raise NotAllowed
    if not rules.takes_ballots(row, at):
        raise BallotsClosed
    try:
        with transaction.atomic():
            HearingVoter.objects.create(hearing=row, user=by)
    except IntegrityError as error:
        raise AlreadyVoted from error
    _ballot(row, COMMUNITY, marks, [d.pk for d in rules.ballot_of(by, row)])
    record(actor=by, verb="organizations.hearing_voted", about=row, at=at, scope_id=row.street_id)


@transaction.atomic(durable=True)
def vote_by_code(*, code_id: int, marks: Mapping[int, str], at: datetime) -> None:
    """A resident's one ballot. Raises BallotsClosed, CodeUsed, NothingToVote, BallotBad."""
    found = HearingCode.objects.get(pk=code_id)
    row = locked(found.hearing_id)
    if not rules.takes_ballots(row, at):
        raise BallotsClosed
    if not HearingCode.objects.filter(pk=code_id, is_used=False).update(is_used=True):
        raise CodeUsed
    asked = rules.dues_of(row, [found.community_id]).values_list("pk", flat=True)
    _ballot(row, RESIDENTS, marks, list(asked))
    record(
        actor=None, verb="organizations.hearing_voted", about=row, at=at, scope_id=row.street_id,
        facts={"community": found.community_id},
    )  # fmt: skip


@transaction.atomic(durable=True)
def enter_count(
    *, hearing_id: int, community: Area, papers: int, votes: Mapping[int, Mapping[str, int]], by: User, at: datetime
) -> HearingCount:  # fmt: skip
    """What one person counted of a community's paper ballots; it counts once a second person typed in the same.

    Whoever belongs to an organization on the ballot does not count. Raises NotAllowed, HearingMoved, NothingToVote,
    PapersBad, CountBad, CountSame.
    """
    row = locked(hearing_id)
    if not rules.can_count(by, row) or community.street_id != row.street_id:
        raise NotAllowed
    demand(row, Hearing.State.OPEN, "录入现场票")
    dues = list(rules.dues_of(row, [community.pk]))
    if not dues:
        raise NothingToVote
    if any(rules.acts_for(by, due.organization_id) for due in dues):
        raise NotAllowed
    if not 1 <= papers <= MOST_PAPERS:
        raise PapersBad(most=MOST_PAPERS)
    marks = {}
    for due in dues:
        given = {o: votes.get(due.pk, {}).get(o, -1) for o in COUNTED}
        if min(given.values()) < 0 or sum(given.values()) > papers:
            raise CountBad(name=due.organization.name, papers=papers)
        marks[str(due.pk)] = rules.full_marks(papers, given)
    before = row.counts.filter(community=community, entered_by=by).order_by("-number").first()
    if before is not None and (before.papers, before.marks) == (papers, marks):
        raise CountSame
    made = HearingCount.objects.create(
        hearing=row, community=community, number=before.number + 1 if before else 1, papers=papers, marks=marks, entered_by=by,
        entered_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.hearing_counted", about=made, at=at, scope_id=row.street_id,
        facts={"community": community.pk, "papers": papers, "number": made.number},
    )  # fmt: skip
    return made
