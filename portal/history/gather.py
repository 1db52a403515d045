"""Reading the history of one record: acts and what they changed, in words, newest first."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from audit.models import Change, Event
from audit.words import object_words, verb_words
from core.clock import local
from core.money import show_yuan
from funding.domain.personal import mask
from portal.history.kinds import Kind

MOST = 2000  # acts and changes that are looked at, the newest
LONGEST = 300  # characters of a value
NAMES = ("display_name", "title", "name", "number")
BY_ITSELF = "系统更新"
Fact = tuple[str, str, str]  # label, old, new


@dataclass(slots=True)
class Entry:
    """One act on a record: `changes` are label, old and new; `about` names a part of the record where it was one."""

    at: datetime
    verb: str
    words: str
    who: int | None = None
    name: str = ""
    about: str = ""
    reason: str = ""
    changes: list[Fact] = field(default_factory=list)


def history(kind: Kind, pk: int, *, inner: bool = True) -> list[Entry]:
    """Everything that was done to a record and its parts (`inner` ones or not). A fixed number of statements for a kind of record."""
    ours = {kind.model._meta.label_lower: [pk]}
    for model, column in kind.parts.items():
        if model in kind.inner and not inner:
            continue
        ours[model._meta.label_lower] = list(models.QuerySet(model).filter(**{column: pk}).values_list("pk", flat=True))
    where = Q(pk__in=[])
    for label, ids in ours.items():
        where |= Q(object_label=label, object_id__in=ids)
    events = list(Event.objects.filter(where).select_related("actor").order_by("-pk")[:MOST])
    changes = list(Change.objects.filter(where).order_by("-pk")[:MOST])
    known = {event.pk for event in events}
    together = Event.objects.filter(transaction__in={c.transaction for c in changes}).exclude(pk__in=known)
    others = list(together.select_related("actor").order_by("-pk")[:MOST])
    names = _names(changes)
    main = kind.model._meta.label_lower
    entries = {event.pk: _of_event(event, main) for event in events}
    loose: list[tuple[int, Entry]] = []
    found = _Acts(events, others)
    for change in reversed(changes):
        facts = _facts(change, names)
        event = found.behind(change)
        if event is None:
            entry = Entry(change.at, "", BY_ITSELF, about=_about(change.object_label, main), changes=facts)
            loose.append((change.pk, entry))
            continue
        if event.pk not in entries:
            entries[event.pk] = _of_event(event, main, ours=False)
        entries[event.pk].changes += facts
    for event in events:
        if not entries[event.pk].changes:
            entries[event.pk].changes = _told(event)
    return [entry for _, entry in sorted([*entries.items(), *loose], key=lambda one: one[0], reverse=True)]


class _Acts:
    """Which act a change belongs to: of its transaction the next one about the same row, else about any row, else the last."""

    def __init__(self, events: Iterable[Event], others: Iterable[Event]) -> None:
        self.by: dict[Any, list[Event]] = {}
        for event in sorted([*events, *others], key=lambda one: one.pk):
            if event.transaction is not None:
                self.by.setdefault(event.transaction, []).append(event)
                self.by.setdefault((event.transaction, event.object_label, event.object_id), []).append(event)

    def behind(self, change: Change) -> Event | None:
        """The act, or None where nothing was recorded."""
        for key in ((change.transaction, change.object_label, change.object_id), change.transaction):
            rows = self.by.get(key, [])
            place = bisect_left(rows, change.pk, key=lambda one: one.pk)
            if rows:
                return rows[min(place, len(rows) - 1)]
        return None


def _of_event(event: Event, main: str, *, ours: bool = True) -> Entry:
    """The act; of one about another record the reason is that record's, and is not told."""
    actor = event.actor
    return Entry(
        event.at, event.verb, verb_words(event.verb), actor.pk if actor else None, actor.display_name if actor else "",
        _about(event.object_label, main) if ours else "", mask(event.reason) if ours else "",
    )  # fmt: skip


def _about(label: str, main: str) -> str:
    return "" if label == main else object_words(label)


