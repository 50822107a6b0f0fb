"""What mutants are made of: every document of the corpus, the large ones as slices that keep what they refer to."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

from products.lib.document_errors import DocumentError
from products.lib.documents import load_document

CORPUS = Path(__file__).parents[1] / "data" / "corpus"
SMALL = 40_000  # bytes; what is larger is sliced
_KEPT = 150  # referenced parts of one slice


def sources(rng: random.Random, *, slices: int = 6) -> list[bytes]:
    """Small documents as they are, and `slices` slices of each large one."""
    found: list[bytes] = []
    for path in sorted(CORPUS.glob("*/*.[jy]*")):
        data = path.read_bytes()
        if len(data) <= SMALL:
            found.append(data)
            continue
        tree = load_document(data).tree
        found += [_slice(tree, rng) for _ in range(slices)]
    return found


def large_sources() -> list[bytes]:
    """The large documents themselves."""
    return [data for path in sorted(CORPUS.glob("*/*.[jy]*")) if len(data := path.read_bytes()) > SMALL]


def trees(documents: list[bytes]) -> list[str]:
    """The trees of those that can be loaded, as JSON."""
    found = []
    for data in documents:
        with suppress(DocumentError):
            found.append(json.dumps(load_document(data).tree))
    return found


def _slice(tree: Any, rng: random.Random) -> bytes:
    if isinstance(tree.get("paths"), dict):
        return _openapi_slice(tree, rng)
    return json.dumps({**tree, "item": [_some_items(tree.get("item"), rng, 4)]}).encode()


def _some_items(items: Any, rng: random.Random, depth: int) -> Any:
    if not isinstance(items, list) or not items:
        return items
    chosen = dict(rng.choice(items))
    if depth and isinstance(chosen.get("item"), list):
        return {**chosen, "item": [_some_items(chosen["item"], rng, depth - 1)]}
    return chosen


def _openapi_slice(tree: Any, rng: random.Random) -> bytes:
    keys = rng.sample(sorted(tree["paths"]), k=min(2, len(tree["paths"])))
    small = {key: value for key, value in tree.items() if key not in {"paths", "components", "definitions", "tags"}}
    small["paths"] = {key: tree["paths"][key] for key in keys}
    schemes = tree.get("components", {}).get("securitySchemes")
    if schemes:
        small["components"] = {"securitySchemes": schemes}
    waiting, seen = _refs(small["paths"]), set()
    while waiting and len(seen) < _KEPT:
        ref = waiting.pop()
        if ref not in seen and ref.startswith("#/"):
            seen.add(ref)
            waiting += _keep(tree, small, ref[2:].split("/"))
    return json.dumps(small).encode()


def _keep(tree: Any, small: Any, parts: list[str]) -> list[str]:
    """Copies what a reference points at to the same place; the references in it."""
    names = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    target = tree
    for name in names:
        if not isinstance(target, dict) or name not in target:
            return []
        target = target[name]
    for name in names[:-1]:
        small = small.setdefault(name, {})
    small.setdefault(names[-1], target)
    return _refs(target)


def _refs(node: Any) -> list[str]:
    found: list[str] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                found.append(each["$ref"])
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return found
