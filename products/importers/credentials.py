"""Finds credentials in what a document holds: by what a value is called, and by the forms well-known ones have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from products.importers.secrets import holds_secret
from products.lib.redaction import MASK

_LONGEST = 4_000  # of one credential in a text; every repetition is bounded, so that no text makes the search slow
_FORMS = re.compile(
    r"\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000}"  # a JSON web token
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|\b[rs]k_(?:live|test)_\w{10,200}|\bwhsec_[\w+/=-]{16,200}|\bsk-[\w-]{20,200}|\bgh[pousr]_\w{20,200}"
    r"|\bgithub_pat_\w{22,200}|\bglpat-[\w-]{20,80}|\bxox[abeoprs]-[\w-]{10,200}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{35}|\bya29\.[\w-]{20,400}|\bSG\.[\w-]{16,80}\.[\w-]{16,80}|\bSK[0-9a-f]{32}\b|\bshp(?:at|ss)_\w{32}\b"
    r"|\bnpm_\w{36}\b|\bpypi-[\w-]{50,400}|\bdop_v1_[0-9a-f]{64}\b|(?<=/bot)\d{8,10}:[\w-]{35}"
    r"|(?<=hooks\.slack\.com/services/)[\w/]{20,100}"
)
# These look like a credential only when there is a digit among it: `Bearer YOUR_ACCESS_TOKEN` stays.
_PLACED = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic|Token)\s{1,8})(?P<sent>[\w+/=.~-]{16,2000})"
    r"|(?P<ask>[?&](?:api[_-]?key|access[_-]?token|auth|token|key|secret|password|sig|signature)=)(?P<asked>[\w+/=.~%-]{8,2000})"
    r"|(?P<user>://[^/\s:@{}\"'<>]{1,100}:)(?P<password>[^/\s@{}\"'<>]{3,200})(?=@)",
    re.IGNORECASE,
)
_PAIRS = re.compile(
    r"(?P<lead>\"(?P<json>[^\"\\\s]{1,64})\"\s{0,8}:\s{0,8}\")(?P<text>(?:[^\"\\]|\\.){1,4000})(?=\")"
    r"|(?P<open><(?P<tag>[\w:.-]{1,64})>)(?P<inner>[^<]{1,4000})(?=</)"
    r"|(?P<start>(?:(?<=[&\s])|^)(?P<form>[\w.\-\[\]%]{1,64})=)(?P<value>[^&\s\"<>]{1,4000})"
)
_DRAWN_BY_LOT = re.compile(r"(?=\D*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w+/=.~-]{12,4000}")
_USER_INFO = re.compile(r"(://)[^/@\s{}]{1,400}@")


class Finder:
    """Masks credentials; `known` are values that were found elsewhere in the same document. Counts what it masked."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        told = sorted({value for value in known if 8 <= len(value) <= _LONGEST}, key=len, reverse=True)[:40]
        self._known = tuple(dict.fromkeys(form for value in told for form in (value, quote(value, safe=""))))
        self.found = 0
        self.values: set[str] = set()  # those found by their names that look drawn by lot

    def text(self, text: str) -> str:
        """A text for people, a URL or a script, without what looks like a credential."""
        if len(text) < 8:
            return text
        for value in self._known:
            if value in text:
                self.found += text.count(value)
                text = text.replace(value, MASK)
        return _PLACED.sub(self._placed, _FORMS.sub(self._form, text))

    def written(self, text: str) -> str:
        """A text that is sent, such as JSON with comments, XML or a form: also the values of secret names."""
        return self.text(_PAIRS.sub(self._pair, text))

    def base(self, url: str) -> str:
        """A base URL without a user and a password."""
        clean, count = _USER_INFO.subn(r"\1", url)
        self.found += count
        return self.text(clean)

    def json(self, value: Any, *, name: str = "", instead: str = MASK) -> Any:
        """The value with credentials replaced: the same object where there are none."""
        if isinstance(value, str):
            if holds_secret(name, value):
                self._note(value)
                return instead
            clean = self.text(value)
            return value if clean == value else clean.replace(MASK, instead) if instead != MASK else clean
        if isinstance(value, dict):
            inner = {key: self.json(each, name=str(key), instead=instead) for key, each in value.items()}
            return inner if any(inner[key] is not value[key] for key in value) else value
        if isinstance(value, list):
            items = [self.json(each, name=name, instead=instead) for each in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        return value

    def holds(self, name: str, value: Any) -> bool:
        """Whether a single value is or contains a credential; counts it."""
        before = self.found
        self.json(value, name=name)
        return self.found > before

    def _note(self, value: str) -> None:
        self.found += 1
        if _DRAWN_BY_LOT.fullmatch(value):
            self.values.add(value)

    def _form(self, _found: re.Match[str]) -> str:
        self.found += 1
        return MASK

    def _placed(self, found: re.Match[str]) -> str:
        value = found["sent"] or found["asked"] or found["password"]
        if found["password"] is None and not any(char.isdigit() for char in value):
            return found[0]
        self.found += 1
        return (found["scheme"] or found["ask"] or found["user"]) + MASK

    def _pair(self, found: re.Match[str]) -> str:
        name = found["json"] or found["tag"] or found["form"]
        value = found["text"] or found["inner"] or found["value"]
        if not holds_secret(name, value):
            return found[0]
        self._note(value)
        return found["lead"] or found["open"] or found["start"]
