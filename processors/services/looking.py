"""Shows what a resource holds, at once and without a run: tables, files, keys, whether its connection works.

A worker answers, since only workers open secrets. What is asked and answered lies sealed in Valkey for seconds.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from uuid import uuid4

import redis
import structlog
from django.conf import settings
from django.db import connection

from processors.live import wire
from processors.services.look_inputs import filled_in
from processors.services.operation_specs import prepared_operation
from processors.services.query_notes import note_purge, note_query
from processors.services.starting import check_active, queue_of, refused
from products import dispatch
from products.access import Actor, Permission
from products.catalog.resources import KINDS
from products.catalog.resources.operations import checked_input
from products.lib.actions import Parameter
from products.lib.errors import Conflict, Forbidden, NotFound, Unavailable
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject
from products.lib.sealing import Place
from products.models import Colour, Environment, ResourceConfig
from products.queries.callable_resources import Wanted
from products.services import vault

log = structlog.get_logger(__name__)
TABLE = "look"
WAIT_S = 20.0
AT_ONCE = 50  # that wait in one process
# What changes something without a run; each is on record before it is asked for.
_NOTES: Final = {("database", "query"): note_query, ("cache", "purge"): note_purge}
_places = threading.BoundedSemaphore(AT_ONCE)
_NOBODY = "No worker has answered in time. Is one running for this environment?"


@dataclass(frozen=True, slots=True)
class Seen:
    """What there was to see, or why nothing: {code, message, …} as runs have it, masked.

    `content` are the bytes of a part of a file.
    """

    output: Any = None
    error: JsonObject | None = None
    content: bytes = field(default=b"", repr=False)

    @property
    def message(self) -> str:
        """The error in words, "" for none."""
        return str(self.error.get("message", "")) if self.error else ""


@dataclass(frozen=True, slots=True)
class Sight:
    """One operation that the actor may make here, to be asked for as often as it is needed."""

    actor: Actor
    environment: Environment
    composition: JsonObject
    fields: tuple[Parameter, ...]

    def ask(self, given: Json, *, hands_over: bool = False) -> Seen:
        """The answer of a worker, at most 20 seconds later; a part of a file comes with it if it `hands_over`.

        Raises Conflict, Unavailable, and Invalid with pointers under /input.
        """
        try:
            checked = checked_input(self.fields, given)
        except InputError as error:
            raise refused(error, "/input") from None
        return self.ask_checked(checked, hands_over=hands_over)

    def ask_checked(self, checked: Json, *, hands_over: bool = False) -> Seen:
        """The same with an input that is known to fit."""
        asked = {"composition": self.composition, "input": checked, "seconds": WAIT_S, "hands_over": hands_over}
        if not _places.acquire(blocking=False):
            raise Unavailable("Too many people look at resources just now; try again in a moment.")
        try:
            return _answered(self.actor, self.environment, json.dumps(asked, ensure_ascii=False))
        finally:
            _places.release()


def sight(actor: Actor, product: str, environment: str, wanted: Wanted, given: Json = None) -> Sight:
    """Whether somebody may make an operation of a resource, `given` this input, and what it is by today's settings.

    Raises NotFound, also for what is made by runs only, Conflict, Forbidden.
    """
    prepared = prepared_operation(actor, product, environment, wanted, inner=True)
    _may(actor, prepared.environment, wanted, given)
    if wanted.event == "query":
        _may_query(prepared.environment, prepared.composition["settings"])
    check_active(prepared.environment)
    return Sight(actor, prepared.environment, prepared.composition, prepared.fields)


def look(actor: Actor, product: str, environment: str, wanted: Wanted, given: Json = None) -> Seen:
    """Makes one operation and waits for it, at most 20 seconds.

    Who may only look makes only what reads. Raises NotFound, Conflict, Invalid with pointers under /input, Forbidden,
    Unavailable.
    """
    seen = sight(actor, product, environment, wanted, given)
    composition, checked = filled_in(seen.composition, wanted, seen.fields, given)
    if note := _NOTES.get((wanted.kind, wanted.event)):
        note(actor, composition, checked)
    return replace(seen, composition=composition).ask_checked(checked)


def _may(actor: Actor, environment: Environment, wanted: Wanted, given: Json) -> None:
    operation = KINDS[wanted.kind].operation(wanted.event)
    if operation is None or (operation.effect != "reads" and (wanted.kind, wanted.event) not in _NOTES):
        raise NotFound("There is no such operation that can be made by looking: what changes something is a run.")
    only_reads = operation.effect == "reads" or (
        wanted.event == "query" and isinstance(given, dict) and given.get("read_only", True) is True
    )
    actor.need(Permission.VIEW)
    # A signed URL is good for everybody who has it, and one for putting changes something.
    if not only_reads or wanted.event == "sign":
        actor.need_run_in(environment)


def queries_allowed(config: ResourceConfig) -> bool:
    """Whether an environment's configuration lets people send statements of their own."""
    return _are_on(config.environment, config.settings.get("console"))


def _are_on(environment: Environment, console: Json) -> bool:
    return console is True or (console is None and environment.colour != Colour.RED)


def _may_query(environment: Environment, settings: JsonObject) -> None:
    """Raises Forbidden where statements of a person's own are off."""
    if not _are_on(environment, settings.get("console", {}).get("value")):
        raise Forbidden(f"Ad-hoc queries are turned off in “{environment.slug}”: its configuration can allow them.")


def _answered(actor: Actor, environment: Environment, asked: str) -> Seen:
    look_id = str(uuid4())
    sealer = vault.sealer(actor.workspace)
    place = Place(str(actor.workspace.pk), TABLE, look_id, "asked")
    question = actor.workspace.pk.bytes + sealer.seal(asked, place=place)
    client = redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=WAIT_S + 5)
    try:
        client.set(wire.LOOK.format(id=look_id), question, ex=int(WAIT_S) + 5)
        if not dispatch.ring(dispatch.LOOK, look_id, queue=queue_of(actor.workspace.tag, environment.processor_tag)):
            raise Unavailable("The workers cannot be reached just now.")
        if not connection.in_atomic_block:
            connection.close()  # nobody holds a connection while waiting
        found = cast("list[bytes] | None", client.blpop([wire.SEEN.format(id=look_id)], timeout=int(WAIT_S)))
        part = cast("bytes | None", client.getdel(wire.PART.format(id=look_id))) if found else None
    except redis.RedisError as error:
        log.warning("look_not_asked", error=type(error).__name__)
        raise Unavailable("The workers cannot be reached just now.") from None
    finally:
        client.close()
    if found is None:
        raise Conflict(_NOBODY, code="no_answer")
    answer = json.loads(sealer.open(found[1], place=replace(place, field="seen")))
    content = sealer.open_raw(part, place=replace(place, field="part")) if part else b""
    return Seen(answer["output"], answer["error"], content)
