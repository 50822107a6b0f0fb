"""What a product has that its features may name: connections with their actions, resources, secrets, other features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from uuid import UUID

from products.catalog.resources import KINDS
from products.features import Connected, World
from products.features.checking import Operations
from products.features.input_fields import read_fields
from products.lib.actions import Parameter
from products.lib.database_actions import parameters, read_action
from products.lib.errors import Invalid
from products.lib.fields import Fields, Problems
from products.lib.jsontypes import JsonObject
from products.models import (
    Action,
    AppConstant,
    AppVariable,
    Connection,
    DatabaseAction,
    Feature,
    Product,
    Resource,
    Secret,
)
from products.queries.action_specs import ActionSpecs

_OPERATIONS: dict[str, Operations] = {
    kind.name: {each.name: each.input for each in kind.operations if not each.inner} for kind in KINDS.values()
}
MAX_NAMES = 100_000  # that are read of each kind: five of the largest apps


class DefinedActions(Mapping[str, tuple[Parameter, ...] | None]):
    """The actions of a database by tag, with their placeholders; None for one that cannot be read any more.

    Statements are fetched, all at once, when somebody first asks what an action is given, and read one by one: most
    features use few actions of few databases.
    """

    def __init__(self, resource: UUID, tags: frozenset[str]) -> None:
        self._resource, self._tags = resource, tags
        self._read: dict[str, tuple[Parameter, ...] | None] = {}

    def __contains__(self, tag: object) -> bool:
        return tag in self._tags

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def __len__(self) -> int:
        return len(self._tags)

    def __getitem__(self, tag: str) -> tuple[Parameter, ...] | None:
        if tag not in self._tags:
            raise KeyError(tag)
        if tag not in self._read:
            self._read[tag] = _placeholders(self._definitions.get(tag))
        return self._read[tag]

    @cached_property
    def _definitions(self) -> dict[str, JsonObject]:
        rows = DatabaseAction.objects.filter(resource_id=self._resource)
        return dict(rows.values_list("tag", "definition")[:MAX_NAMES])


def _placeholders(definition: JsonObject | None) -> tuple[Parameter, ...] | None:
    try:
        return parameters(read_action(definition))
    except Invalid:
        return None


def world_of(product: Product) -> World:
    """The product as its draft stands, for `check_feature`; eight queries.

    Two more when it is asked about actions, and one for each database that it is asked about.
    """
    apps = dict(Connection.objects.filter(product=product).values_list("tag", "app_id"))
    ids = set(apps.values())
    actions = _grouped(Action.objects.filter(app__in=ids).values_list("app_id", "tag")[:MAX_NAMES])
    variables = _grouped(AppVariable.objects.filter(app__in=ids).values_list("app_id", "key")[:MAX_NAMES])
    constants = _grouped(AppConstant.objects.filter(app__in=ids).values_list("app_id", "key")[:MAX_NAMES])
    secrets = Secret.objects.filter(workspace_id=product.workspace_id).values_list("key", flat=True)
    return World(
        connections={tag: Connected(actions[app], variables[app], constants[app]) for tag, app in apps.items()},
        secrets=frozenset(secrets[:MAX_NAMES]),
        inputs=_inputs(product),
        resources=_resources(product),
        specs=ActionSpecs(apps),
    )


def _grouped(rows: Iterable[tuple[UUID, str]]) -> defaultdict[UUID, frozenset[str]]:
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    for owner, name in rows:
        found[owner].add(name)
    return defaultdict(frozenset, {owner: frozenset(names) for owner, names in found.items()})


def _resources(product: Product) -> dict[str, dict[str, Operations]]:
    """By the type of their events."""
    found: dict[str, dict[str, Operations]] = {kind.event_type: {} for kind in KINDS.values()}
    rows = DatabaseAction.objects.filter(resource__product=product).values_list("resource_id", "tag")
    actions = _grouped(rows[:MAX_NAMES])
    resources = Resource.objects.filter(product=product, kind__in=KINDS).values_list("pk", "kind", "tag")
    for pk, name, tag in resources[:MAX_NAMES]:
        kind = KINDS[name]
        found[kind.event_type][tag] = DefinedActions(pk, actions[pk]) if kind.defined else _OPERATIONS[name]
    return found


def _inputs(product: Product) -> dict[str, tuple[Parameter, ...]]:
    """Of every feature what it asks for, without reading the rest of it."""
    rows = Feature.objects.filter(product=product).values_list("tag", "definition__input", "definition__defs")
    return {tag: _parameters(declared, defs) for tag, declared, defs in rows}


def _parameters(declared: JsonObject | None, defs: JsonObject | None) -> tuple[Parameter, ...]:
    return read_fields(Fields({"input": declared}, Problems()), "input", defs or {})
