"""Registering needs; contact data as a recorded act."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Area, Role, User
from accounts.rules import area_paths
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.numbers import code, next_number
from messaging.services import notify
from needs import rules
from needs.models import Need
from needs.services.history import ReasonMissing, assignees, deadlines, found_by, step

FLOOD = 30  # needs without an account per community in ten minutes


class TooManyNeeds(DomainError):
    message = "这个社区刚刚收到很多需求，请十分钟后再提交，或直接联系社区工作人员。您填写的内容还在。"
    status = 429


class GridElsewhere(DomainError):
    message = "所选网格不属于这个社区，请重新选择。"


def street_of(community: Area) -> int:
    """Id of the street a community belongs to."""
    if community.street_id is None:
        raise NotAllowed
    return community.street_id


def check_flood(community: Area, at: datetime) -> None:
    """Raise TooManyNeeds when too many were posted here without an account just now."""
    recent = Need.objects.filter(community=community, posted_by=None, collected_at__gt=at - timedelta(minutes=10))
    if recent.count() >= FLOOD:
        raise TooManyNeeds


def own_grid(by: User | None, community: Area) -> Area | None:
    """The grid of a grid worker who has just one in this community."""
    if by is None:
        return None
    paths = [p for p in area_paths(by, Role.GRID) if p.startswith(community.path)]
    return Area.objects.filter(path=paths[0], kind=Area.Kind.GRID).first() if len(paths) == 1 else None


def post(
    *,
    community: Area,
    channel: str,
    category: str,
    words: str,
    people_count: int,
    urgency: str,
    at: datetime,
    by: User | None,
    contact_name: str = "",
    contact_phone: str = "",
    consented: bool = False,
    once_key: str | None = None,
    is_demo: bool = False,
    grid: Area | None = None,
    source: str = "",
    collected_at: datetime | None = None,
) -> Need:
    """Register one need, give it a number and a tracking code, and hand it to who is responsible. Needs an open transaction.

    The same `once_key` gives the same need back. `collected_at` is when it was heard, if not now. Raises NotAllowed for a worker of elsewhere, GridElsewhere, TooManyNeeds
    when a community is flooded by posts without an account.
    """
    if by is not None and not rules.can_post_need(by, community):
        raise NotAllowed
    if grid is not None and (grid.kind != Area.Kind.GRID or grid.parent_id != community.pk):
        raise GridElsewhere
    if once_key:
        known = Need.objects.filter(once_key=once_key).first()
        if known is not None:
            return known
    if by is None and not is_demo:
        check_flood(community, at)
    street_id, said = street_of(community), words.strip()
    grid = grid or own_grid(by, community)
    handler, deputy = assignees(community, grid)
    number = f"XQ-{local(at).year}-{next_number('needs_number'):06d}"
    try:
        with transaction.atomic():
            need = Need.objects.create(
                number=number, tracking_code=code(10), street_id=street_id, community=community, channel=channel, grid=grid,
                category=category, words=said, people_count=people_count, urgency=urgency, posted_by=by,
                contact_name=contact_name, contact_phone=contact_phone, consented_at=at if consented else None,
                collected_at=collected_at or at, source=source, once_key=once_key, is_demo=is_demo, stage_at=at, handler_id=handler, deputy_id=deputy,
                first_asked_id=by.pk if by is not None else handler, tier=Need.Tier.GRID if grid else Need.Tier.COMMUNITY,
                **found_by(said, community.pk, street_id),
                **deadlines(state=Need.State.COLLECTED, route="", street_id=street_id, at=at),
            )  # fmt: skip
    except IntegrityError:
        known = Need.objects.filter(once_key=once_key).first() if once_key else None
        if known is None:
            raise
        return known
    step(need, "post", before="", after=need.state, at=at, by=by)
    record(actor=by, verb="needs.posted", about=need, at=at, scope_id=street_id, facts={"number": number})
    if handler is not None and not is_demo and (by is None or by.pk != handler):
        tell_handler(need, at)
    return need


def tell_handler(need: Need, at: datetime) -> None:
    """Say in the inbox that a need waits; no words of the resident in it."""
    if need.handler_id is not None:
        notify(
            recipients=[need.handler_id], occasion=f"need:{need.pk}:v{need.version}", subject=f"新需求待办：{need.number}",
            body=f"{need.community.name}的一件{need.get_category_display()}类需求由您承办，请按期处理。",
            link=f"/needs/{need.pk}/", at=at, email=False, kind="needs.waiting", scope_id=need.street_id,
        )  # fmt: skip


@transaction.atomic(durable=True)
def post_need(
    *, community: Area, channel: str, category: str, words: str, people_count: int, urgency: str, at: datetime, by: User | None,
    contact_name: str = "", contact_phone: str = "", consented: bool = False, once_key: str | None = None, is_demo: bool = False,
    grid: Area | None = None, source: str = "", collected_at: datetime | None = None,
) -> Need:  # fmt: skip
    """`post` in a transaction of its own."""
    return post(
        community=community, channel=channel, category=category, words=words, people_count=people_count, urgency=urgency,
        at=at, by=by, contact_name=contact_name, contact_phone=contact_phone, consented=consented, once_key=once_key,
        is_demo=is_demo, grid=grid, source=source, collected_at=collected_at,
    )  # fmt: skip


@transaction.atomic(durable=True)
def show_contact(*, need_id: int, reason: str, by: User, at: datetime) -> tuple[str, str]:
    """Name and phone of the person who asked, to the community's own worker, as a recorded act with its reason."""
    need = Need.objects.select_related("community").get(pk=need_id)
    if not rules.can_see_contact(by, need):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    record(actor=by, verb="needs.contact_shown", about=need, at=at, scope_id=need.street_id, reason=reason.strip())
    return need.contact_name, need.contact_phone
