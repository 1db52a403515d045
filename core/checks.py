"""`manage.py check --database default`: is the application's role weaker than the guards?"""

from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution

from core.dbroles import APP_ROLE, owns_tables


@register(Tags.database)
def application_owns_nothing(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Warns where the role could switch triggers off."""
    if not databases or "default" not in databases or not owns_tables():
        return []
    return [
        Caution(
            "DATABASE_URL 的角色拥有表，能关闭保护流水的触发器。",
            hint=f"日常运行请改用只有使用权限的角色，例如 {APP_ROLE}；见 docs/production.md。",
            id="core.W001",
        )
    ]
