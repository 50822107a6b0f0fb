"""Runs migrations of a database in one environment, as a run of its own that can be watched."""

from __future__ import annotations

from typing import Literal

from processors.services.operations import OperationRequest, start_operation
from processors.services.starting import Started
from products.access import Actor, Permission
from products.lib.errors import Invalid
from products.queries.callable_resources import Wanted
from products.queries.database_actions import migrations_of
from products.queries.resources import resource
from products.services.migrations import known_migrations

Direction = Literal["up", "down"]
LONGEST_S = 3_600.0


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
    """Up to and with `to`, or everything; down to the one that stays, or one. Raises as `start_operation`."""
    actor.need(Permission.RUN)
    row = resource(actor, product, "database", database)
    if to and not migrations_of(actor, row).filter(tag=to).exists():
        raise Invalid.field("to", f"There is no migration “{to[:63]}”.", code="unknown")
    given = {"known": known_migrations(row), "to": to, "direction": direction, "repair": repair}
    return start_operation(
        actor,
        OperationRequest(
            product, environment, Wanted("database", database, "migrate"), given,
            idempotency_key=idempotency_key, timeout_s=LONGEST_S, trigger=trigger, inner=True,
        ),
    )  # fmt: skip
