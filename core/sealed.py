"""What the database keeps sealed: bank accounts, secrets of second factors. The key is in the environment alone.

Sealed with Fernet (AES-128-CBC and HMAC-SHA-256, with the instant of sealing in the clear). Every sealing of the same
text gives other bytes, so a sealed column can be neither searched nor compared; equal texts are found by nobody.
"""

import base64
import functools
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.models.fields.json import KeyTransform

INFO = b"core.sealed field"


class SealBroken(ValueError):
    """The text was sealed with a key that is not here, or was changed in the database."""


@functools.lru_cache(maxsize=4)
def _fernet(secrets: tuple[str, ...]) -> MultiFernet:
    if not secrets or not all(secrets):
        raise ImproperlyConfigured("sealed fields need SECRET_KEY or PORTAL_FIELD_KEYS")
    keys = [HKDF(algorithm=SHA256(), length=32, salt=None, info=INFO).derive(s.encode()) for s in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _secrets() -> tuple[str, ...]:
    return tuple(settings.FIELD_KEYS) or (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def seal(text: str) -> str:
    """Return `text` sealed with the newest key, as URL-safe ASCII; "" stays ""."""
    return _fernet(_secrets()).encrypt(text.encode()).decode() if text else ""


def unseal(token: str) -> str:
    """Return what was sealed. Raises SealBroken when no key at hand opens it."""
    if not token:
        return ""
    try:
        return _fernet(_secrets()).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise SealBroken("sealed with a key that is not here, or changed") from error


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A text the model reads and writes in the clear and the database holds sealed. Only `isnull` can be asked of it."""

    def get_prep_value(self, value: Any) -> Any:
        """Seal on the way into the database."""
        plain = super().get_prep_value(value)
        return seal(plain) if isinstance(plain, str) else plain

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Open on the way out. Raises SealBroken."""
        return value if value is None else unseal(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse comparisons: a sealed text equals nothing."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is sealed and cannot be compared ({lookup_name})")
        return super().get_lookup(lookup_name)


class SealedKeysField(models.JSONField):
    """A JSON object of which some keys of the first level are sealed in the database; the model knows them in the clear.

    `sealed` names the keys; a value that is not a text stays as it is. The other keys can be searched as ever.
    """

    def __init__(self, *args: Any, sealed: Sequence[str] = (), **kwargs: Any) -> None:
        self.sealed = tuple(sealed)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Name the keys in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"sealed": self.sealed}

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Seal on the way into the database."""
        return super().get_db_prep_save(self._turned(value, seal), connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Open on the way out; one key asked for by itself stays as it is stored. Raises SealBroken."""
        found = super().from_db_value(value, expression, connection)
        return found if isinstance(expression, KeyTransform) else self._turned(found, unseal)

    def _turned(self, value: Any, turn: Callable[[str], str]) -> Any:
        if not isinstance(value, dict):
            return value
        return value | {key: turn(value[key]) for key in self.sealed if isinstance(value.get(key), str)}
