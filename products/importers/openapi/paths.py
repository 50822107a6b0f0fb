"""Path keys of an OpenAPI document: the path that is called, and the query some authors write into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from products.importers.shapes import PATH_LENGTH

PLACEHOLDER = re.compile(r"(?<!\{)\{([^{}/]+)\}(?!\})")


@dataclass(frozen=True, slots=True)
class PathKey:
    """`/files/{id}?type=a#copy` is the path `/files/{id}` with the fixed query type=a; the fragment is never sent."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    cut: bool = False  # the key was longer than can be stored

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names in braces, each once."""
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.path)))


def read_path(key: str) -> PathKey:
    """The parts of a path key. `{+name}` and `{name*}` are placeholders of `name`."""
    path, _, query = key.partition("#")[0].partition("?")
    path = PLACEHOLDER.sub(
        lambda found: "{" + found[1].strip("+*;/.# ") + "}" if found[1].strip("+*;/.# ") else "", path
    )
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    named = tuple((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs if name)
    path = path if path.startswith("/") else f"/{path}"
    return PathKey(path[:PATH_LENGTH], named, cut=len(path) > PATH_LENGTH)
