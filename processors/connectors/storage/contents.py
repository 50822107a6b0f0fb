"""What is saved, out of a call's input, and what is read, into its output."""

from __future__ import annotations

import base64
import binascii
import json
import mimetypes
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from processors.connectors.errors import InputRejected, MalformedResponse, Misconfigured, ResponseTooLarge
from processors.connectors.resources import Files
from processors.connectors.storage.feeding import bounded
from processors.connectors.storage.store import OpenedFile
from products.lib.jsontypes import Json, JsonError, JsonObject, check_json, parse_json

SMALL: Final = 65_536  # bytes of a content that becomes part of an output without being asked for
ANY_TYPE: Final = "application/octet-stream"
SOURCES: Final = ("content", "base64", "json", "file")
FORMS: Final = ("text", "json", "base64", "file")
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}(?:; ?[\w-]{1,30}=[\w.\"-]{1,60}){0,3}", re.A)
# The same everywhere: what the machine's own table says of a name's ending is not asked.
_TYPES: Final = mimetypes.MimeTypes(filenames=())
_TEXT_TYPES: Final = {".md": "text/markdown", ".yaml": "application/yaml", ".yml": "application/yaml",
                      ".jsonl": "application/jsonl", ".log": "text/plain"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be saved. `source` is the field of the input that it comes from."""

    source: str
    pieces: AsyncIterator[bytes]
    content_type: str


def rejected(field: str, message: str) -> InputRejected:
    """One field of the input is wrong."""
    return InputRejected(message, details={"field": field, "errors": [{"pointer": f"/{field}", "message": message}]})


def content_of(data: JsonObject, files: Files | None, key: str) -> Content:
    """Of the one field that is given. Raises InputRejected naming the field."""
    given = [name for name in SOURCES if data.get(name) is not None]
    if len(given) != 1:
        raise rejected(given[1] if given else "content", "Give exactly one of content, base64, json and file.")
    source = given[0]
    content_type = _given_type(data) or ("application/json" if source == "json" else type_of_name(key))
    if source == "file":
        return Content(source, _file(data["file"], files), content_type)
    whole = _bytes(source, data[source])
    return Content(source, _once(whole), content_type)


def type_of_name(key: str) -> str:
    """By the name's ending; what a file says of itself is never a reason to show it as that."""
    name = PurePosixPath(key)
    known = _TEXT_TYPES.get(name.suffix.lower()) or _TYPES.guess_type(name.name, strict=True)[0]
    return known or ANY_TYPE


async def read_out(opened: OpenedFile, form: str, files: Files | None, *, small: int, large: int) -> tuple[str, Json]:
    """The field of the output and its value: what was asked for (`form`), or what fits the content.

    At most `small` bytes into the output itself, `large` into a file of the run. Raises ResponseTooLarge,
    InputRejected when the content has not that form.
    """
    meta = opened.meta
    if form == "file" or (not form and meta.size > SMALL):
        if files is None:
            raise ResponseTooLarge("The file is too large to be part of an output.", details={"limit_bytes": SMALL})
        if meta.size > large:
            raise ResponseTooLarge(f"The file has more than {large} bytes.", details={"limit_bytes": large})
        name = PurePosixPath(meta.key).name
        note = await files.write(opened.pieces, name=name, content_type=meta.content_type, max_bytes=large)
        if note.size != meta.size:
            raise MalformedResponse("The file came with another length than it has.")
        return "file", str(note.id)
    most = small if form else SMALL
    too_large = ResponseTooLarge(
        f"Files of more than {most:,} bytes are read as “file”, not into an output.", details={"limit_bytes": most}
    )
    if meta.size > most:
        raise too_large
    data = b"".join([piece async for piece in bounded(opened.pieces, most, too_large)])
    return _as(form, data) if form else _fitting(data, meta.content_type)


def _as(form: str, data: bytes) -> tuple[str, Json]:
    if form == "base64":
        return "base64", base64.b64encode(data).decode()
    if form == "json":
        try:
            return "json", parse_json(data, max_bytes=len(data))
        except JsonError as error:
            raise rejected("as", f"The file is no JSON that can be read: {error.message}") from None
    text = _text(data)
    if text is None:
        raise rejected("as", "The file is not text in UTF-8.")
    return "content", text


def _fitting(data: bytes, content_type: str) -> tuple[str, Json]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return "json", parse_json(data, max_bytes=len(data))
        except JsonError:
            pass  # then it is what it is
    text = _text(data)
    return ("content", text) if text is not None else _as("base64", data)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text  # PostgreSQL keeps no such text


def _bytes(source: str, value: Json) -> bytes:
    if source == "json":
        if not isinstance(value, (dict, list)):
            raise rejected("json", "This must be an object.")
        try:
            check_json(value)
        except JsonError as error:
            raise rejected("json", error.message) from None
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if not isinstance(value, str):
        raise rejected(source, "This must be text.")
    try:
        if source == "base64":
            return base64.b64decode("".join(value.split()), validate=True)
        return value.encode()
    except (binascii.Error, ValueError):
        raise rejected(source, "This is not Base64." if source == "base64" else "This is not text.") from None


def _file(value: Json, files: Files | None) -> AsyncIterator[bytes]:
    try:
        file_id = UUID(value) if isinstance(value, str) else None
    except ValueError:
        file_id = None
    if file_id is None:
        raise rejected("file", "This must be the id of an uploaded file.")
    if files is None:
        raise Misconfigured("There are no uploaded files here.", details={"field": "file"})
    return files.read(file_id)


def _given_type(data: JsonObject) -> str:
    value = data.get("content_type") or ""
    if value and (not isinstance(value, str) or not _MEDIA_TYPE.fullmatch(value)):
        raise rejected("content_type", "This is not a media type, as “text/plain” is one.")
    return value


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