def _field(label: str, column: str) -> "models.Field[Any, Any] | None":
    model = apps.get_model(label)
    fields: list[models.Field[Any, Any]] = list(model._meta.concrete_fields)
    return next((one for one in fields if column in (one.column, one.name)), None)


def _label(label: str, column: str) -> str:
    found = _field(label, column)
    return str(found.verbose_name) if found is not None else "其他内容"


def _facts(change: Change, names: Mapping[type[models.Model], Mapping[int, str]]) -> list[Fact]:
    found = []
    for column in change.became:
        one = _field(change.object_label, column)
        old, new = (spoken(one, side.get(column), names) for side in (change.was, change.became))
        if old == new and old not in ("", "—"):
            old, new = "（原内容）", "（新内容）"
        found.append((_label(change.object_label, column), old, new))
    return found + [(_label(change.object_label, column), "（不显示）", "（已修改）") for column in change.hidden]


def _told(event: Event) -> list[Fact]:
    """What an act itself says of old and new: of those recorded before changes were followed."""
    facts = event.facts
    try:
        state: Any = apps.get_model(event.object_label)._meta.get_field("state")
    except (LookupError, ValueError, FieldDoesNotExist):
        state = None
    found: list[Fact] = []
    if state is not None and "from" in facts and "to" in facts and facts["from"] != facts["to"]:
        found.append(("状态", spoken(state, facts["from"], {}), spoken(state, facts["to"], {})))
    if event.verb == "funding.award_adjusted":
        old, new = (show_yuan(Decimal(facts[side])) for side in ("before", "after"))
        found.append(("拟资助金额（元）", old, new))
    if isinstance(facts.get("fields"), list):
        found += [(_label(event.object_label, str(name)), "（未记录）", "（已修改）") for name in facts["fields"]]
    return found


def _names(changes: Sequence[Change]) -> dict[type[models.Model], dict[int, str]]:
    """Names of the rows that foreign keys point at: one statement for each kind of them."""
    wanted: dict[Any, set[int]] = {}
    for change in changes:
        for column in change.became:
            one = _field(change.object_label, column)
            if isinstance(one, models.ForeignKey):
                ids = {int(side[column]) for side in (change.was, change.became) if side.get(column)}
                wanted.setdefault(one.related_model, set()).update(ids)
    return {model: _named(model, ids) for model, ids in wanted.items() if ids}


def _named(model: type[models.Model], ids: set[int]) -> dict[int, str]:
    columns = {one.name for one in model._meta.concrete_fields}
    name = next((name for name in NAMES if name in columns), "pk")
    return {pk: str(words) for pk, words in models.QuerySet(model).filter(pk__in=ids).values_list("pk", name)}


def spoken(one: Any, value: Any, names: Mapping[type[models.Model], Mapping[int, str]]) -> str:
    """A stored value in words; personal numbers masked; `—` for nothing."""
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(one, models.ForeignKey):
        return names.get(one.related_model, {}).get(int(value), f"编号 {value}")
    if isinstance(value, list | dict):
        return _list(one, value)
    choices = {True: "是", False: "否"} if isinstance(value, bool) else dict(getattr(one, "flatchoices", None) or ())
    return str(choices[value]) if value in choices else _plain(one, str(value))


def _list(one: Any, value: list[Any] | dict[str, Any]) -> str:
    if isinstance(value, dict) or not all(isinstance(item, str | int) for item in value):
        return "（内容较多，不逐项列出）"
    choices = dict(getattr(getattr(one, "base_field", None), "flatchoices", None) or ())
    return mask("、".join(str(choices.get(item, item)) for item in value))[:LONGEST]


def _plain(one: Any, text: str) -> str:
    if isinstance(one, models.DateTimeField):
        moment = parse_datetime(text)
        return f"{local(moment):%Y-%m-%d %H:%M}" if moment is not None else text
    if isinstance(one, models.DateField):
        return date.fromisoformat(text).isoformat()
    if isinstance(one, models.DecimalField):
        return show_yuan(Decimal(text)) if one.decimal_places == 2 else text
    masked = mask(text)
    return masked if len(masked) <= LONGEST else f"{masked[:LONGEST]}…"
