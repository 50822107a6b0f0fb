"""Walks every route of ours, and asks each of them as everybody there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from products.models import AccessKey
from tests import objects
from tests.contracts.described import assert_as_described
from tests.matrix import OBJECTS, Route
from tests.people import Cast

OURS = ("products.", "processors.", "ductape_site.")
METHODS = ("get", "post", "put", "patch", "delete")
ROLES = ("viewer", "developer", "admin", "owner")
# What signing in, being seen and using a key write, whatever was asked.
_HARMLESS = re.compile(r'"django_session"|"usersessions_usersession"|SET "last_used_at"|SET "last_login"')
_WRITE = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_NOISE = re.compile(
    r'nonce="[^"]*"|content="[\w+/=-]{22,24}"|csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken":"[^"]*"'
    r'|"request_id": ?"[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}'
)


@dataclass(frozen=True, slots=True)
class Found:
    """A route as the resolver has it."""

    name: str
    path: str
    methods: frozenset[str]
    placeholders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who asks: a person by session, or a client by key."""

    label: str
    role: str = ""  # in the workspace `acme`; empty for strangers
    verb: str = ""  # of a key of `acme`
    client: Client | None = None


def our_routes() -> list[Found]:
    """Every URL pattern whose view is ours."""
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[Any], prefix: str) -> Iterator[Found]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path)
        elif isinstance(entry, URLPattern) and _module(entry).startswith(OURS):
            names = tuple(re.findall(r"<(?:\w+:)?(\w+)>", path))
            yield Found(entry.name or "", path, _methods(entry), names)


def _module(entry: URLPattern) -> str:
    view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None) or entry.callback
    return str(view.__module__)


def _methods(entry: URLPattern) -> frozenset[str]:
    view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
    return frozenset(name for name in METHODS if hasattr(view, name)) if view else frozenset({"get"})


def placeholders(route: Route) -> tuple[str, ...]:
    """The names in its address. Raises LookupError when there is no such route."""
    return next(found.placeholders for found in our_routes() if found.name == route.name)


def address(route: Route, cast: Cast, *, instead: dict[str, str] | None = None) -> str:
    """The address of the route in `acme`, with existing objects; `instead` replaces some."""
    values = {name: OBJECTS[route.using.get(name, name)](cast.workspace) for name in placeholders(route)}
    query = f"?{route.query}" if route.query else ""  # what a good request needs besides its path
    return reverse(route.name, kwargs={**values, **(instead or {})}) + query


@contextmanager
def one_transaction() -> Iterator[None]:
    """A whole module's world in one transaction that is rolled back: building it for each test would take minutes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def is_api(route: Route) -> bool:
    """Whether keys are accepted and errors are JSON."""
    return route.name.startswith("api-")


def personas(cast: Cast) -> list[Persona]:
    """Everybody: nobody, a stranger, the four members, keys of `acme` by verb, a foreign and an expired key."""
    expired = objects.key(cast.workspace)
    AccessKey.objects.filter(pk=expired.key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    people = [
        Persona("the stranger", client=signed_in(cast.charlie)),
        Persona("the viewer", "viewer", client=signed_in(cast.vera)),
        Persona("the developer", "developer", client=signed_in(cast.dev)),
        Persona("the admin", "admin", client=signed_in(cast.adam)),
        Persona("the owner", "owner", client=signed_in(cast.alice)),
    ]
    keys = [
        Persona(f"a key to {verb}", verb=verb, client=with_key(objects.key(cast.workspace, verb).text))
        for verb in ("read", "run", "write")
    ]
    return [
        Persona("nobody", client=Client()),
        *people,
        *keys,
        Persona("a foreign key", client=with_key(objects.key(cast.elsewhere, "read", "run", "write").text)),
        Persona("an expired key", client=with_key(expired.text)),
    ]


def signed_in(user: Any, *, csrf: bool = False) -> Client:
    """A browser of this person."""
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(user)
    return client


def with_key(text: str) -> Client:
    """A REST client."""
    return Client(headers={"Authorization": f"Bearer {text}"})


def expected(route: Route, who: str, persona: Persona) -> set[int] | None:
    """The statuses that this persona must get; None: it is let in."""
    role, _, verb = who.partition(" ")
    if role == "nobody":
        return {403}
    if role == "anyone":
        return {401, 302, 200} if "key" in persona.label else None
    if persona.label in {"nobody", "an expired key"}:
        return {401} if is_api(route) else {302}
    if not is_api(route) and "key" in persona.label:
        return {302}
    if role == "person":
        return None if "key" not in persona.label or verb else {403}
    if not persona.role and not persona.verb:
        return {404}
    return _of_members(role, verb, persona)


def _of_members(role: str, verb: str, persona: Persona) -> set[int] | None:
    if persona.verb:
        enough = verb and verb in {persona.verb, "read"}
        return None if enough else {403}
    return None if ROLES.index(persona.role) >= ROLES.index(role) else {403}


def ask(
    client: Client, method: str, url: str, *, body: Any = None, headers: Any = None
) -> tuple[HttpResponse, list[str]]:
    """The answer and the statements that changed something; afterwards nothing is changed. Bytes are sent as they are.

    A REST answer that is not as the schema says is a failure wherever it is seen.
    """
    options: dict[str, Any] = {"headers": headers}
    if method != "get":
        options["data"] = body or {}
        if url.startswith("/api/"):
            options["content_type"] = "application/json"
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        response = getattr(client, method)(url, **options)
        transaction.set_rollback(True)
    assert_as_described(method, url, response)
    writes = [one["sql"] for one in asked if _WRITE.match(one["sql"]) and not _HARMLESS.search(one["sql"])]
    return response, writes


def plain(response: HttpResponse, *away: str) -> str:
    """The body without what differs between two answers that say the same."""
    text = _NOISE.sub("", response.content.decode())
    for piece in away:
        text = text.replace(piece, "")
    return text
