"""Django's own connections to PostgreSQL: how a line that died is noticed, and how long a request may ask."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from ductape_site import database_url, env
from ductape_site.postgresql.reconnecting import begin_anew

# A network that swallows everything is noticed within half a minute; see also `processors.runtime.database`.
LINE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# Compiling a plan takes longer than nearly all statements of pages and requests.
SERVER = "-c jit=off"
WAIT_S = 10
# Connecting anew is tried for so long and begun with a first try then: the pool lets ever more time pass between them.
RECONNECT_S = 2.0


def described(url: str) -> dict[str, Any]:
    """Django's description of a `postgresql://user:password@host:port/name?sslmode=…` URL. Raises SettingError.

    A connection is tried when it is taken out of the pool (`ductape_site.postgresql`): one that died meanwhile costs
    nobody an answer.
    """
    address = database_url.read(url)
    most = env.number("DATABASE_POOL", 24, least=2)
    return {
        "ENGINE": "ductape_site.postgresql",
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": address.port,
        "OPTIONS": {
            **LINE,
            **address.parameters,
            "options": _server(address),
            "pool": {
                "min_size": 1,
                "max_size": most,
                "timeout": WAIT_S,
                "reconnect_timeout": RECONNECT_S,
                "reconnect_failed": begin_anew,
            },
        },
    }


def _server(address: database_url.DatabaseAddress) -> str:
    """What the URL says comes last, so that it holds."""
    return f"{SERVER} {address.parameters.get('options', '')}".strip()


def bound_statements(seconds: int) -> None:
    """Lets no statement of this process take longer; 0 bounds none. For the process that answers requests.

    Migrations, commands and workers ask for more than anybody waits for, and bound themselves.
    """
    unbound = _server(database_url.read(settings.DATABASE_URL))
    with_deadline = f"{unbound} -c statement_timeout={seconds * 1000}"
    connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]["options"] = with_deadline if seconds else unbound
    connections[DEFAULT_DB_ALIAS].close_pool()  # type: ignore[attr-defined]
