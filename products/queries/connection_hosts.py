"""Where a connection leads in one environment, and whether its secret values were given for that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.fields.json import KT

from products.lib import requirements
from products.lib.oauth import ACCESS_TOKEN, grant_of
from products.lib.origins import is_allowed, origins_of
from products.models import Action, ConnectionEnvironment, ValueKind

OTHER_ADDRESSES_AT_MOST = 50  # base URLs of actions that differ from their environment's


def other_addresses() -> ArraySubquery:
    """The base URLs that actions of a connection's app have of their own; for rows of connections."""
    rows = Action.objects.filter(app=OuterRef("app")).exclude(spec__base_url="").annotate(own_url=KT("spec__base_url"))
    return ArraySubquery(rows.values("own_url").distinct()[:OTHER_ADDRESSES_AT_MOST])


def addresses_of(place: ConnectionEnvironment) -> list[str]:
    """The base URLs that calls of this connection may have, with `{{name}}` in them."""
    rows = Action.objects.filter(app_id=place.connection.app_id).exclude(spec__base_url="")
    own = rows.annotate(own_url=KT("spec__base_url")).values_list("own_url", flat=True).distinct()
    urls = [place.app_environment.base_url, *(url for url in own[:OTHER_ADDRESSES_AT_MOST] if url)]
    return [*urls, *token_addresses(place)]


def token_addresses(place: ConnectionEnvironment) -> list[str]:
    """Where its OAuth flow, if it uses one, sends the client's credentials."""
    by_hand = any(value.kind == ValueKind.CREDENTIAL and value.key == ACCESS_TOKEN for value in place.values.all())
    grant = None if by_hand or place.auth is None else grant_of(place.auth.kind, place.auth.spec.get("oauth") or {})
    if grant is None:
        return []
    base_url = place.app_environment.base_url
    return [urljoin(base_url, url) for url in (grant.token_url, grant.refresh_url) if url]


def clear_texts(place: ConnectionEnvironment) -> dict[str, str]:
    """Variables and constants that are in clear, as text; needs `place.app_variables`, `.constants`."""
    found = {row["key"]: row["default"] for row in place.app_variables if row["default"] not in (None, "")}  # type: ignore[attr-defined]
    found |= {row["key"]: row["value"] for row in place.constants}  # type: ignore[attr-defined]
    for value in place.values.all():
        if value.kind == ValueKind.VARIABLE:
            found.pop(value.key, None)
            if value.sealed is None and value.value not in (None, ""):
                found[value.key] = value.value
    return {key: as_text(value) for key, value in found.items() if not requirements.names_secrets(as_text(value))}


def holds_secrets(place: ConnectionEnvironment) -> bool:
    """Whether any of its values is sealed or names a secret."""
    return any(
        value.sealed is not None or requirements.names_secrets(as_text(value.value)) for value in place.values.all()
    )


def unconfirmed(place: ConnectionEnvironment, addresses: Iterable[str], texts: Mapping[str, str]) -> tuple[str, ...]:
    """Origins that calls would go to and for which the secret values were not given; nothing without such values."""
    if not holds_secrets(place):
        return ()
    allowed = list(place.allowed_hosts)
    return tuple(origin for origin in origins_of(addresses, texts) if not is_allowed(origin, allowed))


def as_text(value: Any) -> str:
    """As it stands in a URL."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
