"""What an import needs is bounded by its document, not by what its actions are when they are written out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from products.models import Action, ImportState
from products.services import import_work
from tests.people import Cast
from tests.products.importers.documents import openapi
from tests.products.services.test_I16_killed import PROJECT, accepted, address

pytestmark = pytest.mark.django_db(transaction=True)
SCHEMAS, OPERATIONS, TEXT = 60, 600, 5_000
MOST_MB = 90  # it took 177 to import this and 202 to import it again, with every action written out at once
LARGEST_STATEMENT = 2_000_000
WORKER = """
import sys
import django
django.setup()
import processors.tasks.imports
from processors.runtime import memory
from products.services.import_work import read_import

def megabytes(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

memory.give_back()
before = megabytes("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
read_import(sys.argv[1])
print(megabytes("VmHWM") - before)
"""


def circle() -> bytes:
    """About 4 MB: 600 operations, and 60 schemas in a circle, of which each operation needs as many as it may have."""
    schemas = {
        f"Thing{number}": {
            "type": "object",
            "properties": {
                **{f"field_{index}": {"type": "string"} for index in range(30)},
                "next": {"$ref": f"#/components/schemas/Thing{(number + 1) % SCHEMAS}"},
            },
        }
        for number in range(SCHEMAS)
    }
    paths = {
        f"/things/{number}": {
            "post": {
                "operationId": f"do{number}",
                "description": "many words " * (TEXT // 11),
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": f"#/components/schemas/Thing{number % SCHEMAS}"}}
                    }
                },
                "responses": {"200": {"description": "ok"}},
            }
        }
        for number in range(OPERATIONS)
    }
    return openapi(paths, components={"schemas": schemas})


def grown(pk: object) -> float:
    """By how many megabytes a worker grows, at most, that does this import."""
    environment = {
        **os.environ,
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "ductape_site.settings.test",
        "MALLOC_ARENA_MAX": "2",
    }
    command = [sys.executable, "-c", WORKER, str(pk)]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout.split()[-1])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="asks Linux for the peak")
def test_importing_4_mb_and_importing_it_again_needs_a_bounded_amount_of_memory(cast: Cast) -> None:
    dev, data = cast.as_(cast.dev), circle()
    assert 3_000_000 < len(data) < 5_000_000
    first = accepted(dev, data)
    assert grown(first.pk) < MOST_MB
    first.refresh_from_db()
    assert (first.state, Action.objects.count()) == (ImportState.APPLIED, OPERATIONS)
    assert first.app is not None
    again = accepted(dev, data, app=first.app.tag, apply_at_once=True)
    assert grown(again.pk) < MOST_MB
    again.refresh_from_db()
    assert (again.state, again.difference["counts"]["same"]) == (ImportState.APPLIED, OPERATIONS)


def test_actions_are_written_in_small_statements_and_whole(cast: Cast) -> None:
    row = accepted(cast.as_(cast.dev), circle())
    with CaptureQueriesContext(connection) as made:
        import_work.read_import(str(row.pk))
    written: list[dict[str, Any]] = [each for each in made if "products_action" in each["sql"]]
    assert max(len(each["sql"]) for each in written) < LARGEST_STATEMENT
    specs = Action.objects.order_by("position").values_list("position", "spec")
    assert [position for position, _ in specs] == list(range(OPERATIONS))
    assert all(len(json.dumps(spec)) > 30_000 for _, spec in specs), "each with the schemas that it needs"
