"""The kinds of resources: one declaration each, from which form, API schema, help page and validation come."""

from __future__ import annotations

from typing import Final

from products.catalog.resources.caches import CACHE
from products.catalog.resources.databases import DATABASE
from products.catalog.resources.shapes import Operation, Provider, ResourceKind, Setting
from products.catalog.resources.storages import STORAGE

__all__ = ["KINDS", "KIND_BY_EVENT", "Operation", "Provider", "ResourceKind", "Setting"]

KINDS: Final[dict[str, ResourceKind]] = {kind.name: kind for kind in (DATABASE, STORAGE, CACHE)}
KIND_BY_EVENT: Final[dict[str, ResourceKind]] = {kind.event_type: kind for kind in KINDS.values()}
