"""Links to files of this installation's disk that anybody who has them may use until they expire.

What is signed is one place, one key, one method and one moment: a link for one file opens no other, and one for
fetching puts nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

Method = Literal["GET", "PUT"]
METHODS: Final = frozenset({"GET", "PUT"})
MAX_SECONDS: Final = 604_800  # a week, as the clouds have it
_KEY_BYTES: Final = 32
_PURPOSE: Final = b"ductape signed file 1\x00"


class LinkRefused(Exception):
    """The link is for something else, was changed, or has expired. Never says which to whoever asks."""


@dataclass(frozen=True, slots=True)
class FileLink:
    """What a link allows. `expires` is a moment in seconds since 1970; from then on it holds no more."""

    place_id: UUID
    key: str
    method: Method
    expires: int


def sign(secret: bytes, link: FileLink) -> str:
    """The signature of a link, for a URL. Raises ValueError for a secret of less than 32 bytes or another method."""
    if len(secret) < _KEY_BYTES:
        raise ValueError("The secret of signed links has at least 32 bytes.")
    if link.method not in METHODS:
        raise ValueError("A link is for GET or PUT.")
    digest = hmac.new(secret, _PURPOSE + _bound(link), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(secret: bytes, link: FileLink, signature: str, *, now: float) -> None:
    """Raises LinkRefused unless the signature is of exactly this link and it still holds `now`.

    `link` is built from what the request shows: its method, and the place, key and expiry in its URL. HEAD asks with
    the link for GET.
    """
    if link.method not in METHODS:
        raise LinkRefused()
    matches = hmac.compare_digest(sign(secret, link).encode(), signature.encode("utf-8", "replace"))
    if not matches or not now < link.expires <= now + MAX_SECONDS:
        raise LinkRefused()


def _bound(link: FileLink) -> bytes:
    """Unambiguous whatever the key contains."""
    return json.dumps([str(link.place_id), link.key, link.method, link.expires]).encode()
