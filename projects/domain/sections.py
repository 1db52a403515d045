"""Sections of an application that its round asks: how long they are, what they still lack, how they are frozen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rounds.domain.papers import SECTIONS, Section

PREFIX = "section_"
KEEPS = 6000  # characters that a draft keeps of a section, whatever the round allows: nothing typed is lost


def field_of(section: Section) -> str:
    """The field of the form, and what a return for completion marks: a table by its own name."""
    return section.key if section.kind.is_table else PREFIX + section.key


# field → label, of every section there is
FIELDS = {(key if s.is_table else PREFIX + key): s.label for key, s in SECTIONS.items()}


def tidy(words: str) -> str:
    """As it is stored: one kind of line end, nothing around it."""
    return words.replace("\r\n", "\n").replace("\r", "\n").strip()


def length(words: str) -> int:
    """Characters that count: all but blanks and line ends."""
    return len("".join(words.split()))


def gaps(asked: Iterable[Section], texts: Mapping[str, str], rows: Mapping[str, int]) -> list[tuple[str, str]]:
    """What is still to be done: (field, sentence), in the order of the application. `rows`: how many each table has."""
    found: list[tuple[str, str]] = []
    for section in asked:
        if section.kind.is_table:
            if section.is_required and not rows.get(section.key):
                found.append((section.key, f"请填写{section.label}，至少一行"))
            continue
        count = length(texts.get(section.key, ""))
        if section.is_required and not count:
            found.append((field_of(section), f"请填写{section.label}"))
        elif count > section.most:
            found.append((field_of(section), f"{section.label}写了 {count} 字，最多 {section.most} 字，请删减 {count - section.most} 字"))  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Filled:
    """A section for the meter."""

    title: str
    href: str
    field: str
    words: str
    is_required: bool
    is_filled: bool


def filled(asked: Iterable[Section], texts: Mapping[str, str], rows: Mapping[str, int]) -> list[Filled]:
    """How far each section is, in words; texts and tables alike."""
    found = []
    for s in asked:
        if s.kind.is_table:
            count = rows.get(s.key, 0)
            words = f"{count} 行" if count else "未填" if s.is_required else "选填"
            found.append(Filled(s.label, f"#{s.key}", s.key, words, s.is_required, bool(count)))
        else:
            count = length(texts.get(s.key, ""))
            words = f"{count}/{s.most} 字" if count or s.is_required else "选填"
            found.append(Filled(s.label, f"#id_{field_of(s)}", field_of(s), words, s.is_required, bool(count)))
    return found


def as_content(asked: Sequence[Section], texts: Mapping[str, str]) -> list[dict[str, str]]:
    """The texts as a version keeps them, each with its title: what is asked, in the order of the application."""
    return [{"key": s.key, "label": s.label, "words": texts.get(s.key, "")} for s in asked if not s.kind.is_table]


def asks_table(asked: Iterable[Section], key: str) -> bool:
    return any(s.key == key for s in asked)


def changed(asked: Iterable[Section], before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Fields of the sections whose text differs; `after` may leave some out."""
    return {
        field_of(s)
        for s in asked
        if not s.kind.is_table and s.key in after and tidy(after[s.key]) != before.get(s.key, "")
    }
