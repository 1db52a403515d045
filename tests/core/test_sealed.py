"""Sealed text: opened with the key, also with an older one; without it never; nothing readable in between."""

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.test.utils import isolate_apps

from core.sealed import SealBroken, SealedField, seal, unseal


@pytest.fixture
def keys(settings):
    settings.FIELD_KEYS = ["a first key of the office"]
    return settings


@pytest.mark.parametrize("text", ["", "6222 0000 1234 5678 900", "户名：爱邻社工服务中心", "𠮷" * 500])
def test_what_is_sealed_is_opened(keys, text):
    assert unseal(seal(text)) == text
    assert text == "" or text not in seal(text)


def test_the_same_text_never_looks_the_same(keys):
    assert seal("6222") != seal("6222")


def test_a_new_key_opens_what_the_old_one_sealed(keys):
    old = seal("6222")
    keys.FIELD_KEYS = ["a newer key", "a first key of the office"]
    assert unseal(old) == "6222"
    newer = seal("6222")
    keys.FIELD_KEYS = ["a first key of the office"]
    with pytest.raises(SealBroken):
        unseal(newer)


def test_a_changed_text_is_refused(keys):
    token = seal("6222")
    with pytest.raises(SealBroken):
        unseal(token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:])
    with pytest.raises(SealBroken):
        unseal("6222")


def test_keys_of_their_own_or_the_secret_key_with_its_fallbacks(settings):
    settings.FIELD_KEYS, settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = [], "old" * 20, []
    token = seal("6222")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, ["old" * 20]
    assert unseal(token) == "6222"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "", []
    with pytest.raises(ImproperlyConfigured):
        seal("6222")


@isolate_apps("core")
def test_a_sealed_field_cannot_be_searched(keys):
    class Purse(models.Model):
        account = SealedField()

        class Meta:
            app_label = "core"

    assert SealedField().get_prep_value("6222") not in ("", "6222")
    assert Purse._meta.get_field("account").from_db_value(seal("6222"), None, None) == "6222"
    with pytest.raises(FieldError):
        str(Purse.objects.filter(account="6222").query)
