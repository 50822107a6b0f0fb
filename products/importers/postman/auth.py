"""Postman's auth: read, told apart by what it does, and never with the values that are secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from products.importers.names import TagBook
from products.importers.postman.rows import read_rows
from products.importers.report import Report
from products.importers.shapes import as_dict, as_text, clean_name
from products.lib.actions import AuthSpec, CredentialField, Placement

_GRANTS = {
    "authorization_code": "authorizationCode",
    "authorization_code_with_pkce": "authorizationCode",
    "client_credentials": "clientCredentials",
    "password_credentials": "password",
    "implicit": "implicit",
}
_SECRET_KEYS = {
    *("password", "token", "value", "accessToken", "clientSecret", "refreshToken", "secret", "consumerSecret"),
    *("tokenSecret", "privateKey", "secretKey", "accessKey", "sessionToken", "authKey"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one folder or request says: an auth by tag, none at all, or nothing (`inherits`)."""

    tags: tuple[str, ...] = ()
    anonymous: bool = False
    inherits: bool = False


INHERITED = Chosen(inherits=True)


class PostmanAuths:
    """The auths of one collection; equal ones are one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._tags = TagBook()
        self._specs: dict[tuple[str, ...], AuthSpec] = {}

    def drafts(self) -> tuple[AuthSpec, ...]:
        """All of them."""
        return tuple(self._specs.values())

    def read(self, raw: Any, place: str) -> Chosen:
        """What an `auth` value means; None and what cannot be read inherit."""
        if isinstance(raw, str):
            raw = {"type": raw}
        auth = as_dict(raw)
        kind = as_text(auth.get("type")).strip().lower()
        if kind == "noauth":
            return Chosen(anonymous=True)
        if not kind or kind == "inherit":
            return INHERITED
        values = {row.key: row.value for row in read_rows(_values(auth, kind))}
        self._warn_of_secrets(values, place)
        reader = _READERS.get(kind)
        if reader is None:
            message = f"The auth type “{kind[:40]}” is not supported; the action came in without it."
            self._report.warning("auth-not-supported", place, message)
            return Chosen(anonymous=True)
        return Chosen(tags=(self._known(*reader(values)).tag,))

    def _known(self, key: tuple[str, ...], spec: AuthSpec) -> AuthSpec:
        if key not in self._specs:
            self._specs[key] = replace(spec, tag=self._tags.tag(spec.name, "auth"))
        return self._specs[key]

    def _warn_of_secrets(self, values: dict[str, Any], place: str) -> None:
        for key, value in values.items():
            if key in _SECRET_KEYS and isinstance(value, str) and value.strip() and "{{" not in value:
                self._report.secret(place, f"The auth's “{key}”", value)


def _values(auth: dict[str, Any], kind: str) -> Any:
    """The rows of a kind, whose key may be written in other letters than its type."""
    return next((value for key, value in auth.items() if key.lower() == kind), None)


_Reader = Callable[[dict[str, Any]], tuple[tuple[str, ...], AuthSpec]]


def _basic(values: dict[str, Any]) -> tuple[tuple[str, ...], AuthSpec]:
    fields = (
        CredentialField("username", "User name", secret=False),
        CredentialField("password", "Password", required=False),
    )
    return ("basic",), AuthSpec("", "Basic auth", "basic", fields=fields)


def _bearer(values: dict[str, Any]) -> tuple[tuple[str, ...], AuthSpec]:
    return ("bearer",), AuthSpec("", "Bearer token", "bearer", fields=(CredentialField("token", "Token"),))


def _api_key(values: dict[str, Any]) -> tuple[tuple[str, ...], AuthSpec]:
    name = clean_name(values.get("key")) or "Authorization"
    place = "query" if as_text(values.get("in")).lower() == "query" else "header"
    placement = Placement(place, name, "{{api_key}}")  # type: ignore[arg-type]
    fields = (CredentialField("api_key", "API key"),)
    spec = AuthSpec("", f"API key {name}"[:200], "api_key", fields=fields, placements=(placement,))
    return ("api_key", place, name), spec


def _oauth2(values: dict[str, Any]) -> tuple[tuple[str, ...], AuthSpec]:
    grant = as_text(values.get("grant_type")) or "authorization_code"
    flow = _GRANTS.get(grant, "authorizationCode")
    urls = {"authorizationUrl": "authUrl", "tokenUrl": "accessTokenUrl", "refreshUrl": "refreshTokenUrl"}
    found: dict[str, Any] = {name: as_text(values[key]) for name, key in urls.items() if as_text(values.get(key))}
    found["scopes"] = dict.fromkeys(as_text(values.get("scope")).split(), "")
    fields = (
        CredentialField("client_id", "Client id", secret=False, required=False),
        CredentialField("client_secret", "Client secret", required=False),
        CredentialField("access_token", "Access token"),
    )
    placements: tuple[Placement, ...] = ()
    if as_text(values.get("addTokenTo")) == "queryParams":
        placements = (Placement("query", "access_token", "{{access_token}}"),)
    key = ("oauth2", flow, *(str(found.get(name, "")) for name in urls), as_text(values.get("scope")))
    return key, AuthSpec("", "OAuth 2", "oauth2", fields=fields, placements=placements, oauth={flow: found})


_READERS: dict[str, _Reader] = {"basic": _basic, "bearer": _bearer, "apikey": _api_key, "oauth2": _oauth2}
