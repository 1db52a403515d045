"""Setting up, opening and closing a round."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Area, Role, User
from accounts.rules import may
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.exact import digest
from rounds.catalogue import rubric_of
from rounds.domain.lines import ThemeLine
from rounds.models import Round, Theme

PUBLISHED = (
    "title", "number", "year", "intro", "mode", "buyer", "fund_source", "applicant_kinds", "budget", "cap", "apply_opens_at",
    "apply_closes_at", "notice_days", "objection_contact", "scale", "paper", "organizer", "co_organizers", "asks_until", "duration",
    "kind_caps", "head_limits", "indicators", "rubric", "allocation", "conditions", "process", "requirements", "contact",
    "sections", "promise", "opinion", "papers", "page_lines", "entries", "takes_waivers", "grace_hours",
)  # fmt: skip
FORMAT = "chuangtou/round@1"


class RoundNotDraft(DomainError):
    message = "期次已经开启，规则已冻结，不能再修改。"


class RoundNotOpen(DomainError):
    message = "期次不在开启状态。"


class NoThemes(DomainError):
    message = "请至少填写一个主题再开启。"


class SameTitle(DomainError):
    message = "本街道已有同名期次，请换一个名称。"


class RoundRefused(DomainError):
    message = "期次设置不符合规则，请核对。"


# A theme: a line with its quotas, or (name, most awards).
Themes = Sequence[ThemeLine | tuple[str, int | None]]


def create(
    *,
    street: Area,
    facts: Mapping[str, Any],
    themes: Themes,
    at: datetime,
    by: User,
    is_demo: bool = False,
) -> Round:
    """A new round in preparation. `facts`: the fields of PUBLISHED, and `origin`. Needs a transaction.

    Raises NotAllowed, SameTitle, RoundRefused.
    """
    if not may(by, street, Role.OFFICE):
        raise NotAllowed
    try:
        with transaction.atomic():
            row = Round.objects.create(
                street=street, is_demo=is_demo, **{k: v for k, v in facts.items() if k in (*PUBLISHED, "origin")}
            )
    except IntegrityError as error:
        raise _refusal(error) from error
    _set_themes(row, themes)
    record(actor=by, verb="rounds.created", about=row, at=at, scope_id=street.pk)
    return row


def _refusal(error: IntegrityError) -> DomainError:
    """The sentence of the constraint that said no."""
    for constraint in Round._meta.constraints:
        if constraint.name in str(error):
            if constraint.name == "round_title_once_per_street":
                return SameTitle()
            return RoundRefused(str(getattr(constraint, "violation_error_message", "") or RoundRefused.message))
    return RoundRefused()


def _set_themes(row: Round, themes: Themes) -> None:
    row.themes.all().delete()
    lines = [t if isinstance(t, ThemeLine) else ThemeLine(*t) for t in themes]
    Theme.objects.bulk_create(
        Theme(round=row, name=t.name, position=i, max_awards=t.max_awards, max_amount=t.max_amount)
        for i, t in enumerate({t.name: t for t in lines}.values(), 1)
    )


@transaction.atomic(durable=True)
def create_round(
    *,
    street: Area,
    facts: Mapping[str, Any],
    themes: Themes,
    at: datetime,
    by: User,
    is_demo: bool = False,
) -> Round:
    """`create` in a transaction of its own."""
    return create(street=street, facts=facts, themes=themes, at=at, by=by, is_demo=is_demo)


@transaction.atomic(durable=True)
def edit_round(*, round_id: int, facts: Mapping[str, Any], themes: Themes, at: datetime, by: User) -> Round:
    """Change a round in preparation. Raises RoundNotDraft once it is open, SameTitle."""
    row = Round.objects.select_for_update(of=("self",)).select_related("street").get(pk=round_id)
    if not may(by, row.street, Role.OFFICE):
        raise NotAllowed
    if row.state != Round.State.DRAFT:
        raise RoundNotDraft
    for key, value in facts.items():
        if key in PUBLISHED:
            setattr(row, key, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise _refusal(error) from error
    _set_themes(row, themes)
    record(actor=by, verb="rounds.edited", about=row, at=at, scope_id=row.street_id)
    return row


def frozen_rules(row: Round) -> dict[str, Any]:
    """What is published and frozen at opening, as plain JSON."""
    found: dict[str, Any] = {"format": FORMAT, "street": row.street.name}
    for key in PUBLISHED:
        value = getattr(row, key)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif value is not None and not isinstance(value, str | int | list | dict):
            value = str(value)
        found[key] = value
    found["themes"] = [
        {
            "name": t.name,
            "max_awards": t.max_awards,
            "max_amount": None if t.max_amount is None else f"{t.max_amount:.2f}",
        }
        for t in row.themes.order_by("position")
    ]
    rubric = rubric_of(row.rubric)
    found["rubric"] = rubric.as_json() if rubric else None
    return found


@transaction.atomic(durable=True)
def open_round(*, round_id: int, at: datetime, by: User) -> Round:
    """Publish the call and freeze its rules with a digest. Raises RoundNotDraft, NoThemes."""
    row = Round.objects.select_for_update(of=("self",)).select_related("street").get(pk=round_id)
    if not may(by, row.street, Role.OFFICE):
        raise NotAllowed
    if row.state != Round.State.DRAFT:
        raise RoundNotDraft
    if not row.themes.exists():
        raise NoThemes
    row.rules = frozen_rules(row)
    row.rules_digest = digest(row.rules)
    row.state, row.opened_at = Round.State.OPEN, at
    row.save(update_fields=["rules", "rules_digest", "state", "opened_at"])
    record(actor=by, verb="rounds.opened", about=row, at=at, scope_id=row.street_id, facts={"digest": row.rules_digest})
    return row


@transaction.atomic(durable=True)
def close_round(*, round_id: int, at: datetime, by: User) -> Round:
    """End an open round: it stays readable, nothing can be submitted. Raises RoundNotOpen."""
    row = Round.objects.select_for_update(of=("self",)).select_related("street").get(pk=round_id)
    if not may(by, row.street, Role.OFFICE):
        raise NotAllowed
    if not Round.objects.filter(pk=round_id, state=Round.State.OPEN).update(state=Round.State.CLOSED):
        raise RoundNotOpen
    record(actor=by, verb="rounds.closed", about=row, at=at, scope_id=row.street_id)
    row.refresh_from_db()
    return row
