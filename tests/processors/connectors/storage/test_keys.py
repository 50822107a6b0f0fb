"""Keys: what is one, what is none, and that none leads out of its folder."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.connectors.storage.keys import KeyRefused, checked_folder, checked_key, joined

BAD = [
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/.", "./a", "a/./b", "...", "a/...", "a.",
    "\\", "..\\a", "a\\..\\b", "C:\\x", "a\x00", "a\nb", "a\r", "a\tb", "\x7f", "a\x85b", "a\u2028b", "a\u202eb",
    "\ud800", "a/\udfff", "x" * 1_025, "é" * 513, "x" * 256, "a/" + "é" * 128, "x" * 10_000_000, "b./a", "\u2066a",
    None, 5, True, ["a"], {"path": "a"}, b"a",
]  # fmt: skip
GOOD = [
    "a", "a/b", ".hidden", "..x", "a..b", "a/.b/c", " a ", "a b", "%2e%2e/a", "%00", "a%2fb", "C:x", "con", "~", "-rf",
    "$(id)", "{{secret.x}}", "$Secret{x}", "#?*&+=[]<>|\"'`", "日本/ü", "x" * 255, "/".join(["x" * 254] * 4), "a:b@c",
]  # fmt: skip


@pytest.mark.parametrize("key", BAD, ids=lambda key: repr(key)[:20])
def test_D6_J12_what_is_no_key_is_refused_with_a_reason(key):
    with pytest.raises(KeyRefused) as caught:
        checked_key(key)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("key", GOOD, ids=lambda key: repr(key)[:20])
def test_J5_a_key_is_taken_as_it_is_and_never_read_as_something_else(key):
    assert checked_key(key) == key


def test_D3_one_file_has_one_spelling():
    assert checked_key("cafe\u0301") == checked_key("caf\u00e9") == "caf\u00e9"
    assert checked_key("ﬀ") != checked_key("ff")
    assert checked_key("A") != checked_key("a")


def test_a_folder_is_a_key_or_nothing():
    assert checked_folder("") == ""
    assert checked_folder("a/b/") == checked_folder("a/b") == "a/b"
    for bad in ("/", "//", "a//", "../", "..", None):
        with pytest.raises(KeyRefused):
            checked_folder(bad)


def test_the_length_is_of_the_whole_key_in_bytes():
    assert len(joined("x" * 200, "y" * 255)) == 456
    with pytest.raises(KeyRefused):
        joined("/".join(["x" * 200] * 4), "/".join(["ü" * 100] * 2))


@given(st.text(max_size=60) | st.text(alphabet="./\\a\u0301é\x00 ", max_size=20))
def test_D6_whatever_is_taken_stays_below_its_folder(text):
    try:
        key = checked_key(text)
    except KeyRefused:
        return
    assert checked_key(key) == key == unicodedata.normalize("NFC", text)
    whole = joined("folder", key)
    assert whole.startswith("folder/")
    parts = whole.split("/")
    assert not any(part in {"", ".", ".."} or part.endswith(".") or "\\" in part or "\x00" in part for part in parts)
    assert len(whole.encode()) <= 1_024
    assert all(len(part.encode()) <= 255 for part in parts)
