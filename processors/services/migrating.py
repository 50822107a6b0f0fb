"""Runs migrations of a database in one environment, as a run of its own that can be watched."""

from __future__ import annotations

from typing import Final, Literal

from processors.services.operations import OperationRequest, start_operation
from processors.services.starting import Started
from products.access import Actor, Permission
from products.lib.errors import Invalid
from products.models import Resource
from products.queries.callable_resources import Wanted
from products.queries.database_actions import migrations_of
from products.queries.resources import resource
from products.services.migrations import known_migrations

Direction = Literal["up", "down"]
LONGEST_S = 3_600.0
ALL: Final = "*"


def migrate(  # noqa: PLR0913 - what a person says, name by name
    actor: Actor,
    *,
    product: str,
    environment: str,
    database: str,
    direction: Direction = "up",
    to: str = "",
    repair: str = "",
    idempotency_key: str = "",
    trigger: str = "rest",
) -> Started:
    """Up to and with `to`, or everything; down to the one that stays, or one, or with * all.

    `repair` is retry, skip or forget; then `to` is what is repaired. Raises as `start_operation`.
    """
    actor.need(Permission.RUN)
    row = resource(actor, product, "database", database)
    if to and repair != "forget":  # what the product has no more can be forgotten too
        _check_target(actor, row, to, takes_back=direction == "down" and not repair)
    given = {"known": known_migrations(row), "to": to, "direction": direction, "repair": repair}
    return start_operation(
        actor,
        OperationRequest(
            product, environment, Wanted("database", database, "migrate"), given,
            idempotency_key=idempotency_key, timeout_s=LONGEST_S, trigger=trigger, inner=True,
        ),
    )  # fmt: skip


def _check_target(actor: Actor, row: Resource, to: str, *, takes_back: bool) -> None:
    if to == ALL:
        if not takes_back:
            raise Invalid.field("to", "* is for a rollback: all are taken back.", code="not_allowed")
    elif not migrations_of(actor, row).filter(tag=to).exists():
        raise Invalid.field("to", f"There is no migration “{to[:63]}”.", code="unknown")
