"""The house stands: the world builds, the front page answers, foreign keys point down."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from accounts import rules
from accounts.models import Role

STACK = [
    "portal",
    "reminders",
    "delivery",
    "funding",
    "judging",
    "projects",
    "needs",
    "rounds",
    "organizations",
    "accounts",
    "messaging",
    "jobs",
    "workdays",
    "audit",
    "core",
]


def test_world_has_two_streets_with_separate_people(world):
    office = world.here.people["office"]
    assert rules.may(office, world.here.area, Role.OFFICE)
    assert not rules.may(office, world.there.area, Role.OFFICE)


def test_every_app_is_in_the_stack():
    ours = {c.name for c in apps.get_app_configs() if (settings.BASE_DIR / c.name / "apps.py").exists()}
    assert ours == set(STACK)


def test_foreign_keys_point_down_or_to_the_user():
    floor = {name: i for i, name in enumerate(STACK)}
    wrong = [
        f"{model._meta.label}.{f.name}"
        for model in apps.get_models()
        if model._meta.app_label in floor
        for f in model._meta.get_fields()
        if isinstance(f, models.ForeignKey | models.ManyToManyField)
        and f.related_model._meta.label != settings.AUTH_USER_MODEL
        and f.related_model._meta.app_label in floor
        and floor[f.related_model._meta.app_label] < floor[model._meta.app_label]
    ]
    assert wrong == []


def test_foreign_keys_between_apps_have_no_way_back():
    wrong = [
        f"{model._meta.label}.{f.name}"
        for model in apps.get_models()
        if model._meta.app_label in STACK
        for f in model._meta.get_fields()
        if isinstance(f, models.ForeignKey | models.ManyToManyField)
        and f.related_model._meta.app_label != model._meta.app_label
        and not f.remote_field.related_name.endswith("+")
    ]
    assert wrong == []


@pytest.mark.django_db
def test_front_page_answers(client):
    assert client.get("/").status_code == 200
