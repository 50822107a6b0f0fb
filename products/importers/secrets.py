"""Which names and values look like secrets: such values never stay in what is imported."""

from __future__ import annotations

import re

_SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|pwd|credential|private.?key|api.?key|apikey|access.?key|auth.?key|subscription.?key"
    r"|^x.?api|authorization|^auth$|bearer|jwt|cookie|session.?id|signature|^pat$|^sid$|client.?key",
    re.IGNORECASE,
)
_PUBLIC_NAME = re.compile(
    r"(?:ur[li]s?|endpoint|host|path|type|expir\w*|ttl|name|limit|page|cursor|issuer|scopes?|method|mode|algorithm|header"
    r"|count|colou?r|key_?id)$|(?:page|next|cursor|continuation|sync)[_-]?token",
    re.IGNORECASE,
)
# Such a name may mean anything; what looks drawn by lot under it is a key.
_PERHAPS_NAME = re.compile(r"^(?:key|sig|auth|app_?id|app_?key|pass|pin|code)$", re.IGNORECASE)
_DRAWN_BY_LOT = re.compile(r"(?=\D*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w-]{16,200}")
_SECRET_VALUE = re.compile(
    r"^(?:Bearer|Basic|Token)\s+[^\s{<\[]{6,}|^eyJ[\w-]{8,}\.|^sk_(?:live|test)_|^sk-\w{16,}|^gh[pousr]_\w{20,}|^xox[abprs]-"
    r"|^AKIA[0-9A-Z]{16}$|^AIza[\w-]{30,}|^SG\.[\w-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----",
    re.IGNORECASE,
)
# What stands where people put their own value.
_STAND_IN = re.compile(
    r"|true|false|yes|no|null|none|undefined|string|text|bearer|basic|token|secret|password|example|sample|[\d.]{1,3}"
    r"|<.*>|\[.*\]|\*+|x{3,}|\.{3}|(?:your|my|insert|enter|add|put|replace|change)[ _-]?(?:me|[a-z]+[ _-][a-z _-]*)"
    r"|(?:your|my)[ _-]?(?:api|access|auth|client|secret)*[ _-]?(?:key|token|password|secret)|[a-z _-]+[ _-]here",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME = re.compile(r"^(?:bearer|basic|token)\s+", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")


def looks_secret(name: str) -> bool:
    """Whether something of this name is probably a secret."""
    return bool(_SECRET_NAME.search(name)) and not _PUBLIC_NAME.search(name)


def holds_secret(name: str, value: object) -> bool:
    """Whether a value, or what a secret name holds, is a literal secret and not a mere template."""
    if not isinstance(value, str):
        return False
    rest = _SCHEME.sub("", _TEMPLATE.sub("", value).strip()).strip()
    if _STAND_IN.fullmatch(rest):
        return False
    if _PERHAPS_NAME.search(name) and _DRAWN_BY_LOT.fullmatch(rest):
        return True
    return looks_secret(name) or bool(_SECRET_VALUE.search(value.strip()))
