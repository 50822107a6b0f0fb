"""Who stored a file: a person, a feature's step, a signed URL; also when their runs are long forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from processors.models import FilePiece, KeptFile, Run, StoredFile
from processors.queries.stored_files import stored_by
from processors.runtime import loop
from processors.services import operations, retention
from processors.services.looking import look
from processors.services.operations import OperationRequest
from products import dispatch
from products.models import Resource, ResourceConfig
from products.queries.callable_resources import Wanted
from products.services import resources
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.feature_runs import FeatureRuns
from tests.processors.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def config(runs: Runs, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResourceConfig:
    """Of the storage `files` in `dev`, on the disk."""
    settings.RESOURCES_DIR = tmp_path
    monkeypatch.setattr(dispatch, "ring", lambda task, look_id, queue: loop.start().look(UUID(look_id)))
    wanted = {"name": "Files", "environments": {"dev": {"provider": "local", "settings": {"folder": "a"}}}}
    row: Resource = resources.create_resource(runs.actor, "shop", "storage", wanted)
    return row.configs.get(environment__slug="dev")


@pytest.fixture
def client(people: Cast) -> Client:
    made = Client()
    made.force_login(people.vera)
    return made


def use(runs: Runs, operation: str, *, trigger: str = "page", **given: Any) -> Run:
    request = OperationRequest("shop", "dev", Wanted("storage", "files", operation), given, trigger=trigger)
    return runs.execute(operations.start_operation(runs.actor, request).run)


def keep(people: Cast, scene: Scene) -> FeatureRuns:
    """A feature `keep` that saves what it is given."""
    made = FeatureRuns(people.as_(people.dev), scene)
    save = {"tag": "save", "type": "storage", "event": "files:save", "input": {"key": "$Input{name}", "json": {"a": 1}}}
    made.make("keep", {"input": {"name": {"type": "string"}}, "sequences": [{"tag": "all", "events": [save]}]})
    return made


def shown(client: Client, name: str, **query: str) -> str:
    url = reverse(name, args=["acme", "shop", "files"])
    return client.get(url, {"env": "dev", **query}).content.decode()


def test_a_feature_s_step_and_a_person_are_named_with_their_runs(
    runs: Runs, config: ResourceConfig, people: Cast, scene: Scene, client: Client
) -> None:
    made = keep(people, scene).now("keep", {"name": "kept.json"})
    person = use(runs, "save", key="mine.txt", content="x")
    found = stored_by(config, {"kept.json": None, "mine.txt": None, "other": None})
    assert (found["kept.json"].feature, found["kept.json"].step, found["kept.json"].run) == (
        "keep",
        "all/save",
        made.pk,
    )
    assert (found["mine.txt"].by, found["mine.txt"].feature) == (people.dev.email, "")
    assert found["mine.txt"].run == person.pk
    listed = shown(client, "storage-files", plain="1")
    assert f'/runs/{made.pk}/">keep <code>all/save</code></a>' in listed
    assert f'/runs/{person.pk}/">{people.dev.email}</a>' in listed
    assert "<code>all/save</code>" in shown(client, "storage-file", key="kept.json")
    assert people.dev.email in shown(client, "storage-file", key="mine.txt")


def test_the_last_one_counts_copies_and_removals_too(runs: Runs, config: ResourceConfig) -> None:
    first, second = use(runs, "save", key="a", content="1"), use(runs, "save", key="a", content="2")
    copied = use(runs, "copy", key="a", to="b")
    found = stored_by(config, {"a": None, "b": None})
    assert [found["a"].run, found["b"].run] == [second.pk, copied.pk]
    assert first.pk != second.pk
    use(runs, "delete", key="a")
    assert list(stored_by(config, {"a": None, "b": None})) == ["b"]
    failed = use(runs, "save", key="b", content="3", if_absent=True)
    assert failed.state == "failed"
    assert stored_by(config, {"b": None})["b"].run == copied.pk


def test_when_the_run_is_forgotten_it_says_what_is_still_known(
    runs: Runs, config: ResourceConfig, people: Cast, scene: Scene, client: Client
) -> None:
    keep(people, scene).now("keep", {"name": "kept.json"})
    use(runs, "save", key="mine.txt", content="x")
    Run.objects.all().delete()
    found = stored_by(config, {"kept.json": None, "mine.txt": None})
    assert found["kept.json"].run is found["mine.txt"].run is None
    listed = shown(client, "storage-files", plain="1")
    assert "keep <code>all/save</code>" in listed
    assert people.dev.email in listed
    assert "/runs/0" not in listed.split("file-table")[1]
    assert "not kept any more" in shown(client, "storage-file", key="kept.json")


def test_it_is_found_behind_any_number_of_newer_runs_by_its_index(runs: Runs, config: ResourceConfig) -> None:
    run = use(runs, "save", key="old", content="x")
    now = timezone.now()
    StoredFile.objects.bulk_create(
        StoredFile(config=config, key=f"k{number}", at=now, run_id=run.pk, kind="storage", target="files:save",
                   trigger="rest", by="somebody")
        for number in range(5_000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE processors_storedfile")
    with CaptureQueriesContext(connection) as asked:
        assert stored_by(config, {"old": None})["old"].run == run.pk
    assert len(asked) == 2
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + asked[0]["sql"])
        plan = str(cursor.fetchall())
    assert "stored_file_unique" in plan
    assert "Seq Scan" not in plan


def test_a_file_that_somebody_else_has_put_there_since_is_nobody_s(
    runs: Runs, config: ResourceConfig, tmp_path: Path, client: Client
) -> None:
    use(runs, "save", key="a", content="1")
    now = timezone.now()
    assert stored_by(config, {"a": now})
    assert stored_by(config, {"a": now + timedelta(minutes=10)}) == {}
    assert stored_by(config, {"a": now - timedelta(days=1)}) == {}, "the files of another bucket"


def test_a_signed_url_is_said_to_be_one(runs: Runs, config: ResourceConfig) -> None:
    use(runs, "save", key="a", content="1", trigger="link")
    assert stored_by(config, {"a": None})["a"].by == "a signed URL"


def test_notes_go_with_their_configuration_and_after_more_than_a_year(runs: Runs, config: ResourceConfig) -> None:
    use(runs, "save", key="a", content="1")
    use(runs, "save", key="b", content="1")
    StoredFile.objects.filter(key="a").update(at=timezone.now() - timedelta(days=retention.LONGEST_DAYS + 1))
    retention.keep_house()
    assert [row.key for row in StoredFile.objects.all()] == ["b"]
    config.delete()
    assert not StoredFile.objects.exists()


def test_A3_a_note_that_cannot_be_made_fails_no_save(
    runs: Runs, config: ResourceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processors.runtime.resource_statements.NOTE_STORED", "SELECT 1/0")
    assert use(runs, "save", key="a", content="1").state == "completed"
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("how", [{}, {"as": "file"}])
def test_A5_who_only_looks_keeps_no_contents(
    runs: Runs, config: ResourceConfig, people: Cast, tmp_path: Path, how: dict[str, str]
) -> None:
    use(runs, "save", key="large.bin", content="x" * 70_000)
    wanted = Wanted("storage", "files", "read")
    seen = look(people.as_(people.vera), "shop", "dev", wanted, {"key": "large.bin", **how})
    assert seen.error is not None
    assert seen.error["code"] == "response_too_large"
    assert (KeptFile.objects.count(), FilePiece.objects.count()) == (0, 0)
    assert (
        look(people.as_(people.vera), "shop", "dev", wanted, {"key": "large.bin", "as": "text"}).output["size"]
        == 70_000
    )
