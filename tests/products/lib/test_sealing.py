"""Sealed values open only with their key at their place."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.lib.sealing import KeyRing, Place, Sealer, SealError, new_data_key, new_master_key

PLACE = Place("w1", "secret", "r1", "value")


def test_K7_equal_values_give_different_ciphertexts():
    sealer = Sealer(new_data_key())
    one, two = sealer.seal("same", place=PLACE), sealer.seal("same", place=PLACE)
    assert one != two
    assert sealer.open(one, place=PLACE) == sealer.open(two, place=PLACE) == "same"


@pytest.mark.parametrize("part", ["workspace", "table", "row", "field"])
def test_K7_a_ciphertext_moved_elsewhere_does_not_open(part):
    sealer = Sealer(new_data_key())
    blob = sealer.seal("secret", place=PLACE)
    with pytest.raises(SealError):
        sealer.open(blob, place=dataclasses.replace(PLACE, **{part: "other"}))


def test_K7_the_parts_of_a_place_cannot_be_shifted():
    sealer = Sealer(new_data_key())
    blob = sealer.seal("secret", place=Place("w", "t|a", "b", "f"))
    with pytest.raises(SealError):
        sealer.open(blob, place=Place("w", "t", "a|b", "f"))


def test_K7_another_workspaces_key_does_not_open():
    blob = Sealer(new_data_key()).seal("secret", place=PLACE)
    with pytest.raises(SealError):
        Sealer(new_data_key()).open(blob, place=PLACE)


def test_K7_a_stolen_value_shows_nothing():
    assert b"secret" not in Sealer(new_data_key()).seal("secret" * 10, place=PLACE)


@given(st.integers(0, 60), st.integers(1, 255))
def test_K7_a_changed_byte_does_not_open(at, change):
    sealer = Sealer(b"k" * 32)
    blob = bytearray(sealer.seal("a value of some length, to be changed", place=PLACE))
    blob[at % len(blob)] ^= change
    with pytest.raises(SealError):
        sealer.open(bytes(blob), place=PLACE)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(text):
    sealer = Sealer(b"k" * 32)
    assert sealer.open(memoryview(sealer.seal(text, place=PLACE)), place=PLACE) == text


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + b"x" * 60, b"x" * 28])
def test_what_was_never_sealed_is_refused(blob):
    with pytest.raises(SealError):
        Sealer(b"k" * 32).open(blob, place=PLACE)


def test_K8_a_new_master_key_opens_what_the_old_one_wrapped():
    old, new = new_master_key(), new_master_key()
    data_key = new_data_key()
    wrapped = KeyRing([old]).wrap(data_key)
    both = KeyRing([new, old])
    assert both.unwrap(wrapped) == data_key
    rewrapped = both.rewrap(wrapped)
    assert KeyRing([new]).unwrap(rewrapped) == data_key
    with pytest.raises(SealError):
        KeyRing([new]).unwrap(wrapped)


@pytest.mark.parametrize("keys", [[], ["short"], ["x" * 44], [""]])
def test_K8_a_bad_master_key_is_refused_at_once(keys):
    with pytest.raises(SealError):
        KeyRing(keys)


def test_errors_carry_no_value():
    sealer = Sealer(b"k" * 32)
    with pytest.raises(SealError) as caught:
        sealer.open(sealer.seal("topsecret", place=PLACE), place=Place("", "", "", ""))
    assert "topsecret" not in repr(caught.value)
    assert caught.value.__cause__ is None
