"""Files on the disk of this installation, each below the folder of its place and reached without following a link.

Every step of a path is opened from the folder before it (`dir_fd`, O_NOFOLLOW), so that what was checked is what is
used, whatever is renamed meanwhile. Contents are written aside and moved under their name when they are complete.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

from processors.connectors.errors import FileMissing, FileThere
from processors.connectors.resources import ResourcePlace
from processors.connectors.storage.building import local_folder
from processors.connectors.storage.disk_errors import told
from processors.connectors.storage.failures import Effect
from processors.connectors.storage.folders import Folder, entries
from processors.connectors.storage.store import FileMeta, OpenedFile, Part
from products.lib.signed_files import FileLink, Method

_READ: Final = 1024 * 1024
_LISTED: Final = 500
_ASIDE: Final = ".uploads"
_FORGOTTEN_S: Final = 86_400.0
_TYPE: Final = "user.content_type"
_TRIES: Final = 20
T = TypeVar("T")


class DiskStore:
    """One place on the local disk (`Store`). Blocking calls are made in threads, which end before their caller does."""

    skips = True

    def __init__(self, place: ResourcePlace, root: Path, sign_local: Callable[[FileLink], str]) -> None:
        self._id = place.id
        self._root = root
        *self._own, self._name = local_folder(place)
        self._sign = sign_local
        self._swept = False

    async def put(
        self, key: str, pieces: AsyncIterator[bytes], *, content_type: str, if_absent: bool, effect: Effect
    ) -> str:
        """Written aside, flushed to the disk, then moved."""
        with told(effect):
            name = str(uuid4())
            aside, descriptor = await _in_thread(self._begun, name, undo=_dropped)
            try:
                async for piece in pieces:
                    await _in_thread(_write, descriptor, piece)
                await _in_thread(_finish, descriptor, content_type)
                await _in_thread(self._placed, aside, name, key, if_absent, effect)
                return _etag(os.fstat(descriptor))
            finally:
                os.close(descriptor)
                aside.remove(name)
                aside.close()

    async def get(self, key: str, part: Part | None = None) -> OpenedFile:
        """The file stays readable to its end, whatever is saved or removed meanwhile."""
        with told():
            descriptor, found, content_type = await _in_thread(self._opened, key, undo=lambda got: os.close(got[0]))
        return OpenedFile(_meta(key, found, content_type), _pieces(descriptor, part or Part(0, found.st_size)))

    async def head(self, key: str) -> FileMeta:
        """With its content type."""
        opened = await self.get(key, Part(0, 0))
        async for _ in opened.pieces:  # closes it
            pass
        return opened.meta

    async def scan(self, folder: str, *, after: str) -> AsyncGenerator[FileMeta, None]:
        """Names that no key can have are passed over, and so is whatever is no ordinary file."""
        with told():
            try:
                parts = folder.split("/") if folder else []
                top = await _in_thread(self._folder, parts, False, undo=Folder.close)
            except FileMissing:
                return
            found = entries(top, f"{folder}/" if folder else "", after)
            try:
                while some := await _in_thread(lambda: list(islice(found, _LISTED))):
                    for key, status in some:
                        yield _meta(key, status)
            finally:
                await _in_thread(found.close)
                top.close()

    async def delete(self, key: str, *, effect: Effect) -> None:
        """Folders that are empty then go too: in the clouds there are none either."""
        with told(effect):
            await _in_thread(self._deleted, key, effect)

    async def copy(self, key: str, to: str, *, effect: Effect) -> None:
        """Piece by piece, with its content type."""
        opened = await self.get(key)
        try:
            await self.put(to, opened.pieces, content_type=opened.meta.content_type, if_absent=False, effect=effect)
        finally:
            await opened.pieces.aclose()

    async def sign(self, method: Method, key: str, holds: timedelta) -> str:
        """A URL of this installation, made by who gave the connector its means to."""
        return self._sign(FileLink(self._id, key, method, int(time.time() + holds.total_seconds())))

    async def close(self) -> None:
        """Nothing is kept open."""

    def _folder(self, parts: list[str], make: bool) -> Folder:
        """Raises FileMissing when it is not there."""
        if make:
            self._root.mkdir(parents=True, exist_ok=True)
        return Folder.opened(self._root, [*self._own, self._name, *parts], make=make)

    def _begun(self, name: str) -> tuple[Folder, int]:
        """The folder of what is not complete yet, and a new file in it."""
        self._root.mkdir(parents=True, exist_ok=True)
        folder = Folder.opened(self._root, [*self._own, _ASIDE], make=True)
        if not self._swept:
            folder.sweep(time.time() - _FORGOTTEN_S)
            self._swept = True
        try:
            return folder, folder.create(name)
        except OSError:
            folder.close()
            raise

    def _placed(self, aside: Folder, name: str, key: str, if_absent: bool, effect: Effect) -> None:
        *parts, last = key.split("/")
        for left in reversed(range(_TRIES)):
            try:
                with closing(self._folder(parts, True)) as folder:
                    folder.refuse_folder(last)
                    aside.move(name, folder, last, replace=not if_absent)
                    effect.begun = True  # a thread is always waited for, so that this is known, whatever comes next
                    folder.sync()
                    return
            except FileExistsError:
                raise FileThere() from None
            except FileNotFoundError:  # a folder on the way was emptied by a delete at this moment, and so removed
                if effect.begun or not left:
                    raise

    def _opened(self, key: str) -> tuple[int, os.stat_result, str]:
        *parts, last = key.split("/")
        with closing(self._folder(parts, False)) as folder:
            descriptor = folder.open_file(last)
        found = os.fstat(descriptor)
        content_type = ""
        with suppress(OSError):
            content_type = os.getxattr(descriptor, _TYPE).decode("utf-8", "replace")
        return descriptor, found, content_type

    def _deleted(self, key: str, effect: Effect) -> None:
        *parts, last = key.split("/")
        with closing(self._folder(parts, False)) as folder:
            folder.check_file(last)
            folder.unlink(last)
            effect.begun = True
        while parts:
            *parts, name = parts
            with closing(self._folder(parts, False)) as above:
                if not above.remove_empty(name):
                    return


def _write(descriptor: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


def _finish(descriptor: int, content_type: str) -> None:
    with suppress(OSError):  # a file system without attributes: the name's ending says the type then
        os.setxattr(descriptor, _TYPE, content_type.encode())
    os.fsync(descriptor)


async def _pieces(descriptor: int, part: Part) -> AsyncGenerator[bytes, None]:
    at, left = part.start, part.length
    try:
        with told():
            while piece := await _in_thread(os.pread, descriptor, min(_READ, left), at):
                at, left = at + len(piece), left - len(piece)
                yield piece
    finally:
        os.close(descriptor)


def _meta(key: str, found: os.stat_result, content_type: str = "") -> FileMeta:
    modified = datetime.fromtimestamp(found.st_mtime, tz=UTC)
    return FileMeta(key, found.st_size, modified, _etag(found), content_type)


def _etag(found: os.stat_result) -> str:
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _dropped(begun: tuple[Folder, int]) -> None:
    os.close(begun[1])
    begun[0].close()


async def _in_thread(function: Callable[..., T], *args: Any, undo: Callable[[T], object] | None = None) -> T:
    """In a thread. Whoever is cancelled waits for it: descriptors are neither closed under its hands nor lost."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        failed = running.cancelled() or running.exception() is not None
        if undo and not failed:
            undo(running.result())
        raise
