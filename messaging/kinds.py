"""Which kinds of messages exist. Apps above register theirs when they are loaded, with default words and variables.

    register(Kind("projects.decision", "初审结论", subject="{结论}：{项目}", body="…", variables=(Variable("title", "项目", "邻里文艺"),)))

and tell by `notify(kind="projects.decision", data={"title": …}, scope_id=street, …)`. A kind that is not registered is
treated as the general one: its words come from the caller, and it can be switched off.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

GENERAL, MASS = "general", "messaging.mass"
PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place in a template: `key` in the data of `notify`, `word` as the office types it in braces, a sample."""

    key: str
    word: str
    sample: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message.

    `subject` and `body` are the default words, empty where each message brings its own. `is_required`: the law or the
    rules of the competition want it told, so nobody can switch its e-mail off. `is_urgent`: neither quiet hours nor the
    daily digest delay it. `is_decision`: an officer's decision tells it, so it waits OFFICER_HOLD_MINUTES and can be recalled
    till then. `useful`: after this time it is not sent any more (None: always useful). `recheck`: asked about
    many notices right before they are sent; gives those that changed since, with their new subject and body, or None where
    there is nothing left to tell.
    """

    key: str
    label: str
    subject: str = ""
    body: str = ""
    variables: tuple[Variable, ...] = ()
    is_required: bool = False
    is_urgent: bool = False
    is_decision: bool = False
    useful: timedelta | None = None
    recheck: Callable[[list[Any], datetime], dict[int, tuple[str, str] | None]] | None = None

    @property
    def has_template(self) -> bool:
        return bool(self.body)

    def samples(self) -> dict[str, str]:
        """Data of a made-up message, for previews."""
        return {v.key: v.sample for v in self.variables}


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known; the same key again must be the same kind, else ValueError. Default words are checked."""
    if _KINDS.get(kind.key, kind) != kind:
        raise ValueError(f"two kinds of message named {kind.key}")
    unknown = unknown_words(kind, kind.subject) + unknown_words(kind, kind.body)
    if unknown:
        raise ValueError(f"{kind.key}: no such variables: {unknown}")
    _KINDS[kind.key] = kind
    return kind


def kind_of(key: str) -> Kind:
    """The kind of that name; an unregistered one has the properties of the general kind."""
    return _KINDS.get(key) or Kind(key, _KINDS[GENERAL].label)


def all_kinds() -> list[Kind]:
    """All registered kinds, by their label."""
    return sorted(_KINDS.values(), key=lambda k: (k.key != GENERAL, k.label))


def unknown_words(kind: Kind, text: str) -> list[str]:
    """What stands in braces and is no variable of the kind; a brace without its partner counts as itself."""
    known = {v.word for v in kind.variables}
    found = [word for word in PLACE.findall(text) if word not in known]
    rest = PLACE.sub("", text)
    return found + [brace for brace in "{}" if brace in rest]


def missing_words(kind: Kind, subject: str, body: str) -> list[str]:
    """Variables that the default words use and these do not."""
    used = set(PLACE.findall(subject + body))
    return [word for word in dict.fromkeys(PLACE.findall(kind.subject + kind.body)) if word not in used]


def fill(kind: Kind, text: str, data: Mapping[str, object]) -> str:
    """`text` with the data in its places, each put in once: braces inside a value stay as they are.

    KeyError when the data lacks a variable of the kind: a message with a hole is never sent.
    """
    keys = {v.word: v.key for v in kind.variables}
    return PLACE.sub(lambda place: str(data[keys[place[1]]]), text)


register(Kind(GENERAL, "系统消息"))
register(Kind(MASS, "创投办群发"))
