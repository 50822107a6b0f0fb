"""Names of an app's environments, guessed from what a server says about itself and from its host."""

from __future__ import annotations

import re

from products.importers.drafts import EnvironmentDraft
from products.importers.shapes import clean_name
from products.lib.tags import TAG_PATTERN, slugify_tag, unique_tag

BASE_URL = "{{baseUrl}}"  # stands where the document names no server
BASE_URL_KEY = "baseUrl"
_KINDS = (
    ("sandbox", r"sandbox"),
    ("staging", r"staging|\bstage\b|\bstg\b|pre-?prod"),
    ("test", r"\btest(?:ing)?\b|\buat\b|\bqa\b"),
    ("development", r"\bdev(?:elopment)?\b"),
    ("local", r"localhost|127\.0\.0\.1|\blocal\b"),
    ("mock", r"\bmock"),
    ("demo", r"\bdemo\b"),
    ("production", r"\bprod(?:uction)?\b|\blive\b|\bmain\b"),
)


class EnvironmentBook:
    """Collects environments; the first that says nothing else is production."""

    def __init__(self) -> None:
        self._drafts: dict[str, EnvironmentDraft] = {}  # base URL → draft

    def add(self, base_url: str, description: str, *, slug: str = "") -> None:
        """An environment for this base URL, once; under `slug` where that is one."""
        if base_url in self._drafts:
            return
        taken = {draft.slug for draft in self._drafts.values()}
        kind = _kind(f"{description} {_telling_part(base_url)}".lower().replace("_", " "))
        if not kind and "production" not in taken:
            kind = "production"
        name = clean_name(description)[:60] or kind.capitalize()
        made = kind or slugify_tag(name or _host(base_url), fallback="environment")[:40]
        slug = unique_tag(slug if TAG_PATTERN.fullmatch(slug) else made, taken)
        self._drafts[base_url] = EnvironmentDraft(slug, name or slug.capitalize(), base_url)

    def __contains__(self, base_url: str) -> bool:
        return base_url in self._drafts

    def drafts(self) -> tuple[EnvironmentDraft, ...]:
        """All of them, in the document's order."""
        return tuple(self._drafts.values())


def _kind(text: str) -> str:
    return next((kind for kind, pattern in _KINDS if re.search(pattern, text)), "")


def _telling_part(base_url: str) -> str:
    """The URL without its registered name: `trigger.dev` is not a development server."""
    host, slash, path = re.sub(r"^[a-z]+://", "", base_url).partition("/")
    labels = host.split(".")
    return (".".join(labels[:-2]) if len(labels) > 1 and not labels[-1][:1].isdecimal() else host) + slash + path


def _host(base_url: str) -> str:
    return re.sub(r"^[a-z]+://|[{}]", "", base_url).split("/", maxsplit=1)[0]
