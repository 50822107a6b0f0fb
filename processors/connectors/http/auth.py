"""An auth and its credentials become placements: which values go where in the request."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from processors.connectors.errors import Misconfigured
from products.lib.actions import AuthSpec, Placement
from products.lib.placeholders import MissingPlaceholder, fill

_DEFAULT_FIELDS = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("api_key",),
    "oauth2": ("access_token",),
    "credential": ("token",),
}


@dataclass(frozen=True, slots=True)
class FilledAuth:
    """What an auth adds to a request, and every text in it that must be masked, derived forms included."""

    placements: tuple[Placement, ...] = ()
    secrets: tuple[str, ...] = ()


def fill_auth(auth: AuthSpec, credentials: Mapping[str, str]) -> FilledAuth:
    """The placements with the credentials filled in. Raises Misconfigured naming the missing credential."""
    try:
        filled = tuple(_filled(auth, credentials))
    except MissingPlaceholder as error:
        message = f"The auth “{auth.name}” needs the credential “{error.name}”."
        raise Misconfigured(message, details={"auth": auth.tag, "field": error.name}) from None
    return FilledAuth(filled, tuple(_secrets(auth, credentials, filled)))


def needed_credentials(auth: AuthSpec) -> tuple[str, ...]:
    """The credentials without which this auth cannot work."""
    declared = tuple(field.key for field in auth.fields if field.required)
    return declared or _DEFAULT_FIELDS.get(auth.kind, ())


def _filled(auth: AuthSpec, credentials: Mapping[str, str]) -> Iterator[Placement]:
    if auth.kind == "basic":
        if auth.placements:  # the document names only the place; the value is always the same
            yield from (replace(placement, value=_basic(credentials)) for placement in auth.placements[:1])
        else:
            yield Placement("header", "Authorization", _basic(credentials))
        return
    for placement in auth.placements or _default_placements(auth):
        yield replace(placement, value=fill(placement.value, credentials))


def _default_placements(auth: AuthSpec) -> tuple[Placement, ...]:
    if auth.kind == "api_key":
        return (Placement("header", "X-API-Key", "{{api_key}}"),)
    if auth.kind == "oauth2":
        return (Placement("header", "Authorization", "Bearer {{access_token}}"),)
    if auth.kind in {"bearer", "credential"}:
        return (Placement("header", "Authorization", "Bearer {{token}}"),)
    return ()


def _basic(credentials: Mapping[str, str]) -> str:
    pair = fill("{{username}}", credentials), credentials.get("password", "")
    return "Basic " + base64.b64encode(":".join(pair).encode("utf-8")).decode("ascii")


def _secrets(auth: AuthSpec, credentials: Mapping[str, str], filled: tuple[Placement, ...]) -> Iterator[str]:
    open_keys = {field.key for field in auth.fields if not field.secret}
    if auth.kind == "basic":
        open_keys.add("username")
        yield from (placement.value.removeprefix("Basic ") for placement in filled)
    for key, value in credentials.items():
        if value and key not in open_keys:
            yield value
