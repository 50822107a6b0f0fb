"""What Django's system checks prove of the composition: all that the catalogue declares of resources can be called."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from django.core.checks import CheckMessage, Error

from processors.connectors.served import SERVED, Served
from processors.runtime.database import Pool
from processors.runtime.resource_connectors import resource_means
from processors.runtime.resources import connector_name
from products.catalog.resources import KINDS, ResourceKind


def connectors_of_resources(**kwargs: Any) -> list[CheckMessage]:
    """Connectors, providers and operations are the same in the catalogue, in a worker and in the connectors' tables."""
    declared = declared_names(KINDS)
    composed = resource_means(cast("Pool", None), max_bytes=1).connectors.kinds()
    return [
        *differences({name for name in declared if ":" not in name}, composed),
        *differences({name for name in declared if ":" in name}, served_names(SERVED)),
    ]


def declared_names(kinds: Mapping[str, ResourceKind]) -> set[str]:
    """What the catalogue needs: each connector, and below it each of its providers and operations."""
    found: set[str] = set()
    for kind in kinds.values():
        for provider in kind.providers:
            name = connector_name(kind.name, provider.name)
            operations = {f"{name}: operation {operation.name}" for operation in kind.operations}
            found |= {name, f"{name}: provider {provider.name}", *operations}
    return found


def served_names(served: Mapping[str, Served]) -> set[str]:
    """What the connectors have in their tables, named as `declared_names` names it."""
    return {
        f"{name}: {noun} {each}"
        for name, one in served.items()
        for noun, names in (("provider", one.providers), ("operation", one.operations))
        for each in names
    }


def differences(needed: Collection[str], there: Collection[str]) -> list[CheckMessage]:
    """An error for each that is only on one side."""
    wanting = [Error(f"No connector serves “{name}”.", id="processors.E001") for name in sorted({*needed} - {*there})]
    idle = [Error(f"Nothing needs “{name}”.", id="processors.E002") for name in sorted({*there} - {*needed})]
    return [*wanting, *idle]
