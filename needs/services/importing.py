"""Importing needs from a workbook: read without writing any need, then confirmed, all of it or nothing."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Area, Role, User
from accounts.rules import communities_of
from audit.services import record
from core.clock import SHANGHAI, local
from core.errors import DomainError
from core.people import clean_phone, holds_personal_number
from core.workbooks import read_workbook
from needs import rules
from needs.domain import sheet
from needs.domain.twins import twins
from needs.models import Need, NeedImport
from needs.services.many import Entry, post_many

KEPT = timedelta(days=1)  # what was read and not confirmed is forgotten
KNOWN = 5000  # needs of the last year that new rows are compared with
MORE = 50  # rows beyond the limit that are still told as one sentence


class ImportGone(DomainError):
    message = "这份表读入已超过一天，内容已清除，请重新上传。"
    status = 410


class ImportHasFaults(DomainError):
    message = "表里还有错误，请改好后重新上传。没有导入任何一行。"


def labels() -> sheet.Labels:
    """Values by what the sheet says."""

    def turned(choices: Sequence[Any]) -> dict[str, str]:
        return {str(words): value for value, words in choices if value != Need.Channel.ONLINE}

    usual = Need.Urgency.LOW.value
    return sheet.Labels(
        turned(Need.Channel.choices), turned(Need.Category.choices), turned(Need.Urgency.choices), usual
    )


def places_of(user: User) -> tuple[list[Area], list[Area]]:
    """Communities that a person imports for, and their grids."""
    communities = communities_of(user, Role.COMMUNITY, Role.OFFICE)
    grids = Area.objects.filter(kind=Area.Kind.GRID, parent__in=[c.pk for c in communities])
    return communities, list(grids.select_related("parent").order_by("parent__pinyin", "pinyin"))


def _places(user: User) -> sheet.Places:
    communities, grids = places_of(user)
    streets = dict(Area.objects.filter(pk__in={c.street_id for c in communities}).values_list("pk", "name"))
    names: dict[str, list[int]] = {}
    for c in communities:
        street = streets.get(c.street_id or 0, "")
        for name in {c.name, f"{street}{c.name}"}:
            names.setdefault(name, []).append(c.pk)
    only = communities[0].pk if len(communities) == 1 else None
    return sheet.Places(names, {(g.parent_id or 0, g.name): g.pk for g in grids}, only)


def read_import(*, file: Any, by: User, at: datetime) -> NeedImport:
    """Read a workbook and keep what it says; no need is written. Raises BadWorkbook.

    The number of statements does not grow with the rows.
    """
    sheets = read_workbook(file, most_rows=sheet.MOST_ROWS + MORE)
    file.seek(0)
    digest = hashlib.sha256(file.read()).hexdigest()
    today = local(at).date()
    rule = sheet.Rules(_places(by), labels(), today, clean_phone, holds_personal_number)
    found = sheet.read_rows(sheets, rule)
    if len(found.rows) > sheet.MOST_ROWS:
        much = f"有 {len(found.rows):,} 行，一次最多 {sheet.MOST_ROWS:,} 行，请分成几个文件。"
        found.faults.append(sheet.Fault("", 0, "", much))
    rows = [row.plain() for row in found.rows]
    _mark_twins(rows, at)
    if len(found.faults) > sheet.MOST_FAULTS:
        found.notes.append(f"共有 {len(found.faults)} 处错误，这里列出前 {sheet.MOST_FAULTS} 处。")
    if found.faults:
        rows += sheet.typed_rows(sheets, found.faults)
    return NeedImport.objects.create(
        by=by, file_name=str(file.name)[-200:], sha256=digest, lines=rows, notes=found.notes[: sheet.MOST_FAULTS],
        faults=[[f.sheet, f.row, f.column, f.message] for f in found.faults[: sheet.MOST_FAULTS]], read_at=at,
    )  # fmt: skip


def _mark_twins(rows: list[dict[str, Any]], at: datetime) -> None:
    """Say in each row which earlier row, or which need of the ledger, it seems to repeat. One statement."""
    places = {row["community"] for row in rows}
    known = (
        Need.objects.filter(community__in=places, collected_at__gt=at - rules.MEMORY)
        .exclude(state__in=[Need.State.REFUSED, Need.State.MERGED])
        .order_by("-pk")
        .values_list("pk", "community_id", "words", "number")[:KNOWN]
    )
    facts = {pk: (place, words, number) for pk, place, words, number in known}
    found = twins([(r["community"], r["words"]) for r in rows], [(pk, p, w) for pk, (p, w, _n) in facts.items()])
    for i, row in enumerate(rows):
        twin = found.get(i)
        row["twin"] = None
        if twin is not None and twin.new is not None:
            row["twin"] = {"same": True, "sheet": rows[twin.new]["sheet"], "row": rows[twin.new]["number"]}
        elif twin is not None and twin.known is not None:
            row["twin"] = {"same": twin.same, "need": twin.known, "number": facts[twin.known][2]}


def good_rows(found: NeedImport) -> list[dict[str, Any]]:
    """The rows that could be read and are right."""
    return [row for row in found.lines if "typed" not in row]


def typed_rows(found: NeedImport) -> list[dict[str, Any]]:
    """All rows as they were typed, where some are wrong; none otherwise."""
    return [row for row in found.lines if "typed" in row]


def earlier(found: NeedImport) -> NeedImport | None:
    """The last time this person imported the same file."""
    same = NeedImport.objects.filter(by=found.by_id, sha256=found.sha256, done_at__isnull=False)
    return same.exclude(pk=found.pk).order_by("-pk").first()


@transaction.atomic(durable=True)
def confirm_import(*, import_id: int, with_twins: bool, by: User, at: datetime) -> int:
    """Register the rows, all or nothing, without those that seem to repeat another unless `with_twins`. Sent twice, once.

    Returns how many. Raises ImportHasFaults, ImportGone, NotAllowed.
    """
    found = NeedImport.objects.select_for_update(of=("self",)).get(pk=import_id, by=by)
    if found.done_at is not None:
        return found.count
    if found.faults:
        raise ImportHasFaults
    if found.read_at < at - KEPT:
        raise ImportGone
    rows = [r for r in good_rows(found) if with_twins or not r["twin"]]
    areas = {row[key] for row in rows for key in ("community", "grid") if row[key]}
    area = {a.pk: a for a in Area.objects.filter(pk__in=areas)}
    entries = [
        Entry(
            community=area[r["community"]], channel=r["channel"], category=r["category"], words=r["words"],
            people_count=r["people_count"], urgency=r["urgency"], grid=area[r["grid"]] if r["grid"] else None,
            contact_name=r["contact_name"], contact_phone=r["contact_phone"], collected_at=noon(r["on"], at),
        )
        for r in rows
    ]  # fmt: skip
    made = post_many(entries=entries, by=by, at=at, key=f"import-{found.pk}") if entries else []
    NeedImport.objects.filter(pk=found.pk).update(done_at=at, count=len(made), lines=[])
    streets = {n.street_id for n in made}
    record(
        actor=by, verb="needs.imported", about=found, at=at, scope_id=streets.pop() if len(streets) == 1 else None,
        facts={"count": len(made), "sha256": found.sha256},
    )  # fmt: skip
    return len(made)


def noon(day: str | date | None, at: datetime) -> datetime | None:
    """When something of that day was heard: noon there, or now if that is still to come."""
    if not day:
        return None
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return min(datetime.combine(on, time(12), SHANGHAI), at)


def forget_imports(*, at: datetime) -> int:
    """Delete what was read more than a day ago and never confirmed. Returns how many."""
    return NeedImport.objects.filter(done_at=None, read_at__lt=at - KEPT).delete()[0]
