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
from rounds.models import Round, Theme

PUBLISHED = (
    "title", "number", "year", "intro", "mode", "buyer", "fund_source", "applicant_kinds", "budget", "cap", "apply_opens_at",
    "apply_closes_at", "notice_days", "objection_contact",
)  # fmt: skip


class RoundNotDraft(DomainError):
    message = "期次已经开启，规则已冻结，不能再修改。"


class RoundNotOpen(DomainError):
    message = "期次不在开启状态。"


class NoThemes(DomainError):
    message = "请至少填写一个主题再开启。"


class SameTitle(DomainError):
    message = "本街道已有同名期次，请换一个名称。"


def create(
    *,
    street: Area,
    facts: Mapping[str, Any],
    themes: Sequence[tuple[str, int | None]],
    at: datetime,
    by: User,
    is_demo: bool = False,
) -> Round:
    """A new round in preparation. `facts`: the fields of PUBLISHED; `themes`: (name, most awards). Needs a transaction."""
    if not may(by, street, Role.OFFICE):
        raise NotAllowed
    try:
        with transaction.atomic():
            row = Round.objects.create(
                street=street, is_demo=is_demo, **{k: v for k, v in facts.items() if k in PUBLISHED}
            )
    except IntegrityError as error:
        raise SameTitle from error
    _set_themes(row, themes)
    record(actor=by, verb="rounds.created", about=row, at=at, scope_id=street.pk)
    return row


def _set_themes(row: Round, themes: Sequence[tuple[str, int | None]]) -> None:
    row.themes.all().delete()
    Theme.objects.bulk_create(
        Theme(round=row, name=name, position=i, max_awards=most)
        for i, (name, most) in enumerate(dict(themes).items(), 1)
    )


@transaction.atomic(durable=True)
def create_round(
    *,
    street: Area,
    facts: Mapping[str, Any],
    themes: Sequence[tuple[str, int | None]],
    at: datetime,
    by: User,
    is_demo: bool = False,
) -> Round:
    """`create` in a transaction of its own."""
    return create(street=street, facts=facts, themes=themes, at=at, by=by, is_demo=is_demo)


@transaction.atomic(durable=True)
def edit_round(
    *, round_id: int, facts: Mapping[str, Any], themes: Sequence[tuple[str, int | None]], at: datetime, by: User
) -> Round:
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
        raise SameTitle from error
    _set_themes(row, themes)
    record(actor=by, verb="rounds.edited", about=row, at=at, scope_id=row.street_id)
    return row


def frozen_rules(row: Round) -> dict[str, Any]:
    """What is published and frozen at opening, as plain JSON."""
    found: dict[str, Any] = {}
    for key in PUBLISHED:
        value = getattr(row, key)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif value is not None and not isinstance(value, str | int | list):
            value = str(value)
        found[key] = value
    found["themes"] = [
        {"name": n, "max_awards": m} for n, m in row.themes.order_by("position").values_list("name", "max_awards")
    ]
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
