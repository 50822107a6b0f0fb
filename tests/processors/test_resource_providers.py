"""What the catalogue declares of resources, and what the connectors make of it: the same on both sides."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.checks import run_checks

from processors.checks import connectors_of_resources, declared_names, differences, served_names
from processors.connectors.caches import operations as caches
from processors.connectors.mongodb import connector as mongodb
from processors.connectors.served import CACHE, MONGODB, SERVED, SQL, STORAGE, exactly
from processors.connectors.sql import connector as sql
from processors.connectors.storage import building
from processors.connectors.storage import operations as storages
from products.catalog.resources import KINDS
from products.services.egress import address_policy

DRIVERS = ("asyncmy", "aiosqlite", "sqlalchemy", "pymongo", "obstore")
LOOK = f"""
import django, sys
django.setup()
from processors.checks import connectors_of_resources
assert connectors_of_resources() == []
print([name for name in {DRIVERS} if name in sys.modules])
"""


def test_the_tables_of_the_connectors_are_what_they_say_they_serve() -> None:
    dialects = sql.SqlConnector(address_policy(), Path("/nowhere"))._dialects
    assert (tuple(dialects), {*sql._WORK}) == (SQL.providers, {*SQL.operations})
    assert {*mongodb._OPERATIONS} == {*MONGODB.operations}
    assert {*building._PLANS, "local"} == {*STORAGE.providers}
    assert {*storages.OPERATIONS} == {*STORAGE.operations}
    assert {*caches.OPERATIONS} == {*CACHE.operations}
    with pytest.raises(RuntimeError, match="differ: fax, mail"):
        exactly(("mail", "post"), {"post": 1, "fax": 2})


def test_the_system_check_runs_and_finds_nothing() -> None:
    assert connectors_of_resources() == []
    assert not [each for each in run_checks() if each.id in {"processors.E001", "processors.E002"}]


def test_the_system_check_names_what_is_only_on_one_side() -> None:
    database = KINDS["database"]
    provider, operation = replace(database.providers[0], name="oracle"), replace(database.operations[0], name="dream")
    changed = replace(
        database, providers=(*database.providers[1:], provider), operations=(*database.operations, operation)
    )
    found = differences(declared_names({**KINDS, "database": changed}), {*served_names(SERVED), *SERVED})
    assert [(each.id, each.msg) for each in found] == [
        ("processors.E001", "No connector serves “database: operation dream”."),
        ("processors.E001", "No connector serves “database: provider oracle”."),
        ("processors.E001", "No connector serves “mongodb: operation dream”."),
        ("processors.E002", f"Nothing needs “database: provider {database.providers[0].name}”."),
    ]


def test_the_system_check_loads_no_driver() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
