"""Request bodies: a value and a format become bytes and a content type. Nothing is ever read from a disk."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import quote

from processors.connectors.errors import InputRejected
from processors.connectors.http.styles import bracket_pairs, encoded, scalar_text
from processors.connectors.http.xml_bodies import xml_text
from products.lib.actions import Body
from products.lib.jsontypes import Json

MAX_BODY_BYTES = 25_000_000
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+\-]+/[A-Za-z0-9!#$&^_.+*\-]+(\s*;[\x20-\x7e]*)?")

Encoded = tuple[bytes, str]  # the body and its content type


def encode_body(body: Body, value: Json) -> Encoded:
    """The bytes to send and their content type. Raises InputRejected naming the field."""
    data, content_type = _ENCODERS[body.format](body, value)
    if len(data) > MAX_BODY_BYTES:
        raise rejected("/body", f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return data, content_type


def rejected(pointer: str, detail: str) -> InputRejected:
    """The error for one field that cannot be sent."""
    error = {"pointer": pointer, "code": "unsendable", "detail": detail}
    return InputRejected(f"{pointer}: {detail}", details={"field": pointer, "errors": [error]})


def _json(body: Body, value: Json) -> Encoded:
    return _json_bytes(value), body.content_type or "application/json"


def _graphql(body: Body, value: Json) -> Encoded:
    return _json_bytes({"query": value} if isinstance(value, str) else value), "application/json"


def _text(body: Body, value: Json) -> Encoded:
    if not isinstance(value, str):
        raise rejected("/body", "The body must be text.")
    return value.encode("utf-8"), body.content_type or "text/plain; charset=utf-8"


def _xml(body: Body, value: Json) -> Encoded:
    text = value if isinstance(value, str) else xml_text(value)
    return text.encode("utf-8"), body.content_type or "application/xml; charset=utf-8"


def _binary(body: Body, value: Json) -> Encoded:
    if isinstance(value, dict):
        data, content_type = _file_content(value, "/body")
        return data, content_type or body.content_type or "application/octet-stream"
    return _from_base64(value, "/body"), body.content_type or "application/octet-stream"


def _form(body: Body, value: Json) -> Encoded:
    pairs = "&".join(f"{key}={item}" for key, item in _form_pairs(_fields(value)))
    return pairs.encode("ascii"), body.content_type or "application/x-www-form-urlencoded"


def _multipart(body: Body, value: Json) -> Encoded:
    boundary = f"part-{secrets.token_hex(16)}"
    parts = list(_parts(_fields(value), frozenset(body.file_fields), boundary))
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _json_bytes(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def _fields(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise rejected("/body", "The body must be an object.")
    return value


def _form_pairs(fields: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """Lists of plain values repeat their key; objects and lists of objects use brackets."""
    for name, value in fields.items():
        key = quote(name, safe="")
        if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
            yield from ((key, encoded(item)) for item in value)
        else:
            yield from bracket_pairs(key, value)


def _parts(fields: dict[str, Json], files: frozenset[str], boundary: str) -> Iterator[bytes]:
    for name, value in fields.items():
        if value is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            yield _file_part(name, item, boundary) if name in files else _text_part(name, item, boundary)


def _text_part(name: str, value: Json, boundary: str) -> bytes:
    kind = "Content-Type: application/json\r\n" if isinstance(value, (dict, list)) else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n{kind}\r\n'
    return head.encode("utf-8") + scalar_text(value).encode("utf-8") + b"\r\n"


def _file_part(name: str, value: Json, boundary: str) -> bytes:
    pointer = f"/body/{name}"
    if not isinstance(value, dict):
        raise rejected(pointer, 'A file must be an object with "content_base64", and "filename" if it has a name.')
    data, content_type = _file_content(value, pointer)
    filename = value.get("filename", "file")
    if not isinstance(filename, str):
        raise rejected(f"{pointer}/filename", "The file name must be text.")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"\r\n'
        f"Content-Type: {content_type or 'application/octet-stream'}\r\n\r\n"
    )
    return head.encode("utf-8") + data + b"\r\n"


def _file_content(value: dict[str, Json], pointer: str) -> Encoded:
    content_type = value.get("content_type") or ""
    if not isinstance(content_type, str) or (content_type and not _MEDIA_TYPE.fullmatch(content_type)):
        raise rejected(f"{pointer}/content_type", "This is not a media type.")
    return _from_base64(value.get("content_base64"), f"{pointer}/content_base64"), content_type


def _from_base64(value: Json, pointer: str) -> bytes:
    if not isinstance(value, str):
        raise rejected(pointer, "The content must be base64 text.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise rejected(pointer, "The content is not base64.") from None


def _quoted(text: str) -> str:
    """As browsers do (WHATWG): what would end the quotes or the line is percent-encoded."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\x00", "%00")


_ENCODERS: dict[str, Callable[[Body, Json], Encoded]] = {
    "json": _json,
    "graphql": _graphql,
    "text": _text,
    "xml": _xml,
    "binary": _binary,
    "form": _form,
    "multipart": _multipart,
}
