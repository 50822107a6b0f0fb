"""The API description inside a zip archive, as Postman and GitHub give them. Nothing of it is ever written to disk."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from products.importers.detect import detect
from products.lib.document_errors import MAX_BYTES, DocumentError
from products.lib.documents import load_document

MAX_ENTRIES = 10_000
MAX_UNPACKED = 2 * MAX_BYTES  # of all that is looked into
MAX_LOOKED_INTO = 200
_MAX_DIRECTORY = 2 * 1024 * 1024
_LISTED = 20
_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16, end of central directory record
_END_MARK, _ZIP64_MARK = b"PK\x05\x06", b"PK\x06\x07"
_SUFFIXES = (".json", ".yaml", ".yml")
_TELLING = re.compile(rb"openapi|swagger|collection/v\d|_postman_id|\"item\"", re.IGNORECASE)
_LEADS_OUT = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:|[\x00-\x1f]")
_OTHERS = {b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"BZh": "bzip2", b"\xfd7zX": "xz"}
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError),
    *(EOFError, ValueError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A document of an archive, and what the report should say of how it was found."""

    name: str
    data: bytes
    notes: tuple[str, ...]


def is_archive(data: bytes) -> bool:
    """Whether this is a zip archive. Raises DocumentError for other kinds of archives."""
    for mark, kind in _OTHERS.items():
        if data.startswith(mark):
            raise _refused("bad-archive", f"This is a {kind} archive. Unpack it, or send a zip archive.")
    return data.startswith((b"PK\x03\x04", _END_MARK, b"PK\x07\x08"))


def open_archive(data: bytes, *, chosen: str = "") -> Member:
    """The one API description in the archive, or the one that is `chosen` by its name.

    Raises DocumentError for archives that are broken, too large, or made to do harm, and when there is none or, without
    a choice, more than one.
    """
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_names(entries)
            return _Search(archive, entries).found(chosen)
    except _BROKEN as error:
        raise _refused("bad-archive", f"The archive cannot be read: {str(error)[:120] or 'it is damaged'}.") from None


def _check_directory(data: bytes) -> None:
    """Before anything is made of it: a few megabytes can list a million entries."""
    at = data.rfind(_END_MARK, max(0, len(data) - 65_557))
    if at < 0 or len(data) < at + _END.size:
        raise _refused("bad-archive", "The archive is not complete: its list of contents is missing.")
    count, size = _END.unpack_from(data, at)[4:6]
    if data[max(0, at - 20) : at].startswith(_ZIP64_MARK) or count > MAX_ENTRIES or size > _MAX_DIRECTORY:
        raise _refused("archive-too-large", f"An archive may have at most {MAX_ENTRIES} entries.")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _refused("archive-too-large", f"An archive may have at most {MAX_ENTRIES} entries.")
    for entry in entries:
        if _LEADS_OUT.search(entry.orig_filename):
            raise _refused("bad-archive", f"The name “{_shown(entry.orig_filename)}” leads out of the archive.")
    twice = [name for name, count in Counter(entry.filename for entry in entries).items() if count > 1]
    if twice:
        raise _refused("bad-archive", f"The name “{_shown(twice[0])}” is in the archive twice.")


class _Search:
    def __init__(self, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
        self._archive = archive
        self._entries = entries
        self._left = MAX_UNPACKED
        self._notes: list[str] = []

    def found(self, chosen: str) -> Member:
        if chosen:
            entry = next((each for each in self._entries if each.filename == chosen), None)
            if entry is None:
                raise _refused("archive-empty", f"There is no “{_shown(chosen)}” in the archive.")
            return Member(entry.filename, self._read(entry), ())
        candidates = list(self._candidates())
        members = [Member(entry.filename, data, ()) for entry, data in self._opened(candidates)]
        if len(candidates) > 1 or not members:
            members = [each for each in members if _is_description(each)]
        if len(members) > 1:
            names = ", ".join(f"“{_shown(each.name)}”" for each in members[:_LISTED])
            raise _refused(
                "archive-several", f"There are {len(members)} API descriptions: {names}. Say which to import."
            )
        if not members:
            raise _refused("archive-empty", "There is no OpenAPI, Swagger or Postman document in the archive.")
        return Member(members[0].name, members[0].data, tuple(self._notes))

    def _candidates(self) -> Iterator[zipfile.ZipInfo]:
        for entry in self._entries:
            name = entry.filename
            hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
            if entry.is_dir() or hidden or not name.lower().endswith(_SUFFIXES):
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                self._notes.append(f"“{_shown(name)}” is a link; links in archives are not followed.")
                continue
            yield entry

    def _opened(self, candidates: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
        if len(candidates) > MAX_LOOKED_INTO:
            message = f"There are {len(candidates)} JSON and YAML files in the archive. Say which to import."
            raise _refused("archive-several", message)
        for entry in candidates:
            if len(candidates) > 1 and entry.file_size > MAX_BYTES:
                self._notes.append(f"“{_shown(entry.filename)}” is too large and was not looked into.")
                continue
            data = self._read(entry)
            if len(candidates) == 1 or _TELLING.search(data):
                yield entry, data

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        if entry.flag_bits & 0x1:
            raise _refused("bad-archive", f"“{_shown(entry.filename)}” is encrypted. Send it without a password.")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _refused("bad-archive", "The archive is compressed in a way that is not supported; use plain zip.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise _refused("bad-archive", f"“{_shown(entry.filename)}” is a link; links in archives are not followed.")
        most = min(MAX_BYTES, self._left)
        with self._archive.open(entry) as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            limit = f"“{_shown(entry.filename)}” is larger than {MAX_BYTES // 1024 // 1024} MB"
            if most < MAX_BYTES:
                limit = f"the documents are larger than {MAX_UNPACKED // 1024 // 1024} MB together"
            raise _refused("archive-too-large", f"Unpacked, {limit}.")
        self._left -= len(data)
        return data


def _is_description(member: Member) -> bool:
    try:
        detect(load_document(member.data, filename=member.name).tree)
    except DocumentError:
        return False
    return True


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:100]


def _refused(code: str, message: str) -> DocumentError:
    return DocumentError(code, message)
