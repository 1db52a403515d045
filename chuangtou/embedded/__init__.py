"""A real PostgreSQL and a real Valkey for a machine that has none, out of pip-installed wheels.

Standard library and psycopg2 only, no Django: it runs before a database exists. `client.Services` is the door;
docs/decisions/embedded-servers.md says why it is built like this.
"""
