"""An OpenAPI 3 document to a draft of an app."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from products.importers.drafts import ActionDraft, AppDraft
from products.importers.errors import DocumentError
from products.importers.keywords import Dialect
from products.importers.names import TagBook
from products.importers.openapi.context import Context
from products.importers.openapi.extension import KEY, told
from products.importers.openapi.operations import Place, read_operation
from products.importers.openapi.security import AuthBook
from products.importers.openapi.servers import ServerBook
from products.importers.refs import Refs
from products.importers.report import Report
from products.importers.schemas import SchemaBook
from products.importers.shapes import as_description, as_dict, as_list, as_text, clean_name, pointer
from products.importers.variable_keys import is_usable
from products.importers.variables import VariableBook

Progress = Callable[[int, int], None]
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
_PROGRESS_EVERY = 25


def read_openapi(
    document: dict[str, Any], *, version: str, report: Report, progress: Progress | None = None
) -> AppDraft:
    """Every operation of an OpenAPI 3.x document as an action. Raises DocumentError without any `paths`."""
    refs = Refs(document, report)
    places = list(_places(document, refs, report))
    if not places and not any(isinstance(document.get(key), dict) for key in ("paths", "webhooks", "components")):
        raise DocumentError("no-operations", "The document has no “paths”, so there is nothing to import.")
    variables = VariableBook(report)
    _declare(variables, document)
    dialect: Dialect = "openapi-3.0" if version.startswith(("2", "3.0")) else "json-schema"
    context = Context(
        document=document,
        report=report,
        refs=refs,
        schemas=SchemaBook(refs, report, dialect=dialect, actions=len(places)),
        auths=AuthBook(document, refs, report),
        servers=ServerBook(document, report, variables),
        tags=TagBook(),
    )
    actions = tuple(_actions(context, places, progress))
    context.schemas.note_cuts()
    _note_left_out(document, report)
    return _draft(context, actions, variables, version)


def _declare(variables: VariableBook, document: dict[str, Any]) -> None:
    """The variables of an export of ours; other documents have only those of their servers."""
    for each in as_list(told(document).get("variables"))[:500]:
        row = as_dict(each)
        kind = "secret" if row.get("secret") is True else as_text(row.get("type"))
        key = as_text(row.get("key"))
        if is_usable(key):
            variables.declare(key, row.get("default"), KEY, kind=kind, description=row.get("description"))


def _draft(context: Context, actions: tuple[ActionDraft, ...], variables: VariableBook, version: str) -> AppDraft:
    info = as_dict(context.document.get("info"))
    auths = context.auths.drafts()
    context.report.queries_with_secrets(auths)
    return AppDraft(
        format="openapi",
        version=version,
        title=context.report.name(info.get("title"), "/info/title", "Untitled API"),
        description=as_description(info.get("description") or info.get("summary")),
        actions=actions,
        auths=auths,
        default_auths=context.auths.default,
        environments=context.servers.drafts(),
        variables=variables.drafts(),
        folders=_folders(context.document, actions),
        notices=context.report.notices(),
    )


def _actions(context: Context, places: list[Place], progress: Progress | None) -> Iterator[ActionDraft]:
    for number, place in enumerate(places):
        if progress is not None and number % _PROGRESS_EVERY == 0:
            progress(number, len(places))
        yield read_operation(context, place)
    if progress is not None:
        progress(len(places), len(places))


def _places(document: dict[str, Any], refs: Refs, report: Report) -> Iterator[Place]:
    """Every operation; its own id, where no other has it, is how a re-import finds it again."""
    found = list(_operations(document, refs, report))
    ids = Counter(as_text(place.operation.get("operationId")) for place in found)
    for place in found:
        own = as_text(place.operation.get("operationId"))
        if ids[own] > 1 and own:
            report.changed("duplicate-id", place.pointer, f"The operationId “{own[:80]}” is there {ids[own]} times.")
        yield replace(place, source_id=own if own and ids[own] == 1 else place.source_id)


def _operations(document: dict[str, Any], refs: Refs, report: Report) -> Iterator[Place]:
    for key, raw in as_dict(document.get("paths")).items():
        if key.startswith("x-"):
            continue
        item = _beneath(raw, refs, pointer("paths", key))
        if not isinstance(item, dict):
            report.skipped("bad-path", pointer("paths", key), "The path is no object and was left out.")
            continue
        methods = {**item, **as_dict(item.get("additionalOperations"))}
        for method, operation in methods.items():
            if method.lower() not in METHODS and method not in as_dict(item.get("additionalOperations")):
                continue
            if isinstance(operation, dict):
                operation = _beneath(operation, refs, pointer("paths", key, method))
                yield Place(key, method, item, operation, source_id=f"{method.upper()} {key}")
            else:
                report.skipped("bad-operation", pointer("paths", key, method), "The operation is no object.")


def _beneath(raw: Any, refs: Refs, place: str) -> Any:
    """A path item or operation, with what it refers to beneath its own words."""
    if not isinstance(raw, dict) or not isinstance(raw.get("$ref"), str):
        return raw
    target = as_dict(refs.follow(raw, place))
    return {**target, **{key: value for key, value in raw.items() if key != "$ref"}}


def _folders(document: dict[str, Any], actions: tuple[ActionDraft, ...]) -> tuple[tuple[str, ...], ...]:
    """Folders in use: first in the order the document lists its tags, then as they come."""
    used = dict.fromkeys(action.spec.folder for action in actions if action.spec.folder)
    tags = document.get("tags")
    listed = [(clean_name(as_dict(tag).get("name")),) for tag in (tags if isinstance(tags, list) else [])]
    return tuple(dict.fromkeys([folder for folder in listed if folder in used] + list(used)))


def _note_left_out(document: dict[str, Any], report: Report) -> None:
    webhooks = as_dict(document.get("webhooks"))
    if webhooks:
        report.skipped("webhooks", "/webhooks", f"{len(webhooks)} webhooks are described; they are not actions.")
    items = [item for item in as_dict(document.get("paths")).values() if isinstance(item, dict)]
    operations = [each for item in items for each in item.values() if isinstance(each, dict)]
    callbacks = sum(len(as_dict(operation.get("callbacks"))) for operation in operations)
    if callbacks:
        report.skipped("callbacks", "/paths", f"{callbacks} callbacks are described; they are not actions.")
