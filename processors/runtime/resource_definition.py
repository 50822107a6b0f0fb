"""An operation of a resource as a run keeps it, read once from its stored composition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from products.lib import placeholders
from products.lib.jsontypes import Json, JsonObject, content_hash


@dataclass(frozen=True, slots=True, eq=False)
class ResourceDefinition:
    """The immutable composition of `products.queries.callable_resources`."""

    hash: str
    kind: str
    tag: str
    resource: UUID
    config: UUID
    environment: str
    provider: str
    read_only: bool
    settings: Mapping[str, JsonObject]
    shared: Mapping[str, Json]
    operation: str
    event: str
    definition: JsonObject
    policy: JsonObject
    sealed_values: tuple[UUID, ...]
    secrets: tuple[str, ...]
    folder: str = ""  # its own on this installation's disk and in its Valkey: no two environments share it
    cache: ResourceDefinition | None = None  # that may have the result


def cache_definition(content: JsonObject) -> ResourceDefinition | None:
    """The cache that a composition names, if it names one."""
    cache = content.get("cache")
    return resource_definition(content_hash(cache), cache) if cache else None


def resource_definition(hash: str, content: JsonObject) -> ResourceDefinition:
    """The stored composition, parsed."""
    references = list(content["settings"].values())
    resource = UUID(content["resource"]["id"])
    return ResourceDefinition(
        hash=hash,
        kind=content["resource"]["kind"],
        tag=content["resource"]["tag"],
        resource=resource,
        config=UUID(content["config"]),
        environment=content["environment"],
        provider=content["provider"],
        read_only=content["read_only"],
        settings=content["settings"],
        shared=content["shared"],
        operation=content["operation"],
        event=content["event"],
        definition=content["definition"],
        policy=content["policy"],
        sealed_values=tuple(UUID(one["sealed"]) for one in references if "sealed" in one),
        secrets=tuple(
            dict.fromkeys(key for one in references for key in placeholders.secret_refs(one.get("text", "")))
        ),
        folder=content.get("folder") or f"{resource.hex}-{content['environment']}",  # as compositions from before meant
        cache=cache_definition(content),
    )
