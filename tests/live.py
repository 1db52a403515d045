"""The address of the test database for processes that a test starts."""

import os
from urllib.parse import urlsplit

from django.db import connection


def database_url() -> str:
    """DATABASE_URL with the name of the test database in place of the real one."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
