"""An auth as a security scheme, as near as OpenAPI's kinds come to it."""

from __future__ import annotations

from typing import Any

from products.lib.actions import AuthSpec

_PLACES = {"header", "query", "cookie"}


def scheme(spec: AuthSpec) -> dict[str, Any]:
    """The security scheme; what it cannot say is added by whoever compares."""
    words = {"description": spec.description} if spec.description else {}
    if spec.kind in {"basic", "bearer"}:
        return {"type": "http", "scheme": spec.kind, **words}
    if spec.kind == "oauth2":
        flows = {name: flow for name, flow in spec.oauth.items() if isinstance(flow, dict)}
        return {"type": "oauth2", "flows": {name: {"scopes": {}, **flow} for name, flow in flows.items()}, **words}
    placed = next((each for each in spec.placements if each.place in _PLACES), None)
    if placed is None:
        return {"type": "http", "scheme": "bearer", **words}
    return {"type": "apiKey", "in": placed.place, "name": placed.key, **words}
