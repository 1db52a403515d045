"""Fixtures for all tests: a strict clock of their own making, a world of two streets, no network."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings

from tests.world import World, build

# Threads of a live server must not keep connections of a database that is about to be dropped.
django_settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
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
