"""Cuts the tables that grow with every run into one partition a day.

A run's id is a UUIDv7, which begins with its time: the tables are partitioned by ranges of the run's id, so that a run
and everything below it lie in the partitions of the same day and are dropped together. Django goes on to see plain
tables; the primary keys of the children begin with the run's id, as PostgreSQL demands.
"""

from datetime import UTC, datetime, timedelta

from django.db import migrations

AHEAD = 7

# table, partition key, primary key, unique constraints
TABLES = [
    ("processors_run", "id", "id", []),
    ("processors_runinput", "run_id", "run_id", []),
    ("processors_step", "run_id", "run_id, id", [("step_unique", "run_id, tag, index")]),
    ("processors_attempt", "run_id", "run_id, id", [("attempt_unique", "run_id, step_id, number")]),
    ("processors_logline", "run_id", "run_id, seq", []),
]

FOREIGN_KEYS = [
    ("workspace_id", "products_workspace"),
    ("product_id", "products_product"),
    ("environment_id", "products_environment"),
    ("started_by_id", "products_user"),
]

INDEXES = [
    'CREATE INDEX run_newest ON processors_run (workspace_id, id DESC)',
    'CREATE INDEX run_of_product ON processors_run (product_id, environment_id, id DESC)',
    'CREATE INDEX run_by_state ON processors_run (product_id, environment_id, state, id DESC)',
    'CREATE INDEX run_of_target ON processors_run (product_id, target, id DESC)',
    "CREATE INDEX run_due ON processors_run (wake_at) WHERE state IN ('queued', 'waiting')",
    "CREATE INDEX run_leased ON processors_run (lease_until) WHERE state = 'running'",
    "CREATE INDEX run_failed ON processors_run (workspace_id, id DESC) WHERE state = 'failed'",
    "CREATE INDEX run_open ON processors_run (workspace_id, environment_id, processor_tag, state) "
    "WHERE state IN ('queued', 'running', 'waiting')",
    'CREATE INDEX processors_run_started_by_id ON processors_run (started_by_id)',
    'CREATE INDEX processors_run_environment_id ON processors_run (environment_id)',
    'CREATE INDEX processors_run_definition_id ON processors_run (definition_id)',
    'CREATE INDEX run_replays ON processors_run (replay_of) WHERE replay_of IS NOT NULL',
]


def bound(day):
    """The least UUIDv7 of a day."""
    digits = f"{int(day.timestamp() * 1000):012x}" + "0" * 20
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def cut(apps, schema_editor):
    """Makes the partitioned tables and moves the rows over."""
    with schema_editor.connection.cursor() as cursor:
        for table, key, _, _ in TABLES:
            cursor.execute(f"CREATE TABLE {table}_new (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) "
                           f"PARTITION BY RANGE ({key})")
            cursor.execute(f"CREATE TABLE {table}_default PARTITION OF {table}_new DEFAULT")
        for day in days(cursor):
            for table, _, _, _ in TABLES:
                cursor.execute(
                    f"CREATE TABLE {table}_d{day:%Y%m%d} PARTITION OF {table}_new "
                    f"FOR VALUES FROM ('{bound(day)}') TO ('{bound(day + timedelta(days=1))}')"
                )
        cursor.execute("CREATE SEQUENCE processors_logline_number AS bigint")
        for table, _, primary, unique in TABLES:
            cursor.execute(f"INSERT INTO {table}_new SELECT * FROM {table}")
            if table == "processors_logline":
                cursor.execute("SELECT setval('processors_logline_number', coalesce(max(id), 0) + 1) FROM processors_logline")
            cursor.execute(f"DROP TABLE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table}_new RENAME TO {table}")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({primary})")
            for name, columns in unique:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({columns})")
        cursor.execute("ALTER TABLE processors_logline ALTER COLUMN id SET DEFAULT nextval('processors_logline_number')")
        for column, target in FOREIGN_KEYS:
            cursor.execute(
                f"ALTER TABLE processors_run ADD CONSTRAINT processors_run_{column}_fk FOREIGN KEY ({column}) "
                f"REFERENCES {target} (id) DEFERRABLE INITIALLY DEFERRED"
            )
        for statement in INDEXES:
            cursor.execute(statement)


def days(cursor):
    """Those that have rows, and a week ahead."""
    cursor.execute("SELECT DISTINCT date_trunc('day', created_at AT TIME ZONE 'UTC') FROM processors_run")
    found = {row[0].replace(tzinfo=UTC) for row in cursor.fetchall()}
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return sorted(found | {today + timedelta(days=n) for n in range(-1, AHEAD + 1)})


class Migration(migrations.Migration):

    dependencies = [("processors", "0003_measures")]

    operations = [migrations.RunPython(cut)]
