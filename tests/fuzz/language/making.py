"""Makes of bytes what is worth reading: words of the language, whole expressions, definitions with damages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from products.expressions.operators import OPERATORS
from products.expressions.references import REFERENCES
from products.lib.jsontypes import Json

SIGNS = (
    *("{", "}", "[", "]", "(", ")", ",", ":", ".", "'", '"', "\\", "$", "$$", " ", "\n", "!", "&&", "||", "==", "==="),
    *("!=", "!==", "<", ">", "<=", ">=", "-", "true", "false", "null", "0", "1", "-1", "2.5", "1e308", "1e-7", "1e9"),
    *("$Input{a}", "$Input{b}", "$Input{b}{2}{c}", "$Input{a.b}", "$Input{t}", "$Input{o}", "$Input", "$Item", "$Now"),
    *("$Sequence{main}{e}{list}", "$Step{e}{id}", "$Secret{K}", "$Uuid()", "'days'", "'sha256'", "'UTC'", "'>'", "'c'"),
    *(
        "'YYYY-MM-DD HH:mm'",
        "'2024-02-29'",
        "'(a+)+$'",
        "'Europe/Berlin'",
        "'%'",
        "é",
        "\x00",
        "🚀",
        "{a: 1}",
        "[1, 2]",
    ),
)
WORDS = (*SIGNS, *(f"${name}(" for name in sorted(OPERATORS)), *(f"${name}{{" for name in sorted(REFERENCES)))
LITERALS = (
    *("$Input{big}", "$Input{many}", "$Keys($Input)", "$Split($Input{big}, ',')", "$Pluck($Input{many}, 't')", "'k'"),
    *("null", "true", "0", "1", "-1", "2.5", "9007199254740993", "1e308", "-0.0", "''", "'a'", "'b'", "'.'", "'text'"),
    *("'2024-02-29'", "'12:00'", "'days'", "'UTC'", "'America/Sao_Paulo'", "'sha256'", "'YYYY'", "'(a|b)*c'", "'\\\\'"),
    *("[]", "{}", "[1, 'x', null]", "{a: [1], b: {}}", "$Input", "$Input{a}", "$Input{b}", "$Input{a.b}", "$Input{t}"),
    *("$Input{none}", "$Item", "$Index", "$Now", "$Secret{K}", "$Sequence{main}{e}{list}", "$Step{e}", "$Run{id}"),
    *("'$Input{a}'", "'é🚀'", "1000000", "1.5e-300", "'>'", "'=='", "'in'", "'a.b'", "'0'", "'{\"a\":[1]}'"),
)
COMPARED = ("==", "===", "!=", "!==", "<", ">", "<=", ">=")
KEYS = (
    *("tag", "name", "description", "input", "sequences", "output", "options", "defs", "mode", "parents", "events"),
    *("type", "app", "event", "condition", "for_each", "concurrency", "retries", "retry_delay", "backoff", "timeout"),
    *(
        "allow_fail",
        "cache",
        "rollback",
        "critical",
        "for",
        "key",
        "limit",
        "surplus",
        "required",
        "default",
        "minimum",
    ),
    *("maximum", "min_length", "max_length", "when_unknown", "after_parent", "approval", "schema", "until", "message"),
    *("", "a", "$ref", "properties", "items", "enum", "__proto__", "a/b~", "é"),
)
KINDS = (
    *("action", "feature", "sleep", "wait_signal", "checkpoint", "fail", "db_action", "storage", "cache", "webhook"),
)  # fmt: skip
PLAIN: tuple[Json, ...] = (
    *(None, True, False, 0, 1, -1, 2, 11, 10_001, 1.5, 1e308, 2**53, -(2**70), "", "a", "b", "s0", "s1", "Main", "é🚀"),
    *KINDS,
    *("shop", "pay", "bill", "concurrent", "ordered", "reverse_all", "to_checkpoint", "drop", "wait", "cancel", "ask"),
    *("5m", "3d", "0s", "1e9s", "5 parsecs", "float", "uuid", "array", "email_string", "number", "object", "x" * 70),
    *(
        [],
        {},
        [None],
        [[]],
        [{}],
        {"a": 1},
        ["a", "b"],
        {"for": "5m"},
        {"until": "$Now"},
        {"limit": 1, "key": "$Input"},
    ),
)
BASES = (
    {"name": "F", "sequences": [{"tag": "s0", "events": [{"tag": "a", "type": "feature", "event": "bill"}]}]},
    {
        "tag": "order", "name": "Order", "description": "d",
        "input": {"id": {"type": "uuid"}, "amount": {"type": "float", "required": True}, "items": {"type": "array"}},
        "sequences": [
            {"tag": "s0", "events": [
                {"tag": "a", "type": "action", "app": "shop", "event": "pay", "input": {"x": "$Input{amount}"},
                 "retries": 3, "retry_delay": "5s", "backoff": 2, "timeout": "10s", "critical": True,
                 "cache": {"for": "5m", "key": "$Input{id}"},
                 "rollback": {"type": "action", "app": "shop", "event": "ship", "input": "$Step{a}{id}"}},
                {"tag": "nap", "type": "sleep", "input": {"for": "3d"}},
                {"tag": "mark", "type": "checkpoint", "input": "$Uuid()"}]},
            {"tag": "s1", "parents": ["s0"], "mode": "concurrent", "events": [
                {"tag": "b", "type": "action", "app": "shop", "event": "ship", "for_each": "$Input{items}",
                 "concurrency": 3, "condition": "$Item{n} > 1 && $Index < 5", "allow_fail": True},
                {"tag": "c", "type": "feature", "event": "bill", "input": {}, "after_parent": "leave"}]},
            {"tag": "s2", "parents": ["s0", "s1"], "events": [
                {"tag": "ok", "type": "wait_signal", "event": "go", "timeout": "2d", "approval": True},
                {"tag": "no", "type": "fail", "condition": "$Sequence{s0}{a} == null", "input": {"message": "No."}}]},
        ],
        "output": {"id": "$Sequence{s0}{a}{id}"},
        "options": {"timeout": "5m", "rollback": "to_checkpoint",
                    "concurrency": {"limit": 2, "key": "$Input{id}", "surplus": "drop"}},
    },
)  # fmt: skip


class Bytes:
    """Decisions out of bytes: the same bytes decide the same; when they are used up, the first of all that is asked."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def number(self, below: int) -> int:
        """From 0."""
        if not self:
            return 0
        found = self._data[self._at]
        self._at += 1
        return found % below if below <= 256 else (found * 256 + self.number(256)) % below

    def one(self, of: Any) -> Any:
        """One of them."""
        return of[self.number(len(of))]

    def rest(self) -> bytes:
        """What has decided nothing yet."""
        found, self._at = self._data[self._at :], len(self._data)
        return found


