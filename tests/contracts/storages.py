"""What a storage does, whatever it is kept in: one sequence of calls, and the outputs that every provider gives."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from processors.connectors.errors import ConnectorError, InputRejected, ResponseTooLarge
from processors.connectors.resources import FileNote, ResourceCall, ResourcePlace
from processors.connectors.storage.connector import StorageConnector
from products.catalog.resources import KINDS
from products.lib.redaction import Redactor

PIECE = 1_048_576
BIG = 12 * PIECE + 345  # more than two parts of an upload
SEEN = "…"


@dataclass
class MemoryFiles:
    """Large contents of a run, kept here (`processors.connectors.resources.Files`)."""

    kept: dict[UUID, bytes] = field(default_factory=dict)
    types: dict[UUID, tuple[str, str]] = field(default_factory=dict)

    def put(self, data: bytes) -> str:
        file_id = uuid4()
        self.kept[file_id] = data
        return str(file_id)

    async def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        if file_id not in self.kept:
            raise InputRejected("There is no such uploaded file, or it has expired.", details={"field": "file"})
        data = self.kept[file_id]
        for start in range(0, len(data), PIECE):
            yield data[start : start + PIECE]

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        data = bytearray()
        async for piece in pieces:
            data += piece
            if len(data) > max_bytes:
                raise ResponseTooLarge(details={"limit_bytes": max_bytes})
        file_id = uuid4()
        self.kept[file_id], self.types[file_id] = bytes(data), (name, content_type)
        return FileNote(file_id, len(data), hashlib.sha256(data).hexdigest())


@dataclass
class Storage:
    """A place and the connector that speaks to it."""

    connector: StorageConnector
    provider: str
    settings: dict[str, Any]
    secrets: tuple[str, ...] = ()
    files: Any = field(default_factory=MemoryFiles)
    place_id: UUID = field(default_factory=uuid4)
    folder: str = "ws/product"

    def place(self, **settings: Any) -> ResourcePlace:
        declared = {each.name: each.default for each in KINDS["storage"].settings_of(self.provider)}
        given = {**declared, **self.settings, **settings}
        fingerprint = hashlib.sha256(repr(sorted(given.items(), key=str)).encode()).hexdigest()
        return ResourcePlace(self.place_id, UUID(int=1), self.provider, given, fingerprint, self.folder)

    async def result(self, operation: str, *, deadline_s: float = 30, at: dict[str, Any] | None = None, **data: Any):
        """The whole result of a call with the place's settings, changed by `at`."""
        call = ResourceCall(self.place(**(at or {})), operation, {}, data, Redactor(self.secrets), self.files)
        return await self.connector.call(call, deadline_s=deadline_s, max_bytes=1_000_000)

    async def do(self, operation: str, **data: Any) -> Any:
        """The output."""
        return (await self.result(operation, **data)).output

    async def failed(self, operation: str, **data: Any) -> ConnectorError:
        """The error that a call ends with."""
        try:
            output = await self.do(operation, **data)
        except ConnectorError as error:
            return error
        raise AssertionError(f"{operation} gave {output}")


def plain(output: Any) -> Any:
    """An output without what differs from one storage to the next: moments, etags and ids of files."""
    if isinstance(output, list):
        return [plain(each) for each in output]
    if not isinstance(output, dict):
        return output
    masked = {
        "etag": r"[!-~]{6,}",
        "version": r"[0-9a-f]{32}",
        "modified_at": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ",
        "file": r"[0-9a-f-]{36}",
    }
    return {
        name: SEEN if name in masked and re.fullmatch(masked[name], str(value)) else plain(value)
        for name, value in output.items()
    }


def _file(key: str, size: int) -> dict[str, Any]:
    return {"key": key, "size": size, "modified_at": SEEN}


def _saved(key: str, size: int, content_type: str) -> dict[str, Any]:
    return {"key": key, "size": size, "content_type": content_type, "etag": SEEN}


def _read(key: str, size: int, content_type: str, **content: Any) -> dict[str, Any]:
    return {**_file(key, size), "content_type": content_type, **content}


