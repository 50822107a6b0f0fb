"""Small documents for the importer tests, as bytes."""

from __future__ import annotations

import json
from typing import Any

from products.importers import AppDraft, read_document


def openapi(paths: dict[str, Any] | None = None, *, version: str = "3.0.3", **parts: Any) -> bytes:
    """An OpenAPI document with these paths."""
    servers = [{"url": "https://api.example.com"}]
    document = {"openapi": version, "info": {"title": "T", "version": "1"}, "servers": servers, "paths": paths or {}}
    return json.dumps({**document, **parts}).encode()


def operation(**parts: Any) -> dict[str, Any]:
    """A path with one POST operation."""
    return {"/things": {"post": {"operationId": "makeThing", "responses": {}, **parts}}}


def json_body(schema: Any) -> dict[str, Any]:
    """The request body of a schema."""
    return {"content": {"application/json": {"schema": schema}}}


def swagger(paths: dict[str, Any], **parts: Any) -> bytes:
    """A Swagger 2.0 document."""
    return json.dumps({"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": paths, **parts}).encode()


def postman(*items: Any, **parts: Any) -> bytes:
    """A Postman 2.1 collection of these items."""
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return json.dumps({"info": {"name": "C", "schema": schema}, "item": list(items), **parts}).encode()


def request(name: str = "R", url: Any = "https://api.example.com/r", **parts: Any) -> dict[str, Any]:
    """A Postman item with a request."""
    return {"name": name, "request": {"method": "POST", "url": url, **parts}}


def codes(draft: AppDraft) -> set[str]:
    """The codes of a draft's notices."""
    return {notice.code for notice in draft.notices}


def only_action(data: bytes) -> Any:
    """The one action of a document."""
    [action] = read_document(data).actions
    return action.spec
