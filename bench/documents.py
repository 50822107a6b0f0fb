"""A generated OpenAPI document as large as big real ones."""

from __future__ import annotations

import json
from typing import Any

WORDS = (
    *("account", "amount", "batch", "charge", "customer", "dispute", "event"),
    *("invoice", "ledger", "merchant", "order", "payout", "refund", "session"),
)


SCHEMAS = 60


def large_document(*, circle: int, operations: int = 600, size: int = 4_000_000) -> bytes:
    """An OpenAPI 3.1 document with this many operations and about this many bytes.

    Its 60 schemas refer to each other in circles of `circle`: an action needs every schema of its circle.
    """
    padding = max(0, (size - len(_document(operations, 0, circle))) // operations)
    return _document(operations, padding, circle)


def _document(operations: int, padding: int, circle: int) -> bytes:
    paths = {f"/{_word(number)}/{number}/{{id}}": {"post": _operation(number, padding)} for number in range(operations)}
    schemas = {f"Thing{number}": _thing(number, circle) for number in range(SCHEMAS)}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Large API", "version": "1"},
        "servers": [{"url": "https://api.large.example"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        },
    }
    return json.dumps(document).encode()


def _operation(number: int, padding: int) -> dict[str, Any]:
    query = [
        {"name": f"{word}_{number}", "in": "query", "schema": {"type": "string", "maxLength": 50}} for word in WORDS[:6]
    ]
    body = {"application/json": {"schema": {"$ref": f"#/components/schemas/Thing{number % SCHEMAS}"}}}
    sample = {word: f"{word} {number}" for word in WORDS}
    return {
        "operationId": f"do_{_word(number)}_{number}",
        "tags": [_word(number)],
        "summary": f"Do {_word(number)} {number}",
        "description": ("What this does, in many words. " * (padding // 31 + 1))[:padding],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}, *query],
        "requestBody": {"content": body},
        "responses": {"200": {"description": "OK", "content": {"application/json": {"example": sample}}}},
    }


def _thing(number: int, circle: int) -> dict[str, Any]:
    fields: dict[str, Any] = {f"{word}_{index}": {"type": "string"} for index in range(3) for word in WORDS}
    first = number // circle * circle
    fields["next"] = {"$ref": f"#/components/schemas/Thing{first + (number + 1 - first) % circle}"}
    return {"type": "object", "properties": fields, "required": [f"{WORDS[0]}_0"]}


def _word(number: int) -> str:
    return WORDS[number % len(WORDS)]