ODD = "2026/a b%20#~*?&+=[ü].bin"
NFD, NFC = "cafe\u0301/日本.txt", "caf\u00e9/日本.txt"
# In the order in which they are listed, too: by the bytes of their keys.
CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("check", {}, {"listed": True, "written": True}),
    ("list", {}, {"files": [], "folders": [], "next": None}),
    ("save", {"key": "a.txt", "content": "Grüße"}, _saved("a.txt", 7, "text/plain")),
    ("save", {"key": "a/one.json", "json": {"n": [1, "ü", None]}}, _saved("a/one.json", 19, "application/json")),
    ("save", {"key": "a/b/two", "base64": "AP/+"}, _saved("a/b/two", 3, "application/octet-stream")),
    ("save", {"key": "a/b/c/three.html", "content": "<b>", "content_type": "text/x-own; charset=utf-8"},
     _saved("a/b/c/three.html", 3, "text/x-own; charset=utf-8")),
    ("save", {"key": ODD, "content": ""}, _saved(ODD, 0, "application/octet-stream")),
    ("save", {"key": NFD, "content": "x"}, _saved(NFC, 1, "text/plain")),
    ("save", {"key": "big.pdf", "file": "BIG"}, _saved("big.pdf", BIG, "application/pdf")),
    ("save", {"key": "a.txt", "content": "again", "if_absent": True}, "key_taken"),
    ("save", {"key": "big.pdf", "file": "BIG", "if_absent": True}, "key_taken"),
    ("save", {"key": "new.txt", "content": "new", "if_absent": True}, _saved("new.txt", 3, "text/plain")),
    ("save", {"key": "new.txt", "content": "newer"}, _saved("new.txt", 5, "text/plain")),
    ("save", {"key": "x", "content": "a", "json": {}}, "input_rejected"),
    ("save", {"key": "x"}, "input_rejected"),
    ("save", {"key": "../x", "content": "a"}, "input_rejected"),
    ("save", {"key": "x", "file": str(UUID(int=9))}, "input_rejected"),
    ("read", {"key": "a.txt"}, _read("a.txt", 7, "text/plain", content="Grüße")),
    ("read", {"key": "a.txt", "as": "base64"}, _read("a.txt", 7, "text/plain", base64="R3LDvMOfZQ==")),
    ("read", {"key": "a.txt", "as": "json"}, "input_rejected"),
    ("read", {"key": "a/one.json"}, _read("a/one.json", 19, "application/json", json={"n": [1, "ü", None]})),
    ("read", {"key": "a/one.json", "as": "text"},
     _read("a/one.json", 19, "application/json", content='{"n":[1,"ü",null]}')),
    ("read", {"key": "a/b/two"}, _read("a/b/two", 3, "application/octet-stream", base64="AP/+")),
    ("read", {"key": "a/b/two", "as": "text"}, "input_rejected"),
    ("read", {"key": "a/b/c/three.html"}, _read("a/b/c/three.html", 3, "text/x-own; charset=utf-8", content="<b>")),
    ("read", {"key": ODD}, _read(ODD, 0, "application/octet-stream", content="")),
    ("read", {"key": NFC}, _read(NFC, 1, "text/plain", content="x")),
    ("read", {"key": "a.txt", "as": "file"}, _read("a.txt", 7, "text/plain", file=SEEN)),
    ("read", {"key": "big.pdf"}, _read("big.pdf", BIG, "application/pdf", file=SEEN)),
    ("read", {"key": "big.pdf", "as": "text"}, "response_too_large"),
    ("read", {"key": "nothing"}, "file_not_found"),
    ("read", {"key": "a"}, "file_not_found"),
    ("stat", {"key": "a.txt"}, {**_file("a.txt", 7), "version": SEEN}),
    ("stat", {"key": ODD}, {**_file(ODD, 0), "version": SEEN}),
    ("stat", {"key": "nothing"}, "file_not_found"),
    ("stat", {"key": "../a.txt"}, "input_rejected"),
    ("part", {"key": "a.txt", "start": 0, "length": 3, "version": "0" * 32}, "file_changed"),
    ("part", {"key": "nothing", "start": 0, "length": 3, "version": "0" * 32}, "file_not_found"),
    ("part", {"key": "a.txt", "start": -1, "length": 3, "version": "0" * 32}, "input_rejected"),
    ("part", {"key": "a.txt", "start": 0, "length": 10**9, "version": "0" * 32}, "input_rejected"),
    ("list", {}, {"files": [_file("a.txt", 7), _file("big.pdf", BIG), _file("new.txt", 5)],
                  "folders": ["2026/", "a/", "café/"], "next": None}),
    ("list", {"limit": 2}, {"files": [_file("a.txt", 7)], "folders": ["2026/"], "next": "a.txt"}),
    ("list", {"limit": 2, "after": "a.txt"}, {"files": [_file("big.pdf", BIG)], "folders": ["a/"], "next": "big.pdf"}),
    ("list", {"limit": 1, "after": "a.txt"}, {"files": [], "folders": ["a/"], "next": "a/"}),
    ("list", {"limit": 1, "after": "a/"}, {"files": [_file("big.pdf", BIG)], "folders": [], "next": "big.pdf"}),
    ("list", {"after": "new.txt"}, {"files": [], "folders": [], "next": None}),
    ("list", {"prefix": "a"}, {"files": [_file("a/one.json", 19)], "folders": ["a/b/"], "next": None}),
    ("list", {"prefix": "a/", "deep": True},
     {"files": [_file("a/b/c/three.html", 3), _file("a/b/two", 3), _file("a/one.json", 19)], "folders": [],
      "next": None}),
    ("list", {"deep": True, "limit": 3},
     {"files": [_file(ODD, 0), _file("a.txt", 7), _file("a/b/c/three.html", 3)], "folders": [],
      "next": "a/b/c/three.html"}),
    ("list", {"deep": True, "limit": 2, "after": "a/b/c/three.html"},
     {"files": [_file("a/b/two", 3), _file("a/one.json", 19)], "folders": [], "next": "a/one.json"}),
    ("list", {"prefix": "nowhere"}, {"files": [], "folders": [], "next": None}),
    ("list", {"limit": 0}, "input_rejected"),
    ("list", {"prefix": "../a"}, "input_rejected"),
    ("copy", {"key": "a/b/c/three.html", "to": "copies/three"}, {"key": "a/b/c/three.html", "to": "copies/three"}),
    ("read", {"key": "copies/three"}, _read("copies/three", 3, "text/x-own; charset=utf-8", content="<b>")),
    ("copy", {"key": "nothing", "to": "copies/x"}, "file_not_found"),
    ("copy", {"key": "a.txt", "to": "a.txt"}, "input_rejected"),
    ("delete", {"key": "a/b/c/three.html"}, {"key": "a/b/c/three.html", "existed": True}),
    ("delete", {"key": "a/b/c/three.html"}, {"key": "a/b/c/three.html", "existed": False}),
    ("delete", {"key": "a/b"}, {"key": "a/b", "existed": False}),
    ("delete", {"key": "a/b/two"}, {"key": "a/b/two", "existed": True}),
    ("list", {"prefix": "a"}, {"files": [_file("a/one.json", 19)], "folders": [], "next": None}),
    ("sign", {"key": "a.txt", "seconds": 604_801}, "input_rejected"),
    ("sign", {"key": "a.txt", "method": "DELETE"}, "input_rejected"),
    ("vanish", {}, "input_rejected"),
]  # fmt: skip


