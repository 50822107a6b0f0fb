"""A JSON object as simple XML: keys are elements, `@key` an attribute, `#text` the text, a list repeats its element."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from processors.connectors.errors import InputRejected
from processors.connectors.http.styles import scalar_text
from products.lib.jsontypes import Json

_NAME = re.compile(r"[^\W\d][\w.\-]*(:[^\W\d][\w.\-]*)?")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def xml_text(value: Json) -> str:
    """The document; its root is the only key of `value`, or `request`. Raises InputRejected naming a bad element."""
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if not isinstance(inner, list):
            return _DECLARATION + "".join(_element(name, inner, "/body"))
    return _DECLARATION + "".join(_element("request", value, "/body"))


_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def _element(name: str, value: Json, pointer: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _element(name, item, pointer)
        return
    at = f"{pointer}/{name}"
    _check_name(name, at)
    if not isinstance(value, dict):
        yield f"<{name}>{escape(_clean(value, at))}</{name}>"
        return
    attributes = {key[1:]: inner for key, inner in value.items() if key.startswith("@")}
    for key in attributes:
        _check_name(key, f"{at}/@{key}")
    marks = "".join(f" {key}={quoteattr(_clean(inner, at))}" for key, inner in attributes.items())
    yield f"<{name}{marks}>"
    for key, inner in value.items():
        if key == "#text":
            yield escape(_clean(inner, at))
        elif not key.startswith("@"):
            yield from _element(key, inner, at)
    yield f"</{name}>"


def _check_name(name: str, pointer: str) -> None:
    if not _NAME.fullmatch(name):
        raise _refused(pointer, "This is not a name that XML allows.")


def _clean(value: Json, pointer: str) -> str:
    text = scalar_text(value)
    if _NOT_XML.search(text):
        raise _refused(pointer, "This contains a character that XML does not allow.")
    return text


def _refused(pointer: str, detail: str) -> InputRejected:
    error = {"pointer": pointer[:200], "code": "unsendable", "detail": detail}
    return InputRejected(f"{pointer[:200]}: {detail}", details={"field": pointer[:200], "errors": [error]})
