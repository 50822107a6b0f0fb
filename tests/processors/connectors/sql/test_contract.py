"""PostgreSQL, MySQL or MariaDB, and SQLite keep the contract of databases."""

from tests.contracts.databases import DatabaseContract


class TestSqlDatabases(DatabaseContract):
    """On each of them."""
