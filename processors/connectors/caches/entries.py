"""How values lie in a cache: canonical JSON, sealed with the workspace's key; whole numbers plain, to be counted up."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from processors.connectors.errors import InputRejected, PlatformFailed
from processors.connectors.resources import ResourcePlace
from products.lib.jsontypes import Json, JsonError, canonical, parse_json
from products.lib.sealing import Place, SealError

NUMBER: Final = "n"  # plain, the server itself counts it up
VALUE: Final = "v"
RESULT_KIND: Final = "r"
MAX_KEY_BYTES: Final = 512
LARGE: Final = 131_072
_INT64: Final = 1 << 63
_NO_LIMIT: Final = 1 << 40


class Seals(Protocol):
    """Seals texts of one workspace, as `products.lib.sealing.Sealer` does."""

    def seal(self, text: str, *, place: Place) -> bytes: ...

    def open(self, blob: bytes, *, place: Place) -> str: ...


class Vault(Protocol):
    """Gives the sealer of a workspace; may raise whatever it likes."""

    async def sealer(self, workspace_id: UUID) -> Seals: ...


@dataclass(frozen=True, slots=True)
class Packed:
    """A value as it is sent to the server. `size` is what it counts for, with its key."""

    kind: str
    blob: bytes
    size: int


def checked_key(key: Json, *, own: bool = True) -> str:
    """A key as a person gives it. Raises InputRejected. `own`: not one of the results that runs keep."""
    if not isinstance(key, str):
        raise refused("key", "A key is a text.")
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise refused("key", "The key contains half a character.") from None
    if not 0 < length <= MAX_KEY_BYTES:
        raise refused("key", f"A key has 1 to {MAX_KEY_BYTES} bytes.")
    if "\x00" in key:
        raise refused("key", "A key may not contain NUL.")
    if own and key.startswith("result:"):
        raise refused("key", "Keys that begin with “result:” are for the results of runs.")
    return key


def written(value: Json) -> bytes:
    """Canonical JSON. Raises InputRejected."""
    try:
        return canonical(value)
    except JsonError as error:
        raise refused("value", error.message) from None


class Packer:
    """Packs and opens the values of one cache. Without a vault they lie as they are."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault

    async def pack(self, place: ResourcePlace, key: str, text: bytes, *, kind: str) -> Packed:
        """`text` is what `written` gave. Raises PlatformFailed."""
        if kind == VALUE and _is_countable(text):
            return Packed(NUMBER, text, len(text) + len(key.encode()))
        blob = text
        if self._vault is not None:
            seals, bound = await self._seals(self._vault, place), _bound(place, key)
            plain = text.decode()
            if len(text) > LARGE:  # takes longer than others on this loop may be held up
                blob = await asyncio.to_thread(seals.seal, plain, place=bound)
            else:
                blob = seals.seal(plain, place=bound)
        return Packed(kind, blob, len(blob) + len(key.encode()))

    async def open(self, place: ResourcePlace, key: str, kind: str, blob: bytes) -> Json:
        """The value. Raises SealError for what another key sealed, or for another place, or what is damaged."""
        seals = await self._seals(self._vault, place) if self._vault is not None and kind != NUMBER else None
        bound = _bound(place, key)
        if len(blob) > LARGE:
            return await asyncio.to_thread(_opened, blob, seals, bound)
        return _opened(blob, seals, bound)

    async def _seals(self, vault: Vault, place: ResourcePlace) -> Seals:
        """Raises PlatformFailed: a key that cannot be had just now says nothing about the values that it seals."""
        try:
            return await vault.sealer(place.workspace_id)
        except Exception:  # noqa: BLE001 - the vault asks a database, whose errors are not ours to know
            raise PlatformFailed("The workspace's key could not be had just now.") from None


def _opened(blob: bytes, seals: Seals | None, bound: Place) -> Json:
    try:
        if seals:  # nobody else can have written it
            return json.loads(seals.open(blob, place=bound))
        return parse_json(blob, max_bytes=_NO_LIMIT)
    except (JsonError, ValueError, RecursionError):
        raise SealError("This is no value of ours.") from None


def _bound(place: ResourcePlace, key: str) -> Place:
    return Place(str(place.workspace_id), "cache", str(place.id), key)


def _is_countable(text: bytes) -> bool:
    if len(text) > 20 or not text.lstrip(b"-").isdigit():
        return False
    return -_INT64 <= int(text) < _INT64


def refused(field: str, message: str) -> InputRejected:
    """The input holds something that cannot be; `field` is which."""
    return InputRejected(
        message, details={"field": field, "errors": [{"pointer": f"/{field}", "code": "invalid", "detail": message}]}
    )
