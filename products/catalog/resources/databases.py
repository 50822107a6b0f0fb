"""Databases: PostgreSQL, MySQL and MariaDB, SQLite, MongoDB behind one interface."""

from __future__ import annotations

from typing import Final

from products.catalog.resources.shapes import Operation, Provider, ResourceKind, Setting
from products.lib.actions import Parameter

_POOL: Final = (
    Setting("pool_size", "Connections at most", "integer", "In each worker process.", default=5, minimum=1, maximum=50),
    Setting(
        "idle_s", "Close after", "integer", "Seconds without a call, then the connections are closed.",
        default=300, minimum=10, maximum=86_400,
    ),
    Setting(
        "statement_s", "Time limit", "integer", "Seconds a statement may take; the server stops it then.",
        default=30, minimum=1, maximum=3_600,
    ),
    Setting("read_only", "Read-only", "boolean", "Nothing in this environment may change its data.", default=False),
    Setting(
        "console", "Ad-hoc queries", "boolean", "The console may send statements of a person's own. Off in an "
        "environment marked red unless it is turned on here.", default=None,
    ),
)  # fmt: skip
_ONCE: Final = Setting(
    "exactly_once", "Changes happen once", "boolean",
    "A change notes the step's idempotency key in the table ductape_effects of the database, in the same transaction. "
    "A retry after a lost answer then gives the first result.", default=False,
)  # fmt: skip
_PASSWORD: Final = Setting("password", "Password", secret=True, maximum=500)


def _server(port: int) -> tuple[Setting, ...]:
    return (
        Setting("host", "Host", required=True, maximum=253, placeholder="db.example.com"),
        Setting("port", "Port", "integer", default=port, minimum=1, maximum=65_535),
        Setting("database", "Database", required=True, maximum=63),
        Setting("user", "User", required=True, maximum=128),
        _PASSWORD,
        Setting(
            "tls", "TLS", "choice", "“verify” checks the certificate and the name, “require” only encrypts.",
            default="verify", choices=("verify", "require", "off"),
        ),
        Setting("tls_ca", "Certificate authority", "text", "PEM, where it is not a public one.", maximum=64_000),
        _ONCE,
    )  # fmt: skip


def _typed(name: str, type: str, description: str, *, required: bool = False, default: object = None) -> Parameter:
    return Parameter(name, "query", type, required=required, description=description, default=default)


DATABASE: Final = ResourceKind(
    "database",
    "Database",
    "databases",
    "database",
    "db_action",
    "PostgreSQL, MySQL and MariaDB, SQLite, MongoDB behind one interface.",
    (
        "A database action is a statement, or several in one transaction, with typed placeholders "
        "`{{name:TYPE:min:max}}`. Their values are always bound as parameters, never spliced into the text. "
        "`{{name:TYPE?}}` may be null; `IN ({{ids:ARRAY_UUID}})` takes a list, and an empty one matches nothing.",
        "Actions of the types read, aggregate and count run in a transaction in which the server refuses every change.",
        "Migrations have statements that go up and statements that go down. They are run and rolled back per "
        "environment, one at a time, and a change to one that was run is noticed. Before anything else is run a person "
        "says what becomes of one that failed half-way or was changed since: it goes on, counts as run, or as not run. "
        "Nothing is rolled back while one was run there that the product has no more, until it is forgotten there too.",
    ),
    (
        Provider(
            "postgresql", "PostgreSQL", "database", "PostgreSQL 12 or later.",
            (*_server(5432), Setting("schema", "Schema", default="public", maximum=63)),
        ),
        Provider("mysql", "MySQL or MariaDB", "database", "MySQL 8 or MariaDB 10.5, or later.", _server(3306)),
        Provider(
            "sqlite", "SQLite", "file-database", "A file in this installation's data folder.",
            (
                Setting("file", "File name", help="Lower-case letters, digits, - and _.", required=True, default="data",
                        maximum=63, placeholder="data"),
                Setting("max_mb", "Size at most", "integer", "Megabytes of the file; beyond, changes are refused.",
                        default=1_024, minimum=1, maximum=1_000_000),
                _ONCE,
            ),
        ),
        Provider(
            "mongodb", "MongoDB", "leaf", "MongoDB 5 or later.",
            (
                Setting("hosts", "Hosts", required=True, maximum=2_000, placeholder="a.example.com:27017",
                        help="One or several, with a comma between them."),
                Setting("database", "Database", required=True, maximum=63),
                Setting("user", "User", maximum=128),
                _PASSWORD,
                Setting("auth_source", "Authentication database", default="admin", maximum=63),
                Setting("replica_set", "Replica set", maximum=128),
                Setting("tls", "TLS", "choice", default="verify", choices=("verify", "require", "off")),
                Setting("tls_ca", "Certificate authority", "text", maximum=64_000),
            ),
        ),
    ),
    (
        Operation("run", "Run a database action", "Its statements, in one transaction.", "changes",
                  result="`rows`, `count` of them, `changed` rows (those that a change matched), and whether rows were "
                  "`truncated`; `statements` where there are several. Of the type count: only `count`."),
        Operation(
            "explain", "Dry run", "The plan of a database action's statements, without running them.", "reads",
            (
                _typed("action", "string", "Its tag.", required=True),
                _typed("input", "object", "Values of its placeholders; without any, each counts as null."),
            ),
            inner=True,
        ),
        Operation("check", "Test the connection", "Connects and asks the server for its version.", "reads", inner=True),
        Operation("tables", "Tables", "Tables, views or collections.", "reads", inner=True),
        Operation("columns", "Columns", "The columns, keys and indexes of a table.", "reads",
                  (_typed("table", "string", "Its name.", required=True),), inner=True),
        Operation(
            "rows", "Rows", "A page of a table.", "reads",
            (
                _typed("table", "string", "Its name.", required=True),
                _typed("limit", "number", "Rows at most.", default=50),
                _typed("offset", "number", "Rows left out.", default=0),
                _typed("order", "string", "A column; with - before it, the other way round."),
            ),
            inner=True,
        ),
        Operation(
            "query", "Query", "A statement of a person's own.", "changes",
            (
                _typed("text", "string", "The statement, or an operation of MongoDB as JSON.", required=True),
                _typed("limit", "number", "Rows at most.", default=200),
                _typed("read_only", "boolean", "Whether it may change nothing.", default=True),
            ),
            inner=True,
        ),
        Operation("migrations", "Migrations", "Which were run here, and whether they have changed since.", "reads",
                  (_typed("known", "array", "The migrations, in order; without it, those of the product.",
                          required=True),), inner=True),
        Operation(
            "migrate", "Migrate", "Runs or rolls back migrations, one after the other.", "changes",
            (
                _typed("known", "array", "The migrations, in order.", required=True),
                _typed("to", "string", "The last that is to be run; empty: all. Down: the last that stays; "
                       "empty: one is rolled back; *: all. With repair: which one."),
                _typed("direction", "string", "up or down", default="up"),
                _typed("repair", "string", "retry, skip (it counts as run) or forget (as not run): what is to "
                       "become of one that failed, was changed since or is missing. Nothing else is run then."),
            ),
            inner=True,
        ),
    ),
    settings=_POOL,
    defined=True,
)  # fmt: skip
