"""`ductape import`: what it would change is said before, what it leaves is said after, and it removes when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from products.models import Action, App, AuditEntry
from products.services import variables
from tests.people import Cast
from tests.products.services.test_I16_killed import PROJECT, address
from tests.products.services.test_imports import document

pytestmark = pytest.mark.django_db
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.json"


def run(file: Path, tree: dict[str, Any], **options: Any) -> str:
    file.write_text(json.dumps(tree))
    out = StringIO()
    call_command("ductape_import", str(file), workspace="acme", stdout=out, **options)
    return out.getvalue()


def newer() -> dict[str, Any]:
    """Without the first operation, with one more, another name, and another default."""
    tree = document(operations=4, servers=[{"url": "https://{region}.x.example", "variables": {"region": {}}}])
    del tree["paths"]["/orders/0"]
    tree["paths"]["/orders/1"]["get"]["summary"] = "Other\x1b[2Jwords"
    return tree


def test_I7_a_dry_run_into_an_app_says_what_would_change_and_changes_nothing(cast: Cast, file: Path) -> None:
    assert "App orders in workspace acme: 3 added" in run(file, document(), app="orders")
    variables.create_variable(cast.as_(cast.dev), "orders", {"key": "region", "default": "mine"})
    said = run(file, newer(), app="orders", dry_run=True)
    assert "App orders in workspace acme would have: 1 added, 1 changed, 1 same, 1 not in the document" in said
    for line in ("  added    GET /orders/3", "  changed  GET /orders/1 (name", "  missing  GET /orders/0"):
        assert line in said
    assert "region (default" in said
    assert "\x1b" not in said
    assert Action.objects.count() == 3
    found = json.loads(run(file, newer(), app="orders", dry_run=True, json=True))
    assert (found["dry_run"], found["difference"]["removed"]) == (True, 1)
    assert found["changes"]["removed"][0]["tag"] == "get-order0"
    assert "mine" not in json.dumps(found)


def test_I7_a_dry_run_of_a_new_app_says_that_it_is_new(cast: Cast, file: Path) -> None:
    assert "App orders in workspace acme would be new: 3 added" in run(file, document(), app="orders", dry_run=True)
    assert not App.objects.exists()


def test_I7_what_the_document_lacks_stays_and_is_said_to_or_goes_with_remove(cast: Cast, file: Path) -> None:
    run(file, document(), app="orders")
    kept = run(file, newer(), app="orders")
    assert "1 not in the document (kept; --remove deletes them)" in kept
    assert Action.objects.count() == 4
    assert "1 removed" in run(file, newer(), app="orders", remove=True)
    assert set(Action.objects.values_list("tag", flat=True)) == {"get-order1", "get-order2", "get-order3"}
    entries = AuditEntry.objects.filter(verb="app.imported").order_by("id")
    assert [entry.changes["removed"] for entry in entries] == [0, 0, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("reachable", [True, False])
def test_a_dry_run_from_the_shell_compares_where_the_database_can_be_reached(
    cast: Cast, file: Path, tmp_path: Path, reachable: bool
) -> None:
    run(file, document(), app="orders")
    environment = {**os.environ, "DATABASE_URL": address() if reachable else NOWHERE, "DUCTAPE_DATA": str(tmp_path)}
    words = ["import", str(file), "--workspace", "acme", "--app", "orders", "--dry-run"]
    command = [sys.executable, "-m", "ductape_site.cli", *words]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("3 same" in done.stdout) is reachable
    assert ("The database cannot be reached" in done.stdout) is not reachable
