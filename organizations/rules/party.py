"""What is known of the Party organizations of a street's organizations."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.clock import SHANGHAI
from organizations.domain import party
from organizations.domain.party import Coverage
from organizations.models import Organization, PartyRecord
from organizations.rules.checklist import NO_CHECKLIST, ChecklistLine, checklist_lines


def newest_party(street_id: int, day: date | None = None) -> dict[int, PartyRecord]:
    """The newest record by organization, for a whole street, as it was known for a day; one statement."""
    rows = PartyRecord.objects.filter(organization__street=street_id).select_related("upper")
    if day is not None:
        rows = rows.filter(counted_on__lte=day)
    return {row.organization_id: row for row in rows.order_by("organization", "number")}


@dataclass(frozen=True, slots=True)
class PartyLine:
    """One organization: what it should have, what it has, what does not fit; its checklists of the year."""

    organization: Organization
    record: PartyRecord | None
    due: str
    partners: tuple[str, ...]
    fault: str
    checks: ChecklistLine

    @property
    def name(self) -> str:
        """The branch, or the instructor."""
        return (self.record.branch or self.record.instructor) if self.record else ""


def party_lines(street_id: int, day: date) -> list[PartyLine]:
    """The registered social organizations of a street on a day, in Chinese order; three statements."""
    end = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    rows = Organization.objects.filter(street=street_id, kind=Organization.Kind.SOCIAL, created_at__lt=end)
    known, checks = newest_party(street_id, day), checklist_lines(street_id, day.year)
    found = list(rows.order_by("pinyin", "pk"))
    joint: dict[str, list[Organization]] = {}
    for row in found:
        own = known.get(row.pk)
        if own is not None and own.form == PartyRecord.Form.JOINT:
            joint.setdefault(own.branch, []).append(row)
    lines = []
    for row in found:
        own = known.get(row.pk)
        lists = checks.get(row.pk, NO_CHECKLIST)
        if own is None:
            lines.append(PartyLine(row, None, "", (), "还没有登记", lists))
            continue
        others = tuple(
            o.name for o in joint.get(own.branch, []) if own.form == PartyRecord.Form.JOINT and o.pk != row.pk
        )
        due = PartyRecord.Form(party.due_form(own.members)).label
        lines.append(PartyLine(row, own, str(due), others, party.fault(own.members, own.form, len(others)), lists))
    return lines


def coverage_of(lines: list[PartyLine], day: date) -> Coverage:
    """Both ratios of these lines."""
    return party.coverage((line.record.form if line.record else None for line in lines), day)


def forms_count(lines: list[PartyLine]) -> list[tuple[str, int]]:
    """How many have each form, in the order of the forms."""
    count = Counter(line.record.form for line in lines if line.record)
    return [(str(form.label), count[form.value]) for form in PartyRecord.Form]


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch below a Party organization of the registry, with the organizations that make it up."""

    name: str
    form: str
    units: tuple[Organization, ...]


def branches_of(upper: Organization) -> list[Branch]:
    """The branches that answer to a Party organization, as last counted; two statements."""
    known = newest_party(upper.street_id)
    own = {pk: record for pk, record in known.items() if record.upper_id == upper.pk}
    rows = Organization.objects.filter(pk__in=own).order_by("pinyin", "pk")
    found: dict[tuple[str, str], list[Organization]] = {}
    for row in rows:
        record = own[row.pk]
        # branches of their own may share a name; joint ones are one by theirs
        found.setdefault((record.branch, str(row.pk) if record.form == PartyRecord.Form.BRANCH else ""), []).append(row)
    return [
        Branch(name, str(PartyRecord.Form(own[units[0].pk].form).label), tuple(units))
        for (name, _), units in found.items()
    ]


def partners_of(organization: Organization) -> list[Organization]:
    """The other organizations of its joint branch, as last counted; two statements."""
    known = newest_party(organization.street_id)
    own = known.get(organization.pk)
    if own is None or own.form != PartyRecord.Form.JOINT:
        return []
    ids = [
        pk
        for pk, record in known.items()
        if record.form == PartyRecord.Form.JOINT and record.branch == own.branch and pk != organization.pk
    ]
    return list(Organization.objects.filter(pk__in=ids).order_by("pinyin", "pk"))


def joint_names(street_id: int) -> list[str]:
    """Names of the joint branches of a street, so that partners write the same one; one statement."""
    known = newest_party(street_id).values()
    return sorted({record.branch for record in known if record.form == PartyRecord.Form.JOINT})
