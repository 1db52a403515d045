"""Two database roles: the owner migrates, the application's role uses and owns nothing.

Row triggers alone can be switched off by whoever owns a table. The application's role cannot: it owns nothing, may not
truncate, and on append-only tables may neither update nor delete. Which tables those are is read from their triggers.
"""

from django.db import connection

APP_ROLE = "portal_app"

APPEND_ONLY = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND NOT t.tgisinternal AND t.tgname LIKE '%%append\\_only' ORDER BY 1
"""
OWNED = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'USAGE')
"""
IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"


def append_only_tables() -> list[str]:
    """Names of the tables that only ever grow."""
    with connection.cursor() as cursor:
        cursor.execute(APPEND_ONLY, [])
        return [name for (name,) in cursor.fetchall()]


def grant(role: str = APP_ROLE) -> list[str]:
    """Give the role what the application needs and nothing more; needs the owner's connection, repeatable.

    Returns the tables that it may only add to. Raises django.db.ProgrammingError where there is no such role.
    """
    name = connection.ops.quote_name(role)
    only = append_only_tables()
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        for table in only:
            cursor.execute(f"REVOKE UPDATE, DELETE ON {connection.ops.quote_name(table)} FROM {name}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}")
    return only


def owns_tables() -> bool:
    """Whether the role of this connection could switch the guards off."""
    with connection.cursor() as cursor:
        cursor.execute(IS_SUPERUSER)
        (is_superuser,) = cursor.fetchone()
        cursor.execute(OWNED)
        (owned,) = cursor.fetchone()
    return bool(is_superuser or owned)
