"""Taking over a table of people: read, shown, then all invited or none."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from accounts import rules
from accounts.domain.people_sheet import MOST_ROWS, SHEET, Fault, Line, NotText, Person, Words, read_csv, typed_rows
from accounts.domain.people_sheet import read_people as read_lines
from accounts.domain.usernames import from_name
from accounts.models import Area, Invitation, PeopleImport, Role, RoleRequest, User
from accounts.services.invitations import PLACES, fits, issue
from audit.services import record, record_many
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from core.people import clean_phone
from core.workbooks import BadWorkbook, Cell, read_workbook

MOST_BYTES = 1024 * 1024
SPARE = 50  # lines for title, head and notes
KEPT = timedelta(days=1)  # what was read and not imported is forgotten


class AlreadyImported(DomainError):
    message = "这份表已经导入过了，没有重复导入。"


class ImportedByAnother(DomainError):
    message = "这份表已经导入过了：{who}在{when}导入，没有重复导入。"


class TableHasFaults(DomainError):
    message = "表里还有错误，请改好后重新上传。一个账号也没有建。"


class PeopleMoved(DomainError):
    message = "读入之后账号有变动，现在有 {count} 处对不上（例如第 {row} 行：{what}），一个也没有导入。请重新上传。"


def words_of(street: Area) -> Words:
    """Roles and places of a street by the words an office writes."""
    areas = list(Area.objects.filter(path__startswith=street.path).order_by("path").select_related("parent"))
    by_pk = {a.pk: a for a in areas}
    places: dict[str, int] = {street.name: street.pk}
    for area in areas:
        if area.kind == Area.Kind.COMMUNITY:
            for name in {area.name, area.alias} - {""}:
                places[name.replace(" ", "")] = area.pk
        elif area.kind == Area.Kind.GRID and area.parent is not None:
            places[f"{area.parent.name}/{area.name}".replace(" ", "")] = area.pk

    def sentence(role: str, area: int | None) -> str:
        what = Role(role)
        return "" if fits(what, by_pk[area or street.pk]) else f"{what.label}的范围应是{_kind(what)}。"

    return Words({role.label: role.value for role in Role}, places, clean_phone, sentence)


def _kind(role: Role) -> str:
    return PLACES.get(role, Area.Kind.STREET).label


def lines_of(file: Any) -> list[Line]:
    """The filled lines of an uploaded .xlsx or .csv with their numbers. Raises BadWorkbook."""
    if file.size > MOST_BYTES:
        raise BadWorkbook(why="文件超过 1 MB，请分成几个文件。")
    file.seek(0)
    if file.read(4).startswith(b"PK"):
        sheets = read_workbook(file, most_rows=MOST_ROWS + SPARE)
        sheet = next((s for s in sheets if s.title == SHEET), sheets[0])
        return [(line.number, [_text(cell) for cell in line.cells]) for line in sheet.lines]
    if not str(file.name).lower().endswith((".csv", ".txt")):
        raise BadWorkbook(why="请上传 .xlsx 或 .csv 文件。旧版 .xls 请在 WPS 或 Excel 里另存为 .xlsx。")
    file.seek(0)
    try:
        found = read_csv(file.read())
    except NotText as error:
        raise BadWorkbook(why=f"{error}。请在 WPS 或 Excel 里另存为 .xlsx 再传。") from error
    if len(found) > MOST_ROWS + SPARE:
        raise BadWorkbook(why=f"多于 {MOST_ROWS} 行，请分成几个文件。")
    return found


def _text(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.is_formula or cell.is_error:
        return "（公式）"  # fits no column: the line is refused, with its place
    value = cell.value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def against(people: Sequence[Person]) -> list[Fault]:
    """What clashes with accounts that exist; two statements."""
    names = {p.username.lower() for p in people if p.username}
    phones = {p.phone for p in people if p.phone}
    known = User.objects.annotate(plain=Lower("username")).filter(plain__in=names)
    taken = set(known.values_list("plain", flat=True)) if names else set()
    used = set(User.objects.filter(phone__in=phones).values_list("phone", flat=True)) if phones else set()
    found = [
        Fault(p.row, "用户名", "该用户名已被使用，请换一个。")
        for p in people
        if p.username and p.username.lower() in taken
    ]
    found += [Fault(p.row, "手机号", "该手机号已被使用。") for p in people if p.phone and p.phone in used]
    return found


def people_in(run: PeopleImport) -> list[Person]:
    """The rows of a run that waits; none once it is applied, or where some are wrong."""
    found = json.loads(run.content) if run.content else []
    return [Person(**row) for row in found] if isinstance(found, list) else []


def faults_in(run: PeopleImport) -> tuple[list[Fault], list[dict[str, Any]]]:
    """What is wrong with a run, and all its rows as they were typed (none where no single row is to blame)."""
    found = json.loads(run.content) if run.content else []
    if isinstance(found, list):
        return [], []
    return [Fault(*one) for one in found["faults"]], found["typed"]


@transaction.atomic(durable=True)
def read_people(*, street: Area, file: Any, by: User, at: datetime) -> tuple[PeopleImport, PeopleImport | None]:
    """Read a table without making anybody: the run, with its faults or fit to be applied; and what the same file gave before.

    A file that was applied gives that run. Raises NotAllowed, BadWorkbook, ImportedByAnother.
    """
    if street.pk not in rules.street_ids(by, Role.SYSTEM_ADMIN):
        raise NotAllowed
    lines = lines_of(file)
    file.seek(0)
    digest = hashlib.sha256(file.read()).hexdigest()
    same = PeopleImport.objects.filter(street=street, digest=digest).select_related("read_by")
    done = same.filter(applied_at__isnull=False).first()
    if done is not None and done.read_by_id != by.pk:
        raise ImportedByAnother(
            who=done.read_by.display_name, when=spoken(local(done.applied_at or done.read_at).date())
        )
    if done is not None:
        return done, done
    before = same.filter(read_by=by).order_by("-pk").first()
    people, faults = read_lines(lines, words_of(street))
    said = {(f.row, f.column) for f in faults}
    faults += [f for f in against(people) if (f.row, f.column) not in said]
    faults = sorted(faults, key=lambda f: (f.row, f.column))
    wrong = {f.row for f in faults}
    kept: Any = [asdict(p) for p in people]
    if faults:
        kept = {"faults": [[f.row, f.column, f.message] for f in faults], "typed": typed_rows(lines, faults)}
    facts = {
        "name": str(file.name)[:200], "count": sum(p.row not in wrong for p in people), "read_at": at,
        "content": json.dumps(kept, ensure_ascii=False),
    }  # fmt: skip
    if before is None:
        return PeopleImport.objects.create(street=street, digest=digest, read_by=by, **facts), None
    first_read = PeopleImport(pk=before.pk, name=before.name, read_at=before.read_at)
    for key, value in facts.items():
        setattr(before, key, value)
    before.save(update_fields=list(facts))
    return before, first_read


def forget_tables(*, at: datetime) -> int:
    """Delete what was read more than a day ago and never imported. Returns how many."""
    return PeopleImport.objects.filter(applied_at=None, read_at__lt=at - KEPT).delete()[0]


@transaction.atomic(durable=True)
def apply_people(*, run_id: int, by: User, at: datetime) -> PeopleImport:
    """Make every account of a run with its invitation and the role asked for it, or none.

    Raises NotAllowed, AlreadyImported, TableHasFaults, PeopleMoved.
    """
    run = PeopleImport.objects.select_for_update(of=("self",)).select_related("street").get(pk=run_id)
    if run.street_id not in rules.street_ids(by, Role.SYSTEM_ADMIN) or run.read_by_id != by.pk:
        raise NotAllowed
    if run.applied_at is not None:
        raise AlreadyImported
    if faults_in(run)[0]:
        raise TableHasFaults
    people = people_in(run)
    faults = against(people)
    if faults:
        raise PeopleMoved(count=len(faults), row=faults[0].row, what=faults[0].message)
    try:
        with transaction.atomic():
            made = _make(run, people, by, at)
            run.content, run.applied_at = "", at
            run.save(update_fields=["content", "applied_at"])
    except IntegrityError as error:
        raise PeopleMoved(count=1, row=people[0].row, what="有账号在此期间建好了。") from error
    issue(users=made, purpose=Invitation.Purpose.NEW, by=by, at=at, source_id=run.pk, scope_id=run.street_id)
    facts = {"rows": run.count, "digest": run.digest}
    record(actor=by, verb="accounts.imported", about=run, at=at, scope_id=run.street_id, facts=facts)
    return run


def _make(run: PeopleImport, people: Sequence[Person], by: User, at: datetime) -> list[User]:
    wanted = {p.username.lower() for p in people if p.username}
    taken = set(User.objects.values_list("username", flat=True)) | wanted
    users = []
    for person in people:
        username = person.username or from_name(person.name, taken.__contains__)
        taken.add(username)
        user = User(
            username=username, display_name=person.name, phone=person.phone or None, email=person.email, street_id=run.street_id
        )  # fmt: skip
        user.set_unusable_password()
        users.append(user)
    users = User.objects.bulk_create(users, batch_size=500)
    about: list[tuple[Any, int | None, dict[str, Any]]] = [(u, run.street_id, {"import": run.pk}) for u in users]
    record_many(actor=by, verb="accounts.invited", rows=about, at=at)
    asked = [
        RoleRequest(user=user, role=p.role, area_id=p.area or run.street_id, asked_by=by, asked_at=at)
        for user, p in zip(users, people, strict=True)
        if p.role
    ]
    RoleRequest.objects.bulk_create(asked, batch_size=500)
    rows: list[tuple[Any, int | None, dict[str, Any]]] = [
        (r.user, run.street_id, {"role": r.role, "area": r.area_id}) for r in asked
    ]
    record_many(actor=by, verb="accounts.role_asked", rows=rows, at=at)
    return users