async def keeps_the_contract(storage: Storage) -> None:
    """Every call of the sequence, one after the other, and what it has to give."""
    content = (hashlib.sha256(b"big").digest() * (BIG // 32 + 1))[:BIG]
    big = storage.files.put(content)
    for number, (operation, data, wanted) in enumerate(CALLS):
        given = {name: big if value == "BIG" else value for name, value in data.items()}
        try:
            output = await storage.do(operation, **given)
        except ConnectorError as error:
            output = error.code
        assert plain(output) == wanted, f"{number} {operation} {data}"
        if operation == "read" and data == {"key": "big.pdf"}:
            assert storage.files.kept[UUID(output["file"])] == content
            assert storage.files.types[UUID(output["file"])] == ("big.pdf", "application/pdf")


async def gives_parts_of_one_version(storage: Storage) -> None:
    """Parts make up the whole, from anywhere to anywhere; those of another content are refused."""
    content = hashlib.sha256(b"parts").digest() * 100_000
    await storage.do("save", key="k", file=storage.files.put(content))
    seen = await storage.do("stat", key="k")
    assert seen == await storage.do("stat", key="k")
    assert seen["size"] == len(content)
    for start, length in ((0, 1), (0, 2_000_000), (1_999_999, 1_200_001), (len(content) - 1, 1), (31, 1_048_576)):
        assert await part_of(storage, "k", start, length, seen["version"]) == content[start : start + length]
    for there in (content[::-1], content[:-1], content[:1_000], b"", content):
        await storage.do("save", key="k", file=storage.files.put(there))
        version = (await storage.do("stat", key="k"))["version"]
        for start, length in ((0, 100), (2_000_000, 100)):
            error = await storage.failed("part", key="k", start=start, length=length, version=seen["version"] + "x")
            assert error.code == "file_changed", (len(there), start)
        assert there == content or version != seen["version"]
    await storage.do("delete", key="k")
    assert (await storage.failed("part", key="k", start=0, length=1, version=version)).code == "file_not_found"


async def part_of(storage: Storage, key: str, start: int, length: int, version: str) -> bytes:
    output = await storage.do("part", key=key, start=start, length=length, version=version)
    return storage.files.kept[UUID(output["file"])]


class Cutting(MemoryFiles):
    """An upload in whose middle something happens."""

    def __init__(self, pieces: int, after: int, cut: Callable[[], object]) -> None:
        super().__init__()
        self._pieces, self._after, self._cut = pieces, after, cut

    async def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        for number in range(self._pieces):
            if number == self._after:
                self._cut()
            yield b"n" * PIECE


async def a_save_that_is_cut_changes_nothing(storage: Storage, cut: Callable[[], object], heal: Callable[[], object]):
    """Parts were sent already; what was there before stays, and nothing half is under any name."""
    await storage.do("save", key="a/k", content="old")
    kept, storage.files = storage.files, Cutting(24, 18, cut)
    for key in ("a/k", "a/fresh"):
        error = await storage.failed("save", key=key, file=str(uuid4()), deadline_s=60)
        assert (error.fault, error.retryable, error.outcome_unknown) == ("network", True, False), error.to_json()
        heal()
    storage.files = kept
    assert (await storage.do("read", key="a/k"))["content"] == "old"
    assert [each["key"] for each in (await storage.do("list", deep=True))["files"]] == ["a/k"]
    await storage.do("save", key="a/k", content="new")
    assert (await storage.do("read", key="a/k"))["content"] == "new"


async def a_read_that_is_cut_gives_nothing(storage: Storage, cut: Callable[[], object], heal: Callable[[], object]):
    """Neither as a file nor as a part: what is there of it is not taken for the whole."""
    await storage.do("save", key="k", file=storage.files.put(b"x" * 8 * PIECE))
    version = (await storage.do("stat", key="k"))["version"]
    before = len(storage.files.kept)
    cut()
    whole = await storage.failed("read", key="k", **{"as": "file"}, deadline_s=60)
    part = await storage.failed("part", key="k", start=0, length=4 * PIECE, version=version, deadline_s=60)
    assert {(error.fault, error.retryable) for error in (whole, part)} == {("network", True)}
    assert len(storage.files.kept) == before
    heal()
    assert await part_of(storage, "k", PIECE, 4 * PIECE, version) == b"x" * 4 * PIECE


async def one_of_many_saves_at_once_is_there_whole(storage: Storage):
    """Contents of one letter each, under one name, some in one request and some in parts."""
    sizes = {letter: PIECE * (1 + 7 * (number % 2)) for number, letter in enumerate(b"abcdef")}
    ids = {letter: storage.files.put(bytes([letter]) * size) for letter, size in sizes.items()}
    saving = (storage.do("save", key="same", file=each, deadline_s=120) for each in ids.values())
    saved = await asyncio.gather(*saving, return_exceptions=True)
    failed = [each for each in saved if isinstance(each, BaseException)]
    assert len(failed) < len(saved)
    for error in failed:  # Azure keeps the parts of one upload only
        assert isinstance(error, ConnectorError)
        assert (storage.provider, error.retryable, error.outcome_unknown) == ("azure", True, False), error.to_json()
    seen = await storage.do("read", key="same", **{"as": "file"})
    data = storage.files.kept[UUID(seen["file"])]
    assert data == data[:1] * sizes[data[0]]
    assert [each["key"] for each in (await storage.do("list", deep=True))["files"]] == ["same"]


async def takes_names_as_they_are(storage: Storage):
    """What is a name elsewhere is one here; what leads out, or is too long, is refused by its field."""
    for key in ("CON", "aux.txt", "nul", "x" * 255, "d/" + "é" * 127, "a;b", "-rf", "~root", "%2e%2e", "file:x"):
        assert (await storage.do("save", key=key, content=key))["key"] == key
        assert (await storage.do("read", key=key, **{"as": "text"}))["content"] == key
    for key in ("../../x", "/etc/passwd", "a/../../x", "x" * 300, "a/" + "x" * 256, "x/" * 600 + "x", "..\\x"):
        error = await storage.failed("save", key=key, content="x")
        assert (error.code, error.details["field"]) == ("input_rejected", "key"), key
    assert len((await storage.do("list", deep=True))["files"]) == 10


class Made(MemoryFiles):
    """A content of many bytes that nobody keeps: every piece says where it is."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self._pieces = pieces
        self.right = 0

    async def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        for number in range(self._pieces):
            yield number.to_bytes(4) * (PIECE // 4)

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        size, waiting = 0, bytearray()
        async for piece in pieces:
            size += len(piece)
            waiting += piece
            while len(waiting) >= PIECE:
                self.right += waiting[:PIECE] == self.right.to_bytes(4) * (PIECE // 4)
                del waiting[:PIECE]
        return FileNote(uuid4(), size, "")


async def carries_a_hundred_megabytes(storage: Storage):
    """In and out, each byte in its place."""
    storage.files = Made(100)
    saved = await storage.do("save", key="large", file=str(uuid4()), deadline_s=300)
    read = await storage.do("read", key="large", deadline_s=300)
    assert saved["size"] == read["size"] == 100 * PIECE
    assert storage.files.right == 100
