"""What a run of a feature executes, read once from its stored composition: the plan, and a definition of every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from processors.engine.compiled import CompiledFeature
from processors.engine.compiling import compile_feature
from processors.runtime.resource_definition import ResourceDefinition, cache_definition, resource_definition
from products.features import Call, Feature, read_stored
from products.lib import placeholders
from products.lib.jsontypes import JsonObject, content_hash

if TYPE_CHECKING:
    from processors.runtime.loader import AnyDefinition


@dataclass(frozen=True, slots=True, eq=False)
class FeatureDefinition:
    """One feature of a composition (`products.queries.callable_features`), and those that it may start.

    `calls` are by target ("connection:action"); `variables` and `constants` by access tag; `secrets` and
    `sealed_values` is what has to be opened for its expressions.
    """

    product: str
    tag: str
    plan: CompiledFeature
    features: Mapping[str, Feature]
    calls: Mapping[str, AnyDefinition]
    variables: Mapping[str, dict[str, JsonObject]]
    constants: Mapping[str, JsonObject]
    secrets: tuple[str, ...]
    sealed_values: tuple[UUID, ...]
    caches: Mapping[str, ResourceDefinition]
    cache: ResourceDefinition | None = None  # that may have the result of the run

    @property
    def feature(self) -> Feature:
        """The one that runs."""
        return self.plan.feature


def feature_definition(
    tag: str, content: JsonObject, definition_of: Callable[[str, JsonObject], AnyDefinition]
) -> FeatureDefinition:
    """The feature `tag` of a composition. Raises ExpressionError, and ValueError for what cannot be read."""
    features = {name: _read(name, document) for name, document in content["features"].items()}

    def policy(call: Call) -> JsonObject:
        found: JsonObject = content["calls"].get(call.target, {}).get("policy") or {}
        return found

    connections = content["connections"]
    variables = {name: one["variables"] for name, one in connections.items()}
    references = [reference for one in variables.values() for reference in one.values()]
    return FeatureDefinition(
        product=content["product"],
        tag=tag,
        plan=compile_feature(features[tag], policy),
        features=features,
        calls={target: definition_of(content_hash(one), one) for target, one in content["calls"].items()},
        variables=variables,
        constants={name: one["constants"] for name, one in connections.items()},
        secrets=tuple(dict.fromkeys((*content["secrets"], *_named(references)))),
        sealed_values=tuple(UUID(reference["sealed"]) for reference in references if "sealed" in reference),
        cache=cache_definition(content),
        caches={name: resource_definition(content_hash(one), one) for name, one in content.get("caches", {}).items()},
    )


def _named(references: list[JsonObject]) -> Iterator[str]:
    for reference in references:
        yield from placeholders.secret_refs(str(reference.get("text", "")))


def _read(tag: str, document: JsonObject) -> Feature:
    feature, problems = read_stored(tag, document)
    if problems:
        raise ValueError(f"the feature {tag} cannot be read: {problems[0].detail}")
    return feature
