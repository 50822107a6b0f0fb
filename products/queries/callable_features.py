"""Everything one run of a feature needs, as plain JSON that the run can keep: secrets by reference, never by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from products import features
from products.access import Actor, Permission
from products.catalog.resources import KIND_BY_EVENT
from products.expressions import ExpressionError, compile_condition, compile_template
from products.features import Call
from products.lib.errors import Conflict, NotFound
from products.lib.jsontypes import Json, JsonObject
from products.models import ConnectionEnvironment, Environment, Feature, Product, Release, Secret, ValueKind
from products.queries.callable_actions import callable_action
from products.queries.callable_resources import Wanted, callable_operation
from products.queries.connection_values import references, with_app_parts

MOST_FEATURES = 100  # that one run may start, children of children included
NAMED_AT_MOST = 6


@dataclass(frozen=True)
class Draft:
    """A feature and all that it may start, as they stand: the documents by tag, and the same parsed."""

    tag: str
    release: int | None
    documents: dict[str, JsonObject]
    read: dict[str, features.Feature]

    @property
    def feature(self) -> features.Feature:
        """The one that is to run."""
        return self.read[self.tag]

    @cached_property
    def calls(self) -> list[tuple[str, str]]:
        """Every action that may be called: access tag and action."""
        found = {(call.app, call.event): None for call in _calls(self) if call.type == "action"}
        return list(found)

    @cached_property
    def operations(self) -> list[tuple[str, Wanted]]:
        """Every operation of a resource that may be called, with the type of event that calls it."""
        found = {(call.type, call.event): None for call in _calls(self) if call.type in KIND_BY_EVENT}
        return [(kind, wanted_of(kind, event)) for kind, event in found]

    @cached_property
    def caches(self) -> list[str]:
        """The caches in which events keep their results."""
        events = (event for one in self.read.values() for event in one.events())
        return list(dict.fromkeys(event.keep.name for event in events if event.keep is not None and event.keep.name))

    @cached_property
    def connections(self) -> list[str]:
        """The access tags whose values expressions name."""
        roots = {"Variable", "Constant"}
        return list(dict.fromkeys(use[1] for use in self.uses() if use[0] in roots and len(use) > 1))

    @cached_property
    def secrets(self) -> list[str]:
        """The keys of `$Secret{…}`."""
        return list(dict.fromkeys(use[1] for use in self.uses() if use[0] == "Secret" and len(use) > 1))

    def uses(self) -> Iterator[tuple[str, ...]]:
        """Every reference: its root and its segments."""
        for one in self.read.values():
            for value, is_condition in _texts(one):
                compiled = compile_condition(str(value)) if is_condition else compile_template(value)
                yield from ((use.root, *use.segments) for use in compiled.uses)


def draft_of(product: Product, environment: Environment, tag: str) -> Draft:
    """What the environment runs under this tag: of its release, or of the draft. Raises NotFound, Conflict."""
    release = environment.release
    documents = _documents(product, release)
    if tag not in documents:
        where = f"release {release.number} of the" if release else "the"
        raise NotFound(f"There is no feature “{tag[:63]}” in {where} product “{product.tag}”.")
    found: dict[str, JsonObject] = {}
    read: dict[str, features.Feature] = {}
    todo = [tag]
    while todo:
        one = todo.pop()
        if one in found:
            continue
        if one not in documents:
            raise Conflict(
                f"The feature “{tag}” starts the feature “{one[:63]}”, which is not there.", code="no_feature"
            )
        found[one] = documents[one]
        read[one] = read_document(one, documents[one])
        todo += read[one].starts()
    if len(found) > MOST_FEATURES:
        raise Conflict(f"A run may start at most {MOST_FEATURES} different features.", code="too_many_features")
    draft = Draft(tag, release.number if release else None, found, read)
    try:
        tuple(draft.uses())
    except ExpressionError as error:
        raise Conflict(f"The feature “{tag}” cannot be run: {error}", code="broken_feature") from None
    return draft


def callable_feature(actor: Actor | None, product: Product, environment: Environment, draft: Draft) -> JsonObject:
    """The composition of a run of the feature in this environment.

    `kind` "feature", `feature` (tag), `release` (number or None), `features` {tag: {name, description, definition}},
    `calls` {`call_key`: composition of `callable_action` or `callable_operation`}, `connections` {access tag:
    {connection_environment, variables, constants}} of those that expressions name, `secrets` [key],
    `caches` {tag: composition}.
    Raises NotFound and Conflict, naming what is missing, as `callable_action`.
    """
    if actor is not None:
        actor.need(Permission.VIEW)
    content = environment.release.content if environment.release else {}
    frozen = content.get("actions", {})
    calls: JsonObject = _operations(actor, product, environment, draft, content.get("operations", {}))
    for app, event in draft.calls:
        call = callable_action(actor, product, environment, access_tag=app, action_tag=event).composition
        target = f"{app}:{event}"
        calls[target] = {**call, "action": frozen[target]} if target in frozen else call
    return {
        "kind": "feature",
        "product": product.tag,
        "environment": environment.slug,
        "feature": draft.tag,
        "release": draft.release,
        "features": draft.documents,
        "calls": calls,
        "connections": _connections(product, environment, draft.connections),
        **_caches(actor, product, environment, draft),
        "secrets": _secrets(product, draft.secrets),
    }


def call_key(event_type: str, target: str) -> str:
    """Under which the composition of a feature has a call: an app and a database may share a tag."""
    return target if event_type == "action" else f"{event_type} {target}"


def wanted_of(event_type: str, event: str) -> Wanted:
    """What an event of a feature names: `orders-db:create-order`."""
    resource, _, operation = event.partition(":")
    return Wanted(KIND_BY_EVENT[event_type].name, resource, operation)


def _operations(
    actor: Actor | None, product: Product, environment: Environment, draft: Draft, frozen: JsonObject
) -> JsonObject:
    found: JsonObject = {}
    for event_type, wanted in draft.operations:
        definition = frozen.get(wanted.target) if event_type == "db_action" else None
        composition = callable_operation(actor, product, environment, wanted, frozen=definition)
        found[call_key(event_type, wanted.target)] = composition
    return found


def _caches(actor: Actor | None, product: Product, environment: Environment, draft: Draft) -> JsonObject:
    found = {
        name: callable_operation(actor, product, environment, Wanted("cache", name, "get")) for name in draft.caches
    }
    return {"caches": found} if found else {}


def _documents(product: Product, release: Release | None) -> dict[str, JsonObject]:
    if release is not None:
        content: dict[str, JsonObject] = release.content.get("features", {})
        return content
    rows = Feature.objects.filter(product=product).values("tag", "name", "description", "definition")
    return {row["tag"]: {key: row[key] for key in ("name", "description", "definition")} for row in rows}


def read_document(tag: str, document: JsonObject) -> features.Feature:
    """One feature of a composition or release. Raises Conflict for what cannot be run (any more)."""
    read, problems = features.read_stored(tag, document)
    if problems:
        first = problems[0]
        raise Conflict(f"The feature “{tag}” cannot be run: {first.pointer}: {first.detail}", code="broken_feature")
    return read


def _calls(draft: Draft) -> Iterator[Call]:
    for one in draft.read.values():
        for event in one.events():
            yield event.call
            if event.undo is not None:
                yield event.undo.call


def _texts(feature: features.Feature) -> Iterator[tuple[Json, bool]]:
    """Whatever may hold expressions, and whether it is a condition."""
    for event in feature.events():
        yield event.call.input, False
        if event.condition:
            yield event.condition, True
        if event.loop is not None:
            yield event.loop.items, False
        if event.keep is not None:
            yield event.keep.key, False
        if event.undo is not None:
            yield event.undo.call.input, False
    yield feature.output, False
    if feature.options.surplus is not None:
        yield feature.options.surplus.key, False


def _connections(product: Product, environment: Environment, tags: list[str]) -> JsonObject:
    if not tags:
        return {}
    rows = ConnectionEnvironment.objects.select_related("connection__app", "app_environment", "auth")
    rows = rows.filter(connection__product=product, connection__tag__in=tags, environment=environment)
    found = {row.connection.tag: row for row in with_app_parts(rows).prefetch_related("values")}
    for tag in tags:
        if tag not in found:
            raise Conflict(
                f"The connection “{tag[:63]}” does not say which environment of its app “{environment.slug}” uses.",
                code="not_mapped",
            )
    return {
        tag: {
            "connection_environment": str(row.pk),
            "variables": references(row)[ValueKind.VARIABLE],
            "constants": {constant["key"]: constant["value"] for constant in row.constants},
        }
        for tag, row in found.items()
    }


def _secrets(product: Product, keys: list[str]) -> list[str]:
    there = set(Secret.objects.filter(workspace_id=product.workspace_id, key__in=keys).values_list("key", flat=True))
    missing = [key for key in keys if key not in there]
    if missing:
        shown = ", ".join(f"“{key[:63]}”" for key in missing[:NAMED_AT_MOST])
        raise Conflict(f"There is no secret {shown}.", code="no_secret")
    return keys
