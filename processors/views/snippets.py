"""A call of the processor interface as curl, Python and JavaScript."""

from __future__ import annotations

import json
from typing import Any, Literal

from django.conf import settings

from products.lib.jsontypes import Json

# What the client calls otherwise, and which fields of an operation it takes where it makes the others itself.
_PYTHON = {"for": "keep_for"}
_TAKEN = {
    "storage.read": {"key"}, "storage.list": {"prefix", "deep"},
    "storage.save": {"key", "content", "content_type", "if_absent"},
}  # fmt: skip
_NAMES = {"action": ("app", "action"), "feature": ("feature", "until")}


def feature_snippets(
    workspace: str, product: str, environment: str, feature: str, given: Json, *, until: str = ""
) -> list[dict[str, str]]:
    """A run of a feature. The input is one that people may see: masked, or an example."""
    body = {"product": product, "environment": environment, "feature": feature, "input": given, "wait": 10}
    body |= {"until": until} if until else {}
    return call_snippets(workspace, "feature", body)


def call_snippets(workspace: str, kind: Literal["action", "feature"], body: dict[str, Any]) -> list[dict[str, str]]:
    """`processor.<kind>.run` in three languages."""
    named = ", ".join(f'{name}="{body[name]}"' for name in _NAMES[kind] if name in body)
    python = f"run = ductape.processor.{kind}.run({named},\n    input={body['input']!r}, wait=10)\nprint(run.output)"
    return _in_three(_url(workspace, f"{kind}/run"), body, python)


def operation_snippets(workspace: str, call: str, body: dict[str, Any]) -> list[dict[str, str]]:
    """An operation of a resource, as `storage.save`, `cache.get` or `db.run`, in three languages."""
    path = call.replace(".", "/")
    python = f"run = ductape.processor.{call}({_arguments(call, body)}, wait=10)\nprint(run.output)"
    if call == "storage.list":
        python = f"for file in ductape.processor.storage.list({_arguments(call, body)}):\n    print(file)"
    return _in_three(_url(workspace, path), body, python)


def migration_snippets(workspace: str, body: dict[str, Any]) -> list[dict[str, str]]:
    """What a run of migrations was asked for; which there are, the product says itself."""
    given: dict[str, Any] = body["input"] if isinstance(body["input"], dict) else {}
    way = "rollback" if given.get("direction") == "down" else "run"
    how = {name: given[name] for name in ("to", "repair") if given.get(name)}
    asked = {**{name: value for name, value in body.items() if name != "input"}, **how}
    named = ", ".join(f"{name}={value!r}" for name, value in {"database": body["database"], **how}.items())
    python = f"run = ductape.processor.db.migration.{way}({named})\nprint(run.output)"
    return _in_three(_url(workspace, f"db/migration/{way}"), asked, python)


def _arguments(call: str, body: dict[str, Any]) -> str:
    """As the client names them: those of a database action under `input`, of other operations each by itself."""
    named: dict[str, Any] = {name: body[name] for name in ("database", "action", "storage", "cache") if name in body}
    if call == "db.run":
        return ", ".join(f"{name}={value!r}" for name, value in {**named, "input": body["input"]}.items())
    asked: dict[str, Any] = body.get("input") or {}
    given = {_PYTHON.get(name, name): value for name, value in asked.items()}
    taken = _TAKEN.get(call)
    known: dict[str, Any] = {name: value for name, value in given.items() if taken is None or name in taken}
    if call == "storage.save":
        known.setdefault("content", "…")
    return ", ".join(f"{name}={value!r}" for name, value in {**named, **known}.items())


def _url(workspace: str, path: str) -> str:
    return f"{settings.BASE_URL}/api/v1/workspaces/{workspace}/processor/{path}"


def _in_three(url: str, body: dict[str, Any], python: str) -> list[dict[str, str]]:
    text = json.dumps(body, indent=2, ensure_ascii=False)
    quoted = text.replace("'", "'\\''")
    curl = (
        f'curl -X POST {url} \\\n  -H "Authorization: Bearer $DUCTAPE_KEY" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{quoted}'"
    )
    opened = (
        "import os\n\nfrom processors.client import Ductape\n\n"
        f'ductape = Ductape("{settings.BASE_URL}", os.environ["DUCTAPE_KEY"], '
        f'product="{body["product"]}", environment="{body["environment"]}")\n'
    )
    javascript = (
        f'const answer = await fetch("{url}", {{\n  method: "POST",\n  headers: {{\n'
        "    Authorization: `Bearer ${process.env.DUCTAPE_KEY}`,\n"
        f'    "Content-Type": "application/json",\n  }},\n  body: JSON.stringify({text}),\n}});\n'
        "console.log(await answer.json());"
    )
    return [
        {"id": "curl", "label": "curl", "code": curl},
        {"id": "python", "label": "Python", "code": opened + python},
        {"id": "javascript", "label": "JavaScript", "code": javascript},
    ]
