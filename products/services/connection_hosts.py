"""Binds a connection's secret values to the hosts for which they are given."""

from __future__ import annotations

from products.access import Actor, Permission
from products.lib import placeholders, requirements
from products.lib.errors import FieldProblem, Invalid
from products.lib.jsontypes import escape_pointer
from products.lib.origins import hidden, is_allowed, origins_of
from products.models import ConnectionEnvironment, ConnectionValue, Secret, ValueKind
from products.queries.connection_hosts import addresses_of, as_text, clear_texts, holds_secrets
from products.queries.connection_values import with_app_parts
from products.services import vault


def bind_hosts(actor: Actor, place: ConnectionEnvironment, *, confirmed: bool) -> dict[str, list[list[str]]]:
    """Keeps where calls lead now as where the values may go; what changed, for the audit log.

    Without `confirmed`, or by somebody who may not use secrets, hosts that were not kept before stay outside, and runs
    are refused there. Raises Invalid where a secret is named that may not be sent to these hosts.
    """
    row = with_app_parts(ConnectionEnvironment.objects.select_related("connection", "app_environment", "auth"))
    fresh: ConnectionEnvironment = row.prefetch_related("values").get(pk=place.pk)
    addresses, texts = addresses_of(fresh), clear_texts(fresh)
    clear = origins_of(addresses, texts)
    _check_secrets(actor, fresh, clear)
    if holds_secrets(fresh) and not (confirmed and actor.may(Permission.USE_SECRETS)):
        return {}
    whole = origins_of(addresses, {**texts, **_secret_texts(actor, fresh)})
    wanted = [*clear, *(hidden(origin) for origin in whole if origin not in clear)]
    before = list(place.allowed_hosts)
    if before == wanted:
        return {}
    place.allowed_hosts = wanted
    place.save(update_fields=["allowed_hosts", "updated_at"])
    return {"allowed_hosts": [before, wanted]}


def is_bound_to_all(place: ConnectionEnvironment) -> bool:
    """Whether everything that calls lead to in clear was kept already; a new mapping is not."""
    row = with_app_parts(ConnectionEnvironment.objects.select_related("connection", "app_environment", "auth"))
    fresh: ConnectionEnvironment = row.prefetch_related("values").get(pk=place.pk)
    origins = origins_of(addresses_of(fresh), clear_texts(fresh))
    return all(is_allowed(origin, place.allowed_hosts) for origin in origins)


def _secret_texts(actor: Actor, place: ConnectionEnvironment) -> dict[str, str]:
    """Secret variables, opened: they may be part of an address. Only digests of those addresses are kept."""
    values = [value for value in place.values.all() if value.kind == ValueKind.VARIABLE]
    found = {
        value.key: vault.open_sealed(actor.workspace, value, "sealed", bytes(value.sealed))
        for value in values
        if value.sealed is not None
    }
    named = {value.key: str(value.value) for value in values if requirements.names_secrets(as_text(value.value))}
    keys = {key for text in named.values() for key in placeholders.secret_refs(text)}
    secrets = {
        row.key: vault.open_sealed(actor.workspace, row, "sealed", bytes(row.sealed))
        for row in Secret.objects.filter(workspace=actor.workspace, key__in=keys)
    }
    for key, text in named.items():
        if set(placeholders.secret_refs(text)) <= set(secrets):
            found[key] = placeholders.fill_secrets(text, secrets.get)
    return found


def _check_secrets(actor: Actor, place: ConnectionEnvironment, origins: tuple[str, ...]) -> None:
    """A secret with a list of hosts cannot be named where calls lead elsewhere."""
    named = [(value, key) for value in place.values.all() for key in placeholders.secret_refs(as_text(value.value))]
    rows = Secret.objects.filter(workspace=actor.workspace, key__in={key for _, key in named}).exclude(allowed_hosts=[])
    limits = dict(rows.values_list("key", "allowed_hosts"))
    problems = [
        FieldProblem(_pointer(value), "host_not_allowed", f"The secret “{key}” may not be sent to {origin}.")
        for value, key in named
        for origin in origins
        if key in limits and not is_allowed(origin, limits[key])
    ]
    if problems:
        raise Invalid(errors=tuple(problems))


def _pointer(value: ConnectionValue) -> str:
    return f"/{value.kind}s/{escape_pointer(value.key)}"
