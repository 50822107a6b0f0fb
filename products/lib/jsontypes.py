"""JSON at the door: parsed and checked without recursion, so that whatever is stored can be stored and read again."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any  # None | bool | int | float | str | list[Json] | dict[str, Json]
JsonObject: TypeAlias = dict[str, Any]

MAX_DEPTH = 100
MAX_INT_BITS = 1024  # about 308 digits, the range of a double
_SMALL = 1 << MAX_INT_BITS
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class JsonError(ValueError):
    """A value is not JSON that we accept. `line` and `column` count from 1 (0: unknown); `pointer` is RFC 6901."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.pointer = pointer


def parse_json(data: bytes | str, *, max_bytes: int, max_depth: int = MAX_DEPTH, twins: bool = True) -> Json:
    """The value in `data` (UTF-8, with or without a byte order mark). Raises JsonError.

    Without `twins` a key that is there twice in one object is refused; otherwise the last one counts.
    """
    text = _decoded(data, max_bytes)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=None if twins else _single)
    except json.JSONDecodeError as error:
        raise JsonError(f"This is not valid JSON: {error.msg}.", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise JsonError(f"This JSON is nested deeper than {max_depth} levels.") from None
    except JsonError:
        raise
    except ValueError:  # more digits than Python converts
        raise JsonError("This JSON contains a number with too many digits.") from None
    check_json(value, max_depth=max_depth)
    return value


def check_json(value: Json, *, pointer: str = "", max_depth: int = MAX_DEPTH) -> None:
    """Raises JsonError, with the pointer of the culprit, for anything PostgreSQL or another reader would choke on."""
    steps: list[Any] = []  # the way from the root to what is looked at, one for each open container
    opened: list[Iterator[tuple[Any, Json]]] = [iter(((None, value),))]
    while opened:
        found = next(((key, item) for key, item in opened[-1] if not _is_plain(item)), None)
        if found is None:
            opened.pop()
            del steps[-1:]
            continue
        steps.append(found[0])
        problem, inside = _problem(found[1])
        if not problem and len(steps) > max_depth:
            problem = f"This is nested deeper than {max_depth} levels."
        if problem:
            raise JsonError(problem, pointer=pointer + pointer_of((*steps[1:], *inside)))
        opened.append(iter(found[1].items() if isinstance(found[1], dict) else enumerate(found[1])))


def clean_json(value: Json) -> Json:
    """A storable copy of a value from outside: what `check_json` refuses in text and numbers is replaced.

    NUL and lone surrogates become U+FFFD, NaN and infinities null, over-long integers text. Depth is not changed:
    parse with `parse_json` or check it before.
    """
    root: list[Json] = [value]
    queue: list[list[Json] | dict[str, Json]] = [root]  # copies whose own items still have to be copied
    while queue:
        box = queue.pop()
        places: Iterable[Any] = list(box) if isinstance(box, dict) else range(len(box))
        for place in places:
            made = _clean_shell(box[place])
            box[place] = made
            if isinstance(made, (dict, list)):
                queue.append(made)
    return root[0]


def clean_text(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def canonical(value: Json) -> bytes:
    """One spelling per value: sorted keys, no spaces, UTF-8. Raises JsonError for what is not JSON."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        check_json(value)
        raise JsonError("This value has no JSON form.") from None


def content_hash(value: Json) -> str:
    """SHA-256 of the canonical form, in hex: equal values have equal hashes whatever their key order."""
    return hashlib.sha256(canonical(value)).hexdigest()


def pointer_of(steps: Iterable[str | int]) -> str:
    """The RFC 6901 pointer of a way from the root."""
    return "".join(f"/{escape_pointer(step)}" for step in steps)


def escape_pointer(key: str | int) -> str:
    """One step of a pointer, escaped and made storable."""
    return clean_text(str(key)).replace("~", "~0").replace("/", "~1")


def _decoded(data: bytes | str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise JsonError(f"This JSON is longer than {max_bytes} bytes.")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise JsonError("This JSON is not UTF-8 text.", line=line) from None


def _single(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twin = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise JsonError(f"The key “{clean_text(twin[:100])}” is there twice in one object.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not a JSON number.")


def _problem(item: Json) -> tuple[str, tuple[str, ...]]:
    """What is wrong with a value or with a key of it, and the key."""
    if not isinstance(item, dict):
        return _scalar_problem(item), ()
    for key in item:
        if not isinstance(key, str):
            return "Every key must be text.", (str(key),)
        if not key.isascii() or "\x00" in key:
            problem = _scalar_problem(key)
            if problem:
                return f"In a key: {problem}", (key,)
    return "", ()


def _is_plain(item: Json) -> bool:
    """Whether it is in order as it is and holds nothing. Millions of values pass here, so the usual ones are quick."""
    kind = type(item)
    if kind is str:
        return (item.isascii() and "\x00" not in item) or _UNSTORABLE.search(item) is None
    if kind is int:
        return bool(-_SMALL < item < _SMALL)
    if isinstance(item, (dict, list)):
        return not item
    return not _scalar_problem(item)


def _scalar_problem(item: Json) -> str:
    if isinstance(item, str):
        if item.isascii() and "\x00" not in item:
            return ""
        found = _UNSTORABLE.search(item)
        if not found:
            return ""
        return "This text contains a NUL character." if found[0] == "\x00" else "This text contains half a character."
    if item is None or isinstance(item, (bool, dict, list)):
        return ""
    if isinstance(item, int):
        return "This number has too many digits." if item.bit_length() > MAX_INT_BITS else ""
    if isinstance(item, float):
        return "" if math.isfinite(item) else "This number is too large or not a number."
    return f"A {type(item).__name__} is not JSON."


def _clean_shell(item: Json) -> Json:
    """A copy of one level: a container with clean keys and the old items, or a clean scalar."""
    if isinstance(item, dict):
        return {clean_text(str(key)): inner for key, inner in item.items()}
    if isinstance(item, (list, tuple)):
        return list(item)
    return _clean_scalar(item)


def _clean_scalar(item: Json) -> Json:
    if isinstance(item, str):
        return clean_text(item)
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    if isinstance(item, int) and item.bit_length() > MAX_INT_BITS:
        return hex(item)
    return item
