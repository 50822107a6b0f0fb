"""Features and releases over REST: the whole way a client goes."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from products.models import Feature, Product
from tests import objects
from tests.people import Cast
from tests.products.feature_documents import action, make_feature, one_sequence, wired_product

pytestmark = pytest.mark.django_db
BASE = "/api/v1/workspaces/acme/products/shop/"


@pytest.fixture
def product(cast: Cast) -> Product:
    return wired_product(cast.as_(cast.dev))


@pytest.fixture
def client(cast: Cast, product: Product) -> APIClient:
    made = APIClient()
    made.force_login(cast.dev)
    return made


def body(**more: Any) -> dict[str, Any]:
    return {"name": "Order", "definition": one_sequence(action()), **more}


def test_a_feature_is_made_read_replaced_and_deleted(client: APIClient) -> None:
    made = client.post(f"{BASE}features/", body(description="d"))
    url = made.headers["Location"]
    assert (made.status_code, made.data["warnings"], url) == (201, [], f"{BASE}features/order/")
    read = client.get(url)
    assert read.data == {key: value for key, value in made.data.items() if key != "warnings"}
    assert client.get(f"{BASE}features/?q=ord").data["results"][0]["events"] == 1
    replaced = client.put(url, body(name="New"), headers={"If-Match": read["ETag"]})
    assert (replaced.status_code, replaced.data["name"], replaced.data["description"]) == (200, "New", "")
    assert client.put(url, body(), headers={"If-Match": read["ETag"]}).status_code == 412
    assert client.patch(url, {"tag": "other"}).status_code == 400
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_the_same_post_twice_makes_one_feature(client: APIClient) -> None:
    for replayed in (False, True):
        made = client.post(f"{BASE}features/", body(), headers={"Idempotency-Key": "one"})
        assert (made.status_code, made.has_header("Idempotency-Replayed")) == (201, replayed)
    assert Feature.objects.count() == 1


def test_what_is_wrong_is_named_with_its_place_and_shown_with_carets(client: APIClient) -> None:
    said = {"tag": "said", "type": "checkpoint", "input": {"to": "Dear $Input{nam}"}}
    wrong = body(definition=one_sequence(said, input={"name": "string"}))
    refused = client.post(f"{BASE}features/", wrong)
    assert refused.status_code == 400
    (problem,) = refused.json()["errors"]
    assert problem["pointer"] == "/definition/sequences/0/events/0/input/to"
    assert problem["caret"].splitlines()[0] == "Dear $Input{nam}"
    checked = client.post(f"{BASE}feature-check/", {"definition": wrong["definition"]})
    assert (checked.status_code, checked.json()) == (200, {"errors": [problem], "warnings": []})
    assert not Feature.objects.exists()


def test_the_check_takes_whatever_is_there_so_far(client: APIClient) -> None:
    unfinished: Any
    for unfinished in (None, [], "x", {}, {"sequences": [{}]}, {"sequences": [{"tag": "a", "events": [{}]}]}):
        answer = client.post(f"{BASE}feature-check/", {"definition": unfinished})
        assert answer.status_code == 200
        assert all(problem["pointer"].startswith("/definition") for problem in answer.json()["errors"])
        assert answer.json()["errors"]


def test_a_release_is_made_compared_deployed_and_taken_back(cast: Cast, client: APIClient, product: Product) -> None:
    make_feature(cast.as_(cast.dev), product, "Order", action())
    first = client.post(f"{BASE}releases/", {"note": "First"})
    assert (first.status_code, first.data["number"], first.data["content"]["features"].keys()) == (201, 1, {"order"})
    again = client.post(f"{BASE}releases/", {})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_changed")
    client.patch(f"{BASE}features/order/", {"description": "Better"})
    changes = client.get(f"{BASE}releases/1/difference/").json()["changes"]
    assert [(one["kind"], one["what"], one["tag"]) for one in changes] == [("changed", "feature", "order")]
    assert client.post(f"{BASE}releases/", {}).data["number"] == 2
    assert client.get(f"{BASE}releases/2/difference/?to=2").json()["changes"] == []
    assert client.get(f"{BASE}releases/2/difference/?to=3").status_code == 404
    for number in (2, 1, None):
        put = client.put(f"{BASE}environments/dev/release/", {"release": number})
        assert put.json() == {"environment": "dev", "release": number, "missing": []}
        assert client.get(f"{BASE}environments/dev/").json()["release"] == number
    assert len(client.put(f"{BASE}environments/prd/release/", {"release": 1}).json()["missing"]) == 1
    rows = client.get(f"{BASE}releases/").json()["results"]
    assert [(row["number"], row["environments"]) for row in rows] == [(2, []), (1, ["prd"])]
    shown = client.get(BASE).json()["environments"]
    assert [(row["slug"], row["release"]) for row in shown] == [("dev", None), ("prd", 1)]


def test_A6_a_key_that_may_only_run_does_not_deploy(cast: Cast, client: APIClient, product: Product) -> None:
    make_feature(cast.as_(cast.dev), product, "Order", action())
    client.post(f"{BASE}releases/", {})
    key = APIClient(headers={"Authorization": f"Bearer {objects.key(cast.workspace, 'read', 'run').text}"})
    assert key.get(f"{BASE}releases/1/").status_code == 200
    assert key.put(f"{BASE}environments/dev/release/", {"release": 1}).status_code == 403
