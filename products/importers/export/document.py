"""An app's draft to an OpenAPI 3.1 document; reading it gives the same draft.

What OpenAPI has no words for (scripts, folders in folders, switched off rows, odd auths) stands under `x-ductape`. To
know what that is, the plain document is read and compared: only what came back otherwise is said again.
"""

from __future__ import annotations

from typing import Any

from products.importers.drafts import ActionDraft, AppDraft, EnvironmentDraft, VariableDraft
from products.importers.export.auths import scheme
from products.importers.export.operations import operation
from products.importers.export.schemas import Definitions
from products.importers.openapi.document import METHODS, read_openapi
from products.importers.openapi.extension import KEY, WORDS
from products.importers.openapi.servers import server_url
from products.importers.report import Report
from products.lib import placeholders
from products.lib.actions import ActionSpec, to_json

VERSION = "3.1.0"


def export_openapi(draft: AppDraft) -> dict[str, Any]:
    """The document. It holds no values of connections; give it a draft whose credentials are masked."""
    definitions = Definitions()
    operations = {each.spec.tag: operation(each, definitions) for each in draft.actions}
    schemes = {each.tag: scheme(each) for each in draft.auths}
    document: dict[str, Any] = {
        "openapi": VERSION,
        "info": {"title": draft.title, "description": draft.description, "version": "1"},
        "servers": [_server(each, draft.variables) for each in draft.environments],
        "tags": [{"name": name} for name in dict.fromkeys(folder[0] for folder in draft.folders if folder)],
        "security": [{tag: []} for tag in draft.default_auths],
        "paths": _paths(draft, operations),
        "components": {"schemas": definitions.all(), "securitySchemes": schemes},
        KEY: {"variables": [_variable(each) for each in draft.variables]},
    }
    again = read_openapi(document, version=VERSION, report=Report())
    for each in draft.auths:
        _say(schemes[each.tag], _differences(each, next((a for a in again.auths if a.tag == each.tag), None)))
    read = {each.spec.source_id: each for each in again.actions}
    for before in draft.actions:
        if before.spec.tag in read:
            _say_of_action(operations[before.spec.tag], before, read[before.spec.tag])
    return document


def _say_of_action(found: dict[str, Any], before: ActionDraft, after: ActionDraft) -> None:
    spec, again = before.spec, after.spec
    said = {word: getattr(spec, word) for word in WORDS[ActionSpec] if getattr(spec, word) != getattr(again, word)}
    if again.tag != spec.tag:
        said["tag"] = spec.tag
    if before.samples != after.samples:
        said["samples"] = [_plain_sample(each) for each in before.samples]
    _say(found, said)
    parameters = {(each.place, each.name): each for each in again.parameters}
    for raw, each in zip(found.get("parameters", ()), spec.parameters, strict=True):
        _say(raw, _differences(each, parameters.get((each.place, each.name))))
    if spec.body is not None:
        bare = {} if spec.body.schema or not (again.body and again.body.schema) else {"bare": True}
        _say(found["requestBody"], {**_differences(spec.body, again.body), **bare})


def _differences(before: Any, after: Any) -> dict[str, Any]:
    """What the plain document does not say, in the words that the extension is read by."""
    if after is None:
        return {}
    old, new = to_json(before), to_json(after)
    words = WORDS.get(type(before), tuple(key for key in old if key != "tag"))
    return {word: old[word] for word in words if old[word] != new[word]}


def _say(found: dict[str, Any], said: dict[str, Any]) -> None:
    if said:
        found[KEY] = {**found.get(KEY, {}), **said}


def _paths(draft: AppDraft, operations: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Operations by path; a second one of the same call stands under its path with a fragment, which is never sent."""
    paths: dict[str, Any] = {}
    for each in draft.actions:
        spec = each.spec
        key = spec.path.replace("?", "%3F").replace("#", "%23")
        method = spec.method.lower() if spec.method.lower() in METHODS else spec.method
        if method in _methods(paths.get(key, {})):
            key = f"{key}#{spec.tag}"
        item = paths.setdefault(key, {})
        place = item if method in METHODS else item.setdefault("additionalOperations", {})
        place[method] = operations[spec.tag]
    return paths


def _methods(item: dict[str, Any]) -> set[str]:
    return {*item, *item.get("additionalOperations", {})}


def _server(each: EnvironmentDraft, variables: tuple[VariableDraft, ...]) -> dict[str, Any]:
    used = set(placeholders.find(each.base_url))
    told = {
        found.key: {"default": "" if found.default is None else str(found.default), "description": found.description}
        for found in variables
        if found.key in used
    }
    said = {"slug": each.slug, "base_url": each.base_url}
    server: dict[str, Any] = {"url": server_url(each.base_url), "description": each.name, KEY: said}
    return {**server, "variables": told} if told else server


def _variable(each: VariableDraft) -> dict[str, Any]:
    found = {"key": each.key, "type": each.type, "description": each.description, "secret": each.secret}
    return found if each.secret or each.default is None else {**found, "default": each.default}


def _plain_sample(each: Any) -> dict[str, Any]:
    return {word: getattr(each, word) for word in ("name", "status", "content_type", "headers", "body")}
