"""Every variable of the process environment: name, default, meaning. `NAME_FILE` works for each of them."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import Setting, SettingGroup

SETTING_GROUPS: Final[tuple[SettingGroup, ...]] = (
    SettingGroup(
        "Servers",
        (
            Setting(
                "DATABASE_URL",
                "PostgreSQL 15 or newer, as postgresql://user:password@host:port/name. Behind it may stand ?sslmode=, "
                "sslrootcert, sslcert, sslkey, channel_binding, connect_timeout, application_name, options and "
                "target_session_attrs, as libpq knows them; nothing else. Left out, `ductape up` starts an embedded "
                "one.",
                default="embedded",
                secret=True,
            ),
            Setting(
                "VALKEY_URL",
                "Valkey or Redis for live updates and the cache, as redis://host:port/0. Left out, `ductape up` starts "
                "an embedded one.",
                default="embedded",
                secret=True,
            ),
            Setting(
                "CELERY_BROKER_URL",
                "Where runs are announced to workers: Valkey, Redis or RabbitMQ (amqp://…).",
                default="VALKEY_URL",
                secret=True,
            ),
            Setting(
                "BROKER_VISIBILITY_TIMEOUT_S",
                "After how many seconds Valkey or Redis gives an announcement to another worker when the first has not "
                "confirmed it. Workers confirm as soon as they have taken the runs, however long those take; an "
                "announcement that comes twice is dropped.",
                default="3600",
            ),
            Setting(
                "RESOURCES_DIR",
                "Where SQLite databases and local storages of products lie; the same folder for all workers. Part of "
                "every backup.",
                default="resources in the data folder",
            ),
            Setting("DATABASE_POOL", "Most database connections of one process.", default="24"),
            Setting(
                "WEB_STATEMENT_S",
                "How long one database statement of a page or REST request may take, in seconds; the caller gets 503 "
                "then. 0 means without limit. Migrations, commands and workers are not bound by it.",
                default="30",
            ),
            Setting(
                "DUCTAPE_DATA",
                "The folder for the embedded servers, keys, ports and logs.",
                default="var in the project",
            ),
        ),
    ),
    SettingGroup(
        "Keys",
        (
            Setting(
                "SECRET_KEY",
                "Signs sessions and forms. Made at the first start of `ductape up` and kept in the data folder.",
                default="made at first start",
                secret=True,
            ),
            Setting(
                "SECRET_KEY_FALLBACKS",
                "Earlier signing keys that are still accepted, separated by commas.",
                secret=True,
            ),
            Setting(
                "FIELD_ENCRYPTION_KEYS",
                "Master keys that seal secrets, 32 bytes in URL-safe Base64, separated by commas. The first one seals, "
                "all of them open. Without them no secret in the database can be read: back them up.",
                default="made at first start",
                secret=True,
            ),
        ),
    ),
    SettingGroup(
        "The site",
        (
            Setting("HOST", "The address that `ductape up` and `ductape serve` listen on.", default="127.0.0.1"),
            Setting("PORT", "The port that they listen on.", default="8000"),
            Setting("BASE_URL", "How people reach the site; stands in invitations.", default="http://localhost:PORT"),
            Setting(
                "ALLOWED_HOSTS",
                "Host names the site answers to, separated by commas.",
                default="localhost, 127.0.0.1, [::1]",
            ),
            Setting(
                "CSRF_TRUSTED_ORIGINS", "Origins whose forms are accepted, when a proxy changes the scheme or host."
            ),
            Setting("TRUSTED_PROXY_COUNT", "How many proxies stand in front and set X-Forwarded-For.", default="0"),
            Setting("SECURE_SSL_REDIRECT", "In production: send plain HTTP to HTTPS.", default="yes"),
            Setting("SECURE_HSTS_SECONDS", "In production: for how long browsers remember HTTPS.", default="31536000"),
            Setting(
                "DJANGO_SETTINGS_MODULE",
                "Which settings apply: ductape_site.settings.dev or ductape_site.settings.prod.",
                default="ductape_site.settings.dev",
            ),
            Setting("DEBUG", "Error pages with code and values. Never on a machine that others reach.", default="no"),
        ),
    ),
    SettingGroup(
        "Mail",
        (
            Setting(
                "EMAIL_URL",
                "The server for invitations and resets: smtp://user:password@host:587 (with STARTTLS) or "
                "smtps://user:password@host:465. Left out, no mail is sent, and none is printed: whoever invites "
                "hands the link on, and an owner who forgot the password uses `ductape manage changepassword`.",
                secret=True,
            ),
            Setting(
                "DEFAULT_FROM_EMAIL", "The sender of invitations and resets.", default="Ductape <ductape@localhost>"
            ),
        ),
    ),
    SettingGroup(
        "Outgoing calls",
        (
            Setting(
                "EGRESS_ALLOW",
                "Addresses inside private networks that actions may call, separated by commas: 10.0.0.0/8 or "
                "127.0.0.1:9000. Everything private is closed otherwise; public addresses are open.",
            ),
        ),
    ),
    SettingGroup(
        "Runs",
        (
            Setting("RUN_LEASE_S", "How long a worker that says nothing keeps its runs, in seconds.", default="30"),
            Setting("RUN_RENEW_S", "How often a worker renews its leases, in seconds.", default="10"),
            Setting(
                "RUN_SWEEP_S", "How often the scheduler looks for runs that nobody holds, in seconds.", default="2"
            ),
            Setting("RUN_RING_AGAIN_S", "After how many seconds it announces the same run again.", default="15"),
            Setting("RUN_WAIT_MAX_S", "How long a REST caller may wait for a result, in seconds.", default="60"),
            Setting(
                "RUN_WAITERS_MAX",
                "Callers of one web process that may wait at once; more get the run's id without waiting.",
                default="200",
            ),
            Setting(
                "RUN_RESPONSE_MAX_BYTES", "Largest answer of a remote side, after decompression.", default="10485760"
            ),
            Setting(
                "RUN_IDEMPOTENCY_LIFE_S", "How long an idempotency key is remembered, in seconds.", default="86400"
            ),
        ),
    ),
    SettingGroup(
        "Limits",
        (
            Setting(
                "RATE_LIMIT_CALLER",
                "REST requests that one access key or person may make in a minute; 0 means without limit.",
                default="30000",
            ),
            Setting(
                "RATE_LIMIT_WORKSPACE",
                "REST requests that everybody in one workspace together may make in a minute; 0 means without limit.",
                default="120000",
            ),
        ),
    ),
    SettingGroup(
        "Workers",
        (
            Setting("WORKER_HEARTBEAT_S", "How often a worker reports itself, in seconds.", default="5"),
            Setting(
                "WORKER_SHUTDOWN_GRACE_S",
                "What running calls get when a worker is asked to stop, in seconds.",
                default="2",
            ),
            Setting(
                "WORKER_RUNS",
                "Runs that one worker process has under way at most. Of these places one workspace gets at most half "
                "and one action a third, the less the more others need theirs; a run without a place waits and says "
                "so. Every call under way needs an open file: the worker raises its limit as far as the system lets.",
                default="3000",
            ),
            Setting("WORKER_DATABASE_CONNECTIONS", "Database connections of a worker's event loop.", default="6"),
            Setting("WORKER_PER_HOST_CONNECTIONS", "Most connections of a worker to one remote host.", default="1000"),
        ),
    ),
    SettingGroup(
        "First start",
        (
            Setting(
                "DUCTAPE_OWNER_EMAIL", "Who owns the workspace that the first start makes.", default="owner@example.com"
            ),
            Setting(
                "DUCTAPE_OWNER_PASSWORD",
                "The owner's password. Left out, one is made and printed once.",
                default="made at first start",
                secret=True,
            ),
            Setting(
                "SAMPLE_API_PORT",
                "The port of the sample shop on 127.0.0.1; 0 switches it off.",
                default="chosen by `ductape up`, else 0",
            ),
        ),
    ),
    SettingGroup(
        "Logs",
        (
            Setting("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR.", default="INFO"),
            Setting("LOG_FORMAT", "json for machines, console for people.", default="json"),
        ),
    ),
    SettingGroup(
        "Metrics and traces",
        (
            Setting(
                "METRICS_TOKEN",
                "The bearer token that /metrics asks for. Left out, the web process has no /metrics.",
                secret=True,
            ),
            Setting(
                "METRICS_PORT",
                "Where a worker serves its own figures: the first free port from this one on; 0 switches it off.",
                default="0",
            ),
            Setting("METRICS_HOST", "The address of that port.", default="127.0.0.1"),
            Setting(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "The OpenTelemetry collector that gets traces, as http://host:4318. Needs the extra packages of "
                "`ductape[otel]`; the other OTEL_ variables of the standard work too.",
            ),
            Setting("OTEL_SERVICE_NAME", "How the process is called there.", default="ductape-web or ductape-worker"),
        ),
    ),
)

SETTINGS: Final[dict[str, Setting]] = {setting.name: setting for group in SETTING_GROUPS for setting in group.settings}
