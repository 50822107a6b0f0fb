"""Deletes what marked workspaces, products and environments leave behind: in lots, runs first, the row itself last.

Whoever is at it may die at any moment: what was committed is gone, and the scheduler has somebody else go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Model, ProtectedError, RestrictedError

from processors.models import IdempotencyRecord, KeptFile, KeptResult, Run, StoredFile
from processors.services import definitions, local_data
from products import dispatch
from products.models import (
    Action,
    ActionSample,
    App,
    AuditEntry,
    Connection,
    ConnectionEnvironment,
    ConnectionValue,
    DocumentImport,
    Environment,
    Feature,
    Folder,
    LeftFolders,
    Product,
    Release,
    RememberedAnswer,
    Resource,
    Secret,
    Workspace,
    local_folder,
)

log = structlog.get_logger(__name__)
LOT = 1_000
RUNS_LOT = 200  # with what is below them about as many rows
DOCUMENTS_LOT = 10  # of up to 20 MB each
ROUND_S = 10.0
RUNG_AT_ONCE = 50

_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
_SOME_RUNS = {
    Product: "SELECT id FROM processors_run WHERE product_id = %s LIMIT %s FOR UPDATE SKIP LOCKED",
    Environment: "SELECT id FROM processors_run WHERE environment_id = %s LIMIT %s FOR UPDATE SKIP LOCKED",
}
# A statement of its own: what a worker wrote before we had the lock on its run is seen, and after it writes nothing.
_DELETE_RUNS = """
WITH lines AS (DELETE FROM processors_logline WHERE run_id = ANY(%(runs)s::uuid[])
), tries AS (DELETE FROM processors_attempt WHERE run_id = ANY(%(runs)s::uuid[])
), steps AS (DELETE FROM processors_step WHERE run_id = ANY(%(runs)s::uuid[])
), signals AS (DELETE FROM processors_runsignal WHERE run_id = ANY(%(runs)s::uuid[])
), inputs AS (DELETE FROM processors_runinput WHERE run_id = ANY(%(runs)s::uuid[])
), keys AS (DELETE FROM processors_idempotencyrecord WHERE run_id = ANY(%(runs)s::uuid[])
)
DELETE FROM processors_run WHERE id = ANY(%(runs)s::uuid[])
"""

# What may be many, with the lookup that leads from it to the row; the rest goes with the row itself.
_OF_PRODUCT: tuple[tuple[type[Model], str, int], ...] = (
    (KeptResult, "environment__product", LOT),
    (StoredFile, "config__resource__product", LOT),
    (KeptFile, "product", DOCUMENTS_LOT),
    (ConnectionValue, "connection_environment__connection__product", LOT),
    (ConnectionEnvironment, "connection__product", LOT),
    (Connection, "product", LOT),
    (Feature, "product", LOT),
    (Release, "product", DOCUMENTS_LOT),
)
_OF_WORKSPACE: tuple[tuple[type[Model], str, int], ...] = (
    (DocumentImport, "workspace", DOCUMENTS_LOT),
    (IdempotencyRecord, "workspace", LOT),
    (RememberedAnswer, "workspace", LOT),
    (ActionSample, "action__app__workspace", LOT),
    (Action, "app__workspace", LOT),
    (Folder, "app__workspace", LOT),
    (App, "workspace", 1),
    (Secret, "workspace", LOT),
    (AuditEntry, "workspace", LOT),
)
Lot = Callable[[], bool]  # whether there may be more of the same


class _LaterError(Exception):
    """Another process is deleting the same row, or a worker holds fast what is left of it."""


def go_on(row_id: UUID | str) -> bool:
    """Deletes for some seconds; whether there is more to do. False as well when that has to wait for somebody."""
    until = time.monotonic() + ROUND_S
    try:
        for lot in _lots(row_id):
            while _committed(row_id, lot):
                if time.monotonic() > until:
                    return True
    except _LaterError:
        return False
    except (IntegrityError, ProtectedError, RestrictedError, OperationalError) as error:
        # Who was let in before it was marked has written below it since, or a backup reads what is to go: the next
        # round looks through it once more.
        log.warning("deleting_again", row=str(row_id), error=type(error).__name__)
        return False
    return False


def ring_unfinished() -> int:
    """Announces what is still there of all that is marked, the oldest first of each kind; how many."""
    marked = [
        row
        for rows in (
            Workspace.objects.filter(deleting_at__isnull=False),
            Product.objects.filter(deleting_at__isnull=False, workspace__deleting_at__isnull=True),
            Environment.whole.filter(deleting_at__isnull=False, product__deleting_at__isnull=True),
        )
        for row in rows.order_by("deleting_at").values_list("pk")[:RUNG_AT_ONCE]
    ]
    marked += LeftFolders.objects.order_by("pk").values_list("pk")[:RUNG_AT_ONCE]
    return sum(dispatch.ring(dispatch.DELETE_REST, str(pk)) for (pk,) in marked)


def _lots(row_id: UUID | str) -> Iterator[Lot]:
    """What is to be done, one after the other; nothing for a row that is gone or not marked."""
    marked: dict[str, Any] = {"pk": row_id, "deleting_at__isnull": False}
    for environment in Environment.whole.filter(**marked):
        yield from _lots_of_environment(environment)
    for product in Product.objects.filter(**marked):
        yield from _lots_of_product(product)
    for workspace in Workspace.objects.filter(**marked):
        yield from _lots_of_workspace(workspace)
    for left in LeftFolders.objects.filter(pk=row_id):
        yield partial(_some_files, left.names)
        yield partial(_the_row, left)


def _lots_of_environment(environment: Environment) -> Iterator[Lot]:
    yield partial(_some_runs, environment)
    yield partial(_some, KeptResult, {"environment": environment.pk}, LOT)
    yield partial(_some, StoredFile, {"config__environment": environment.pk}, LOT)
    yield partial(_some_files, _folders(environment.product, [environment]))
    yield partial(_the_row, environment)


def _lots_of_product(product: Product) -> Iterator[Lot]:
    yield partial(_some_runs, product)
    yield partial(_let_go_of_releases, product)
    for model, lookup, size in _OF_PRODUCT:
        yield partial(_some, model, {lookup: product.pk}, size)
    yield partial(_some_files, _folders(product, list(Environment.whole.filter(product=product))))
    yield partial(_the_row, product)


def _lots_of_workspace(workspace: Workspace) -> Iterator[Lot]:
    for product in list(Product.objects.filter(workspace=workspace).order_by("pk")):
        yield from _lots_of_product(product)
    for model, lookup, size in _OF_WORKSPACE:
        yield partial(_some, model, {lookup: workspace.pk}, size)
    yield partial(definitions.forget_of, workspace.pk)
    yield partial(_the_row, workspace)


def _committed(row_id: UUID | str, lot: Lot) -> bool:
    """One lot in a transaction of its own, by one process at a time. Raises _LaterError."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME, [f"ductape.deleting.{row_id}"])
            if not cursor.fetchone()[0]:
                raise _LaterError
        return lot()


