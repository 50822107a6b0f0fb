"""The console of an action that takes files beside other fields: they are chosen, and arrive as what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from processors.forms.console import ConsoleForm
from processors.models import Run
from processors.views import console
from products.lib.actions import ActionSpec, Body
from products.lib.errors import FieldProblem
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.sink import Sink

PROPERTIES = {
    "title": {"type": "string"},
    "photo": {"type": "string", "format": "binary"},
    "pages": {"type": "array", "items": {"type": "string", "format": "binary"}},
}
UPLOAD = ActionSpec(
    tag="upload",
    name="Upload",
    method="POST",
    path="/upload",
    body=Body(
        format="multipart",
        content_type="multipart/form-data",
        required=True,
        schema={"type": "object", "properties": PROPERTIES, "required": ["photo"]},
        sample={"title": "Mine", "photo": "(binary)"},
        file_fields=("photo", "pages"),
    ),
)


def form(data: dict[str, Any], **files: list[SimpleUploadedFile]) -> ConsoleForm:
    return ConsoleForm(UPLOAD, data, MultiValueDict({f"file:{name}": given for name, given in files.items()}))


def upload(name: str, content: bytes = b"x", kind: str = "text/plain") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=kind)


def test_files_join_the_fields_of_the_body() -> None:
    made = form({"body": '{"title": "T"}'}, photo=[upload("p.txt", b"pixels")], pages=[upload("1"), upload("2")])
    assert made.is_valid(), made.errors
    page = {"content_base64": "eA==", "content_type": "text/plain"}
    assert made.structured() == {
        "body": {
            "title": "T",
            "photo": {"content_base64": "cGl4ZWxz", "filename": "p.txt", "content_type": "text/plain"},
            "pages": [{**page, "filename": "1"}, {**page, "filename": "2"}],
        }
    }


def test_files_alone_are_a_body_and_what_was_written_as_json_stays() -> None:
    alone = form({"body": ""}, photo=[upload("p.txt")])
    assert alone.is_valid(), alone.errors
    assert set(alone.structured()["body"]) == {"photo"}
    written = {"photo": {"content_base64": "eA=="}}
    without = form({"body": json.dumps(written)})
    assert without.is_valid(), without.errors
    assert without.structured() == {"body": written}


def test_the_body_shown_at_first_leaves_the_files_to_their_fields() -> None:
    empty = ConsoleForm(UPLOAD)
    assert json.loads(str(empty["body"].value())) == {"title": "Mine"}
    assert [bound.label for bound in empty.body_files()] == ["photo", "pages"]
    assert "multiple" not in str(empty["file:photo"])
    assert "multiple" in str(empty["file:pages"])


def test_what_is_wrong_with_a_file_stands_beside_it() -> None:
    made = form({"body": "{}"})
    assert made.is_valid()
    made.add_problems([FieldProblem("/input/body/photo", "required", "This is needed.")])
    assert made.errors == {"file:photo": ["This is needed."]}
    listed = form({"body": "[1]"}, photo=[upload("p.txt")])
    assert not listed.is_valid()
    assert "object" in listed.errors["body"][0]


def test_a_chosen_file_arrives_as_a_part_of_its_own(
    people: Cast, scene: Scene, sink: Sink, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "WAIT_S", 0)
    scene.add(UPLOAD)
    client = Client()
    client.force_login(people.dev)
    address = reverse("action-console", args=["acme", "shop", "api", "upload"]) + "?env=dev"
    page = client.get(address).content.decode()
    assert page.count('type="file"') == 2
    sent = {
        "body": '{"title": "T"}',
        "file:photo": upload("p.txt", b"pixels"),
        "file:pages": [upload("1"), upload("2")],
    }
    answer = client.post(address, sent)
    assert answer.status_code == 200, answer.content
    runs.execute(Run.objects.get())
    body = sink.calls[0].body
    assert 'name="photo"; filename="p.txt"\r\nContent-Type: text/plain\r\n\r\npixels' in body
    assert body.count('name="pages"; filename=') == 2
    refused = client.post(address, {"body": "{}"})
    assert refused.status_code == 422
    assert 'id="in_file:photo_error"' in refused.content.decode()
