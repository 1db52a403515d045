"""Reading the open file formats: every key known, every number a decimal string, or refused with its path."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from core.errors import FormatError
from core.exact import is_decimal_text

T = TypeVar("T")
LONGEST_DECIMAL = 200  # characters; beyond any score or sum of money, and within what int() reads
MOST_PLACES = 30


class _Missing:
    """No default: the key is required."""


MISSING = _Missing()


class Node:
    """An object of the document together with its path; remembers which keys were asked for."""

    __slots__ = ("known", "path", "value")

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise FormatError(path, "wrong_type", "这里应是一个对象。")
        self.value = value
        self.path = path
        self.known: set[str] = set()

    def at(self, key: str) -> str:
        """The path of a key of this object."""
        return f"{self.path}.{key}" if self.path else key

    def get(self, key: str, default: Any = MISSING) -> Any:
        """The raw value of a key; refused as `missing_key` when it is required and absent."""
        self.known.add(key)
        if key in self.value:
            return self.value[key]
        if default is MISSING:
            raise FormatError(self.at(key), "missing_key", f"缺少“{key}”。")
        return default

    def done(self) -> None:
        """Refuse every key that nobody asked for."""
        for key in self.value:
            if key not in self.known:
                raise FormatError(self.at(key), "unknown_key", f"不认识的键“{key}”。")

    def text(self, key: str, default: Any = MISSING) -> str:
        return text(self.get(key, default), self.at(key))

    def one_of(self, key: str, choices: tuple[str, ...], default: Any = MISSING) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise FormatError(self.at(key), "unknown_value", f"“{value}”不在可选值中：{'、'.join(choices)}。")
        return value

    def number(self, key: str, default: Any = MISSING) -> Fraction:
        return decimal(self.get(key, default), self.at(key))

    def maybe_number(self, key: str, default: Any = MISSING) -> Fraction | None:
        value = self.get(key, default)
        return None if value is None else decimal(value, self.at(key))

    def amount(self, key: str, default: Any = MISSING) -> Fraction:
        """A number that is not negative."""
        return not_negative(self.number(key, default), self.at(key))

    def whole(self, key: str, *, least: int = 0, default: Any = MISSING) -> int:
        return whole(self.get(key, default), self.at(key), least)

    def places(self, key: str, default: Any = MISSING) -> int | None:
        """A number of decimals, or None."""
        value = self.get(key, default)
        if value is None:
            return None
        found = whole(value, self.at(key), 0)
        if found > MOST_PLACES:
            raise FormatError(self.at(key), "too_large", f"小数位数不能超过 {MOST_PLACES}。")
        return found

    def node(self, key: str, default: Any = MISSING) -> "Node":
        return Node(self.get(key, default), self.at(key))

    def maybe_node(self, key: str, default: Any = MISSING) -> "Node | None":
        value = self.get(key, default)
        return None if value is None else Node(value, self.at(key))

    def nodes(self, key: str) -> "list[Node]":
        """A list of objects."""
        return self.items(key, Node)

    def items(self, key: str, read: Callable[[Any, str], T], default: Any = MISSING) -> list[T]:
        """A list, each item read with its own path."""
        value = self.get(key, default)
        if not isinstance(value, list):
            raise FormatError(self.at(key), "wrong_type", "这里应是一个列表。")
        return [read(item, f"{self.at(key)}[{i}]") for i, item in enumerate(value)]


def text(value: Any, path: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise FormatError(path, "wrong_type", "这里应是文字。")
    return value


def decimal(value: Any, path: str) -> Fraction:
    """A decimal string as a fraction. Refused as `not_decimal` or `too_long`."""
    if not is_decimal_text(value):
        raise FormatError(path, "not_decimal", '数字必须加引号写成十进制文字，例如 "22.5"，不用指数、千分号和全角。')
    if len(value) > LONGEST_DECIMAL:
        raise FormatError(path, "too_long", f"数字不能超过 {LONGEST_DECIMAL} 个字符。")
    return Fraction(value)


def not_negative(value: Fraction, path: str) -> Fraction:
    """Refuse a number below zero."""
    if value < 0:
        raise FormatError(path, "negative", "这里不能是负数。")
    return value


def whole(value: Any, path: str, least: int) -> int:
    """An integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise FormatError(path, "wrong_type", "这里应是整数。")
    if value < least:
        raise FormatError(path, "too_small", f"不能小于 {least}。")
    return value


def unique(keys: Sequence[str], path: str) -> None:
    """Refuse a key that stands twice in a list."""
    seen: set[str] = set()
    for i, key in enumerate(keys):
        if key in seen:
            raise FormatError(f"{path}[{i}].key", "duplicate_key", f"“{key}”出现了两次。")
        seen.add(key)
