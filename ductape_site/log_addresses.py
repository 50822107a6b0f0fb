"""Addresses as they may stand in a log: some of ours are themselves the proof of who one is."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"
# A reset of a password, a proven e-mail address, an invitation: who has the link may do it.
_LINKS: Final = re.compile(
    r"(/account/password/reset/key/|/account/confirm-email/|(?<!/team)/invitations/)(?!done/)[^/\s?'\"&]+",
    re.IGNORECASE,
)
_CALLBACK: Final = re.compile(r"(/oauth/callback/[^\s'\"]*)", re.IGNORECASE)
_CODES: Final = re.compile(r"([?&](?:code|state)=)[^&\s'\"]*", re.IGNORECASE)
_PARAMETERS: Final = re.compile(
    r"([?&][^=&\s'\"]*(?:pass(?:word|wd)|secret|token|signature|api[-_]?key|access[-_]?key|credential)[^=&\s'\"]*=)"
    r"[^&\s'\"]*",
    re.IGNORECASE,
)


def address_to_log(text: str) -> str:
    """The same text, with what would let somebody in as somebody else replaced in every address in it."""
    if "/" not in text and "?" not in text:
        return text
    text = _LINKS.sub(rf"\1{MASK}", text)
    text = _CALLBACK.sub(lambda found: _CODES.sub(rf"\1{MASK}", found[1]), text)
    return _PARAMETERS.sub(rf"\1{MASK}", text)