def words(given: Bytes) -> str:
    """A text of words that the language knows, and of others."""
    return "".join(WORDS[byte] if byte < len(WORDS) else chr(byte) for byte in given.rest())


def expression(given: Bytes, depth: int = 0) -> str:
    """A text that can nearly always be read."""
    kind = given.number(8) if depth < 8 and given else 0
    if kind <= 1:
        return str(given.one(LITERALS))
    inner: Callable[[], str] = lambda: expression(given, depth + 1)  # noqa: E731
    if kind == 2:
        return f"[{', '.join(inner() for _ in range(given.number(4)))}]"
    if kind == 3:
        return "{" + ", ".join(f"k{n}: {inner()}" for n in range(given.number(4))) + "}"
    if kind == 4:
        return f"({inner()} {given.one(COMPARED)} {inner()})"
    if kind == 5:
        return f"!({inner()} {given.one(('&&', '||'))} {inner()})"
    declared = OPERATORS[given.one(sorted(OPERATORS))]
    most = declared.most if declared.most is not None else declared.least + 2
    count = declared.least + given.number(most - declared.least + 1)
    return f"${declared.name}({', '.join(inner() for _ in range(count))})"


def document(given: Bytes) -> Json:
    """A definition, damaged or grown in as many places as the bytes last for."""
    made = json.loads(json.dumps(given.one(BASES)))
    for _ in range(40):
        if not given:
            break
        _edit(made, given)
    return made


def _edit(made: Json, given: Bytes) -> None:
    box: Any = made
    for _ in range(given.number(9)):
        inner = [
            one for one in (box.values() if isinstance(box, dict) else box) if isinstance(one, (dict, list)) and one
        ]
        if not inner:
            break
        box = given.one(inner)
    places = list(box) if isinstance(box, dict) else list(range(len(box)))
    place = given.one(places) if places else None
    match given.number(6):
        case 0 if place is not None:
            del box[place]
        case 1 if isinstance(box, dict):
            box[given.one(KEYS)] = _any(given)
        case 2 if isinstance(box, list):
            box.append(json.loads(json.dumps(box[place])) if place is not None else _any(given))
        case 3 if place is not None and isinstance(box, dict):
            box[given.one(KEYS)] = json.loads(json.dumps(box[place]))
        case _ if place is not None:
            box[place] = _any(given)


def _any(given: Bytes) -> Json:
    match given.number(5):
        case 0:
            return expression(given, 5)
        case 1:
            return {"tag": given.one(("a", "b", "nap")), "type": given.one(KINDS), "event": given.one(("pay", "bill"))}
        case _:
            return json.loads(json.dumps(given.one(PLAIN)))  # a copy: it will be damaged further
