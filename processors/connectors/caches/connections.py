"""Connections to cache servers: those of teams only to guarded addresses, the installation's own as configured."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from processors.connectors.errors import Misconfigured
from processors.connectors.resources import ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.dialling import dial_addresses
from products.lib.http_errors import ConnectFailed, TlsFailed

CONNECTIONS: Final = 20  # per server and process; more calls wait for their turn
SPARE: Final = 5  # for the subscription and for checks
CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
# redis-py by itself would try again, also what counts up, and give up after 5 s. Its blocking pool is not used: whoever
# has just given back a connection takes it again ahead of those who wait, until their time is over.
_OPTIONS: Final[dict[str, Any]] = {
    "max_connections": CONNECTIONS + SPARE,
    "socket_connect_timeout": CONNECT_S,
    "socket_timeout": ANSWER_S,
    "protocol": 2,
    "health_check_interval": 0,
}


class GuardedConnection(Connection):
    """Resolves and checks the host itself at every connecting; TLS is verified against the name."""

    def __init__(self, *, policy: AddressPolicy, tls: ssl.SSLContext | None, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy
        self._tls = tls
        self._address = ""

    def _connection_arguments(self) -> Mapping[str, Any]:
        secured = {"ssl": self._tls, "server_hostname": self.host} if self._tls else {}
        return {"host": self._address, "port": self.port, **secured}

    async def _connect(self) -> None:
        """Raises OutboundError, which redis-py wraps."""
        addresses = await dial_addresses(self._policy, self.host, self.port)
        for address in addresses[:3]:
            self._address = address
            try:
                await super()._connect()  # type: ignore[no-untyped-call]
            except ssl.SSLError:
                raise TlsFailed() from None
            except OSError:
                continue
            return
        raise ConnectFailed()


def builtin_client(url: str) -> Redis:
    """The installation's own Valkey; nobody but its operator says where it is."""
    options = {**_OPTIONS, "retry": _no_retry()}
    return Redis(connection_pool=ConnectionPool.from_url(url, **options))


def team_client(policy: AddressPolicy, place: ResourcePlace) -> Redis:
    """A server of the team's. Raises Misconfigured for a certificate that is none."""
    settings = place.settings
    user, password = str(settings.get("user") or ""), str(settings.get("password") or "")
    pool = ConnectionPool(
        connection_class=cast(Any, GuardedConnection),
        policy=policy,
        tls=_tls(settings),
        host=str(settings.get("host") or ""),
        port=int(settings.get("port") or 6379),
        db=int(settings.get("database") or 0),
        username=user or None,
        password=password or None,
        retry=_no_retry(),
        **_OPTIONS,
    )
    return Redis(connection_pool=pool)


async def close_client(client: Redis) -> None:
    """Close its connections, those in use too."""
    await client.aclose()
    await client.connection_pool.disconnect(inuse_connections=True)


def _no_retry() -> Retry:
    return Retry(NoBackoff(), 0)


def _tls(settings: Mapping[str, Any]) -> ssl.SSLContext | None:
    kind = settings.get("tls") or "verify"
    if kind == "off":
        return None
    context = ssl.create_default_context()
    if kind == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    authority = str(settings.get("tls_ca") or "")
    if authority:
        try:
            context.load_verify_locations(cadata=authority)
        except (ssl.SSLError, ValueError):
            message = "The certificate authority is not a certificate in PEM form."
            raise Misconfigured(message, details={"field": "tls_ca"}) from None
    return context
