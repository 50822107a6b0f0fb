"""Tags of actions: from an operation's own name, else from its method and path, unique in the app."""

from __future__ import annotations

import re

from products.lib.tags import slugify_tag, unique_tag

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class TagBook:
    """The tags given so far."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def tag(self, name: str, fallback: str = "item", *, given: str = "") -> str:
        """A new tag for a name: `listPets` → `list-pets`; `fallback` (any text) where the name spells nothing.

        `given` is a tag that is taken as it is, if it is still free.
        """
        if given and given not in self._taken:
            self._taken.add(given)
            return given
        typed = any(char.isspace() for char in name.strip())  # by a person: “GitHub login” has no humps to split
        spoken = name[:200] if typed else _HUMP.sub("-", name[:200].replace("OAuth", "Oauth"))
        tag = unique_tag(slugify_tag(spoken, fallback=slugify_tag(fallback)), self._taken)
        self._taken.add(tag)
        return tag
