"""Reads of secrets: everything but the value, and where each is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from products.access import Actor, Permission, mine, narrow_to_products, products_of
from products.models import ConnectionValue, Feature, Secret

MAX_VALUES_READ = 5000
_REFERENCE = re.compile(r"\$Secret\{([A-Za-z][A-Za-z0-9_]{0,119})\}")


@dataclass(frozen=True, slots=True)
class ListedSecret:
    """A secret and where it is named."""

    secret: Secret
    uses: list[Use]

    @property
    def expired(self) -> bool:
        """Whether the reminder's day is over."""
        return self.secret.expires_at is not None and self.secret.expires_at <= timezone.now()


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names a secret: the value `field` of a connection in one environment, or a feature's draft."""

    product: str
    connection: str = ""
    environment: str = ""
    field: str = ""
    feature: str = ""


def secrets_of(actor: Actor, *, search: str = "") -> QuerySet[Secret]:
    """All of the workspace without their sealed values."""
    actor.need(Permission.VIEW)
    rows = Secret.objects.filter(workspace=actor.workspace).defer("sealed").select_related("changed_by")
    if search:
        rows = rows.filter(key__icontains=search)
    return rows.order_by("key")


def secret_by_key(actor: Actor, key: str) -> Secret:
    """Raises NotFound."""
    return mine(actor, secrets_of(actor), "secret", key=key.replace("\x00", ""))


def uses(actor: Actor) -> dict[str, list[Use]]:
    """Where secrets are named, by key.

    Read from what connections hold in clear, and from the drafts of features. A value that was typed into a connection
    is sealed there and names no secret, so nothing is missing but what exceeds `MAX_VALUES_READ`, and releases.
    """
    found: dict[str, list[Use]] = {}
    for key, use in chain(_in_connections(actor), _in_features(actor)):
        found.setdefault(key, []).append(use)
    return found


def _in_connections(actor: Actor) -> Iterator[tuple[str, Use]]:
    rows = (
        ConnectionValue.objects
        .filter(connection_environment__connection__product__workspace=actor.workspace, value__isnull=False)
        .annotate(text=Cast("value", TextField()))
        .filter(text__contains="$Secret{")
        .select_related("connection_environment__connection__product", "connection_environment__environment")
        .order_by("id")
    )
    narrowed = narrow_to_products(actor, rows, "connection_environment__connection__product__tag")
    for row in narrowed[:MAX_VALUES_READ]:
        for key in sorted(set(_REFERENCE.findall(row.text))):
            yield key, _use_of(row)


def _in_features(actor: Actor) -> Iterator[tuple[str, Use]]:
    rows = Feature.objects.filter(product__in=products_of(actor)).annotate(text=Cast("definition", TextField()))
    named = rows.filter(text__contains="$Secret{").order_by("product__tag", "tag")
    for product, tag, text in named.values_list("product__tag", "tag", "text")[:MAX_VALUES_READ].iterator(50):
        for key in sorted(set(_REFERENCE.findall(text))):
            yield key, Use(product, feature=tag)


def uses_of(actor: Actor, key: str) -> list[Use]:
    """Where one secret is named."""
    return uses(actor).get(key, [])


def secrets_listed(actor: Actor, *, search: str, limit: int) -> list[ListedSecret]:
    """The first by key, each with where it is named."""
    named = uses(actor)
    return [ListedSecret(row, named.get(row.key, [])) for row in secrets_of(actor, search=search)[:limit]]


def _use_of(row: ConnectionValue) -> Use:
    place = row.connection_environment
    return Use(place.connection.product.tag, place.connection.tag, place.environment.slug, row.key)
