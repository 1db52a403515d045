"""Writing the theme library: installing it, and a street's own copies."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from needs import rules
from needs.models import LibraryTheme

LIBRARY = Path(__file__).resolve().parents[1] / "data" / "themes.yaml"
FACTS = (
    "name", "category", "directions", "target_group", "activities", "indicators", "budget_min", "budget_max", "budget_note", "answers",
    "keywords", "nodes", "cautions", "is_offered",
)  # fmt: skip


class ThemeUnknown(DomainError):
    message = "主题库中没有编号 {code}。"
    status = 404


class BudgetUpsideDown(DomainError):
    message = "建议预算上限不能低于下限。"
    status = 400


@cache
def _shipped() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load(LIBRARY.read_text(encoding="utf-8"))
    return rows


@transaction.atomic
def install_library() -> int:
    """Add the themes as shipped where they are missing; a street's own copies are never touched. Returns how many."""
    known = set(LibraryTheme.objects.filter(street=None).values_list("code", flat=True))
    new = [LibraryTheme(street=None, **row) for row in _shipped() if row["code"] not in known]
    LibraryTheme.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


@transaction.atomic(durable=True)
def edit_theme(*, street: Area, code: str, facts: dict[str, Any], by: User, at: datetime) -> LibraryTheme:
    """Write the street's own version of a theme (the shipped one stays as it is), or its own new theme.

    Raises NotAllowed, BudgetUpsideDown.
    """
    if not rules.can_edit_themes(by, street):
        raise NotAllowed
    if facts["budget_max"] < facts["budget_min"]:
        raise BudgetUpsideDown
    shipped = LibraryTheme.objects.filter(street=None, code=code).first()
    row, _ = LibraryTheme.objects.select_for_update().get_or_create(
        street=street, code=code,
        defaults={**facts, "origin": shipped.origin if shipped else "own", "changed_by": by, "changed_at": at},
    )  # fmt: skip
    for name in FACTS:
        if name in facts:
            setattr(row, name, facts[name])
    row.changed_by, row.changed_at = by, at
    row.save()
    record(
        actor=by,
        verb="needs.theme_edited",
        about=row,
        at=at,
        scope_id=street.pk,
        facts={"code": code, "name": row.name},
    )
    return row


@transaction.atomic(durable=True)
def add_theme(*, street: Area, facts: dict[str, Any], by: User, at: datetime) -> LibraryTheme:
    """A theme of the street's own, numbered J01, J02, … Raises as edit_theme."""
    if not rules.can_edit_themes(by, street):
        raise NotAllowed
    if facts["budget_max"] < facts["budget_min"]:
        raise BudgetUpsideDown
    Area.objects.select_for_update().get(pk=street.pk)
    count = LibraryTheme.objects.filter(street=street, code__startswith="J").count()
    row = LibraryTheme.objects.create(
        street=street, code=f"J{count + 1:02d}", origin="own", changed_by=by, changed_at=at, **facts
    )
    record(
        actor=by, verb="needs.theme_edited", about=row, at=at, scope_id=street.pk,
        facts={"code": row.code, "name": row.name},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def restore_theme(*, street: Area, code: str, by: User, at: datetime) -> None:
    """Drop the street's version of a shipped theme, so that the shipped one counts again. Raises NotAllowed, ThemeUnknown."""
    if not rules.can_edit_themes(by, street):
        raise NotAllowed
    row = LibraryTheme.objects.filter(street=street, code=code).first()
    if row is None or not LibraryTheme.objects.filter(street=None, code=code).exists():
        raise ThemeUnknown(code=code)
    record(actor=by, verb="needs.theme_restored", about=row, at=at, scope_id=street.pk, facts={"code": code})
    row.delete()
