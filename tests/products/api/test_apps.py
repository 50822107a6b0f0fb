"""Apps, imports and connections over REST: the whole way a client goes."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from products.services import import_work
from tests.app_objects import DOCUMENT
from tests.products.things import COMPLETE, make_app, make_connection, make_product

pytestmark = pytest.mark.django_db
BASE = "/api/v1/workspaces/acme/"


@pytest.fixture
def client(cast):
    made = APIClient()
    made.force_login(cast.dev)
    return made


@pytest.fixture
def dev(cast):
    return cast.as_(cast.dev)


def test_a_document_is_imported_read_and_connected(client, dev):
    make_product(dev)
    sent = client.post(f"{BASE}imports/", {"document": json.dumps(DOCUMENT), "app": "orders"})
    assert (sent.status_code, sent.data["state"]) == (202, "queued")
    import_work.read_import(sent.data["id"])
    found = client.get(sent.headers["Location"]).data
    assert (found["state"], found["app"], found["report"]["actions"]) == ("applied", "orders", 1)
    rows = client.get(f"{BASE}apps/orders/actions/").data["results"]
    assert [(row["method"], row["path"]) for row in rows] == [("GET", "/orders")]
    environment = client.get(f"{BASE}apps/orders/environments/").data["results"][0]["slug"]
    made = client.post(
        f"{BASE}products/shop/connections/",
        {"app": "orders", "tag": "orders", "environments": {"dev": {"app_environment": environment}}},
    )
    assert (made.status_code, made.data["environments"][0]["complete"]) == (201, True)
    assert client.get(made.headers["Location"]).data["app"]["tag"] == "orders"


def test_a_file_is_taken_as_multipart(client):
    file = SimpleUploadedFile("api.json", json.dumps(DOCUMENT).encode())
    sent = client.post(f"{BASE}imports/", {"file": file, "app": "orders"}, format="multipart")
    assert (sent.status_code, sent.data["filename"], sent.data["source"]) == (202, "api.json", "upload")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/document"),
        ({"document": "{}", "url": "https://x.example"}, "/document"),
        ({"document": ""}, "/document"),
        ({"document": {"openapi": "3.0.0"}}, "/document"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"document": "{}", "app": "Not A Tag"}, "/app"),
        ({"document": "{}", "workspace": "elsewhere"}, "/workspace"),
    ],
)
def test_wrong_imports_name_the_field(client, body, pointer):
    answer = client.post(f"{BASE}imports/", body)
    assert answer.status_code == 400
    assert pointer in [problem["pointer"] for problem in answer.json()["errors"]]


def test_K3_no_answer_ever_holds_a_secret_value(client, dev):
    product = make_product(dev)
    make_connection(dev, product, make_app(dev), dev=COMPLETE)
    for path in ("", "pay/"):
        text = client.get(f"{BASE}products/shop/connections/{path}").content.decode()
        assert "•••" in text
        assert "canary" not in text
        assert "very-secret" not in text
    answer = client.patch(
        f"{BASE}products/shop/connections/pay/environments/dev/", {"credentials": {"api_key": {"x": "canary"}}}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/credentials/api_key")
    assert "canary" not in answer.content.decode()


def test_actions_are_found_by_words_folder_and_method(client, dev):
    make_app(dev)
    client.post(
        f"{BASE}apps/payments/actions/",
        {"name": "Refund payment", "method": "post", "path": "/refunds", "folder": "Money / Refunds"},
    )

    def found(query):
        return [row["tag"] for row in client.get(f"{BASE}apps/payments/actions/?{query}").data["results"]]

    assert found("q=refund") == ["refund-payment"]
    assert found("q=payment+get") == ["get-payment"]
    assert found("method=POST") == ["refund-payment"]
    assert found("folder=Money") == ["refund-payment"]
    assert client.get(f"{BASE}apps/payments/actions/?order=tag").status_code == 400


def test_a_list_of_actions_asks_no_more_for_more_rows(client, dev, django_assert_max_num_queries):
    make_app(dev)
    for number in range(12):
        body = {"name": f"A {number}", "method": "GET", "path": f"/a/{number}", "folder": f"F {number}"}
        assert client.post(f"{BASE}apps/payments/actions/", body).status_code == 201
    with django_assert_max_num_queries(6):
        assert len(client.get(f"{BASE}apps/payments/actions/?limit=10").data["results"]) == 10
    with django_assert_max_num_queries(6):
        client.get(f"{BASE}apps/")
    with django_assert_max_num_queries(6):
        client.get(f"{BASE}marketplace/")


def test_a_list_of_connections_asks_no_more_for_more_rows(client, dev, django_assert_max_num_queries):
    product = make_product(dev)
    make_connection(dev, product, make_app(dev), dev=COMPLETE)
    for number in range(4):
        body = {"app": "payments", "tag": f"more-{number}", "environments": {"dev": {"app_environment": "live"}}}
        assert client.post(f"{BASE}products/shop/connections/", body).status_code == 201
    with django_assert_max_num_queries(12):
        assert len(client.get(f"{BASE}products/shop/connections/").data["results"]) == 5


def test_an_action_comes_back_whole(client, dev):
    make_app(dev)
    body = {
        "name": "Create", "method": "POST", "path": "/payments", "description": "Words",
        "parameters": [{"name": "Idempotency-Key", "place": "header", "required": True}],
        "body": {"schema": {"type": "object", "properties": {"amount": {"type": "number"}}}, "sample": {"amount": 1}},
        "policy": {"retries": 2, "timeout_s": 5},
    }  # fmt: skip
    made = client.post(f"{BASE}apps/payments/actions/", body).data
    assert (made["body"]["schema"], made["policy"]) == (body["body"]["schema"], body["policy"])
    changed = client.patch(f"{BASE}apps/payments/actions/create/", {"body": None}).data
    assert (changed["body"], changed["name"]) == (None, "Create")


def test_D1_names_that_postgresql_cannot_hold_are_not_found(client, dev):
    make_app(dev)
    for path in (
        "apps/%00/",
        "apps/payments/variables/%00/",
        "apps/payments/actions/a%00b/",
        "apps/payments/auths/%00/",
    ):
        assert client.get(f"{BASE}{path}").status_code == 404, path
