"""Taking over a registry sheet: read, shown as what it would change, then written all or nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.workbooks import read_workbook
from organizations import rules
from organizations.domain.registry_sheet import (
    DATES,
    MOST_ROWS,
    TITLES,
    Fault,
    Words,
    as_table,
    read_rows,
    typed_rows,
)
from organizations.models import ImportRun, Organization, PartyRecord
from organizations.services.party import add_party
from organizations.services.profile import write_profile
from organizations.services.registry import clean_uscc, register

KEPT = timedelta(days=1)  # what was read and not taken over is forgotten
COPIED = ("legal_name", "secretary", "supporter", "business", "inspection", "grade", *DATES)


class AlreadyApplied(DomainError):
    message = "这份表已经登记过了。"


class SheetHasFaults(DomainError):
    message = "表里还有错误，请改好后重新上传。没有登记任何一行。"


class RegistryMoved(DomainError):
    message = "读入之后登记册有变动，现在有 {count} 处对不上（例如第 {row} 行：{what}），一行也没有登记。请重新上传。"


@dataclass(frozen=True, slots=True)
class Planned:
    """One row and the organization it is about; None: a new one."""

    facts: dict[str, Any]
    known: Organization | None

    @property
    def code(self) -> str:
        """The credit code the row gives, or nothing."""
        return self.facts.get("uscc") or ""


def words_of(street: Area) -> Words:
    """The choices and communities of a street, by their labels."""

    def code(text: str) -> str:
        try:
            return clean_uscc(text)
        except DomainError as error:
            raise ValueError(error.message) from error

    def labels(choices: Any) -> dict[str, str]:
        return {str(c.label): str(c.value) for c in choices}

    communities = Area.objects.communities().under(street)
    return Words(
        kinds=labels(Organization.Kind), inspections=labels(Organization.Inspection), grades=labels(Organization.Grade),
        forms=labels(PartyRecord.Form), communities={a.name: a.pk for a in communities}, code=code,
    )  # fmt: skip


def plan_rows(street: Area, rows: Sequence[dict[str, Any]]) -> tuple[list[Planned], list[Fault]]:
    """Which organization each row is about, by credit code, else by name; and what does not fit the registry."""
    codes = [r["uscc"] for r in rows if r.get("uscc")]
    here = list(Organization.objects.filter(street=street))
    by_code = {o.uscc: o for o in here if o.uscc}
    by_name = {o.name: o for o in here}
    elsewhere = set(Organization.objects.filter(uscc__in=codes).exclude(street=street).values_list("uscc", flat=True))
    party = rules.newest_party(street.pk)
    planned: list[Planned] = []
    faults: list[Fault] = []
    seen: dict[int, int] = {}
    for row in rows:
        number, code, name = row["row"], row.get("uscc"), row.get("name", "")
        known = (by_code.get(code) if code else None) or by_name.get(name)
        planned.append(Planned(row, known))
        if code in elsewhere:
            faults.append(Fault(number, "统一社会信用代码", "这个代码已在别的街道登记。"))
        elif known is not None:
            faults += _against(row, known)
            if known.pk in seen:
                faults.append(Fault(number, "名称", f"与第 {seen[known.pk]} 行是同一个组织。"))
            seen.setdefault(known.pk, number)
        else:
            faults += _new(row)
        faults += _party_faults(row, party.get(known.pk) if known else None)
    return planned, faults


def _against(row: dict[str, Any], known: Organization) -> list[Fault]:
    found, number = [], row["row"]
    if row.get("uscc") and known.kind == Organization.Kind.GROUP:
        found.append(Fault(number, "统一社会信用代码", "居民小组没有统一社会信用代码，请留空。"))
    if row.get("uscc") and known.uscc and row["uscc"] != known.uscc:
        found.append(Fault(number, "统一社会信用代码", f"“{known.name}”登记的代码是 {known.uscc}。"))
    if row.get("name") and row["name"] != known.name:
        found.append(Fault(number, "名称", f"这个信用代码登记的名称是“{known.name}”，名称不能用导入修改。"))
    if row.get("kind") and row["kind"] != known.kind:
        found.append(Fault(number, "类型", f"“{known.name}”登记为{known.get_kind_display()}，性质不能用导入修改。"))
    left, came = known.moved_out_on, row.get("moved_in_on")
    if left is not None and came and came > left.isoformat():
        found.append(Fault(number, "入驻日期", f"晚于已登记的退出日期 {left.isoformat()}。"))
    return found


def _new(row: dict[str, Any]) -> list[Fault]:
    found, number = [], row["row"]
    if not row.get("kind"):
        found.append(Fault(number, "类型", "新登记的组织必须写明类型。"))
    if row.get("kind") == Organization.Kind.SOCIAL and not row.get("uscc"):
        found.append(Fault(number, "统一社会信用代码", "登记社会组织必须填写统一社会信用代码。"))
    if row.get("kind") == Organization.Kind.PARTY and not row.get("community"):
        found.append(Fault(number, "所在社区", "社区（村）党组织必须写明所在社区。"))
    if row.get("kind") == Organization.Kind.GROUP:
        found += _group(row)
    return found


def _group(row: dict[str, Any]) -> list[Fault]:
    """What a new group of residents lacks, and the code it cannot have."""
    needed = (("community", "所在社区"), ("legal_name", "法定代表人"), ("supporter", "支持单位"))
    found = [Fault(row["row"], title, f"居民小组必须写明{title}。") for key, title in needed if not row.get(key)]
    if row.get("uscc"):
        found.append(Fault(row["row"], "统一社会信用代码", "居民小组没有统一社会信用代码，请留空。"))
    return found


def _party_faults(row: dict[str, Any], before: PartyRecord | None) -> list[Fault]:
    number = row["row"]
    if row.get("members") is None and before is None and row.get("form"):
        return [Fault(number, "党员数", "填写党组织形式时必须填写党员数。")]
    facts = party_of(row, before)
    if facts is None or facts["form"] == "none":
        return []
    named = facts["instructor"] if facts["form"] == "instructor" else facts["branch"]
    return [] if named else [Fault(number, "支部名称或指导员", "请填写支部名称，或党建指导员的姓名。")]


def party_of(row: dict[str, Any], before: PartyRecord | None) -> dict[str, Any] | None:
    """What the row says of the Party organization, filled up from the newest record; None where nothing is new."""
    if all(row.get(key) is None for key in ("members", "form", "party_name")):
        return None
    old = {"members": before.members, "form": before.form, "name": before.branch or before.instructor} if before else {}
    members, form = row.get("members"), row.get("form") or old.get("form") or "none"
    members = old.get("members", 0) if members is None else members
    name = row.get("party_name") or (old.get("name", "") if form == old.get("form") else "")
    new = {"members": members, "form": form, "name": name if form != "none" else ""}
    if new == old:
        return None
    branch, instructor = (name, "") if form in {"branch", "joint"} else ("", name if form == "instructor" else "")
    return {"members": members, "form": form, "branch": branch, "instructor": instructor}


@transaction.atomic(durable=True)
def read_sheet(*, street: Area, file: Any, name: str, by: User, at: datetime) -> ImportRun:
    """Read an uploaded sheet without writing the registry: the run, with its faults or fit to be applied.

    Raises NotAllowed, BadWorkbook.
    """
    if not rules.can_register(by, street.pk):
        raise NotAllowed
    sheets = read_workbook(file, most_rows=MOST_ROWS)
    rows, faults = read_rows(as_table(sheets), words_of(street))
    if rows:
        # a cell that could not be read is not reproached with being empty too
        said = {(f.row, TITLES.get(f.column)) for f in faults}
        faults += [f for f in plan_rows(street, rows)[1] if (f.row, TITLES.get(f.column)) not in said]
    faults = sorted(set(faults), key=lambda f: (f.row, f.column, f.message))
    wrong = {f.row for f in faults}
    file.seek(0)
    return ImportRun.objects.create(
        street=street, name=name.removesuffix(".xlsx")[:200], digest=hashlib.sha256(file.read()).hexdigest(),
        content=[row for row in rows if row["row"] not in wrong], faults=[[f.row, f.column, f.message] for f in faults],
        typed=typed_rows(sheets, faults) if faults else [], read_by=by, read_at=at,
    )  # fmt: skip


def earlier(run: ImportRun) -> ImportRun | None:
    """The last time the same file was taken over in this street."""
    same = ImportRun.objects.filter(street=run.street_id, digest=run.digest, applied_at__isnull=False)
    return same.exclude(pk=run.pk).select_related("read_by").order_by("-pk").first()


def forget_sheets(*, at: datetime) -> int:
    """Delete what was read more than a day ago and never taken over. Returns how many."""
    return ImportRun.objects.filter(applied_at=None, read_at__lt=at - KEPT).delete()[0]


@transaction.atomic(durable=True)
def apply_sheet(*, run_id: int, by: User, at: datetime) -> ImportRun:
    """Write every row of a run, or none. Raises NotAllowed, AlreadyApplied, SheetHasFaults, RegistryMoved."""
    run = ImportRun.objects.select_for_update(of=("self",)).select_related("street").get(pk=run_id)
    if not rules.can_register(by, run.street_id) or run.read_by_id != by.pk:
        raise NotAllowed
    if run.applied_at is not None:
        raise AlreadyApplied
    if run.faults:
        raise SheetHasFaults
    list(Organization.objects.select_for_update().filter(street=run.street_id).order_by("pk").values_list("pk"))
    planned, faults = plan_rows(run.street, run.content)
    if faults:
        raise RegistryMoved(count=len(faults), row=faults[0].row, what=faults[0].message)
    party = rules.newest_party(run.street_id)
    added = changed = 0
    for one in planned:
        row, is_changed = one.known, False
        if row is None:
            row = register(
                street=run.street, kind=one.facts["kind"], name=one.facts["name"], at=at, by=by, uscc=one.facts.get("uscc") or "",
                community=Area.objects.get(pk=one.facts["community"]) if one.facts.get("community") else None,
                legal_name=one.facts.get("legal_name") or "", supporter=one.facts.get("supporter") or "",
            )  # fmt: skip
            added += 1
        is_changed = _write(row, one.facts, by=by, at=at)
        facts = party_of(one.facts, party.get(row.pk))
        if facts is not None:
            before = party.get(row.pk)
            upper = before.upper if before and facts["form"] in {"branch", "joint"} else None
            add_party(organization=row, counted_on=local(at).date(), by=by, at=at, upper=upper, **facts)
        changed += one.known is not None and (is_changed or facts is not None)
    run.applied_at, run.added, run.changed = at, added, changed
    run.save(update_fields=["applied_at", "added", "changed"])
    record(
        actor=by, verb="organizations.imported", about=run, at=at, scope_id=run.street_id,
        facts={"rows": len(run.content), "added": added, "changed": changed, "digest": run.digest},
    )  # fmt: skip
    return run


def _write(row: Organization, facts: dict[str, Any], *, by: User, at: datetime) -> bool:
    """The registry's facts, and a code or community that was not known before."""
    said = {
        key: date.fromisoformat(facts[key]) if key in DATES else facts[key]
        for key in COPIED
        if facts.get(key) is not None
    }
    changed = bool(write_profile(organization=row, facts=said, by=by, at=at))
    filled = []
    if row.uscc is None and facts.get("uscc"):
        row.uscc = facts["uscc"]
        filled.append("uscc")
    if row.community_id is None and facts.get("community"):
        row.community_id = facts["community"]
        filled.append("community")
    if filled:
        row.save(update_fields=filled)
        record(
            actor=by, verb="organizations.profile_changed", about=row, at=at, scope_id=row.street_id, facts={"fields": filled}
        )  # fmt: skip
    return changed or bool(filled)
