"""Loads what a claimed run needs: its definition, kept by its hash, and the values that the definition names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from processors.runtime import resource_statements, statements
from processors.runtime.arrays import Texts, Uuids
from processors.runtime.claims import Claim
from processors.runtime.database import Pool, insist
from processors.runtime.feature_definition import FeatureDefinition, feature_definition
from processors.runtime.feature_statements import SECRETS
from processors.runtime.gatherer import Gatherer
from processors.runtime.resource_definition import ResourceDefinition, cache_definition, resource_definition
from products.lib import placeholders
from products.lib.actions import ActionSpec, AuthSpec, action_from_json, auth_from_json
from products.lib.jsontypes import Json, JsonObject

DEFINITIONS_KEPT = 500


class DefinitionMissing(LookupError):
    """The run's definition is not there: a backup from before it was restored."""


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """The immutable composition of `products.queries.callable_actions`, read once."""

    hash: str
    connection_environment: UUID
    action: ActionSpec
    login: ActionSpec | None
    auth: AuthSpec | None
    base_url: str
    policy: JsonObject
    constants: JsonObject
    variables: dict[str, JsonObject]
    credentials: dict[str, JsonObject]
    sealed_values: tuple[UUID, ...]
    secrets: tuple[str, ...]
    verify_tls: bool = True
    cache: ResourceDefinition | None = None  # that may have the result


AnyDefinition: TypeAlias = Definition | ResourceDefinition


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A sealed value; `kind`: value (of a connection) or setting (of a resource), `name` its id; or secret, its key."""

    kind: str
    name: str
    id: UUID
    sealed: bytes
    hosts: tuple[str, ...] = ()  # where this one may go; of a connection's value, none of its own
    given_for: tuple[str, ...] = ()  # where the connection's values may go

    @classmethod
    def of(cls, row: dict[str, Any]) -> SealedValue:
        """A row of `statements.VALUES`."""
        return cls(**{**row, "hosts": tuple(row["hosts"] or ()), "given_for": tuple(row["given_for"] or ())})


class Loader:
    """Reads for one worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._definitions: OrderedDict[str, AnyDefinition] = OrderedDict()
        self._features: OrderedDict[tuple[str, str], FeatureDefinition] = OrderedDict()
        self._looks: OrderedDict[tuple[str, UUID], Gatherer[None, tuple[SealedValue, ...]]] = OrderedDict()

    async def definition(self, claim: Claim) -> AnyDefinition:
        """The run's definition. Raises DefinitionMissing, psycopg.Error."""
        known = self._definitions.get(claim.definition_hash)
        if known is not None:
            self._definitions.move_to_end(claim.definition_hash)
            return known
        made = any_definition(claim.definition_hash, await self._content(claim))
        self._definitions[claim.definition_hash] = made
        if len(self._definitions) > DEFINITIONS_KEPT:
            self._definitions.popitem(last=False)
        return made

    async def feature(self, claim: Claim) -> FeatureDefinition:
        """The run's feature, ready to be run. Raises DefinitionMissing, ExpressionError, psycopg.Error."""
        key = (claim.definition_hash, claim.target)
        known = self._features.get(key)
        if known is not None:
            self._features.move_to_end(key)
            return known
        made = feature_definition(claim.target, await self._content(claim), any_definition)
        self._features[key] = made
        if len(self._features) > DEFINITIONS_KEPT:
            self._features.popitem(last=False)
        return made

    async def opened(self, feature: FeatureDefinition, workspace_id: UUID) -> tuple[SealedValue, ...]:
        """The sealed values that the expressions of a feature name, as they are now. Raises psycopg.Error."""
        if not feature.secrets and not feature.sealed_values:
            return ()
        rows = await insist(
            self._pool,
            SECRETS,
            {
                "workspace": workspace_id,
                "secrets": Texts(feature.secrets),
                "values": Uuids(feature.sealed_values),
            },
        )
        return tuple(SealedValue.of(row) for row in rows)

    async def _content(self, claim: Claim) -> JsonObject:
        rows = await insist(self._pool, statements.DEFINITION, {"hash": claim.definition_hash})
        if not rows:
            raise DefinitionMissing(claim.definition_hash)
        content: JsonObject = rows[0]["content"]
        return content

    async def values(self, definition: AnyDefinition, workspace_id: UUID) -> tuple[SealedValue, ...]:
        """The sealed values as they are now: who changes one wants the next run to use it. Raises psycopg.Error.

        Runs of one definition that ask at the same time are answered by one look, which begins after they asked.
        """
        if not definition.sealed_values and not definition.secrets:
            return ()
        key = (definition.hash, workspace_id)
        looks = self._looks.get(key)
        if looks is None:
            looks = self._looks[key] = Gatherer(partial(self._look, definition, workspace_id))
            if len(self._looks) > DEFINITIONS_KEPT:
                self._looks.popitem(last=False)
        return await looks.put(None)

    async def _look(
        self, definition: AnyDefinition, workspace_id: UUID, asked: list[None]
    ) -> Sequence[tuple[SealedValue, ...]]:
        wanted = {
            "values": Uuids(definition.sealed_values),
            "secrets": Texts(definition.secrets),
            "workspace": workspace_id,
        }
        if isinstance(definition, ResourceDefinition):
            rows = await insist(self._pool, resource_statements.VALUES, {**wanted, "config": definition.config})
        else:
            place = definition.connection_environment
            rows = await insist(self._pool, statements.VALUES, {**wanted, "connection_environment": place})
        values = tuple(sorted((SealedValue.of(row) for row in rows), key=lambda value: (value.kind, value.name)))
        return [values] * len(asked)


def any_definition(content_hash: str, content: JsonObject) -> AnyDefinition:
    """The stored composition of an action or of an operation of a resource, parsed."""
    return resource_definition(content_hash, content) if "resource" in content else definition_of(content_hash, content)


def definition_of(content_hash: str, content: JsonObject) -> Definition:
    """The stored composition of an action, parsed."""
    auth, login = content.get("auth"), content.get("login")
    references = [*content["variables"].values(), *content["credentials"].values()]
    return Definition(
        hash=content_hash,
        connection_environment=UUID(content["connection_environment"]),
        action=action_from_json(content["action"]),
        login=action_from_json(login) if login else None,
        auth=auth_from_json(auth) if auth else None,
        base_url=content["app_environment"]["base_url"],
        policy=content["policy"] or {},
        constants=content["constants"],
        variables=content["variables"],
        credentials=content["credentials"],
        sealed_values=tuple(UUID(reference["sealed"]) for reference in references if "sealed" in reference),
        secrets=tuple(dict.fromkeys(key for text in _texts(references) for key in placeholders.secret_refs(text))),
        verify_tls=content.get("verify_tls", True),
        cache=cache_definition(content),
    )


def _texts(references: list[dict[str, Json]]) -> Iterator[str]:
    yield from (reference["text"] for reference in references if "text" in reference)
