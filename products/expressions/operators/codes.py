"""Encodings, digests, ids."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final
from urllib.parse import quote

from products.expressions.errors import BadValue
from products.expressions.kinds import A_TEXT, TEXT
from products.expressions.operators.declare import operator, p
from products.expressions.suggestions import did_you_mean, shortened
from products.expressions.values import bytes_of, reserve

GROUP: Final = "Encoding and ids"
ALGORITHMS: Final = ("sha256", "sha512", "sha1", "sha224", "sha384", "sha3_256", "sha3_512", "md5")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_SPACES = str.maketrans("", "", " \t\r\n")
_URL_SAFE = str.maketrans("-_", "+/")
_KEPT: Final = "-_.!~*'()"  # what encodeURIComponent keeps


@operator(
    "Uuid", GROUP, "A random UUID, the same whenever the same place of the same run is evaluated again.",
    returns=TEXT, builtin=True, examples={"$Length($Uuid())": 36},
)  # fmt: skip
def uuid() -> str:
    """Stands for the declaration."""
    return ""


@operator(
    "Base64", GROUP, "The text (as UTF-8) in Base64.", p("text", A_TEXT), returns=TEXT,
    examples={"$Base64('ada:secret')": "YWRhOnNlY3JldA=="},
)  # fmt: skip
def base64_text(text: str) -> str:
    """In Base64."""
    reserve(4 * (bytes_of(text) + 2) // 3)
    return base64.b64encode(_bytes(text, 0)).decode("ascii")


@operator(
    "Base64Decode", GROUP, "The text behind Base64, also its URL-safe kind, with or without padding. What is no text "
    "in UTF-8 is an error.",
    p("text", A_TEXT), returns=TEXT, examples={"$Base64Decode('WsOr')": "Zë"},
)  # fmt: skip
def base64_decoded(text: str) -> str:
    """Out of Base64."""
    clean = text.translate(_SPACES).translate(_URL_SAFE)
    if not _BASE64.fullmatch(clean):
        raise BadValue("this is not Base64.", argument=0)
    bare = clean.rstrip("=")
    try:
        made = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        words = (
            "what it holds is not text in UTF-8." if isinstance(error, UnicodeDecodeError) else "this is not Base64."
        )
        raise BadValue(words, argument=0) from None
    if "\x00" in made:
        raise BadValue("what it holds is not text: it contains NUL.", argument=0)
    return made


@operator(
    "UrlEncode", GROUP, "The text for a part of a URL, as JavaScript's encodeURIComponent does it.",
    p("text", A_TEXT), returns=TEXT, examples={"$UrlEncode('a b&c/ë')": "a%20b%26c%2F%C3%AB"},
)  # fmt: skip
def url_encoded(text: str) -> str:
    """Percent-encoded."""
    raw = _bytes(text, 0)
    if len(raw) * 3 > 1 << 20:
        kept = sum(map(raw.count, (f"{_KEPT}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789").encode()))
        reserve(3 * len(raw) - 2 * kept)
    return quote(raw, safe=_KEPT)


def _known(algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        hint = did_you_mean(algorithm, ALGORITHMS, form="'{}'") or f"Use one of {', '.join(ALGORITHMS)}."
        raise BadValue(f"“{shortened(algorithm)}” is an unknown algorithm.", argument=0, suggestion=hint)
    return algorithm


@operator(
    "Hash", GROUP, f"The digest of the text in hexadecimal; algorithms: {', '.join(ALGORITHMS)}.",
    p("algorithm", A_TEXT, check=_known), p("text", A_TEXT), returns=TEXT,
    examples={"$Hash('sha256', 'abc')": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
)  # fmt: skip
def digest(algorithm: str, text: str) -> str:
    """A digest."""
    return hashlib.new(_known(algorithm), _bytes(text, 1), usedforsecurity=False).hexdigest()


@operator(
    "Hmac", GROUP, "The keyed digest (HMAC) of the text in hexadecimal; algorithms as for `$Hash`.",
    p("algorithm", A_TEXT, check=_known), p("key", A_TEXT), p("text", A_TEXT), returns=TEXT,
    examples={"$Hmac('sha256', 'key', 'text')": "6afa9046a9579cad143a384c1b564b9a250d27d6f6a63f9f20bf3a7594c9e2c6"},
)  # fmt: skip
def keyed_digest(algorithm: str, key: str, text: str) -> str:
    """A keyed digest."""
    return hmac.new(_bytes(key, 1), _bytes(text, 2), _known(algorithm)).hexdigest()


def _bytes(text: str, argument: int) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadValue("the text contains half a character.", argument=argument) from None
