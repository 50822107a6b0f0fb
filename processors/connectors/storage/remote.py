"""Files in S3, Google Cloud Storage and Azure Blob, through the storage library and our own way out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import obstore
from obstore.exceptions import BaseError

from processors.connectors.errors import ConnectionLost, ConnectorError, FileMissing, FileThere, RemoteRejected
from processors.connectors.resources import ResourcePlace
from processors.connectors.storage.building import Client, Plan, plan
from processors.connectors.storage.failures import Effect, failure, is_final
from processors.connectors.storage.feeding import PIECE, Feed
from processors.connectors.storage.gateway import Gateway, Way
from processors.connectors.storage.keys import joined
from processors.connectors.storage.store import FileMeta, OpenedFile, Part
from products.lib.signed_files import Method

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

_SMALL: Final = 1024 * 1024
_PARTS_AT_ONCE: Final = 3  # with as many pieces in memory
_AT_ONCE: Final = 16 * 1024 * 1024  # up to which “only where the key is free” is one request, and so certain
_READ: Final = 1024 * 1024
_LISTED: Final = 1_000
_ABORT_S: Final = 10.0
T = TypeVar("T")


class RemoteStore:
    """One place in a bucket or container (`Store`). The library's client is made with the first call."""

    def __init__(self, place: ResourcePlace, gateway: Gateway, large: asyncio.Semaphore) -> None:
        self._large = large
        self._provider = place.provider
        self._certificates = str(place.settings.get("ca_certificate") or "")
        self._plan: Plan = plan(place)
        self._gateway = gateway
        endpoint = self._plan.endpoint
        self._way = Way((endpoint.raw_host or "").lower(), endpoint.port or 443)
        self._made: Client | None = None
        self._aborting: set[asyncio.Task[Any]] = set()
        self.skips = self._provider != "azure"  # Azure lists from the beginning each time

    async def put(
        self, key: str, pieces: AsyncIterator[bytes], *, content_type: str, if_absent: bool, effect: Effect
    ) -> str:
        """In one request when it is small, in parts otherwise: what is not complete is never seen."""
        feed = Feed(pieces)
        effect.way = self._way
        whole = await feed.beginning(_SMALL)
        if whole is not None:
            return await self._put_whole(key, whole, content_type, if_absent, effect)
        async with self._large:
            whole = await feed.beginning(_AT_ONCE if if_absent else PIECE)
            if whole is not None:
                return await self._put_whole(key, whole, content_type, if_absent, effect)
            if if_absent and await self._exists(key):
                raise FileThere()
            return await self._put_parts(key, feed, content_type, effect)

    async def get(self, key: str, part: Part | None = None) -> OpenedFile:
        """One request; its answer is read as the pieces are asked for."""
        client = await self._client()
        options: GetOptions = {"range": (part.start, part.start + part.length)} if part else {}
        with self._told():
            found = await client.get_async(self._key(key), options=options)
        meta = self._meta(found.meta, content_type=found.attributes.get("Content-Type", ""))
        return OpenedFile(meta, self._pieces(found.stream(min_chunk_size=_READ)))

    async def head(self, key: str) -> FileMeta:
        """The answer to such a request has no words: a missing bucket looks as a missing file does, and a wrong key as
        a missing permission. So that a list is asked for then, whose refusal says which.
        """
        client = await self._client()
        try:
            with self._told():
                return self._meta(await client.head_async(self._key(key)))
        except RemoteRejected:
            with suppress(RemoteRejected):  # who may not list either learns no more
                async with aclosing(self.scan("", after="", most=1)) as found:
                    await anext(found, None)
            raise

    async def scan(self, folder: str, *, after: str, most: int = _LISTED) -> AsyncGenerator[FileMeta, None]:
        """Page by page, as they are asked for."""
        client = await self._client()
        below = self._key(folder) if folder else self._plan.folder
        with self._told():
            offset = self._key(after) if after else None
            async for found in client.list(below or None, offset=offset, chunk_size=most):
                for each in found:
                    meta = self._meta(each)
                    if meta.key > after:  # not every storage leaves out what comes before
                        yield meta

    async def delete(self, key: str, *, effect: Effect) -> None:
        """Asks first: S3 says of a file that was never there that it is deleted."""
        await self.head(key)
        client = await self._client()
        effect.begun, effect.way = True, self._way
        with self._told(effect):
            await client.delete_async(self._key(key))

    async def copy(self, key: str, to: str, *, effect: Effect) -> None:
        """Done by the storage itself: the content does not come here."""
        client = await self._client()
        effect.begun, effect.way = True, self._way
        with self._told(effect):
            await client.copy_async(self._key(key), self._key(to))

    async def sign(self, method: Method, key: str, holds: timedelta) -> str:
        """Made here, of the credentials; nothing is asked."""
        if self._plan.link is not None:
            return self._plan.link(method, self._key(key), holds)
        client = await self._client()
        with self._told():
            return await obstore.sign_async(client, method, self._key(key), holds)

    async def close(self) -> None:
        """Nothing is dialled any more; uploads that were given up have a moment to take their parts away."""
        if self._aborting:
            await asyncio.wait(self._aborting, timeout=_ABORT_S)
        self._gateway.forget(self._way)
        self._made = None

    async def _client(self) -> Client:
        if self._made is None:
            self._made = self._plan.built(await self._gateway.open(self._way), self._certificates)
        return self._made

    async def _exists(self, key: str) -> bool:
        try:
            await self.head(key)
        except FileMissing:
            return False
        return True

    async def _put_whole(self, key: str, data: bytes, content_type: str, if_absent: bool, effect: Effect) -> str:
        client = await self._client()
        mode: Literal["create", "overwrite"] = "create" if if_absent else "overwrite"
        effect.begun = True
        with self._told(effect):
            done = await client.put_async(
                self._key(key), data, attributes={"Content-Type": content_type}, mode=mode, use_multipart=False
            )
        return _bare(done["e_tag"])

    async def _put_parts(self, key: str, feed: Feed, content_type: str, effect: Effect) -> str:
        client = await self._client()
        upload = client.put_async(
            self._key(key), feed, attributes={"Content-Type": content_type}, use_multipart=True, chunk_size=PIECE,
            max_concurrency=_PARTS_AT_ONCE,
        )  # fmt: skip
        return _bare((await self._uploaded(upload, feed, effect))["e_tag"])

    async def _uploaded(self, upload: Awaitable[T], feed: Feed, effect: Effect) -> T:
        running = asyncio.ensure_future(upload)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            effect.begun = feed.ended
            feed.stop()
            self._left(running, at_once=feed.ended)
            raise
        except (BaseError, OSError, ValueError) as error:
            if error is feed.error:
                raise
            effect.begun = is_final(error)
            if effect.begun and isinstance(error, FileNotFoundError):  # tried twice, and the first time it was done
                raise ConnectionLost(outcome_unknown=True) from None
            raise failure(error, provider=self._provider, way=self._way, effect=effect) from None

    def _left(self, running: asyncio.Future[Any], *, at_once: bool) -> None:
        """Nobody waits for it, but it may still be taking its parts away."""
        if at_once:
            running.cancel()

        async def waiting() -> None:
            await asyncio.wait({running}, timeout=_ABORT_S)
            if not running.done():
                running.cancel()
            elif not running.cancelled():
                running.exception()  # looked at: nobody is to be warned of it

        task = asyncio.ensure_future(waiting())
        self._aborting.add(task)
        task.add_done_callback(self._aborting.discard)

    async def _pieces(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        with self._told():
            async for piece in stream:
                yield bytes(piece)

    def _key(self, key: str) -> str:
        return joined(self._plan.folder, key)

    def _meta(self, found: ObjectMeta, *, content_type: str = "") -> FileMeta:
        key = found["path"].removeprefix(f"{self._plan.folder}/") if self._plan.folder else found["path"]
        return FileMeta(key, found["size"], found["last_modified"], _bare(found["e_tag"]), content_type)

    @contextmanager
    def _told(self, effect: Effect | None = None) -> Iterator[None]:
        """Inside, what the library raises becomes a ConnectorError."""
        try:
            yield
        except ConnectorError:
            raise
        except (BaseError, OSError, ValueError) as error:
            raise failure(error, provider=self._provider, way=self._way, effect=effect) from None


def _bare(etag: str | None) -> str:
    return (etag or "").removeprefix("W/").strip('"')
