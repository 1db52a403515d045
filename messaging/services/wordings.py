"""The words of a kind in a street: versions, the highest counts, none is ever changed."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from audit.services import record
from core.errors import DomainError
from messaging.kinds import kind_of, missing_words, unknown_words
from messaging.models import Wording


class UnknownWords(DomainError):
    message = "模板里没有这样的变量：{words}。请从页面下方的变量表里选用。"


class NoTemplate(DomainError):
    message = "这种消息没有模板，不能修改。"


class ChangedMeanwhile(DomainError):
    message = "模板刚被别人修改过，请刷新页面，看过新版本后再改。"


def current_wording(*, scope_id: int, kind: str) -> Wording | None:
    """The version that counts, None when nobody has changed the default."""
    return Wording.objects.filter(scope_id=scope_id, kind=kind).order_by("-version").first()


@transaction.atomic(durable=True)
def save_wording(
    *, scope_id: int, kind: str, subject: str, body: str, base_version: int, by: Any, at: datetime
) -> list[str]:
    """Add a version on top of `base_version` (0: the default). Returns the default's variables that it does not use.

    Raises NoTemplate, UnknownWords, ChangedMeanwhile.
    """
    what = kind_of(kind)
    if not what.has_template:
        raise NoTemplate
    wrong = unknown_words(what, subject) + unknown_words(what, body)
    if wrong:
        raise UnknownWords(words="、".join(f"“{w}”" for w in dict.fromkeys(wrong)))
    _add(scope_id, kind, subject, body, base_version, by, at, is_reset=False)
    return missing_words(what, subject, body)


@transaction.atomic(durable=True)
def reset_wording(*, scope_id: int, kind: str, base_version: int, by: Any, at: datetime) -> None:
    """Go back to the default, as a version of its own. Raises NoTemplate, ChangedMeanwhile."""
    what = kind_of(kind)
    if not what.has_template:
        raise NoTemplate
    _add(scope_id, kind, what.subject, what.body, base_version, by, at, is_reset=True)


def _add(
    scope_id: int, kind: str, subject: str, body: str, base: int, by: Any, at: datetime, *, is_reset: bool
) -> None:
    last = current_wording(scope_id=scope_id, kind=kind)
    if (last.version if last else 0) != base:
        raise ChangedMeanwhile
    try:
        with transaction.atomic():
            row = Wording.objects.create(
                scope_id=scope_id, kind=kind, version=base + 1, subject=subject, body=body, is_reset=is_reset, made_by=by,
                made_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise ChangedMeanwhile from error
    verb = "messaging.wording_reset" if is_reset else "messaging.wording_saved"
    record(actor=by, verb=verb, about=row, at=at, scope_id=scope_id, facts={"kind": kind, "version": row.version})
