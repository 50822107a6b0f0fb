"""Damages a document: its bytes, its tree, or the way the tree is written. The same seed makes the same mutant."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import yaml

TOKENS = [
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\t", b"&a ", b"*a"),
    *(b"<<: *a\n", b"!!python/object:x", b"---\n", b"...\n", b"? ", b"- ", b"|\n", b">-\n", b"#", b"%YAML 9.9\n", b"@"),
    *(b"\\ud800", b"\\u0000", b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"null", b"true", b'"$ref"', b"<html>"),
    *(
        b'{"":',
        b"[" * 200,
        b'{"a":' * 200,
        b"{{x}}",
        b"{{",
        b"\xe2\x80\xae",
        b"__proto__",
        b"\x85",
        b"\xf0\x9f\x92\xa9",
    ),
]
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**63,
        -(2**70),
        10**290,
        0.5,
        -0.0,
        1e300,
        1e-300,
        "",
        " ",
        "x",
        "{{x}}",
        "{{a/b}}",
    ),
    *("{id}", "{{", "}}", "\x00", "\ud800", "a\nb", "#", "#/", "#/paths", "#/components/schemas", "http://sink/x#/a"),
    *(
        "3.1.0",
        "2.0",
        "object",
        "array",
        "string",
        "file",
        "query",
        "path",
        "header",
        "body",
        "formData",
        "raw",
        "^(a+)+$",
    ),
    *(
        "(",
        "[a-",
        "\\p{L}",
        "oauth2",
        "apiKey",
        "http",
        "basic",
        "*/*",
        "multipart/form-data",
        "text/xml",
        "1",
        "-1",
        "200",
    ),
    *(
        [],
        {},
        [None],
        [[]],
        [{}],
        [[[]]],
        {"$ref": "#"},
        {"$ref": 1},
        {"$ref": "#/paths"},
        {"": None},
        {"x": {"y": []}},
    ),
    *(["a", 1, None], {"type": "odd"}, {"type": ["string", "null"]}, {"allOf": [{}]}, {"items": True}, {"key": "a"}),
    *({"schema": {"$ref": "#/definitions/x"}}, {"mode": "raw", "raw": "{"}, {"type": "bearer", "bearer": "x"}),
]
KEYS = [
    *(
        "$ref",
        "",
        "type",
        "in",
        "name",
        "item",
        "request",
        "schema",
        "get",
        "GET",
        "parameters",
        "allOf",
        "anyOf",
        "oneOf",
    ),
    *(
        "items",
        "properties",
        "required",
        "enum",
        "default",
        "example",
        "examples",
        "content",
        "responses",
        "200",
        "url",
    ),
    *(
        "servers",
        "variables",
        "security",
        "body",
        "header",
        "auth",
        "event",
        "response",
        "pattern",
        "not",
        "const",
        "info",
    ),
    *(
        "paths",
        "components",
        "swagger",
        "openapi",
        "collection",
        "host",
        "basePath",
        "__proto__",
        "\x00",
        "a/b",
        "~1",
        "%",
    ),
    *(
        "nullable",
        "additionalProperties",
        "minimum",
        "maxLength",
        "exclusiveMinimum",
        "format",
        "style",
        "disabled",
        "mode",
    ),
]


def mutant(documents: list[bytes], trees: list[str], rng: random.Random) -> bytes:
    """One damaged document; `trees` are what can be loaded of them, as JSON."""
    if rng.random() < 0.3:
        return _damaged_bytes(rng.choice(documents), documents, rng)
    tree = json.loads(rng.choice(trees))
    try:
        for _ in range(rng.choice((1, 1, 2, 3, 5, 10))):
            rng.choice(_EDITS)(tree, rng)
        data = _written(tree, rng)
    except RecursionError:  # several edits made it deeper than can be copied
        data = b'{"paths": ' * 5_000
    return _damaged_bytes(data, documents, rng) if rng.random() < 0.1 else data


def _damaged_bytes(data: bytes, documents: list[bytes], rng: random.Random) -> bytes:
    raw = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(raw) + 1)
        upto = min(len(raw), at + rng.choice((1, 2, 8, 100, 5000)))
        match rng.randrange(7):
            case 0 if at < len(raw):
                raw[at] ^= 1 << rng.randrange(8)
            case 1:
                raw[at:upto] = b""
            case 2:
                raw[at:at] = rng.choice(TOKENS)
            case 3:
                raw[at:at] = raw[at:upto] * rng.choice((1, 3, 50))
            case 4:
                other = rng.choice(documents)
                start = rng.randrange(len(other) + 1)
                raw[at:upto] = other[start : start + rng.choice((10, 500, 20_000))]
            case 5 if rng.random() < 0.3:
                del raw[at:]
            case _:
                raw[at:upto] = rng.randbytes(upto - at)
    if rng.random() < 0.03:
        return (
            bytes(raw)
            .decode("utf-8", "replace")
            .encode(rng.choice(("utf-16", "utf-32", "utf-16-le", "latin-1")), "ignore")
        )
    return bytes(raw)


# The tree -----------------------------------------------------------------------------------------------------------


def _spot(tree: Any, rng: random.Random) -> tuple[Any, Any] | None:
    """A container and a key in it, reached by walking down at random: shallow places as likely as deep ones."""
    chosen: tuple[Any, Any] | None = None
    node = tree
    while isinstance(node, (dict, list)) and node:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        chosen = (node, key)
        if rng.random() < 0.12:
            break
        node = node[key]
    return chosen


def _put(tree: Any, rng: random.Random, change: Callable[[Any], Any]) -> None:
    spot = _spot(tree, rng)
    if spot is not None:
        spot[0][spot[1]] = change(spot[0][spot[1]])


def _odd(tree: Any, rng: random.Random) -> None:
    _put(tree, rng, lambda _: copy.deepcopy(rng.choice(VALUES)))


def _other_type(tree: Any, rng: random.Random) -> None:
    turned: list[Callable[[Any], Any]] = [str, repr, lambda v: [v], lambda v: {"value": v}, lambda v: {"a": v}, bool]
    _put(tree, rng, lambda value: rng.choice(turned)(value))


def _delete(tree: Any, rng: random.Random) -> None:
    spot = _spot(tree, rng)
    if spot is not None:
        del spot[0][spot[1]]


def _rename(tree: Any, rng: random.Random) -> None:
    spot = _spot(tree, rng)
    if spot is not None and isinstance(spot[0], dict):
        spot[0][rng.choice(KEYS)] = spot[0].pop(spot[1])


def _add(tree: Any, rng: random.Random) -> None:
    spot = _spot(tree, rng)
    if spot is not None and isinstance(spot[0], dict):
        spot[0][rng.choice(KEYS)] = copy.deepcopy(rng.choice(VALUES))


def _move(tree: Any, rng: random.Random) -> None:
    source = _spot(tree, rng)
    if source is not None:
        value = copy.deepcopy(source[0][source[1]])
        _put(tree, rng, lambda _: value)


def _deep(tree: Any, rng: random.Random) -> None:
    levels = rng.choice((5, 40, 120, 400))
    key = rng.choice(("properties", "items", "allOf", "item", "a", "not"))

    def wrapped(value: Any) -> Any:
        for _ in range(levels):
            value = [value] if rng.random() < 0.3 else {key: value}
        return value

    _put(tree, rng, wrapped)


def _giant(tree: Any, rng: random.Random) -> None:
    text = rng.choice(("x", "{", "{{a}}", "é", "\n", "/", "{a}", "a b ", "%", "((a+)+", "\x00", "&a=1"))
    count = rng.choice((300, 5_000, 100_000)) // len(text)
    spot = _spot(tree, rng)
    if spot is None:
        return
    if isinstance(spot[0], dict) and rng.random() < 0.3:
        spot[0][text * count] = spot[0].pop(spot[1])
    else:
        spot[0][spot[1]] = text * count


def _many(tree: Any, rng: random.Random) -> None:
    count = rng.choice((10, 300, 2_000))

    def repeated(value: Any) -> Any:
        if len(json.dumps(value)) * count > 500_000:
            return value
        # Copies, because a later edit inside something shared would be multiplied.
        if isinstance(value, list):
            return [copy.deepcopy(each) for _ in range(count) for each in value or [{}]]
        return {f"{rng.choice(KEYS)}{number}": copy.deepcopy(value) for number in range(count)}

    _put(tree, rng, repeated)


def _circle(tree: Any, rng: random.Random) -> None:
    """A reference to somewhere in the document, most likely to something that it is part of."""
    path: list[str] = []
    node = tree
    while isinstance(node, (dict, list)) and node and rng.random() > 0.15:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        path.append(str(key))
        if isinstance(node[key], (dict, list)) and node[key]:
            node = node[key]
        else:
            break
    cut = rng.randrange(len(path) + 1)
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path[:cut])
    if isinstance(node, dict):
        node[rng.choice(("$ref", "schema", "items", "allOf", "properties"))] = {"$ref": f"#{pointer}"}
        if rng.random() < 0.5:
            node["$ref"] = f"#{pointer}"


_EDITS = (_odd, _odd, _other_type, _delete, _rename, _add, _add, _move, _deep, _giant, _many, _circle, _circle)


# How it is written --------------------------------------------------------------------------------------------------


def _written(tree: Any, rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.08 and len(json.dumps(tree)) < 100_000:
        return _yaml(tree)
    text = json.dumps(tree, ensure_ascii=rng.random() < 0.7, indent=1 if rng.random() < 0.03 else None)
    if kind < 0.2:
        text = _twin_keys(text, rng)
    return text.encode("utf-8", "surrogatepass")


def _yaml(tree: Any) -> bytes:
    try:
        return yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=True).encode("utf-8", "surrogatepass")
    except (RecursionError, yaml.YAMLError, UnicodeEncodeError, OverflowError):
        return json.dumps(tree).encode()


def _twin_keys(text: str, rng: random.Random) -> str:
    """Keys that are there twice."""
    places = [at for at in range(len(text)) if text[at] == "{"][:5_000]
    for at in sorted(rng.sample(places, k=min(3, len(places))), reverse=True):
        value = json.dumps(rng.choice(VALUES))
        text = f"{text[: at + 1]}{json.dumps(rng.choice(KEYS))}: {value}, {text[at + 1 :]}".replace(", }", "}")
    return text
