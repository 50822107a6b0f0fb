"""Whether an answer of the REST API is as its OpenAPI schema says: status, content type, body."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs
from drf_spectacular.generators import SchemaGenerator

API = "/api/v1/"
_PART = re.compile(r"\\{\w+\\}")


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The schema as `/api/schema/` gives it."""
    made: dict[str, Any] = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))
    return made


def assert_as_described(method: str, url: str, response: Any) -> None:
    """Fails for an answer of Django's test client that the schema does not know. Nothing is said of other addresses."""
    path = url.split("?")[0]
    if path.startswith(API):
        body = b"..." if response.streaming else response.content  # a stream is never JSON, and may be sent later
        problem = undescribed(method, path, response.status_code, response.get("Content-Type", ""), body)
        assert not problem, f"{method.upper()} {url} → {response.status_code}: {problem}"


def undescribed(method: str, path: str, status: int, kind: str, body: bytes) -> str:
    """What the schema does not say about an answer; empty where it says it all."""
    operation = _operation(method.lower(), path)
    if operation is None:  # no route, or none for this method
        return "" if status in {404, 405} else "no such operation"
    template, name = operation
    described = schema()["paths"][template][name]["responses"].get(str(status))
    if described is None:
        return "an undocumented status"
    contents = described.get("content", {})
    if not body:
        return "" if not contents else "an empty body"
    plain = kind.split(";")[0]
    if plain not in contents:
        return f"an undocumented content type {kind!r}"
    return _wrong(template, name, str(status), plain, body) if "json" in plain else ""


def _wrong(template: str, method: str, status: str, kind: str, body: bytes) -> str:
    errors = list(_validator(template, method, status, kind).iter_errors(json.loads(body)))
    return "; ".join(f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors[:5])


@cache
def _validator(template: str, method: str, status: str, kind: str) -> Any:
    found = schema()["paths"][template][method]["responses"][status]["content"][kind]["schema"]
    return jsonschema_rs.Draft202012Validator({**found, "components": schema()["components"]}, validate_formats=True)


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Each path as a pattern, those with the fewest variable parts first."""
    paths = sorted(schema()["paths"], key=lambda path: (path.count("{"), path))
    return [(re.compile(_PART.sub("[^/]+", re.escape(path))), path) for path in paths]


def _operation(method: str, path: str) -> tuple[str, str] | None:
    name = "get" if method == "head" else method
    for pattern, template in _templates():
        if pattern.fullmatch(path) and name in schema()["paths"][template]:
            return template, name
    return None