def _some_runs(of: Product | Environment) -> bool:
    """Raises _LaterError for what a worker holds fast just now."""
    with connection.cursor() as cursor:
        cursor.execute(_SOME_RUNS[type(of)], [of.pk, RUNS_LOT])
        runs = [row[0] for row in cursor.fetchall()]
        cursor.execute(_DELETE_RUNS, {"runs": runs})
    if not runs and Run.objects.filter(**{of._meta.model_name or "": of.pk}).exists():
        raise _LaterError
    return bool(runs)


def _let_go_of_releases(product: Product) -> bool:
    Environment.objects.filter(product=product, release__isnull=False).update(release=None)
    return False


def _some(model: type[Model], of: dict[str, Any], size: int) -> bool:
    rows = model._default_manager.filter(**of).order_by()
    ids = list(rows.values_list("pk", flat=True)[:size])
    model._default_manager.filter(pk__in=ids).delete()
    return len(ids) == size


def _folders(product: Product, environments: list[Environment]) -> list[str]:
    resources = Resource.objects.filter(product=product).values_list("pk", flat=True)
    return [local_folder(pk, environment) for pk in resources for environment in environments]


def _some_files(folders: list[str]) -> bool:
    """Raises _LaterError for what cannot be removed now: as long as it lies there, the row stays."""
    try:
        return local_data.remove_some(folders, LOT)
    except OSError as error:
        log.warning("files_stay", error=type(error).__name__, file=str(error.filename))
        raise _LaterError from None


def _the_row(row: Workspace | Product | Environment | LeftFolders) -> bool:
    log.info("deleted", kind=row._meta.model_name, name=str(row), row=str(row.pk))
    row.delete()
    return False
