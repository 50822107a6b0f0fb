"""A backup is worth what its restore gives back: data, secrets, databases, files and the sign-in, on a machine that
had nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ductape_site.cli.errors import Exit
from ductape_site.embedded.folder import DataFolder
from ductape_site.embedded.servers import known_addresses
from processors.client import Ductape
from tests.e2e.conftest import Installation, new_installation, remove
from tests.e2e.site import OWNER, PASSWORD, Person, Site
from tests.processors.sink import Sink

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("up")]
OWNERS = {"DUCTAPE_OWNER_EMAIL": OWNER, "DUCTAPE_OWNER_PASSWORD": PASSWORD}


@pytest.fixture
def two() -> Iterator[tuple[Installation, Installation]]:
    """The machine that is lost, and the one that takes its place."""
    made = (new_installation(**OWNERS), new_installation(**OWNERS))
    yield made
    for each in made:
        remove(each)


def client(installation: Installation, key: str) -> Ductape:
    """A program's, on the sample product."""
    return Ductape(installation.address, key, product="storefront", environment="dev")


def orders(ductape: Ductape) -> list[Any]:
    """What stands in the sample product's database."""
    run = ductape.processor.db.run(database="orders", action="list-orders", input={"limit": 10}, check=True)
    return list(run.output["rows"])


def test_what_was_backed_up_while_it_ran_comes_back_on_another_machine(
    two: tuple[Installation, Installation], tmp_path: Path
) -> None:
    lost, new = two
    backup = tmp_path / "backup"
    with lost.up() as running:
        person = Person(Site(lost, Sink())).sign_in()
        person.made("/workspaces/main/secrets/", {"key": "token", "value": "canary-of-the-backup"})
        key = person.made("/workspaces/main/keys/", {"name": "A program", "verbs": ["read", "run"]})["text"]
        with client(lost, key) as ductape:
            ductape.processor.db.migration.run(database="orders", check=True)
            order = {"id": "first", "customer": "ada@shop.example", "sku": "mug", "quantity": 1}
            ductape.processor.db.run(database="orders", action="create-order", input=order, check=True)
            before = orders(ductape)
            ductape.processor.storage.save(
                storage="files", key="2026/note.txt", content=b"# Kept", content_type="text/markdown", check=True
            )
        assert [row["id"] for row in before] == ["first"]
        done = lost.run("backup", str(backup))
        assert done.returncode == 0, done.stderr
        running.stop()
    assert sorted(path.name for path in backup.iterdir()) == ["database.dump", "keys.env", "resources.tar"]
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in backup.iterdir()} == {0o600}
    assert b"canary-of-the-backup" not in (backup / "database.dump").read_bytes()
    assert lost.run("backup", str(backup)).returncode == Exit.FAILED  # never over another backup

    restored = new.run("restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    again = new.run("restore", str(backup))
    assert (again.returncode, "not empty" in again.stderr) == (Exit.FAILED, True)
    with new.up() as running:
        person = Person(Site(new, Sink())).sign_in()
        assert [row["key"] for row in person.api("GET", "/workspaces/main/secrets/").json["results"]] == ["token"]
        call = {"product": "storefront", "environment": "dev", "app": "shop", "action": "list-products", "input": {}}
        run = person.made("/workspaces/main/processor/action/run", {**call, "wait": 30})
        assert run["state"] == "completed", run
        with client(new, key) as ductape:
            assert orders(ductape) == before
            with BytesIO() as content:
                read = ductape.processor.storage.read(storage="files", key="2026/note.txt", into=content)
                assert (content.getvalue(), read.output["content_type"]) == (b"# Kept", "text/markdown")
        examined = new.run("doctor")
        assert "ok    master keys" in examined.stdout, examined.stdout
        running.stop()


def test_a_backup_is_not_put_over_other_keys(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "database.dump").write_bytes(b"anything")
    (tmp_path / "keys.env").write_text("FIELD_ENCRYPTION_KEYS=of-the-backup\n")
    installation.settings["FIELD_ENCRYPTION_KEYS"] = "of-this-machine"
    refused = installation.run("restore", str(tmp_path))
    assert refused.returncode == Exit.NOT_CONFIGURED
    assert "has other FIELD_ENCRYPTION_KEYS than the backup" in refused.stderr


def test_a_broken_backup_is_named_and_leaves_the_database_empty(installation: Installation, tmp_path: Path) -> None:
    refused = installation.run("restore", str(tmp_path))
    assert refused.stderr == f"{tmp_path} holds no database.dump: it is no backup.\n"
    (tmp_path / "database.dump").write_bytes(b"PGDMP and then nothing")
    broken = installation.run("restore", str(tmp_path))
    assert broken.returncode == Exit.FAILED
    assert broken.stderr.startswith("pg_restore failed: ")
    addresses = known_addresses(DataFolder(installation.data))
    assert addresses is not None
    with pytest.raises(psycopg.OperationalError):  # and no server is left behind
        psycopg.connect(addresses.database_url, connect_timeout=2)
