"""Migrations of databases: made, changed, ordered, deleted. Which were run, the databases themselves say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Max

from products.access import Actor, Permission, mine
from products.lib.errors import Conflict, FieldProblem, Invalid, NotFound
from products.lib.jsontypes import Json, JsonObject, content_hash
from products.lib.sql_texts import second_statement
from products.models import Migration, Resource
from products.services import audit
from products.services.resources import fresh, kind_of
from products.services.validation import assign, insert

MAX_MIGRATIONS = 1_000
MAX_STATEMENTS = 200
LONGEST = 200_000
CHANGEABLE = ("description", "up", "down")
_STATEMENT = f"A statement is a text of 1 to {LONGEST:,} characters, or an object."


def create_migration(
    actor: Actor, resource: Resource, *, tag: str, up: Json, down: Json = (), description: str = ""
) -> Migration:
    """Adds one after all others. Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        resource = fresh(actor, resource)
        if not kind_of(resource.kind).defined:
            raise NotFound("Only databases have migrations.")
        rows = Migration.objects.filter(resource=resource)
        if rows.count() >= MAX_MIGRATIONS:
            raise Conflict(f"A database may have at most {MAX_MIGRATIONS} migrations.")
        last = rows.aggregate(last=Max("position"))["last"] or 0
        row = Migration(resource=resource, tag=tag, position=last + 1, description=description)
        row.up, row.down = _statements("up", up, least=1), _statements("down", down)
        insert(row, unique="tag", message=f"The database has a migration “{tag[:63]}” already.")
        audit.record(actor, "migration.created", row, changes={"tag": [None, row.tag]})
    return row


def update_migration(actor: Actor, row: Migration, **changes: Any) -> Migration:
    """Changes `description`, `up` or `down`. A database in which it was run shows that it has changed since.

    Raises NotFound, Invalid.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _fresh(actor, row)
        known = {key: value for key, value in changes.items() if key in CHANGEABLE}
        for name in {"up", "down"} & set(known):
            known[name] = _statements(name, known[name], least=1 if name == "up" else 0)
        differs = assign(row, known, CHANGEABLE)
        if differs:
            row.save(update_fields=[*differs, "updated_at"])
            audit.record(actor, "migration.changed", row, changes=dict.fromkeys(differs, True))
    return row


def delete_migration(actor: Actor, row: Migration) -> None:
    """Forgets it; what it did in databases stays there. Raises NotFound."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _fresh(actor, row)
        audit.record(actor, "migration.deleted", row, changes={"tag": [row.tag, None]})
        row.delete()


def known_migrations(resource: Resource) -> list[JsonObject]:
    """In order, as the connectors take them: tag, statements, checksum of both directions."""
    rows = Migration.objects.filter(resource=resource).order_by("position")
    return [
        {"tag": row.tag, "up": row.up, "down": row.down, "checksum": content_hash([row.up, row.down])} for row in rows
    ]


def _statements(name: str, given: Json, *, least: int = 0) -> list[Any]:
    texts = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else None
    if texts is None:
        raise Invalid.field(name, "This must be a list of statements.", code="type")
    if not least <= len(texts) <= MAX_STATEMENTS:
        raise Invalid.field(name, f"From {least} to {MAX_STATEMENTS} statements.", code="count")
    problems = tuple(
        FieldProblem(f"/{name}/{number}", "invalid", _STATEMENT)
        for number, text in enumerate(texts)
        if not (isinstance(text, dict) or (isinstance(text, str) and 0 < len(text.strip()) <= LONGEST))
    )
    if problems:
        raise Invalid(errors=problems)
    if several := tuple(_several(name, texts)):
        raise Invalid(errors=several)
    return texts


def _several(name: str, texts: list[Any]) -> Iterator[FieldProblem]:
    """Statements are run one by one, so that what a failure leaves behind can be told."""
    for number, text in enumerate(texts):
        if isinstance(text, str) and (where := second_statement(text)):
            message = f"A second statement begins at {where}: give it a place of its own."
            yield FieldProblem(f"/{name}/{number}", "invalid", message)


def _fresh(actor: Actor, row: Migration) -> Migration:
    resource = fresh(actor, row.resource)
    return mine(actor, Migration.objects.filter(resource=resource).select_related("resource"), "migration", pk=row.pk)
