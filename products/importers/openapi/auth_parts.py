"""What auths are made of: the credentials of each kind, where they go, and several schemes as one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from products.importers.names import TagBook
from products.importers.shapes import as_dict, as_text, clean_name
from products.lib.actions import AuthSpec, CredentialField, Placement

FIELDS = {
    "basic": (
        CredentialField("username", "User name", secret=False),
        CredentialField("password", "Password", required=False),
    ),
    "bearer": (CredentialField("token", "Token"),),
    "api_key": (CredentialField("api_key", "API key"),),
    "oauth2": (
        CredentialField("client_id", "Client id", secret=False, required=False),
        CredentialField("client_secret", "Client secret", required=False),
        CredentialField("access_token", "Access token"),
    ),
}
_PLACES = {"header": "header", "query": "query", "cookie": "cookie"}


def combine(specs: list[AuthSpec], tags: TagBook) -> AuthSpec:
    """One `token` auth that does what several do at once; credentials are told apart by the auth's tag."""
    fields: list[CredentialField] = []
    placements: list[Placement] = []
    for spec in specs:
        key = spec.tag.replace("-", "_")
        field, placement = _part(spec, key)
        fields.append(field)
        placements.append(placement)
    name = "+".join(spec.name for spec in specs)
    tag = tags.tag("-".join(spec.tag for spec in specs), "auth")
    return AuthSpec(tag=tag, name=name[:200], kind="token", fields=tuple(fields), placements=tuple(placements))


def _part(spec: AuthSpec, key: str) -> tuple[CredentialField, Placement]:
    if spec.kind == "basic":
        note = "The Base64 text of user name, colon and password"
        return CredentialField(key, spec.name, description=note), Placement(
            "header", "Authorization", f"Basic {{{{{key}}}}}"
        )
    if spec.placements:
        return CredentialField(key, spec.name), replace(spec.placements[0], value=f"{{{{{key}}}}}")
    return CredentialField(key, spec.name), Placement("header", "Authorization", f"Bearer {{{{{key}}}}}")


def filled_by(spec: AuthSpec) -> set[tuple[str, str]]:
    """Where an auth puts what it knows."""
    return {(each.place, each.key.lower()) for each in spec.placements} or {("header", "authorization")}


def key_placement(scheme: dict[str, Any]) -> Placement:
    """Where an apiKey scheme puts its key."""
    place = _PLACES.get(as_text(scheme.get("in")).lower(), "header")
    return Placement(place, clean_name(scheme.get("name")) or "Authorization", "{{api_key}}")  # type: ignore[arg-type]


def flows_of(scheme: dict[str, Any]) -> dict[str, Any]:
    """The flows of an oauth2 scheme by name, with their addresses and scopes."""
    flows = as_dict(scheme.get("flows"))
    kept = ("authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl")
    return {
        name: {
            **{key: as_text(flow[key]) for key in kept if key in flow},
            "scopes": {clean_name(scope): as_text(text)[:300] for scope, text in as_dict(flow.get("scopes")).items()},
        }
        for name, flow in flows.items()
        if isinstance(flow, dict)
    }
