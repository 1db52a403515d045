"""Every registered report made from the scene, with every text of the database poisoned first."""

import re
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from jobs import registry
from jobs.registry import Work, kind_of
from tests.house.scene import Scene


def counted(ids: Any) -> dict[str, Any]:
    """The reports of the page of counts: the office's needs of a year."""
    return {
        "user": ids["salon_reader_id"], "first": "2026-01-01", "last": "2026-12-31", "span": "2026年", "community": None, "grid": None,
        "category": "", "channel": "", "day": "2026-11-23", "scope": [],
    }  # fmt: skip


# How each report is asked for: kind → parameters from the scene's ids. A report that is missing here fails the house.
CASES: dict[str, Any] = {
    "delivery.e12": lambda ids: {"agreement": ids["agreement_id"], "first": None, "last": None},
    "delivery.e13": lambda ids: {"agreement": ids["agreement_id"], "first": None, "last": None},
    "funding.e10": lambda ids: {"round": ids["bound_round_id"], "day": "2026-12-31"},
    "funding.e11": lambda ids: {"payment": ids["payment_id"]},
    "funding.e8": lambda ids: {"plan": ids["plan_id"]},
    "funding.e9": lambda ids: {"notice": ids["notice_id"]},
    "judging.e5": lambda ids: {"session": ids["session_id"]},
    "judging.e6": lambda ids: {"session": ids["session_id"]},
    "needs.e1": counted,
    "needs.e24": lambda ids: {"user": ids["salon_reader_id"]},
    "needs.e26": counted,
    "portal.e2": counted,
    "organizations.e17": lambda ids: {"street": ids["street_id"], "day": "2026-11-23"},
    "organizations.e18": lambda ids: {"street": ids["street_id"], "day": "2026-11-23"},
    "organizations.e19": lambda ids: {"street": ids["street_id"], "year": ids["year"], "day": "2026-12-01"},
    "organizations.e20": lambda ids: {"street": ids["street_id"], "year": ids["year"]},
    "organizations.training": lambda ids: {"training": ids["training_id"]},
    "organizations.trainings": lambda ids: {"street": ids["street_id"], "year": ids["year"], "day": "2026-11-23"},
    "portal.history": lambda ids: {
        "user": ids["salon_reader_id"],
        "kind": "order",
        "record": ids["order_id"],
        "who": None,
        "verb": "",
        "first": None,
        "last": None,
        "day": "2026-11-23",
    },
    "portal.e25": lambda ids: {"street": ids["street_id"], "year": 2026, "day": "2026-11-23"},
    "projects.e3": lambda ids: {
        "round": ids["round_id"],
        "group": "theme",
        "phones": True,
        "by": "创投办",
        "day": "2026-11-23",
    },
    "projects.e4": lambda ids: {"round": ids["round_id"], "day": "2026-11-23"},
}
CHINESE = re.compile("[\u3400-\u9fff]")


def kinds() -> list[str]:
    """The registered kinds that make a spreadsheet, without those that tests register."""
    found = registry.all_kinds()
    return sorted(
        name
        for name, kind in found.items()
        if kind.content_type == registry.XLSX and not kind.builder.__module__.startswith("tests")
    )


def make(kind: str, scene: Scene, path: Any) -> None:
    """Build one report to `path`, without a job."""
    kind_of(kind).builder(Work(CASES[kind](scene.ids), path, lambda _done, _total: None))


def poison(text: str) -> int:
    """Write `text` into every free text and every Chinese word of a document in the database; how many columns took it.

    Triggers that keep decided things as they are stand aside for it; check constraints do not.
    """
    taken = 0
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the end of the transaction is checked now
    for model in apps.get_models():
        if not model._meta.managed or model.__module__.startswith("django."):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE "{model._meta.db_table}" DISABLE TRIGGER USER')
        for field in model._meta.local_concrete_fields:
            if field.unique or field.choices or field.is_relation:
                continue
            if isinstance(field, models.JSONField):
                _poison_documents(model, field.name, text)
            elif isinstance(field, models.CharField | models.TextField):
                taken += _poison_column(model, field, text)
    return taken


def _poison_column(model: Any, field: Any, text: str) -> bool:
    """All rows at once; where they must differ, each with its number at the end."""
    most = field.max_length or len(text) + 9
    if _write(model._base_manager.all(), **{field.name: text[:most]}):
        return True
    ids = list(model._base_manager.values_list("pk", flat=True))
    done = [_write(model._base_manager.filter(pk=pk), **{field.name: text[: most - 9] + str(pk)}) for pk in ids]
    return any(done)


def _poison_documents(model: Any, name: str, text: str) -> None:
    for pk, document in model._base_manager.values_list("pk", name):
        _write(model._base_manager.filter(pk=pk), **{name: _poisoned(document, text)})


def _write(rows: Any, /, **values: Any) -> bool:
    try:
        with transaction.atomic():
            return bool(rows.update(**values))
    except DatabaseError:
        return False


def _poisoned(document: Any, text: str) -> Any:
    if isinstance(document, dict):
        return {k: _poisoned(v, text) for k, v in document.items()}
    if isinstance(document, list):
        return [_poisoned(v, text) for v in document]
    return text if isinstance(document, str) and CHINESE.search(document) else document
