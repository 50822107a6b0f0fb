"""What a release of a product holds, and what an environment lacks to run it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from django.db.models import Q

from products.expressions import ExpressionError
from products.lib.errors import Conflict, Invalid, NotFound
from products.lib.jsontypes import JsonObject
from products.models import (
    Action,
    Connection,
    ConnectionEnvironment,
    DatabaseAction,
    Environment,
    Feature,
    Product,
    Secret,
)
from products.queries.callable_actions import callable_action
from products.queries.callable_features import Draft
from products.queries.callable_resources import Wanted, callable_operation
from products.queries.features import as_read

MAX_LOOKED_AT = 300  # actions whose calls are put together to see what is missing


def draft_content(product: Product) -> JsonObject:
    """What a release of the draft would hold: its features, the actions of apps that they call, database actions."""
    rows = Feature.objects.filter(product=product).order_by("tag").values("tag", "name", "description", "definition")
    documents = {row["tag"]: {key: row[key] for key in ("name", "description", "definition")} for row in rows}
    draft = _draft(documents)
    operations = _operations(product, draft)
    content: JsonObject = {"features": documents, "actions": _actions(product, draft.calls)}
    return {**content, "operations": operations} if operations else content


def missing_in(environment: Environment, content: JsonObject) -> list[str]:
    """What keeps runs of this content from starting there, in sentences; nothing is missing in an empty list."""
    draft = _draft(content.get("features", {}))
    found = [_why_not(environment, app, event) for app, event in draft.calls[:MAX_LOOKED_AT]]
    found += [_why_not_use(environment, wanted, content) for wanted in _used(draft)[:MAX_LOOKED_AT]]
    try:
        found += _unmapped(environment, draft.connections)
        found += _unknown_secrets(environment.product, draft.secrets)
    except ExpressionError as error:  # of a release from before something changed in the language
        found.append(f"An expression cannot be read: {error}")
    return [sentence for sentence in dict.fromkeys(found) if sentence]


def _draft(documents: Mapping[str, JsonObject]) -> Draft:
    """All features together; one that cannot be read is left out: it cannot be saved as it is either."""
    read = {}
    for tag, document in documents.items():
        with suppress(Invalid):
            read[tag] = as_read({**document, "tag": tag})
    return Draft("", None, dict(documents), read)


def _actions(product: Product, calls: list[tuple[str, str]]) -> JsonObject:
    apps = dict(Connection.objects.filter(product=product).values_list("tag", "app_id"))
    wanted = Q(pk__in=())
    for tag, app in apps.items():
        names = [event for connection, event in calls if connection == tag]
        wanted |= Q(app=app, tag__in=names) if names else Q(pk__in=())
    specs = {(app, tag): spec for app, tag, spec in Action.objects.filter(wanted).values_list("app_id", "tag", "spec")}
    return {
        f"{connection}:{event}": specs[apps[connection], event]
        for connection, event in sorted(calls)
        if connection in apps and (apps[connection], event) in specs
    }


def _why_not(environment: Environment, access_tag: str, action: str) -> str:
    try:
        callable_action(None, environment.product, environment, access_tag=access_tag, action_tag=action)
    except (Conflict, NotFound) as error:
        return error.message
    return ""


def _used(draft: Draft) -> list[Wanted]:
    return [*(wanted for _, wanted in draft.operations), *(Wanted("cache", tag, "get") for tag in draft.caches)]


def _why_not_use(environment: Environment, wanted: Wanted, content: JsonObject) -> str:
    frozen = content.get("operations", {}).get(wanted.target) if wanted.kind == "database" else None
    try:
        callable_operation(None, environment.product, environment, wanted, frozen=frozen)
    except (Conflict, NotFound) as error:
        return error.message
    return ""


def _operations(product: Product, draft: Draft) -> JsonObject:
    """The definitions of database actions, by `database:action`."""
    wanted = {each.target for event_type, each in draft.operations if event_type == "db_action"}
    rows = DatabaseAction.objects.filter(
        resource__product=product, resource__tag__in={one.split(":")[0] for one in wanted}
    )
    found = {f"{row.resource.tag}:{row.tag}": row.definition for row in rows.select_related("resource")}
    return {target: found[target] for target in sorted(wanted) if target in found}


def _unmapped(environment: Environment, tags: list[str]) -> list[str]:
    """Connections whose values expressions name, though none of their actions may be called."""
    rows = ConnectionEnvironment.objects.filter(environment=environment, connection__tag__in=tags)
    mapped = set(rows.values_list("connection__tag", flat=True))
    return [
        f"The connection “{tag[:63]}” does not say which environment of its app “{environment.slug}” uses."
        for tag in tags
        if tag not in mapped
    ]


def _unknown_secrets(product: Product, keys: list[str]) -> list[str]:
    rows = Secret.objects.filter(workspace_id=product.workspace_id, key__in=keys)
    there = set(rows.values_list("key", flat=True))
    return [f"There is no secret “{key[:120]}”." for key in keys if key not in there]
