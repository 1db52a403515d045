"""Refusals. A refusal is an exception named as a fact, with a sentence fit for the user."""

from typing import Any


class DomainError(Exception):
    """A rule said no. `message` is Chinese and fit for the person who asked; subclasses set it, format keys allowed.

    `class ScoringClosed(DomainError): message = "评分已于 {at} 锁定，不能再修改。"`, raised as
    `ScoringClosed(at="14:03:22")`.
    """

    message = "操作未能完成。"
    status = 409

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self.facts = facts
        self.message = message if message is not None else type(self).message.format(**facts)
        super().__init__(self.message)


class NotAllowed(DomainError):
    """The person may see the thing but not do this to it."""

    message = "您没有权限进行此操作。"
    status = 403


class FormatError(DomainError):
    """A document of a file format is refused. `path` says where, `code` what kind, `message` the sentence."""

    status = 400

    def __init__(self, path: str, code: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code
