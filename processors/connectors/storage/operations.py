"""The operations of storages: each a call's input into its output, the same whatever the files are kept in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from processors.connectors.errors import (
    ConnectorError,
    FileChanged,
    FileMissing,
    InputRejected,
    MalformedResponse,
    Misconfigured,
    RemoteFailed,
    ResponseTooLarge,
)
from processors.connectors.resources import ResourceCall
from processors.connectors.served import STORAGE, exactly
from processors.connectors.storage.contents import (
    ANY_TYPE,
    FORMS,
    content_of,
    read_out,
    rejected,
    type_of_name,
)
from processors.connectors.storage.failures import Effect
from processors.connectors.storage.feeding import bounded, counted
from processors.connectors.storage.keys import KeyRefused, checked_folder, checked_key
from processors.connectors.storage.listing import MOST, page_of
from processors.connectors.storage.store import FileMeta, OpenedFile, Part, Store
from products.lib.jsontypes import Json, JsonObject
from products.lib.signed_files import MAX_SECONDS, METHODS

_MAX_BYTES: Final = 1_000_000_000
_MAX_START: Final = 10**15
PART: Final = 4_194_304  # bytes that are handed over at once
_CHECKED: Final = ".ductape-check-"


@dataclass(slots=True)
class Act:
    """One call. `limit` is how many bytes a file may have, `small` how many may come into an output.

    `size` is that of what was sent; `effect` says whether something may have been changed.
    """

    call: ResourceCall
    store: Store
    effect: Effect
    small: int
    size: int = 0

    @property
    def limit(self) -> int:
        """The setting, in bytes."""
        value = self.call.place.settings.get("max_bytes")
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else _MAX_BYTES

    @property
    def read_only(self) -> bool:
        """By the place or by its settings."""
        return self.call.place.read_only or self.call.place.settings.get("read_only") is True

    def key(self, name: str = "key") -> str:
        """A key of the input, checked. Raises InputRejected naming the field."""
        try:
            return checked_key(self.call.input.get(name))
        except KeyRefused as error:
            raise rejected(name, str(error)) from None

    def may_change(self) -> None:
        """Raises Misconfigured."""
        if self.read_only:
            raise Misconfigured("In this environment the storage is read-only.", details={"field": "read_only"})


async def save(act: Act) -> JsonObject:
    """Keeps a file."""
    act.may_change()
    key = act.key()
    if_absent = _boolean(act, "if_absent")
    content = content_of(act.call.input, act.call.files, key)
    too_long = InputRejected(
        f"The storage takes files of at most {act.limit} bytes.",
        details={"field": content.source, "limit_bytes": act.limit},
    )
    sizes = [0]
    pieces = counted(bounded(content.pieces, act.limit, too_long), sizes)
    etag = await act.store.put(key, pieces, content_type=content.content_type, if_absent=if_absent, effect=act.effect)
    act.size = sizes[0]
    return {"key": key, "size": sizes[0], "content_type": content.content_type, "etag": etag}


async def read(act: Act) -> JsonObject:
    """Gives a file."""
    key = act.key()
    form = act.call.input.get("as") or ""
    if form not in ("", *FORMS):
        raise rejected("as", f"This must be one of {', '.join(FORMS)}.")
    opened = await act.store.get(key)
    try:
        name, value = await read_out(opened, form, act.call.files, small=act.small, large=act.limit)
    finally:
        await opened.pieces.aclose()
    return {**_described(opened.meta), "content_type": opened.meta.content_type or type_of_name(key), name: value}


async def stat(act: Act) -> JsonObject:
    """What a file is at this moment; its `version` is another one as soon as its content is."""
    meta = await act.store.head(act.key())
    if meta.size > act.limit:
        raise ResponseTooLarge(f"The file has more than {act.limit} bytes.", details={"limit_bytes": act.limit})
    return {**_described(meta), "version": version_of(meta)}


async def part(act: Act) -> JsonObject:
    """Some bytes of that version, to whoever takes them. Raises FileChanged: never those of another."""
    key, wanted = act.key(), Part(_number(act, "start", 0, least=0, most=_MAX_START), _number(act, "length", most=PART))
    if act.call.files is None:
        raise rejected("key", "There is nobody here who takes a part of a file.")
    opened = await _opened(act, key, wanted)
    try:
        if version_of(opened.meta) != act.call.input.get("version"):
            raise FileChanged()
        note = await act.call.files.write(opened.pieces, name="", content_type="", max_bytes=wanted.length)
    finally:
        await opened.pieces.aclose()
    if note.size != wanted.length:
        raise MalformedResponse("The part came with another length than it has.")
    return {"key": key, "file": str(note.id)}


async def _opened(act: Act, key: str, wanted: Part) -> OpenedFile:
    """A storage refuses, each in its own way, what begins behind the end of a file that has become shorter."""
    try:
        return await act.store.get(key, wanted)
    except RemoteFailed as error:
        if not error.retryable and version_of(await act.store.head(key)) != act.call.input.get("version"):
            raise FileChanged() from None
        raise


def version_of(meta: FileMeta) -> str:
    """The same for the same content of the same file, and nothing of what the storage itself calls it."""
    named = meta.etag or meta.modified_at.isoformat()
    return hashlib.sha256(f"{meta.size} {named}".encode()).hexdigest()[:32]


async def listed(act: Act) -> JsonObject:
    """One page."""
    folder, after = _folder(act, "prefix"), _after(act)
    limit = _number(act, "limit", 100, most=MOST)
    page = await page_of(act.store, folder, after=after, limit=limit, deep=_boolean(act, "deep"))
    return {"files": [_described(each) for each in page.files], "folders": page.folders, "next": page.next or None}


async def delete(act: Act) -> JsonObject:
    """Removes a file; that it is not there is no error."""
    act.may_change()
    key = act.key()
    try:
        await act.store.delete(key, effect=act.effect)
    except FileMissing:
        return {"key": key, "existed": False}
    return {"key": key, "existed": True}


async def copy(act: Act) -> JsonObject:
    """To another key of the same place."""
    act.may_change()
    key, to = act.key(), act.key("to")
    if key == to:
        raise rejected("to", "The new key is the old one.")
    await act.store.copy(key, to, effect=act.effect)
    return {"key": key, "to": to}


async def sign(act: Act) -> JsonObject:
    """Whether there is such a file is not asked: a URL for putting is for one that is not there yet."""
    key = act.key()
    method = act.call.input.get("method") or "GET"
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise rejected("method", "This must be GET or PUT.")
    if method.upper() == "PUT":
        act.may_change()
    holds = timedelta(seconds=_number(act, "seconds", 3_600, most=MAX_SECONDS))
    expires_at = datetime.now(UTC) + holds
    url = await act.store.sign("PUT" if method.upper() == "PUT" else "GET", key, holds)
    return {"url": url, "expires_at": _moment(expires_at)}


async def check(act: Act) -> JsonObject:
    """Lists; where it may, writes a small file, reads it back and removes it."""
    await page_of(act.store, "", after="", limit=1, deep=True)
    if act.read_only:
        return {"listed": True, "written": False}
    key = f"{_CHECKED}{secrets.token_hex(8)}"
    await act.store.put(key, _mark(), content_type=ANY_TYPE, if_absent=False, effect=act.effect)
    try:
        opened = await act.store.get(key)
        if b"".join([piece async for piece in opened.pieces]) != _MARK:
            raise RemoteFailed("What was written for the test came back as something else.")
    except ConnectorError:
        with suppress(ConnectorError):
            await act.store.delete(key, effect=act.effect)
        raise
    await act.store.delete(key, effect=act.effect)
    return {"listed": True, "written": True}


_MADE: Final[dict[str, Callable[[Act], Awaitable[JsonObject]]]] = {
    "save": save, "read": read, "stat": stat, "part": part, "list": listed, "delete": delete, "copy": copy,
    "sign": sign, "check": check,
}  # fmt: skip
OPERATIONS: Final = exactly(STORAGE.operations, _MADE)
_MARK: Final = b"Ductape was here for a moment, to see whether it can write.\n"


async def _mark() -> AsyncIterator[bytes]:
    yield _MARK


def _described(meta: FileMeta) -> JsonObject:
    return {"key": meta.key, "size": meta.size, "modified_at": _moment(meta.modified_at)}


def _moment(at: datetime) -> str:
    """To the second, which is what every provider keeps."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _folder(act: Act, name: str) -> str:
    try:
        return checked_folder(act.call.input.get(name) or "")
    except KeyRefused as error:
        raise rejected(name, str(error)) from None


def _after(act: Act) -> str:
    """A key, or a folder's with “/” at its end."""
    given = act.call.input.get("after") or ""
    folder = _folder(act, "after")
    return f"{folder}/" if folder and given.endswith("/") else folder


def _boolean(act: Act, name: str) -> bool:
    value = act.call.input.get(name)
    if value is not None and not isinstance(value, bool):
        raise rejected(name, "This must be true or false.")
    return bool(value)


def _number(act: Act, name: str, default: int | None = None, *, least: int = 1, most: int) -> int:
    value: Json = act.call.input.get(name)
    value = default if value is None else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise rejected(name, f"This must be a whole number from {least} to {most}.")
    return value
