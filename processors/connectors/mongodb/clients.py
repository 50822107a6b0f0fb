"""Clients of MongoDB that dial only guarded addresses: the hosts of the settings and those a replica set announces.

The driver makes every connection, also those that only watch, through a pool; ours resolves and checks the host first,
then hands the driver an address that is dialled as it is and a name that TLS is checked against.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pymongo import AsyncMongoClient
from pymongo.asynchronous.pool import Pool
from pymongo.errors import AutoReconnect, ConfigurationError, InvalidURI

from processors.connectors.errors import Misconfigured
from processors.connectors.mongodb.values import CODEC
from processors.connectors.resources import ResourcePlace
from products.lib.addresses import AddressPolicy
from products.lib.dialling import HostRefused, checked_host, checked_name, dial_addresses
from products.lib.http_errors import OutboundError

MAX_HOSTS: Final = 50
CONNECT_MS: Final = 5_000
SELECT_MS: Final = 5_000
DEFAULT_PORT: Final = 27_017
_DATABASE: Final = re.compile(r"[^/\\. \"$*<>:|?\x00]{1,63}")  # MongoDB's own rule, for all systems


class Pinned(tuple[Any, ...]):
    """(host, port) for whoever asks for its parts by number, (address, port) for whoever unpacks it to connect.

    The driver unpacks it where it resolves, and takes the first part for the name in TLS and for the server's identity.
    """

    address: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.address, self[1]))


@dataclass(slots=True)
class Guard:
    """The policy of one client, and the last host it kept it from."""

    policy: AddressPolicy
    refused: OutboundError | None = field(default=None)
    checked: bool = False


class GuardedPool(Pool):
    """The driver's pool, but for where it connects to."""

    def __init__(self, guard: Guard, address: tuple[str, int], *args: Any, **options: Any) -> None:
        super().__init__(address, *args, **options)
        self._guard = guard

    async def connect(self, handler: Any = None) -> Any:
        """A connection to one of the allowed addresses. Raises AutoReconnect where there is none."""
        host, port = self.address[0], int(self.address[1] or DEFAULT_PORT)
        try:
            allowed = await dial_addresses(self._guard.policy, host, port)
        except OutboundError as error:
            self._guard.refused = error
            raise AutoReconnect("The host cannot be dialled.") from None
        for number, address in enumerate(allowed, 1):
            pinned = Pinned((host, port))
            pinned.address = address
            self.address = pinned
            try:
                made = await super().connect(handler)
            except AutoReconnect:
                if number == len(allowed):
                    raise
            else:
                self._guard.refused = None
                return made
        raise AutoReconnect("The host has no address.")


@dataclass(frozen=True, slots=True)
class MongoClient:
    """The driver's client of one place."""

    driver: AsyncMongoClient[Any]
    database: str
    guard: Guard
    hosts: tuple[tuple[str, int], ...]

    @property
    def db(self) -> Any:
        """The database of the place."""
        return self.driver.get_database(self.database, codec_options=CODEC)


def open_client(policy: AddressPolicy, place: ResourcePlace) -> MongoClient:
    """Without a connection yet. Raises Misconfigured naming the field."""
    settings, guard = place.settings, Guard(policy)
    try:
        hosts = parse_hosts(str(settings.get("hosts") or ""))
        database = _named(settings.get("database"), "database")
        with AuthorityFile(str(settings.get("tls_ca") or "")) as authority:
            driver: AsyncMongoClient[Any] = AsyncMongoClient(
                [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in hosts],
                connect=False,
                appname="ductape",
                maxPoolSize=int(settings.get("pool_size") or 5),
                maxIdleTimeMS=int(settings.get("idle_s") or 300) * 1_000,
                connectTimeoutMS=CONNECT_MS,
                serverSelectionTimeoutMS=SELECT_MS,
                waitQueueTimeoutMS=SELECT_MS,
                retryReads=False,  # the caller owns retries, and a server that is not there is told of soon
                retryWrites=False,
                _pool_class=partial(GuardedPool, guard),
                **_options(place, len(hosts), authority),
            )
    except HostRefused as error:
        raise Misconfigured(error.message, details={"field": "hosts"}) from None
    except (ssl.SSLError, OSError):
        message = "The certificate authority is not a certificate in PEM form."
        raise Misconfigured(message, details={"field": "tls_ca"}) from None
    except (ConfigurationError, InvalidURI, ValueError, TypeError):
        raise Misconfigured("The settings of this database do not fit together.") from None
    return MongoClient(driver, database, guard, hosts)


def parse_hosts(text: str) -> tuple[tuple[str, int], ...]:
    """`a.example.com:27017, b.example.com, [::1]:27018`. Raises HostRefused."""
    found: list[tuple[str, int]] = []
    for part in text.split(","):
        name, colon, port = part.strip().rpartition(":")
        if not colon or name.endswith(":") or (":" in name and not name.endswith("]")):
            name, port = part.strip(), str(DEFAULT_PORT)
        if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65_536:
            raise HostRefused("A port is a number from 1 to 65535.")
        found.append((checked_host(name), int(port)))
    if len(found) > MAX_HOSTS:
        raise HostRefused(f"At most {MAX_HOSTS} hosts.")
    return tuple(found)


async def close_client(client: MongoClient) -> None:
    """Close its connections and stop watching its servers."""
    await client.driver.close()


def _named(value: Any, field: str) -> str:
    try:
        name = checked_name(str(value or ""), what="name")
    except HostRefused as error:
        raise Misconfigured(error.message, details={"field": field}) from None
    if not _DATABASE.fullmatch(name) and name != "$external":
        raise Misconfigured("This is not the name of a database.", details={"field": field})
    return name


def _options(place: ResourcePlace, hosts: int, authority: str) -> dict[str, Any]:
    settings = place.settings
    options: dict[str, Any] = {}
    if settings.get("user"):
        options |= {
            "username": str(settings["user"]), "password": str(settings.get("password") or ""),
            "authSource": _named(settings.get("auth_source") or "admin", "auth_source"),
        }  # fmt: skip
    if settings.get("replica_set"):
        options["replicaSet"] = str(settings["replica_set"])
    elif hosts == 1:
        options["directConnection"] = True  # what is written is what is dialled, announced or not
    return options | _tls(settings.get("tls") or "verify", authority)


def _tls(kind: Any, authority: str) -> dict[str, Any]:
    if kind == "off":
        return {"tls": False}
    if kind == "require":
        return {"tls": True, "tlsAllowInvalidCertificates": True}
    return {"tls": True, **({"tlsCAFile": authority} if authority else {})}


class AuthorityFile:
    """A certificate authority as a file, which is the only way the driver reads one; gone once it was read."""

    def __init__(self, text: str) -> None:
        self._text, self.path = text, ""

    def __enter__(self) -> str:
        if self._text:
            handle, self.path = tempfile.mkstemp(prefix="ductape-ca-", suffix=".pem")
            with os.fdopen(handle, "w") as stream:
                stream.write(self._text)
        return self.path

    def __exit__(self, *_: object) -> None:
        if self.path:
            os.unlink(self.path)
