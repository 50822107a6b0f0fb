"""Links to files: for one place, key, method and moment, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.lib.signed_files import MAX_SECONDS, FileLink, LinkRefused, sign, verify

SECRET = bytes(range(32))
LINK = FileLink(UUID(int=7), "a/b.txt", "GET", 1_000_000)


def test_a_link_holds_until_its_moment():
    signature = sign(SECRET, LINK)
    verify(SECRET, LINK, signature, now=LINK.expires - 1)
    verify(SECRET, LINK, signature, now=LINK.expires - MAX_SECONDS)
    for now in (LINK.expires, LINK.expires + 1, float("nan"), LINK.expires - MAX_SECONDS - 1):
        with pytest.raises(LinkRefused):
            verify(SECRET, LINK, signature, now=now)


@pytest.mark.parametrize(
    "other",
    [
        {"place_id": UUID(int=8)}, {"key": "a/b.txt "}, {"key": "a/c.txt"}, {"method": "PUT"}, {"method": "DELETE"},
        {"expires": LINK.expires + 1}, {"expires": LINK.expires - 1},
    ],
)  # fmt: skip
def test_A2_a_link_is_for_nothing_else(other):
    with pytest.raises(LinkRefused):
        verify(SECRET, replace(LINK, **other), sign(SECRET, LINK), now=LINK.expires - 10)


@pytest.mark.parametrize(
    "change", [lambda s: "", lambda s: s[:-1], lambda s: s + "=", lambda s: s.swapcase(), lambda s: "é"]
)
def test_A8_a_changed_signature_is_none(change):
    with pytest.raises(LinkRefused):
        verify(SECRET, LINK, change(sign(SECRET, LINK)), now=LINK.expires - 10)


def test_another_secret_signs_otherwise_and_a_short_one_not_at_all():
    with pytest.raises(LinkRefused):
        verify(bytes(32), LINK, sign(SECRET, LINK), now=LINK.expires - 10)
    with pytest.raises(ValueError):
        sign(b"short", LINK)


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_two_keys_have_one_signature(one, other):
    same = sign(SECRET, replace(LINK, key=one)) == sign(SECRET, replace(LINK, key=other))
    assert same is (one == other)
