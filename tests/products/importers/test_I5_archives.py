"""I5: an archive with API descriptions; the hostile ones are refused in words, and nothing is ever written."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from contextlib import suppress

import pytest

from products.importers import DocumentError, read_document
from products.importers.archive import MAX_ENTRIES

from .corpus import document
from .documents import openapi, postman, request
from .test_faults import watched

API = openapi({"/a": {"get": {"operationId": "listA", "responses": {}}}})
COLLECTION = postman(request())


def archive(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED, **attributes: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            info.external_attr = attributes.get(name, stat.S_IFREG | 0o644) << 16
            made.writestr(info, data)
    return target.getvalue()


def warm_up() -> None:
    """Load what is imported lazily, so that only the archive can cause what is seen."""
    read_document(archive({"openapi.json": API}))


def refused(data: bytes, filename: str = "") -> DocumentError:
    warm_up()
    with watched() as seen, pytest.raises(DocumentError) as caught:
        read_document(data, filename=filename)
    assert seen == [], "nothing is opened or written"
    return caught.value


@pytest.mark.parametrize("name", ["openapi.json", "repository-main/docs/api/Openapi.JSON"])
def test_the_one_document_is_imported(name):
    others = {"repository-main/README.md": b"# openapi", "package.json": b'{"name": "openapi"}', "x/a.png": b"\x89PNG"}
    warm_up()
    with watched() as seen:
        draft = read_document(archive({"repository-main/": b"", **others, name: API}), filename="main.zip")
    assert seen == []
    assert [each.spec.tag for each in draft.actions] == ["list-a"]
    assert f"“{name}”" in next(each.message for each in draft.notices if each.code == "archive")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_real_document_is_the_same_from_an_archive(compression):
    data = document("bitbucket-v2.yaml")
    packed = read_document(archive({"spec/bitbucket.yaml": data}, compression=compression))
    assert packed.actions == read_document(data).actions


def test_of_several_the_report_says_which_to_choose_and_a_choice_is_heeded():
    data = archive({"a.json": API, "collection/b.json": COLLECTION, "c.json": b'{"swagger": 1, "x": }'})
    error = refused(data, "all.zip")
    assert (error.code, "“a.json”, “collection/b.json”" in error.message) == ("archive-several", True)
    assert read_document(data, filename="all.zip#collection/b.json").format == "postman"
    assert refused(data, "all.zip#gone.json").code == "archive-empty"
    assert refused(data, "all.zip#c.json").code == "bad-json"


def test_a_single_broken_document_says_what_is_wrong_with_it():
    assert refused(archive({"api.json": b'{"openapi": "3.0.0",\n,}'})).line == 2


HOSTILE_NAMES = [
    "../../etc/cron.d/x.json", "a/../../x.json", "/etc/passwd.json", "\\\\host\\x.json", "..\\x.json", "C:/x.json",
    "a/..", "x\ny.json",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_I5_names_that_lead_out_are_refused(name):
    error = refused(archive({"openapi.json": API, name: b"{}"}))
    assert (error.code, "leads out" in error.message) == ("bad-archive", True)


def test_I5_a_bomb_is_refused_before_it_fills_the_memory():
    bomb = archive({"openapi.json": b'{"openapi": "3.1.0", "x": "' + b"0" * 60_000_000 + b'"}'})
    assert len(bomb) < 100_000
    assert refused(bomb).code == "archive-too-large"


def test_I5_many_middling_documents_are_refused_together():
    entries = {f"{number}.json": API + b" " * 12_000_000 for number in range(4)}
    assert refused(archive(entries)).code == "archive-too-large"


def test_I5_a_bomb_that_lies_about_its_size_is_refused():
    bomb = bytearray(archive({"openapi.json": API + b" " * 60_000_000}))
    at = bomb.rfind(b"PK\x01\x02")
    struct.pack_into("<L", bomb, at + 24, len(API))  # the unpacked size in the list of contents
    assert refused(bytes(bomb)).code == "bad-archive"


def test_I5_too_many_entries_are_refused_by_the_list_of_contents_alone():
    empty = archive({"openapi.json": API})
    at = empty.rfind(b"PK\x05\x06")
    for count, size in ((65_535, 50), (MAX_ENTRIES + 1, 50), (1, 0xFFFFFFFF), (1, 15_000_000)):
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, 0, 0)
        assert refused(empty[:at] + end).code == "archive-too-large", (count, size)
    assert refused(empty[:at] + b"PK\x06\x07" + b"\x00" * 16 + empty[at:]).code == "archive-too-large", "zip64"


def test_I5_a_million_entries_are_refused():
    one = struct.pack("<4s4B4H3L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    data = b"PK\x03\x04" + one * 300_000  # as many as fit into what may be sent
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(data) - 4, 4, 0)
    assert refused(data + end).code == "archive-too-large"


def test_I5_links_are_not_followed():
    link = {"openapi.json": stat.S_IFLNK | 0o777}
    error = refused(archive({"openapi.json": b"/etc/passwd"}, **link))
    assert error.code == "archive-empty"
    assert "link" in refused(archive({"openapi.json": b"/etc/passwd"}, **link), "x.zip#openapi.json").message
    draft = read_document(archive({"openapi.json": b"real.json", "real.json": API}, **link))
    assert any("links in archives are not followed" in each.message for each in draft.notices)


def test_I5_a_name_that_is_there_twice_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("openapi.json", API)
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("openapi.json", COLLECTION)
    assert "twice" in refused(target.getvalue()).message


def test_I5_an_encrypted_document_is_refused():
    data = bytearray(archive({"openapi.json": API}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        data[at + offset] |= 1
    assert "encrypted" in refused(bytes(data)).message


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_I5_other_compressions_are_refused(compression):
    assert refused(archive({"openapi.json": API}, compression=compression)).code == "bad-archive"


@pytest.mark.parametrize("head", [b"\x1f\x8b\x08", b"7z\xbc\xaf'\x1c", b"Rar!\x1a\x07", b"BZh9", b"\xfd7zXZ\x00"])
def test_other_archives_are_named(head):
    assert "send a zip" in refused(head + b"\x00" * 40).message


def test_damaged_archives_are_refused_in_words():
    whole = archive({"openapi.json": API, "b.json": COLLECTION})
    for cut in range(4, len(whole), 13):
        assert refused(whole[:cut]).code in {"bad-archive", "archive-too-large"}
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        with suppress(DocumentError):
            read_document(bytes(damaged))


def test_an_archive_without_a_description_says_so():
    for entries in ({}, {"a.txt": API}, {"a.json": b"{}", "b.json": b'{"openapi": 7, "x"'}, {"__MACOSX/a.json": API}):
        assert refused(archive(entries)).code in {"archive-empty", "unknown-format"}


def test_the_notes_of_an_archive_can_be_stored():
    json.dumps([each.message for each in read_document(archive({"Ünïcode/öpenapi.json": API})).notices])
