"""Secrets at rest: a data key per workspace, wrapped by the operator's master keys, seals each value to its place.

A sealed value opens only with its workspace's key and only at the place (workspace, table, row, field) it was
sealed for, so a ciphertext copied elsewhere is worthless. Rotating a master key rewraps data keys, not values. While
a data key itself is being replaced, a workspace has two, newest first: the first seals, either opens.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 32


class SealError(Exception):
    """A value or key does not open here: another key, another place, or damaged. Never says more than that."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives."""

    workspace: str
    table: str
    row: str
    field: str

    def bound(self) -> bytes:
        """What is authenticated along with the value; unambiguous whatever the parts contain."""
        return _VERSION + json.dumps([self.workspace, self.table, self.row, self.field]).encode()


class KeyRing:
    """The operator's master keys, newest first: the first wraps, any of them unwraps."""

    def __init__(self, keys: Sequence[str | bytes]) -> None:
        """Raises SealError when there is no key or one is not 32 bytes in url-safe base64."""
        if not keys:
            raise SealError("No master key is configured.")
        try:
            each = [Fernet(key) for key in keys]
        except (ValueError, TypeError):
            raise SealError("A master key must be 32 bytes in url-safe base64.") from None
        self._newest, self._fernet = each[0], MultiFernet(each)

    def wrap(self, data_key: bytes) -> bytes:
        """The data key in the form that may be stored."""
        return self._fernet.encrypt(data_key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key. Raises SealError if none of the master keys fits."""
        try:
            return self._fernet.decrypt(bytes(wrapped))
        except (InvalidToken, TypeError):
            raise SealError("None of the master keys opens this data key.") from None

    def is_newest(self, wrapped: bytes) -> bool:
        """Whether the newest master key wrapped this."""
        try:
            self._newest.decrypt(bytes(wrapped))
        except (InvalidToken, TypeError):
            return False
        return True

    def rewrap(self, wrapped: bytes) -> bytes:
        """The same data key, wrapped by the newest master key. Raises SealError like `unwrap`."""
        return self.wrap(self.unwrap(wrapped))


class Sealer:
    """Seals and opens the values of one workspace (AES-256-GCM) with its data key, or its keys, newest first."""

    def __init__(self, data_keys: bytes) -> None:
        if not data_keys or len(data_keys) % _KEY_BYTES:
            raise SealError("A data key must be 32 bytes.")
        self._ciphers = tuple(AESGCM(key) for key in split_keys(data_keys))

    def seal(self, text: str, *, place: Place) -> bytes:
        """`text` for this place only; sealing it twice gives two different results."""
        return self.seal_raw(text.encode("utf-8"), place=place)

    def seal_raw(self, content: bytes, *, place: Place) -> bytes:
        """As `seal`, of bytes that need not be text; 29 bytes longer."""
        nonce = os.urandom(_NONCE_BYTES)
        return b"".join((_VERSION, nonce, self._ciphers[0].encrypt(nonce, content, place.bound())))

    def open(self, blob: bytes, *, place: Place) -> str:
        """The text sealed for this place. Raises SealError."""
        try:
            return self.open_raw(blob, place=place).decode("utf-8")
        except UnicodeDecodeError:
            raise SealError("What was sealed here is no text.") from None

    def open_raw(self, blob: bytes, *, place: Place) -> bytes:
        """The bytes sealed for this place. Raises SealError."""
        data = bytes(blob)
        if data[:1] != _VERSION or len(data) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise SealError("This value was not sealed by this software, or is damaged.")
        nonce, sealed = data[1 : 1 + _NONCE_BYTES], data[1 + _NONCE_BYTES :]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, sealed, place.bound())
            except InvalidTag:
                continue
        raise SealError("This value does not open at this place with this key.")


def split_keys(data_keys: bytes) -> tuple[bytes, ...]:
    """The data keys of a workspace, newest first: one, or two while the older one is being replaced."""
    return tuple(data_keys[at : at + _KEY_BYTES] for at in range(0, len(data_keys), _KEY_BYTES))


def new_data_key() -> bytes:
    """A random 256-bit key for one workspace; store it only wrapped."""
    return os.urandom(_KEY_BYTES)


def new_master_key() -> str:
    """A random master key in the form that settings expect."""
    return Fernet.generate_key().decode()
