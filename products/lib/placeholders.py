"""`{{name}}` and `$Secret{KEY}` in configured texts: found and filled once; what is filled in is never read again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# Every repetition is bounded, so that no text can make the search slow.
_NAME = re.compile(r"\{\{[ \t]{0,16}([A-Za-z0-9_$.\-](?:[A-Za-z0-9_$.\- ]{0,126}[A-Za-z0-9_$.\-])?)[ \t]{0,16}\}\}")
_SECRET = re.compile(r"\$Secret\{[ \t]{0,16}([A-Za-z0-9_.\-]{1,128})[ \t]{0,16}\}")


class MissingPlaceholder(LookupError):
    """A text names a value that nobody supplied."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No value for “{name}”.")
        self.name = name


def find(text: str) -> tuple[str, ...]:
    """The names in `{{name}}`, each once, in order."""
    return tuple(dict.fromkeys(_NAME.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every `{{name}}` replaced by its value. Raises MissingPlaceholder."""
    return _NAME.sub(lambda found: _value(found[1], values.get), text)


def secret_refs(text: str) -> tuple[str, ...]:
    """The keys in `$Secret{KEY}`, each once, in order."""
    return tuple(dict.fromkeys(_SECRET.findall(text)))


def fill_secrets(text: str, lookup: Callable[[str], str | None]) -> str:
    """`text` with every `$Secret{KEY}` replaced by what `lookup` gives. Raises MissingPlaceholder for None."""
    return _SECRET.sub(lambda found: _value(found[1], lookup), text)


def _value(name: str, lookup: Callable[[str], str | None]) -> str:
    value = lookup(name)
    if value is None:
        raise MissingPlaceholder(name)
    return value
