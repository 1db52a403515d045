"""Walking a document with its path: keys required, defaulted or refused, numbers only as decimal text."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from core.errors import FormatError
from core.exact import is_decimal_text

LONGEST_DECIMAL = 200  # characters; far beyond any score, and within what int() reads
MOST_PLACES = 100


class _Required:
    """Stands where no default is said."""


REQUIRED = _Required()


def decimal(value: Any, path: str) -> Fraction:
    """Read a decimal string as the exact number. Raises FormatError `wrong_type`, `not_decimal` or `too_long`."""
    if isinstance(value, bool | list | dict) or value is None:
        raise FormatError(path, "wrong_type", '这里应是写成文字的十进制数，例如 "22.5"。')
    if not is_decimal_text(value):
        raise FormatError(
            path, "not_decimal", f'“{str(value)[:40]}”不是十进制数：请加引号写成文字，例如 "22.5"，不用指数和全角。'
        )
    if len(value) > LONGEST_DECIMAL:
        raise FormatError(path, "too_long", f"数字不能超过 {LONGEST_DECIMAL} 个字符。")
    return Fraction(value)


def whole(value: Any, path: str, *, least: int = 0, most: int | None = None) -> int:
    """Read a JSON integer within bounds. Raises FormatError `wrong_type`, `too_small` or `too_large`."""
    if type(value) is not int:
        raise FormatError(path, "wrong_type", "这里应是不加引号的整数。")
    if value < least:
        raise FormatError(path, "too_small", f"不能小于 {least}。")
    if most is not None and value > most:
        raise FormatError(path, "too_large", f"不能大于 {most}。")
    return value


def text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise FormatError(path, "wrong_type", "这里应是文字。")
    return value


class Node:
    """An object of the document with its path. `close` refuses every key that nobody asked for."""

    __slots__ = ("_asked", "path", "value")

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise FormatError(path, "wrong_type", "这里应是对象（花括号）。")
        self.value: dict[str, Any] = value
        self.path = path
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def get(self, key: str, default: Any = REQUIRED) -> Any:
        """The raw value, or the default. Raises FormatError `missing_key`."""
        self._asked.add(key)
        value = self.value.get(key, default)
        if value is REQUIRED:
            raise FormatError(self.at(key), "missing_key", f"缺少“{key}”。")
        return value

    def close(self) -> None:
        for key in self.value:
            if key not in self._asked:
                raise FormatError(self.at(key), "unknown_key", f"不认识“{key}”。")

    def text(self, key: str) -> str:
        return text(self.get(key), self.at(key))

    def choice(self, key: str, choices: tuple[str, ...], default: Any = REQUIRED) -> str:
        value = text(self.get(key, default), self.at(key))
        if value not in choices:
            raise FormatError(self.at(key), "unknown_value", f"“{value}”不可用，可用的有：{'、'.join(choices)}。")
        return value

    def number(self, key: str, default: Any = REQUIRED) -> Fraction:
        return decimal(self.get(key, default), self.at(key))

    def number_or_null(self, key: str, default: Any = REQUIRED) -> Fraction | None:
        value = self.get(key, default)
        return None if value is None else decimal(value, self.at(key))

    def whole(self, key: str) -> int:
        return whole(self.get(key), self.at(key))

    def places(self, key: str) -> int:
        return whole(self.get(key), self.at(key), most=MOST_PLACES)

    def places_or_null(self, key: str, default: Any = REQUIRED) -> int | None:
        value = self.get(key, default)
        return None if value is None else whole(value, self.at(key), most=MOST_PLACES)

    def node(self, key: str) -> "Node":
        return Node(self.get(key), self.at(key))

    def node_or_null(self, key: str, default: Any = REQUIRED) -> "Node | None":
        value = self.get(key, default)
        return None if value is None else Node(value, self.at(key))

    def items(self, key: str) -> Iterator[tuple[str, Any]]:
        """Path and value of each item of a list. Raises FormatError `wrong_type`."""
        value = self.get(key)
        if not isinstance(value, list):
            raise FormatError(self.at(key), "wrong_type", "这里应是列表（方括号）。")
        where = self.at(key)
        return ((f"{where}[{i}]", item) for i, item in enumerate(value))

    def nodes(self, key: str) -> Iterator["Node"]:
        return (Node(item, path) for path, item in self.items(key))
