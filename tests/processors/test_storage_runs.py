"""Files of a product: uploaded in pieces, saved, listed, read and removed by runs, on the disk of the installation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from processors.models import KeptFile, Run
from processors.runtime import loop
from processors.services import files, operations, retention
from processors.services.operations import OperationRequest
from products import access
from products.lib.errors import Conflict, Forbidden, NotFound
from products.models import Membership, Resource
from products.queries.callable_resources import Wanted
from products.services import resources
from products.services.products import create_product
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.feature_runs import FeatureRuns, step
from tests.processors.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)
BIG = bytes(range(256)) * 12_000  # three megabytes and a bit


@pytest.fixture
def storage(runs: Runs, settings: Any, tmp_path: Path) -> Iterator[Resource]:
    """`files`, on the disk, in `dev`."""
    settings.RESOURCES_DIR = tmp_path
    wanted = {"name": "Files", "environments": {"dev": {"provider": "local", "settings": {"folder": "a"}}}}
    return resources.create_resource(runs.actor, "shop", "storage", wanted)


def use(runs: Runs, operation: str, **given: Any) -> Run:
    """One operation of `files`."""
    request = OperationRequest("shop", "dev", Wanted("storage", "files", operation), given)
    return runs.execute(operations.start_operation(runs.actor, request).run)


def test_a_small_file_is_saved_listed_read_copied_and_deleted(runs: Runs, storage: Resource) -> None:
    assert use(runs, "save", key="a/hello.txt", content="Hello").output["size"] == 5
    assert use(runs, "copy", key="a/hello.txt", to="b/hello.txt").state == "completed"
    assert [one["key"] for one in use(runs, "list", deep=True).output["files"]] == ["a/hello.txt", "b/hello.txt"]
    assert use(runs, "read", key="b/hello.txt").output["content"] == "Hello"
    assert use(runs, "delete", key="a/hello.txt").output["existed"] is True
    failed = use(runs, "read", key="a/hello.txt")
    assert (failed.state, failed.error["code"]) == ("failed", "file_not_found")


def test_a_large_file_goes_in_and_out_in_pieces(runs: Runs, storage: Resource) -> None:
    half = len(BIG) // 2
    begun = files.take_in(runs.actor, "shop", io.BytesIO(BIG[:half]), name="big.bin", is_whole=False)
    with pytest.raises(Conflict, match=f"number {half}"):
        files.append(runs.actor, begun.pk, io.BytesIO(b"x"), offset=0, is_last=True)
    whole = files.append(runs.actor, begun.pk, io.BytesIO(BIG[half:]), offset=half, is_last=True)
    assert whole.size == len(BIG)
    assert use(runs, "save", key="big.bin", file=str(whole.pk)).output["size"] == len(BIG)
    read = use(runs, "read", key="big.bin", **{"as": "file"}).output
    back = files.kept_file(runs.actor, read["file"])
    assert b"".join(files.pieces(back)) == BIG
    assert back.sha256 == whole.sha256


def test_a_file_that_is_not_whole_cannot_be_saved(runs: Runs, storage: Resource) -> None:
    begun = files.take_in(runs.actor, "shop", io.BytesIO(b"half"), name="half", is_whole=False)
    run = use(runs, "save", key="half", file=str(begun.pk))
    assert (run.state, run.error["code"]) == ("failed", "input_rejected")


def test_A1_uploads_of_another_workspace_are_not_there(runs: Runs, storage: Resource, people: Cast) -> None:
    kept = files.take_in(people.as_(people.alice), "shop", io.BytesIO(b"mine"), name="mine")
    stranger = access.member(people.charlie, people.elsewhere.tag)
    with pytest.raises(NotFound):
        files.kept_file(stranger, kept.pk)
    with pytest.raises(Forbidden):
        files.take_in(people.as_(people.vera), "shop", io.BytesIO(b"x"), name="x")


def test_A1_files_of_a_product_are_there_for_nobody_who_is_narrowed_to_another(
    runs: Runs, storage: Resource, people: Cast, tmp_path: Path
) -> None:
    use(runs, "save", key="secret.txt", content="of the shop")
    of_run = use(runs, "read", key="secret.txt", **{"as": "file"}).output["file"]
    uploaded = files.take_in(runs.actor, "shop", io.BytesIO(b"of the shop"), name="x")
    begun = files.take_in(runs.actor, "shop", io.BytesIO(b"of"), name="x", is_whole=False)
    create_product(runs.actor, name="Other")
    wanted = {"name": "Files", "environments": {"dev": {"provider": "local", "settings": {"folder": "a"}}}}
    resources.create_resource(runs.actor, "other", "storage", wanted)
    Membership.objects.filter(user=people.dev).update(product_scope=["other"])
    narrowed = people.as_(people.dev)
    before = KeptFile.objects.create(
        workspace=people.workspace, name="old", is_whole=True, expires_at=timezone.now() + timedelta(days=1)
    )
    for file_id in (of_run, uploaded.pk, before.pk):
        with pytest.raises(NotFound):
            files.kept_file(narrowed, file_id)
        files.kept_file(people.as_(people.alice), file_id)
    with pytest.raises(NotFound):
        files.append(narrowed, begun.pk, io.BytesIO(b"x"), offset=2, is_last=True)
    with pytest.raises(NotFound):
        files.take_in(narrowed, "shop", io.BytesIO(b"x"), name="x")
    for file_id in (of_run, str(uploaded.pk)):
        request = OperationRequest("other", "dev", Wanted("storage", "files", "save"), {"key": "x", "file": file_id})
        run = runs.execute(operations.start_operation(narrowed, request).run)
        assert (run.state, run.error["code"]) == ("failed", "input_rejected")
    mine = files.take_in(narrowed, "other", io.BytesIO(b"mine"), name="mine")
    assert files.kept_file(narrowed, mine.pk) == mine
    client = Client()
    client.force_login(people.dev)
    assert client.get(f"/api/v1/workspaces/acme/files/{of_run}/").status_code == 404
    for query, status in (("product=shop&name=x", 404), ("name=x", 400), ("product=other&name=x", 201)):
        sent = client.post(f"/api/v1/workspaces/acme/files/?{query}", b"x", content_type="text/plain")
        assert sent.status_code == status, query


def test_I5_a_key_that_leads_out_of_the_folder_is_refused(runs: Runs, storage: Resource, tmp_path: Path) -> None:
    for key in ("../out.txt", "/etc/passwd", "a/../../out.txt", "a\\..\\out.txt", "a\x01b"):
        run = use(runs, "save", key=key, content="x")
        assert (run.state, run.error["code"]) == ("failed", "input_rejected"), key
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_download_is_an_attachment_that_no_browser_runs(runs: Runs, storage: Resource, people: Cast) -> None:
    kept = files.take_in(
        runs.actor, "shop", io.BytesIO(b"<script>alert(1)</script>"), name="x.html", content_type="text/html"
    )
    client = Client()
    client.force_login(people.dev)
    answer = client.get(f"/api/v1/workspaces/{people.workspace.tag}/files/{kept.pk}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_D6_a_name_of_an_upload_leads_nowhere_and_is_no_longer_than_names_are(
    runs: Runs, storage: Resource, people: Cast
) -> None:
    client = Client()
    client.force_login(people.dev)
    url = f"{reverse('storage-save', args=['acme', 'shop', 'files'])}?env=dev"
    for name in ("../../x", "..\\..\\x", "CON", "x" * 300, "empty"):
        content = ContentFile(b"" if name == "empty" else b"x", name="some")
        content.name = name
        assert client.post(url, {"content": content, "prefix": "in"}).status_code == 302
    keys = [run.input["key"] for run in Run.objects.filter(target="files:save").order_by("id")]
    assert keys == ["in/x", "in/x", "in/CON", f"in/{'x' * 255}", "in/empty"]
    for run in Run.objects.filter(target="files:save"):
        assert runs.execute(run).state == "completed"
    assert sorted(one["size"] for one in use(runs, "list", prefix="in").output["files"]) == [0, 1, 1, 1]


def test_uploads_are_forgotten_after_their_day(runs: Runs) -> None:
    kept = files.take_in(runs.actor, "shop", io.BytesIO(b"x"), name="x")
    retention.keep_house()
    assert KeptFile.objects.filter(pk=kept.pk).exists()
    KeptFile.objects.update(expires_at=kept.created_at)
    retention.keep_house()
    assert not KeptFile.objects.exists()


def test_a_feature_saves_what_it_made(runs: Runs, storage: Resource, scene: Scene, people: Cast) -> None:
    made = FeatureRuns(people.as_(people.dev), scene)
    save = {"tag": "save", "type": "storage", "event": "files:save", "input": {"key": "$Input{name}", "json": {"a": 1}}}
    read = {"tag": "read", "type": "storage", "event": "files:read", "input": {"key": "$Step{save}{key}"}}
    made.make("keep", {"input": {"name": {"type": "string"}}, "output": "$Step{read}{json}{a}",
                       "sequences": [{"tag": "all", "events": [save, read]}]})  # fmt: skip
    run = made.now("keep", {"name": "x.json"})
    assert (run.state, run.output) == ("completed", 1), run.error
    assert step(run, "all/save").kind == "storage"
    assert loop.running() is not None
