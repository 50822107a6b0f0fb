"""Keys of files: one spelling for each, the same rules for every provider, and no way out of a place's folder."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_BYTES: Final = 1_024  # S3's, Google's and Azure's limit, for the whole of it
MAX_PART_BYTES: Final = 255  # of file systems
# Control characters, halves of characters, and what breaks or turns lines where a key is shown.
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class KeyRefused(ValueError):
    """The key cannot be one; the message says why."""


def checked_key(key: object) -> str:
    """The key in its one spelling (Unicode NFC). Raises KeyRefused.

    Nothing is repaired: a key that would have to be read in two ways is refused, so that the key that was checked is
    the key that is used. Parts that end with a dot are refused because Azure keeps no such names.
    """
    if not isinstance(key, str):
        raise KeyRefused("A key is text.")
    if not key:
        raise KeyRefused("A key is needed.")
    if len(key) > 4 * MAX_BYTES:  # no spelling of it would be short enough
        raise KeyRefused(f"A key has at most {MAX_BYTES} bytes.")
    if _FORBIDDEN.search(key):
        raise KeyRefused("A key has no control characters, and none that change the direction of writing.")
    if "\\" in key:
        raise KeyRefused("Folders in a key are divided by “/”, not by “\\”.")
    text = unicodedata.normalize("NFC", key)
    if len(text.encode()) > MAX_BYTES:
        raise KeyRefused(f"A key has at most {MAX_BYTES} bytes.")
    for part in text.split("/"):
        _check_part(part)
    return text


def checked_folder(folder: object) -> str:
    """A folder below which files are, "" for all; with or without a “/” at its end. Raises KeyRefused."""
    if not isinstance(folder, str):
        raise KeyRefused("A folder is text.")
    bare = folder.removesuffix("/")
    return checked_key(bare) if bare or folder else ""


def joined(folder: str, key: str) -> str:
    """The whole key of a file below a checked folder. Raises KeyRefused when it is too long."""
    whole = f"{folder}/{key}" if folder else key
    if len(whole.encode()) > MAX_BYTES:
        raise KeyRefused(f"With the storage's folder, a key has at most {MAX_BYTES} bytes.")
    return whole


def _check_part(part: str) -> None:
    if not part:
        raise KeyRefused("A key does not begin or end with “/”, and has no empty parts.")
    if part.endswith("."):
        raise KeyRefused("No part of a key ends with a dot.")
    if len(part.encode()) > MAX_PART_BYTES:
        raise KeyRefused(f"No part of a key has more than {MAX_PART_BYTES} bytes.")
