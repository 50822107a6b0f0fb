"""What `DATABASE_URL` says: the server, the database, and those of libpq's parameters that may stand behind a `?`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ductape_site.env import SettingError

EXPECTED = "DATABASE_URL: expected postgresql://user:password@host:port/name"
# What may be said, and the variable by which PostgreSQL's own programs are told the same.
PARAMETERS = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
    "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
_LONGEST_CONNECT_S = 300


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """As libpq reads it: several hosts and their ports stand with commas between them. `parameters` by their names."""

    name: str
    user: str
    password: str
    host: str
    port: str
    parameters: dict[str, str]

    def keywords(self, **unless_given: Any) -> dict[str, Any]:
        """For `psycopg.connect`; what the address leaves open is as `unless_given` says."""
        place = {"dbname": self.name, "user": self.user, "password": self.password}
        place |= {"host": self.host, "port": self.port}
        return {**unless_given, **{name: value for name, value in place.items() if value}, **self.parameters}

    def environment(self) -> dict[str, str]:
        """For PostgreSQL's own programs, but for the name of the database."""
        place = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGPASSWORD": self.password}
        more = {PARAMETERS[name]: value for name, value in self.parameters.items()}
        return {name: value for name, value in {**place, **more}.items() if value}


def read(url: str) -> DatabaseAddress:
    """What a `postgresql://user:password@host:port/name?sslmode=…` URL says. Raises SettingError, without any of it but
    the name of a parameter, and the value of one that has to be one of a few."""
    _check_names(url)
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:  # its message quotes the URL, and with it the password
        raise SettingError(EXPECTED) from None
    place = {name: found.pop(name, "") for name in ("dbname", "user", "password", "host", "port")}
    if not place["dbname"]:
        raise SettingError(EXPECTED)
    _check_values(found)
    return DatabaseAddress(place.pop("dbname"), **place, parameters=found)


def connecting(url: str, seconds: int) -> dict[str, Any]:
    """How `psycopg.connect` gets there; it waits `seconds` unless the URL says how long. Raises SettingError."""
    return read(url).keywords(connect_timeout=seconds)


def _check_names(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SettingError(EXPECTED) from None
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise SettingError(EXPECTED)
    for each in filter(None, parts.query.split("&")):
        name = unquote(each.partition("=")[0])
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise SettingError(f"DATABASE_URL: the parameter {name[:40]!r} is not known; there are {known}")


def _check_values(found: dict[str, str]) -> None:
    for name, choices in _CHOICES.items():
        if name in found and found[name] not in choices:
            raise SettingError(f"DATABASE_URL: {name} is one of {', '.join(choices)}")
    wait = found.get("connect_timeout", "1")
    if not (wait.isascii() and wait.isdigit() and 1 <= int(wait) <= _LONGEST_CONNECT_S):
        raise SettingError(f"DATABASE_URL: connect_timeout is a number of seconds from 1 to {_LONGEST_CONNECT_S}")
