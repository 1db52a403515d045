"""Proposals for tests, made through the services. Each returns the stored row."""

from datetime import date, datetime
from decimal import Decimal

from accounts.models import User
from needs.models import Need, ServiceOrder
from needs.services import draft_order, list_order, post_need
from organizations.models import Organization
from projects.domain.budget import Line
from projects.models import Proposal
from projects.services import decide_eligibility, save_draft, start_proposal, submit_proposal
from rounds.models import Round, Theme
from tests.world import Street

LINES = (
    Line("activity", "活动物资", Decimal("120.50"), 40, Decimal(0)),
    Line("staff", "社工补贴", Decimal(600), 6, Decimal("420.00")),
)
GRANT = Decimal("8000.00")


def ruled(street: Street, **changed: object) -> Street:
    """The street with another open round in the place of its own: the same but for these settings."""
    values = Round.objects.filter(pk=street.round.pk).values().get()
    number = Round.objects.filter(street=street.area).count() + 1
    street.round = Round.objects.create(**values | {"id": None, "number": number, "title": f"第{number}期"} | changed)
    street.themes = [Theme.objects.create(round=street.round, name=t.name, position=t.position) for t in street.themes]
    return street


def make_need(street: Street, at: datetime, words: str = "楼下缺一处晾衣的地方。", community: int = 0) -> Need:
    """A need of the street, posted by its community worker (of the first community) or the office."""
    by = street.people["community"] if community == 0 else None
    return post_need(
        community=street.communities[community], channel="visit", category="convenience", words=words, people_count=12,
        urgency="low", at=at, by=by,
    )  # fmt: skip


def make_order(street: Street, at: datetime, title: str = "旧物交换市集") -> ServiceOrder:
    """An order on the list of the street's round."""
    by = street.people["community"]
    order = draft_order(
        community=street.communities[0], need_ids=[make_need(street, at).pk], title=title, target="居民", content="每月一次。",
        price_ceiling=Decimal(9000), by=by, at=at,
    )  # fmt: skip
    return list_order(order_id=order.pk, round_id=street.round.pk, by=by, at=at)


def facts(street: Street, **changed: object) -> dict[str, object]:
    """Every field of a complete proposal."""
    return {
        "title": "邻里换物", "theme": street.themes[1].pk, "category": "环境环保类", "community": street.communities[0].pk,
        "summary": "每月一次旧物交换。", "plan": "每月第二个周六，共六次。", "indicators": "活动 6 场，服务 300 人次。",
        "starts_on": date(street.round.apply_closes_at.year + 1, 1, 1), "ends_on": date(street.round.apply_closes_at.year + 1, 12, 31), "beneficiaries": 300, "minimum": Decimal("5000.00"),
    } | changed  # fmt: skip


def make_draft(
    street: Street,
    at: datetime,
    *,
    organization: Organization | None = None,
    by: User | None = None,
    title: str = "邻里换物",
) -> Proposal:
    """An empty draft of the street's first organization, or of the one named."""
    return start_proposal(
        round_id=street.round.pk, organization=organization or street.organization, title=title,
        by=by or street.people["member"], at=at,
    )  # fmt: skip


def save(draft: Proposal, street: Street, at: datetime, *, by: User | None = None, need_ids: tuple[int, ...] = (),
         order_ids: tuple[int, ...] = (), lines: tuple[Line, ...] = LINES, revision: int | None = None, **changed: object) -> Proposal:  # fmt: skip
    """Save a draft with everything in it but what is `changed`; `revision` is the stored one unless told."""
    stored = Proposal.objects.get(pk=draft.pk)
    return save_draft(
        proposal_id=draft.pk, facts=facts(street, **changed), lines=lines, need_ids=need_ids, order_ids=order_ids,
        revision=stored.revision if revision is None else revision, by=by or street.people["member"], at=at,
    )  # fmt: skip


def make_complete_draft(
    street: Street,
    at: datetime,
    *,
    organization: Organization | None = None,
    by: User | None = None,
    title: str = "邻里换物",
) -> Proposal:
    """A draft that lacks nothing: answers one need."""
    draft = make_draft(street, at, organization=organization, by=by, title=title)
    return save(draft, street, at, by=by, need_ids=(make_need(street, at).pk,), title=title)


def make_submitted_proposal(
    street: Street,
    at: datetime,
    *,
    organization: Organization | None = None,
    by: User | None = None,
    title: str = "邻里换物",
) -> Proposal:
    """A proposal that waits for the eligibility check."""
    draft = make_complete_draft(street, at, organization=organization, by=by, title=title)
    return submit_proposal(proposal_id=draft.pk, by=by or street.people["member"], at=at)


def decide(proposal: Proposal, street: Street, outcome: str, at: datetime, **facts: object) -> Proposal:
    """Let the office decide: `pass`, `return` (with `fields_open`, `complete_by`) or `refuse`."""
    if outcome != "pass":
        facts.setdefault("reason", "预算第 2 行说明不清。")
    decide_eligibility(proposal_id=proposal.pk, outcome=outcome, by=street.people["office"], at=at, **facts)  # type: ignore[arg-type]
    return Proposal.objects.get(pk=proposal.pk)


def make_passed_proposal(
    street: Street,
    at: datetime,
    *,
    organization: Organization | None = None,
    by: User | None = None,
    title: str = "邻里换物",
) -> Proposal:
    """A proposal that may be judged."""
    proposal = make_submitted_proposal(street, at, organization=organization, by=by, title=title)
    return decide(proposal, street, "pass", at)


def make_refused_proposal(street: Street, at: datetime) -> Proposal:
    """A proposal that the office refused."""
    return decide(make_submitted_proposal(street, at), street, "refuse", at)
