"""Fixtures for all tests: a strict clock of their own making, a world of two streets, no network."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.world import World, build

# Threads of a live server must not keep connections of a database that is about to be dropped.
django_settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
# How long an example takes tells how busy the machine is, not whether the product is right.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")
LONG = 60  # bytes


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """A file that was made a moment ago names no test: the next process would make another one, with another time in it."""
    return argname if isinstance(val, bytes) and len(val) > LONG else None


NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    """A fixed instant: 2026-11-23 12:00 in Shanghai."""
    return NOON


@pytest.fixture
def world(db: None) -> World:
    """Two streets with their people; see tests/world.py."""
    return build(NOON)


@pytest.fixture(autouse=True)
def _plain(settings) -> None:
    """Quick hashes and unhashed static names: neither is what these tests are about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.OFFICER_HOLD_MINUTES = 0  # what the tests of the hold are about
