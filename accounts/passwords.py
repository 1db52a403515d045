"""What a password must be, by security profile."""

from typing import Any

from django.core.exceptions import ValidationError

CLASSES = ("大写字母", "小写字母", "数字", "符号")


class ThreeClasses:
    """At least three of: capital letters, small letters, digits, signs."""

    def validate(self, password: str, user: Any = None) -> None:
        kinds = (
            any(c.isupper() for c in password),
            any(c.islower() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
        if sum(kinds) < 3:
            raise ValidationError(self.get_help_text(), code="too_few_classes")

    def get_help_text(self) -> str:
        return f"密码应包含{'、'.join(CLASSES)}中的至少三种。"
