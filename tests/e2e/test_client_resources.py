"""The Python client against real processes: a database is migrated and used, files go in pieces, values are kept."""

from __future__ import annotations

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from processors.client import Ductape, Refused, RunFailed, resources
from products.services.database_actions import create_action
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests import objects
from tests.e2e.harness import House
from tests.people import Cast

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"
CREATE = {"type": "create", "sql": "INSERT INTO orders (name) VALUES ({{name:STRING:1:80}})"}
ALL = {"type": "read", "sql": "SELECT id, name FROM orders ORDER BY id"}


@pytest.fixture
def used(people: Cast) -> Cast:
    """A database with two migrations and two actions, a storage and a cache, in `dev`."""
    dev = people.as_(people.dev)
    configs: dict[str, tuple[str, dict[str, Any]]] = {
        "database": ("Orders", {"provider": "sqlite", "settings": {"file": "orders"}}),
        "storage": ("Files", {"provider": "local", "settings": {"folder": "files"}}),
        "cache": ("Rates", {"provider": "builtin"}),
    }
    rows = {
        kind: create_resource(dev, "shop", kind, {"name": name, "environments": {"dev": config}})
        for kind, (name, config) in configs.items()
    }
    create_migration(dev, rows["database"], tag="0001-orders", up=[ORDERS], down=["DROP TABLE orders"])
    create_migration(dev, rows["database"], tag="0002-first", up=["INSERT INTO orders (name) VALUES ('first')"])
    create_action(dev, rows["database"], name="Create", definition=CREATE)
    create_action(dev, rows["database"], name="All", definition=ALL)
    return people


def test_every_kind_is_used_from_python(
    house: House, scene: Any, used: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = objects.key(used.workspace, "read", "run").text
    address = house.web()
    house.worker()
    with Ductape(address, key, "shop", "dev") as ductape:
        _database(ductape)
        _cache(ductape)
        monkeypatch.setattr(resources, "PIECE_BYTES", 1024 * 1024)
        _storage(ductape, tmp_path)


def _database(ductape: Ductape) -> None:
    db = ductape.processor.db
    with pytest.raises(RunFailed):
        db.run(database="orders", action="all", check=True)  # there is no table yet
    db.migration.run(database="orders", to="0001-orders", check=True)
    db.run(database="orders", action="create", input={"name": "a'); DROP TABLE orders; --"}, check=True)
    db.migration.run(database="orders", check=True)
    names = [row["name"] for row in db.execute(database="orders", action="all", check=True).output["rows"]]
    assert names == ["a'); DROP TABLE orders; --", "first"]
    with pytest.raises(Refused) as caught:
        db.run(database="orders", action="create", input={"name": ""})
    assert [problem["pointer"] for problem in caught.value.errors] == ["/input/name"]
    assert not db.migration.rollback(database="orders").ok  # the second has no way down


def _cache(ductape: Ductape) -> None:
    cache = ductape.processor.cache
    cache.set(cache="rates", key="eur", value={"rate": 1.09}, keep_for="5m", check=True)
    assert cache.get(cache="rates", key="eur", check=True).output["value"] == {"rate": 1.09}
    assert [cache.increment(cache="rates", key="n", by=2, check=True).output["value"] for _ in range(2)] == [2, 4]
    assert cache.delete(cache="rates", key="eur", check=True).output["existed"] is True
    assert cache.get(cache="rates", key="eur", check=True).output["found"] is False


def _storage(ductape: Ductape, folder: Path) -> None:
    storage = ductape.processor.storage
    content = os.urandom(5_300_000)  # six pieces
    (folder / "large.bin").write_bytes(content)
    saved = storage.save(storage="files", key="in/large.bin", path=folder / "large.bin", check=True)
    assert saved.output["size"] == len(content)
    into = BytesIO()
    storage.read(storage="files", key="in/large.bin", into=into)
    assert hashlib.sha256(into.getvalue()).digest() == hashlib.sha256(content).digest()
    fetched = BytesIO()
    assert storage.fetch(storage="files", key="in/large.bin", into=fetched) == len(content)
    assert fetched.getvalue() == content
    storage.save(storage="files", key="in/small.txt", content="grüße", check=True)
    assert storage.read(storage="files", key="in/small.txt", check=True).output["content"] == "grüße"
    storage.copy(storage="files", key="in/small.txt", to="in/copy.txt", check=True)
    listed = [file["key"] for file in storage.list(storage="files", prefix="in/")]
    assert sorted(listed) == ["in/copy.txt", "in/large.bin", "in/small.txt"]
    assert storage.delete(storage="files", key="in/copy.txt", check=True).output["existed"] is True
    assert storage.sign(storage="files", key="in/small.txt", seconds=60, check=True).output["url"].startswith("http")
