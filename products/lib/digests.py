"""Hashes of texts that are themselves 256 bits of chance: keys and the tokens of links."""

from __future__ import annotations

import hashlib


def digest_of(text: str) -> str:
    """SHA-256 in hex; what is hashed cannot be guessed, so that a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).hexdigest()
