"""Finds help by words: pages, error codes, settings, types, permissions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from products.catalog.auth_kinds import AUTH_KIND_TERMS
from products.catalog.entries import Term
from products.catalog.errors import ERRORS
from products.catalog.event_types import EVENT_TYPES
from products.catalog.expressions import OPERATOR_GROUPS, REFERENCE_KINDS
from products.catalog.field_types import FIELD_TYPE_TERMS
from products.catalog.pages import HELP_PAGES
from products.catalog.people import KEY_VERB_TERMS, PERMISSION_TERMS, ROLE_TERMS
from products.catalog.resources import KINDS
from products.catalog.run_states import RUN_STATE_TERMS
from products.catalog.settings import SETTINGS

MAX_QUERY = 100
MAX_HITS = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: `kind` in a word, the page it stands on and its anchor there ("" for the page)."""

    kind: str
    name: str
    text: str
    page: str
    anchor: str = ""


def find(query: str) -> list[Hit]:
    """Everything that holds all words of the query; those whose name holds it come first. Nothing for no words."""
    words = query.lower().split()
    if not words:
        return []
    found = [hit for hit in ENTRIES if all(word in f"{hit.kind} {hit.name} {hit.text}".lower() for word in words)]
    found.sort(key=lambda hit: not all(word in hit.name.lower() for word in words))
    return found[:MAX_HITS]


def _entries() -> Iterator[Hit]:
    for page in HELP_PAGES.values():
        yield Hit("Page", page.title, page.summary, page.slug)
    for error in ERRORS.values():
        yield Hit("Error", error.code, f"{error.title}. {error.text}", "errors", error.code)
    for setting in SETTINGS.values():
        yield Hit("Setting", setting.name, setting.meaning, "settings", setting.name)
    for group in OPERATOR_GROUPS:
        for operator in group.operators:
            yield Hit("Operator", operator.forms[0], operator.text, "expressions", operator.name)
    for event in EVENT_TYPES:
        for field in event.fields:
            yield Hit(f"Field of {event.name}", field.name, field.text, event.slug, f"field-{field.name}")
    yield from _resources()
    for kind in REFERENCE_KINDS:
        yield Hit("Reference", kind.form, kind.text, "expressions", kind.name)
    yield from _terms("Field type", FIELD_TYPE_TERMS, "field-types")
    yield from _terms("Auth kind", AUTH_KIND_TERMS, "auth-kinds")
    yield from _terms("State of a run", RUN_STATE_TERMS, "runs")
    yield from _terms("Role", ROLE_TERMS, "roles")
    yield from _terms("Permission", PERMISSION_TERMS, "roles")
    yield from _terms("Verb of a key", KEY_VERB_TERMS, "access-keys")


def _resources() -> Iterator[Hit]:
    for kind in KINDS.values():
        page = f"resource-{kind.name}"
        for provider in kind.providers:
            yield Hit("Provider", provider.title, provider.summary, page, f"provider-{provider.name}")
            for setting in provider.settings:
                about = f"{kind.title} {provider.title}. {setting.help}"
                yield Hit("Setting of a resource", setting.title, about, page, f"{provider.name}-{setting.name}")
        for operation in (each for each in kind.operations if not each.inner):
            yield Hit(f"Operation of a {kind.name}", operation.title, operation.summary, page, operation.name)


def _terms(kind: str, terms: tuple[Term, ...], page: str) -> Iterator[Hit]:
    for term in terms:
        yield Hit(kind, term.name, f"{term.title}. {term.text}", page, term.name)


ENTRIES: Final[tuple[Hit, ...]] = tuple(_entries())
