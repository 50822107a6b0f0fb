"""Strong ETags of what a GET answers: 304 for who has it already, 412 for who would overwrite what they did not see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpResponseNotModified
from django.utils.http import parse_etags
from psycopg.errors import DeadlockDetected, SerializationFailure
from rest_framework.response import Response

from products.lib.errors import DomainError

TRIES = 3
HALF = 16


class PreconditionFailed(DomainError):
    """The thing is not what the caller thinks it is."""

    status = 412
    code = "precondition_failed"
    message = "It has changed since you read it; read it again."


def tag_of(content: bytes, data: Any = None, *, moves: frozenset[str] = frozenset()) -> str:
    """The same bytes, the same tag. Its first half is of what people set: all of `data` but the fields in `moves`.

    Those change by themselves, by every run: who edits cannot have seen the latest of them.
    """
    still = json.dumps(_without(data, moves), sort_keys=True, default=str).encode() if moves else content
    return f'"{_half(still)}{_half(content)}"'


def _half(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HALF]


def _without(data: Any, names: frozenset[str]) -> Any:
    if isinstance(data, dict):
        return {str(name): _without(value, names) for name, value in data.items() if name not in names}
    return [_without(each, names) for each in data] if isinstance(data, (list, tuple)) else data


def _set_by_people(tag: str) -> str:
    return tag[: 1 + HALF]


def has_it_already(request: Any, tag: str) -> bool:
    """Whether `If-None-Match` names the tag (RFC 9110, 13.1.2: weak comparison)."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or tag in {one.removeprefix("W/") for one in known}


def not_modified(response: Response) -> HttpResponseNotModified:
    """304 instead of it: the same headers, no body (RFC 9110, 15.4.5)."""
    short = HttpResponseNotModified()
    for name, value in response.items():
        if name.lower() not in {"content-type", "content-length"}:
            short[name] = value
    return short


def if_it_matches(asked: str, current: Callable[[], str], change: Callable[[], Response]) -> Response:
    """Changes only what still has one of the tags in `asked`, whoever else changes it meanwhile.

    Reading and changing see one snapshot: where somebody else committed in between, PostgreSQL refuses the change and
    it is looked at again. Raises PreconditionFailed.
    """
    wanted = {_set_by_people(tag) for tag in parse_etags(asked)}
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                _one_snapshot()
                stale = "*" not in wanted and _set_by_people(current()) not in wanted
                answer = change()
                if stale:  # only now: what would be refused anyway is refused for that reason (RFC 9110, 13.2.1)
                    raise PreconditionFailed
                return answer
        except OperationalError as error:
            if not isinstance(error.__cause__, SerializationFailure | DeadlockDetected):
                raise
    raise PreconditionFailed


def _one_snapshot() -> None:
    if not connection.savepoint_ids:  # PostgreSQL takes this only as a transaction's first words
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
