"""Looks at servers that are given by address, before anything is started on them."""

import socket
from urllib.parse import urlsplit

import psycopg

from ductape_site import database_url
from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.surroundings import given
from ductape_site.env import SettingError

OLDEST_POSTGRES = 15
SECONDS = 5
BROKER_PORTS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379, "valkey": 6379}


def check_given_servers() -> None:
    """Check each server whose address the environment gives; raises CommandFailedError with what is wrong."""
    if url := given("DATABASE_URL"):
        check_postgres(url)
    if url := given("VALKEY_URL"):
        check_valkey(url, name="VALKEY_URL")
    if url := given("CELERY_BROKER_URL"):
        check_broker(url)


def check_postgres(url: str) -> str:
    """The server's version; raises CommandFailedError when it does not answer or is too old."""
    try:
        with psycopg.connect(**database_url.connecting(url, SECONDS)) as connection:
            number, words = connection.info.server_version, connection.info.parameter_status("server_version")
    except SettingError as error:
        raise _unusable(str(error)) from None
    except (psycopg.Error, ValueError) as error:
        reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise _unusable(f"DATABASE_URL: PostgreSQL does not answer: {reason[0].strip()}") from None
    if number < OLDEST_POSTGRES * 10_000:
        raise _unusable(f"DATABASE_URL: this is PostgreSQL {words}, and Ductape needs {OLDEST_POSTGRES} or newer.")
    return f"PostgreSQL {words}"


def check_valkey(url: str, *, name: str) -> str:
    """The server's version; raises CommandFailedError when it does not answer to these credentials."""
    import redis  # noqa: PLC0415 - takes longer to load than the whole rest of a small command

    try:
        with redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
            found = client.info("server")
    except (redis.RedisError, OSError, ValueError) as error:
        raise _unusable(f"{name}: the server does not answer at {address(url)}: {_reason(error)}") from None
    return f"Valkey {found['valkey_version']}" if "valkey_version" in found else f"Redis {found['redis_version']}"


def check_broker(url: str) -> str:
    """What the broker is; raises CommandFailedError when nothing answers at its address."""
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss", "valkey", "unix"}:
        return check_valkey(url, name="CELERY_BROKER_URL")
    if parts.scheme not in BROKER_PORTS:
        raise _unusable(f"CELERY_BROKER_URL: {parts.scheme or 'this'} is not known; expected redis:// or amqp://.")
    try:
        socket.create_connection((parts.hostname or "", parts.port or BROKER_PORTS[parts.scheme]), SECONDS).close()
    except OSError as error:
        raise _unusable(f"CELERY_BROKER_URL: nothing answers at {address(url)}: {_reason(error)}") from None
    return "RabbitMQ"


def address(url: str) -> str:
    """Host and port of a URL, without its credentials."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or BROKER_PORTS.get(parts.scheme, '')}"


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _unusable(message: str) -> CommandFailedError:
    return CommandFailedError(message, code=Exit.SERVER_UNUSABLE)
