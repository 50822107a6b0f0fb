"""I16: a process that is killed in the middle of an import leaves nothing; two at once make no duplicates."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone

from products.models import Action, ActionSample, App, AppEnvironment, DocumentImport, Folder, ImportState
from products.services import import_work, imports
from products.services.imports import NewImport
from tests.patience import until
from tests.products.importers.documents import openapi

PROJECT = Path(__file__).resolve().parents[3]
OPERATIONS = 60
pytestmark = pytest.mark.django_db(transaction=True)
WORKER = "import django; django.setup(); from products.services.import_work import {what}; {what}('{pk}')"


def document(operations: int = OPERATIONS, *, title: str = "Orders") -> bytes:
    answer = {"200": {"description": "ok", "content": {"application/json": {"example": {"n": 1}}}}}
    paths = {
        f"/orders/{number}": {
            "get": {"operationId": f"getOrder{number}", "tags": [f"F{number % 5}"], "responses": answer}
        }
        for number in range(operations)
    }
    return openapi(paths, info={"title": title, "version": "1"})


def accepted(actor, data: bytes, **more) -> DocumentImport:
    return imports.start_import(actor, NewImport(document=data, filename="x.json", **more))


def address() -> str:
    parts = connection.settings_dict
    return f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"


def worker(pk: object, what: str = "read_import") -> subprocess.Popen[bytes]:
    """A process of its own that does what the task does."""
    environment = {**os.environ, "DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "ductape_site.settings.test"}
    command = [sys.executable, "-c", WORKER.format(what=what, pk=pk)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (App, Action, ActionSample, Folder, AppEnvironment))


def kill_at(table: str, process: subprocess.Popen[bytes], lock: psycopg.Connection) -> None:
    """Kills the process when it waits for `table`, in the middle of its transaction."""
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid WHERE NOT granted AND relname = %s"
    )

    def has_come() -> bool:
        assert process.poll() is None, "the process ended by itself"
        return bool(lock.execute(waiting, [table]).fetchone()[0])  # type: ignore[index]

    until(has_come, what=f"the process comes to {table}")
    process.send_signal(signal.SIGKILL)
    assert process.wait(120) == -signal.SIGKILL


@pytest.fixture
def lock() -> Iterator[psycopg.Connection]:
    with psycopg.connect(address()) as held:
        yield held


@pytest.mark.parametrize(
    "table", ["products_folder", "products_action", "products_actionsample", "products_auditentry"]
)
def test_I16_a_killed_process_leaves_nothing_and_the_import_is_done_again(cast, lock, table):
    row = accepted(cast.as_(cast.dev), document())
    lock.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
    kill_at(table, worker(row.pk), lock)
    lock.rollback()
    row.refresh_from_db()
    assert (row.state, counts()) == (ImportState.READING, (0, 0, 0, 0, 0))
    DocumentImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert import_work.ring_stale() == 1
    assert worker(row.pk).wait(60) == 0
    row.refresh_from_db()
    assert (row.state, counts()) == (ImportState.APPLIED, (1, OPERATIONS, OPERATIONS, 5, 1))


def test_I16_a_process_killed_in_a_reimport_leaves_the_app_as_it_was(cast, lock):
    dev = cast.as_(cast.dev)
    import_work.read_import(str(accepted(dev, document()).pk))
    before = json.dumps(list(Action.objects.order_by("tag").values_list("tag", "name", "spec")), default=str)
    row = accepted(dev, document(20), app="orders", apply_at_once=True)
    lock.execute("LOCK TABLE products_actionsample IN EXCLUSIVE MODE")
    kill_at("products_actionsample", worker(row.pk), lock)
    lock.rollback()
    assert json.dumps(list(Action.objects.order_by("tag").values_list("tag", "name", "spec")), default=str) == before
    assert counts() == (1, OPERATIONS, OPERATIONS, 5, 1)


def test_I16_two_processes_that_make_one_app_at_once_make_one(cast):
    dev = cast.as_(cast.dev)
    rows = [accepted(dev, document(), app="orders") for _ in "12"]
    processes = [worker(row.pk) for row in rows]
    for process in processes:
        process.wait(120)
    states = sorted(DocumentImport.objects.values_list("state", flat=True))
    assert App.objects.count() == 1
    assert Action.objects.count() == OPERATIONS
    assert states in (["applied", "applied"], ["applied", "failed"])
    failed = DocumentImport.objects.filter(state=ImportState.FAILED).first()
    assert failed is None or failed.error["code"] in {"taken", "conflict", "invalid"}, "a person can understand why"


def test_I16_one_import_rung_by_many_at_once_is_done_once(cast):
    row = accepted(cast.as_(cast.dev), document())
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait(120)
            import_work.read_import(str(row.pk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts() == (1, OPERATIONS, OPERATIONS, 5, 1)
