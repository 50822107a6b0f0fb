"""What the catalogue declares of resources, and what the connectors make of it: the same on both sides."""

from __future__ import annotations

from pathlib import Path

from django.core.checks import run_checks

from processors.checks import connectors_of_resources, differences
from processors.connectors.caches import operations as caches
from processors.connectors.mongodb import connector as mongodb
from processors.connectors.sql import connector as sql
from processors.connectors.storage import building
from processors.connectors.storage import operations as storages
from products.catalog.resources import KINDS
from products.services.egress import address_policy


def _providers(kind: str) -> set[str]:
    return {each.name for each in KINDS[kind].providers}


def _operations(kind: str) -> set[str]:
    return {each.name for each in KINDS[kind].operations}


def test_every_declared_provider_has_a_connector_and_the_other_way_round() -> None:
    dialects = sql.SqlConnector(address_policy(), Path("/nowhere"))._dialects
    assert {*dialects, "mongodb"} == _providers("database")
    assert {*building._PLANS, "local"} == _providers("storage")
    assert _providers("cache") == {"builtin", "redis"}


def test_every_declared_operation_is_made_and_the_other_way_round() -> None:
    assert {*sql._WORK} == _operations("database")
    assert {*mongodb._OPERATIONS} == _operations("database")
    assert {*storages.OPERATIONS} == _operations("storage")
    assert {*caches.OPERATIONS} == _operations("cache")


def test_the_system_check_runs_and_names_what_is_only_on_one_side() -> None:
    assert connectors_of_resources() == []
    assert not [each for each in run_checks() if each.id in {"processors.E001", "processors.E002"}]
    found = differences({"cache", "queue"}, {"cache", "fax"})
    assert [(each.id, each.msg) for each in found] == [
        ("processors.E001", "No connector serves “queue”."),
        ("processors.E002", "Nothing needs the connector “fax”."),
    ]
