"""What Django's system checks prove of the composition: every provider that the catalogue declares can be called."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from django.core.checks import CheckMessage, Error

from processors.runtime.database import Pool
from processors.runtime.resource_connectors import resource_means
from processors.runtime.resources import connector_name
from products.catalog.resources import KINDS


def connectors_of_resources(**kwargs: Any) -> list[CheckMessage]:
    """The connectors that the catalogue's providers need, and those that a worker has, are the same."""
    needed = {connector_name(kind.name, each.name) for kind in KINDS.values() for each in kind.providers}
    return differences(needed, resource_means(cast("Pool", None), max_bytes=1).connectors.kinds())


def differences(needed: Collection[str], there: Collection[str]) -> list[CheckMessage]:
    """An error for each that is only on one side."""
    wanting = [Error(f"No connector serves “{name}”.", id="processors.E001") for name in sorted({*needed} - {*there})]
    idle = [Error(f"Nothing needs the connector “{name}”.", id="processors.E002") for name in {*there} - {*needed}]
    return [*wanting, *idle]
