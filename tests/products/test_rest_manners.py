"""What every REST answer has: ETags, POSTs that can be repeated, limits that are told; and the schema says so."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from products.models import (
    AccessKey,
    AuditEntry,
    ConnectionEnvironment,
    Product,
    RememberedAnswer,
    ResourceConfig,
    Secret,
)
from products.services import counting, idempotency
from products.services.products import create_product, update_product
from tests import objects
from tests.contracts.routes import address, ask, is_api, signed_in, with_key
from tests.matrix import ROUTES, Route
from tests.people import Cast, make_cast
from tests.products.api.test_schema import schema

PRODUCTS = "/api/v1/workspaces/acme/products/"
JSON = {"content_type": "application/json"}


@pytest.fixture
def alice(cast: Cast) -> Client:
    return signed_in(cast.alice)


# ETags ---------------------------------------------------------------------------------------------------------------


def test_who_has_it_already_gets_304_and_no_body(cast: Cast, alice: Client) -> None:
    url = f"{PRODUCTS}{objects.product(cast.workspace).tag}/"
    first = alice.get(url)
    again = alice.get(url, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "no-store"
    assert again["Vary"] == first["Vary"]
    alice.patch(url, {"name": "Another"}, **JSON)
    changed = alice.get(url, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


MOVED: dict[str, tuple[Any, dict[str, Any]]] = {
    "api-connection": (ConnectionEnvironment, {"last_failure": "refused", "last_failure_at": timezone.now()}),
    "api-resource": (ResourceConfig, {"last_failure": "refused", "last_failure_at": timezone.now()}),
    "api-secret": (Secret, {"last_used_at": timezone.now()}),
}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.name in MOVED], ids=lambda route: route.name)
def test_what_runs_write_is_nobody_s_edit(cast: Cast, alice: Client, route: Route) -> None:
    """Else nothing that is used could be changed with If-Match; who only looks still sees it."""
    url = address(route, cast)
    before = alice.get(url)["ETag"]
    model, moved = MOVED[route.name]
    assert model.objects.update(**moved)
    assert alice.get(url, headers={"If-None-Match": before}).status_code == 200
    assert alice.patch(url, route.body, **JSON, headers={"If-Match": before}).status_code == 200
    assert alice.patch(url, route.body, **JSON, headers={"If-Match": '"old"'}).status_code == 412


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_nobody_overwrites_what_they_did_not_see(cast: Cast, alice: Client, method: str) -> None:
    product = objects.product(cast.workspace)
    url = f"{PRODUCTS}{product.tag}/"
    old = alice.get(url)["ETag"]
    assert alice.patch(url, {"name": "By somebody else"}, **JSON).status_code == 200
    refused = getattr(alice, method)(
        url, {"name": "Mine"} if method == "patch" else "", **JSON, headers={"If-Match": old}
    )
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert alice.get(url).json()["name"] == "By somebody else"
    now = alice.get(url)["ETag"]
    assert (
        getattr(alice, method)(url, {} if method == "patch" else "", **JSON, headers={"If-Match": now}).status_code
        < 300
    )


def test_any_tag_matches_what_is_there_and_nothing_matches_what_is_not(cast: Cast, alice: Client) -> None:
    url = f"{PRODUCTS}{objects.product(cast.workspace).tag}/"
    assert alice.patch(url, {"name": "New"}, **JSON, headers={"If-Match": "*"}).status_code == 200
    gone = alice.patch(f"{PRODUCTS}nothing/", {"name": "New"}, **JSON, headers={"If-Match": '"a"'})
    assert gone.status_code == 404


@pytest.mark.parametrize("route", [r for r in ROUTES if is_api(r) and r.get and r.patch], ids=lambda route: route.name)
@pytest.mark.django_db
def test_every_change_answers_what_a_get_would(route: Route) -> None:
    cast = make_cast()
    client, url = signed_in(cast.alice), ""
    url = address(route, cast)
    tag = client.get(url)["ETag"]
    changed, _ = ask(client, "patch", url, body=route.body)
    assert changed.status_code == 200, changed.content
    assert client.patch(url, route.body, **JSON, headers={"If-Match": '"old"'}).status_code == 412
    assert client.patch(url, route.body, **JSON, headers={"If-Match": tag}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_who_saw_the_same_one_wins() -> None:
    cast = make_cast()
    objects.product(cast.workspace)
    url = f"{PRODUCTS}shop-acme/"
    tag = signed_in(cast.alice).get(url)["ETag"]
    statuses: list[int] = []

    def change(number: int) -> None:
        client = signed_in(cast.alice)
        statuses.append(client.patch(url, {"name": f"By {number}"}, **JSON, headers={"If-Match": tag}).status_code)
        connections.close_all()

    together(*[lambda n=n: change(n) for n in range(8)])
    assert sorted(statuses) == [200] + [412] * 7


@pytest.mark.django_db(transaction=True)
def test_a_change_past_rest_is_noticed_even_between_look_and_write(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    product = objects.product(cast.workspace)
    url = f"{PRODUCTS}{product.tag}/"
    client = signed_in(cast.alice)
    tag = client.get(url)["ETag"]

    def by_a_page() -> None:
        update_product(cast.as_(cast.adam), product.tag, {"name": "By a page"})
        connections.close_all()

    real = update_product

    def slowly(*given: Any) -> Product:
        if threading.current_thread() is threading.main_thread():
            together(by_a_page)
        return real(*given)

    monkeypatch.setattr("products.api.products.update_product", slowly)
    answer = client.patch(url, {"name": "By REST"}, **JSON, headers={"If-Match": tag})
    assert answer.status_code == 412
    assert Product.objects.get(pk=product.pk).name == "By a page"


# Idempotency-Key -----------------------------------------------------------------------------------------------------


def post(client: Client, url: str, body: dict[str, Any], key: str = "k1") -> Any:
    return client.post(url, body, **JSON, headers={"Idempotency-Key": key})


def test_the_same_post_again_is_answered_the_same_and_done_once(cast: Cast, alice: Client) -> None:
    first = post(alice, PRODUCTS, {"name": "Once", "description": "x"})
    again = post(alice, PRODUCTS, {"description": "x", "name": "Once"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"]) == (first.content, first["Location"])
    assert (first.has_header("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (False, "true")
    assert Product.objects.filter(name="Once").count() == 1
    assert AuditEntry.objects.filter(verb="product.created").count() == 1


def test_the_same_key_for_something_else_is_a_conflict(cast: Cast, alice: Client) -> None:
    post(alice, PRODUCTS, {"name": "One"})
    other = post(alice, PRODUCTS, {"name": "Two"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert not Product.objects.filter(name="Two").exists()


def test_a_key_belongs_to_its_caller_and_its_address(cast: Cast, alice: Client) -> None:
    post(alice, PRODUCTS, {"name": "Same"})
    assert post(signed_in(cast.dev), PRODUCTS, {"name": "Same"}).json()["tag"] != "same"
    assert post(alice, "/api/v1/workspaces/acme/apps/", {"name": "Same"}).status_code == 201


def test_what_failed_may_be_tried_again(cast: Cast, alice: Client) -> None:
    assert post(alice, PRODUCTS, {"name": "A", "tag": "NOT A TAG"}).status_code == 400
    assert RememberedAnswer.objects.count() == 0
    assert post(alice, PRODUCTS, {"name": "A", "tag": "a-tag"}).status_code == 201


def test_an_access_key_is_given_again_and_not_stored_in_clear(cast: Cast, alice: Client) -> None:
    url, body = "/api/v1/workspaces/acme/keys/", {"name": "Robot", "verbs": ["read"]}
    first, again = post(alice, url, body), post(alice, url, body)
    assert again.json() == first.json()
    assert AccessKey.objects.count() == 1
    text = first.json()["key"] if "key" in first.json() else first.json()["text"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM products_rememberedanswer t")
        stored = cursor.fetchone()[0]
    assert text not in stored
    assert text.encode() not in bytes(RememberedAnswer.objects.get().sealed)


def test_a_workspace_is_made_once_too(cast: Cast, alice: Client) -> None:
    first, again = (post(alice, "/api/v1/workspaces/", {"name": "Another"}) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())


def test_after_its_life_a_key_is_forgotten(cast: Cast, alice: Client) -> None:
    post(alice, PRODUCTS, {"name": "One"})
    RememberedAnswer.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert post(alice, PRODUCTS, {"name": "Two"}).status_code == 201
    RememberedAnswer.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert idempotency.forget_old() == 1


def test_a_key_that_is_no_key_is_refused(cast: Cast, alice: Client) -> None:
    assert post(alice, PRODUCTS, {"name": "One"}, key="x" * 201).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_many_at_once_with_one_key_do_it_once() -> None:
    cast = make_cast()
    answers: list[Any] = []

    def ask_once() -> None:
        answers.append(post(signed_in(cast.alice), PRODUCTS, {"name": "Once"}))
        connections.close_all()

    together(*[ask_once] * 12)
    assert Product.objects.filter(name="Once").count() == 1
    assert {one.status_code for one in answers} <= {201, 409}
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {"idempotency_running"}
    assert len({one.content for one in answers if one.status_code == 201}) == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_at_work_the_second_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    is_in, may_go = threading.Event(), threading.Event()
    real = create_product

    def slowly(*given: Any, **named: Any) -> Product:
        is_in.set()
        may_go.wait(120)
        return real(*given, **named)

    monkeypatch.setattr("products.api.products.create_product", slowly)
    answers: list[Any] = []

    def first() -> None:
        answers.append(post(signed_in(cast.alice), PRODUCTS, {"name": "Slow"}))
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert is_in.wait(120)
    second = post(signed_in(cast.alice), PRODUCTS, {"name": "Slow"})
    may_go.set()
    thread.join(120)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_running")
    assert answers[0].status_code == 201


# Limits --------------------------------------------------------------------------------------------------------------


def test_every_answer_says_what_is_left(cast: Cast) -> None:
    client = with_key(objects.key(cast.workspace).text)
    first, second = client.get(PRODUCTS), client.get(f"{PRODUCTS}nothing/")
    assert first["RateLimit-Policy"] == '"caller";q=30000;w=60, "workspace";q=120000;w=60'
    assert second["RateLimit"].startswith('"caller";r=2999')
    assert int(second["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1
    assert 0 < int(first["X-RateLimit-Reset"]) - time.time() <= 61


def test_too_many_are_refused_by_caller_and_by_workspace(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_CALLER, settings.RATE_LIMIT_WORKSPACE = 3, 5
    one, other = (with_key(objects.key(cast.workspace).text) for _ in range(2))
    statuses = [one.get(PRODUCTS).status_code for _ in range(4)]
    refused = one.get(PRODUCTS)
    assert statuses == [200, 200, 200, 429]
    assert (refused.json()["code"], refused["Content-Type"]) == ("too_many", "application/problem+json")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert other.get(PRODUCTS).status_code == 429, "the workspace's five were used up"
    assert signed_in(cast.charlie).get("/api/v1/workspaces/elsewhere/products/").status_code == 200


def test_a_stranger_cannot_use_up_a_workspace(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_WORKSPACE = 2
    stranger = signed_in(cast.charlie)
    assert {stranger.get(PRODUCTS).status_code for _ in range(5)} == {404}
    assert signed_in(cast.vera).get(PRODUCTS).status_code == 200


def test_without_valkey_nobody_is_kept_out(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    client = with_key(objects.key(cast.workspace).text)
    assert [client.get(PRODUCTS).status_code for _ in range(3)] == [200] * 3
    asked: list[Any] = []
    monkeypatch.setattr(counting, "_added", lambda *told: asked.append(told) or [])
    assert counting.count((counting.Limit("x", 1, 60), "y")) == []
    assert not asked, "what is away is left alone for a while"


# The schema ----------------------------------------------------------------------------------------------------------


def test_the_schema_describes_the_manners() -> None:
    paths = schema()["paths"]
    product = paths["/api/v1/workspaces/{workspace}/products/{product}/"]
    assert parameter(product["get"], "If-None-Match")
    assert parameter(product["patch"], "If-Match")
    assert {"304", "429"} <= set(product["get"]["responses"])
    assert {"412", "429"} <= set(product["patch"]["responses"])
    assert "ETag" in product["get"]["responses"]["200"]["headers"]
    for path, item in paths.items():
        for method, operation in item.items():
            assert "429" in operation["responses"], (path, method)
            assert "Retry-After" in operation["responses"]["429"]["headers"]
            if method == "post":
                assert parameter(operation, "Idempotency-Key"), path
                assert "409" in operation["responses"], path


def parameter(operation: dict[str, Any], name: str) -> bool:
    named = [one for one in operation["parameters"] if one["name"] == name]
    return len(named) == 1 and named[0]["in"] == "header"


def together(*acts: Any) -> None:
    """Runs them in threads and waits."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
