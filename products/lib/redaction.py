"""Masking secrets in whatever is stored or shown: by value in every usual encoding, and by the name of its key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from products.lib.encodings import forms_of
from products.lib.jsontypes import Json, clean_text

MASK = "•••"
MIN_LENGTH = 4  # a shorter secret is masked only where it is the whole value: elsewhere it would mask ordinary text
MAX_DEPTH = 200

_SECRET_KEY = re.compile(
    r"authori[sz]ation|cookie|token|secret|passw|passphrase|^pwd$|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key"
    r"|subscription[-_ ]?key|credential|signature|^x-amz-security|^jwt$|^otp$|^cvv$|^cvc$",
    re.IGNORECASE,
)
_INNOCENT_KEY = re.compile(
    r"^token[-_]?type$|^(next|prev|previous|page|sync|continuation|start)[-_]?(page|sync)?[-_]?token$"
    r"|^token[-_]?(endpoint|url|uri|count|limit)$|^(has|is|requires)[-_]|[-_](id|name|length|url|uri|expires(_in|_at)?)$"
    r"|^(access-control|content|cookie-?consent)",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?P<lead>\"(?P<json>[^\"\\\s]{1,64})\"\s{0,8}:\s{0,8})(?:\"(?P<text>(?:[^\"\\]|\\.)*)\"?|(?P<number>-?\d[\d.eE+\-]*))"
    r"|(?P<lead2>(?:(?<=[&?\s])|^)(?P<form>[\w.\-\[\]%]{1,64})=)(?P<value>[^&\s\"]+)"
)
_SCHEME = re.compile(r"^(Basic|Bearer|Digest|Token|ApiKey|AWS4-HMAC-SHA256|DPoP|Negotiate)\s+\S", re.IGNORECASE)


class Redactor:
    """Masks a fixed set of secret values, and values whose key says that they are secret.

    The work is linear in the text for each known form. Mask before truncating: half a secret is not found.
    """

    __slots__ = ("_forms", "_shortest", "_whole", "longest")

    def __init__(self, values: Iterable[str] = ()) -> None:
        given = [value for value in values if value]
        forms = {form for value in given if len(value) >= MIN_LENGTH for form in forms_of(value)}
        self._forms: tuple[str, ...] = tuple(sorted(forms, key=len, reverse=True))
        self._whole = frozenset(given)
        self._shortest = min((len(form) for form in self._forms), default=0)
        self.longest = max((len(form) for form in self._forms), default=0)

    def with_values(self, values: Iterable[str]) -> Redactor:
        """A redactor that knows these values too, such as a token that was only just fetched."""
        return Redactor([*self._whole, *values])

    def text(self, text: str) -> str:
        """`text` with every known secret masked."""
        if text in self._whole:
            return MASK
        return _masked(text, self.spans(text))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the known secrets are: sorted, joined where they overlap."""
        found: list[tuple[int, int]] = []
        if len(text) < self._shortest:
            return found
        for form in self._forms:
            start = text.find(form)
            while start >= 0:
                found.append((start, start + len(form)))
                start = text.find(form, start + len(form))
        return _joined(found) if found else found

    def json(self, value: Json) -> Json:
        """A copy of `value` masked by value and by key."""
        return self._json(value, hidden=False, depth=0, deep=True)

    def json_text(self, value: Json) -> str:
        """`json(value)` written as JSON, at the cost of one search instead of one for every text in it."""
        masked = self._json(value, hidden=False, depth=0, deep=False)
        return self.text(clean_text(json.dumps(masked, ensure_ascii=False)))

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header pairs masked by value and by name; the scheme of an Authorization header stays readable."""
        given = list(pairs)
        if self._forms and not self.spans("\n".join(f"{name}\n{value}" for name, value in given)):
            return [(name, _ONLY_NAMES._header(name, MASK if value in self._whole else value)) for name, value in given]
        return [(self.text(name), self._header(name, value)) for name, value in given]

    def url(self, url: str) -> str:
        """A URL with its secret query parameters masked, by value and by name."""
        head, mark, query = url.partition("?")
        if not mark:
            return self.text(url)
        query, hash_mark, fragment = query.partition("#")
        parts = [self._query_part(part) for part in query.split("&")]
        return self.text(head) + "?" + self.text("&".join(parts)) + hash_mark + self.text(fragment)

    def prefix_at_end(self, text: str) -> int:
        """Where the longest ending of `text` begins that may be the beginning of a secret; len(text) if none."""
        starts = {form[0] for form in self._forms}
        for at in range(max(0, len(text) - self.longest + 1), len(text)):
            if text[at] in starts:
                tail = text[at:]
                if any(len(form) > len(tail) and form.startswith(tail) for form in self._forms):
                    return at
        return len(text)

    def _json(self, value: Json, *, hidden: bool, depth: int, deep: bool) -> Json:
        """`deep`: known secrets inside longer texts too, not only as whole values."""
        if isinstance(value, str):
            if (hidden and value) or value in self._whole:
                return MASK
            return self.text(value) if deep else value
        if isinstance(value, (dict, list, tuple)) and depth >= MAX_DEPTH:
            return MASK
        if isinstance(value, dict):
            return {
                self.text(str(key)) if deep else str(key): self._json(
                    inner, hidden=_hides(str(key), inner, hidden), depth=depth + 1, deep=deep
                )
                for key, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._json(item, hidden=hidden, depth=depth + 1, deep=deep) for item in value]
        if isinstance(value, bool) or value is None:
            return value
        return MASK if hidden or (self._whole and str(value) in self._whole) else value

    def _header(self, name: str, value: str) -> str:
        if not is_secret_key(name):
            return self.url(value) if name.lower() in {"location", "referer", "link"} else self.text(value)
        scheme = _SCHEME.match(value)
        return f"{scheme[1]} {MASK}" if scheme else MASK

    def _query_part(self, part: str) -> str:
        key, equals, value = part.partition("=")
        return f"{key}={MASK}" if equals and value and is_secret_key(key) else part


class StreamRedactor:
    """Masks a text that arrives in pieces: what may be the beginning of a secret waits for the next piece."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""

    def feed(self, chunk: str) -> str:
        """What can be shown now."""
        text = self._held + chunk
        cut = self._redactor.prefix_at_end(text)
        spans = self._redactor.spans(text)
        for start, end in spans:
            if start < cut < end:
                cut = start
        self._held = text[cut:]
        return _masked(text[:cut], [span for span in spans if span[1] <= cut])

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        rest, self._held = self._held, ""
        return self._redactor.text(rest)


@lru_cache(maxsize=4_096)
def is_secret_key(name: str) -> bool:
    """Whether a header, field or query parameter of this name holds a secret."""
    return bool(_SECRET_KEY.search(name)) and not _INNOCENT_KEY.search(name)


def mask_keys(text: str) -> str:
    """A text of JSON, form or header lines with the values of secret keys masked, even where it was cut off."""
    return _PAIR.sub(_masked_pair, text)


def _masked_pair(found: re.Match[str]) -> str:
    if not is_secret_key(found["json"] or found["form"]):
        return found[0]
    if found["number"] and "token" in (found["json"] or "").lower():
        return found[0]
    quote_mark = '"' if found["text"] is not None else ""
    lead = found["lead"] or found["lead2"]
    return f"{lead}{quote_mark}{MASK}{quote_mark}"


def _hides(key: str, inner: Json, hidden: bool) -> bool:
    if hidden:
        return True
    if isinstance(inner, (int, float)) and "token" in key.lower():
        return False  # a count of tokens, not a token
    return is_secret_key(key)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], MASK)
        at = end
    return "".join([*parts, text[at:]])


_ONLY_NAMES = Redactor()
