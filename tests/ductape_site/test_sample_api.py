"""The sample shop: its business, its limits, its document, and the fork between it and the site."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from ductape_site.sample_api import people, store
from ductape_site.sample_api.asgi import SampleApi, SampleApiOrSite, document
from ductape_site.sample_api.routes import ROUTES

PORT = 20777
KEY = {"x-shop-key": people.API_KEY}


class Shop:
    """Calls the shop as a server would."""

    def __init__(self) -> None:
        self.api = SampleApi()

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, query: str = ""
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON of the answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return await call(self.api, method, path, content, headers=KEY if headers is None else headers, query=query)


async def call(
    app: Any, method: str, path: str, body: bytes = b"", *, headers: dict[str, str], query: str = "", port: int = PORT
) -> tuple[int, dict[str, str], Any]:
    """One request to an ASGI application."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(), "server": ("127.0.0.1", port),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, json.loads(sent[1]["body"]) if sent[1]["body"] else None


@pytest.fixture
def shop() -> Shop:
    return Shop()


ORDER = {"email": "ada@shop.example", "items": [{"product_id": "prd_001", "quantity": 2}]}


async def test_an_order_is_placed_and_read_back(shop: Shop) -> None:
    status, _, order = await shop.call("POST", "/sandbox/orders", ORDER)
    assert (status, order["total"]) == (201, 13.0)
    assert (await shop.call("GET", f"/sandbox/orders/{order['id']}"))[2] == order


async def test_the_environments_know_nothing_of_each_other(shop: Shop) -> None:
    order = (await shop.call("POST", "/sandbox/orders", ORDER))[2]
    assert (await shop.call("GET", f"/live/orders/{order['id']}"))[0] == 404


async def test_the_same_idempotency_key_gives_the_first_order_again(shop: Shop) -> None:
    headers = KEY | {"idempotency-key": "one"}
    first = await shop.call("POST", "/live/orders", ORDER, headers=headers)
    again = await shop.call("POST", "/live/orders", ORDER, headers=headers)
    other = await shop.call("POST", "/live/orders", {**ORDER, "email": "bob@shop.example"}, headers=headers)
    assert again[2] == first[2]
    assert again[1]["idempotent-replayed"] == "true"
    assert (other[0], other[2]["error"]["code"]) == (409, "key_reused")
    assert len(shop.api.stores["live"].orders) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"items": []}, "items"),
        ({"items": [{"product_id": "prd_999", "quantity": 1}]}, "items[0].product_id"),
        ({"items": [{"product_id": "prd_001", "quantity": True}]}, "items[0].quantity"),
        ({"items": [7]}, "items[0].product_id"),
    ],
)
async def test_a_wrong_order_is_refused_by_the_name_of_the_field(shop: Shop, change: Any, field: str) -> None:
    status, _, body = await shop.call("POST", "/sandbox/orders", ORDER | change)
    assert status == 422
    assert body["error"]["message"].startswith(f"{field}:")


async def test_a_payment_of_13_is_declined(shop: Shop) -> None:
    assert (await shop.call("POST", "/sandbox/payments", {"amount": 13}))[0] == 402


async def test_a_payment_fails_as_often_as_asked_and_then_goes_through(shop: Shop) -> None:
    tries = [(await shop.call("POST", "/sandbox/payments", {"amount": 5, "fail_times": 2}))[0] for _ in range(4)]
    assert tries == [500, 500, 201, 500]


async def test_a_refund_changes_the_payment(shop: Shop) -> None:
    payment = (await shop.call("POST", "/sandbox/payments", {"amount": 5}))[2]
    status, _, refunded = await shop.call("POST", f"/sandbox/payments/{payment['id']}/refund")
    assert (status, refunded["status"]) == (200, "refunded")


async def test_a_token_from_login_opens_what_the_key_opens_until_it_expires() -> None:
    shop = Shop()
    now = [1000.0]
    shop.api.stores["sandbox"].clock = lambda: now[0]
    login = {"username": people.USERNAME, "password": people.PASSWORD}
    _, _, answer = await shop.call("POST", "/sandbox/login", login, headers={})
    bearer = {"authorization": f"Bearer {answer['token']}"}
    assert (await shop.call("GET", "/sandbox/me", headers=bearer))[2]["signed_in_by"] == "token"
    now[0] += answer["expires_in"] + 1
    assert (await shop.call("GET", "/sandbox/me", headers=bearer))[0] == 401


async def test_strangers_are_refused(shop: Shop) -> None:
    for headers in ({}, {"x-shop-key": "wrong"}, {"authorization": "Bearer guessed"}):
        status, answered, _ = await shop.call("GET", "/sandbox/products", headers=headers)
        assert status == 401
        assert answered["www-authenticate"] == "Bearer"
    assert (await shop.call("POST", "/sandbox/login", {"username": "shopkeeper"}, headers={}))[0] == 401


async def test_products_are_searched(shop: Shop) -> None:
    _, _, found = await shop.call("GET", "/live/products", query="search=mug")
    assert [good["name"] for good in found["products"]] == ["Enamel mug"]
    assert (await shop.call("GET", "/live/products", query="limit=x"))[0] == 422


async def test_any_status_with_retry_after(shop: Shop) -> None:
    status, headers, _ = await shop.call("GET", "/sandbox/status/429", query="retry_after=2")
    assert (status, headers["retry-after"]) == (429, "2")
    assert (await shop.call("GET", "/sandbox/status/204"))[::2] == (204, None)
    assert (await shop.call("GET", "/sandbox/status/99"))[0] == 422


async def test_slow_waits_as_long_as_asked(shop: Shop) -> None:
    waiting = asyncio.ensure_future(shop.call("GET", "/sandbox/slow", query="seconds=0.05"))
    done, _ = await asyncio.wait([waiting], timeout=0.01)
    assert not done
    assert (await waiting)[2] == {"waited_seconds": 0.05}
    assert (await shop.call("GET", "/sandbox/slow", query="seconds=nan"))[0] == 422


async def test_echo_shows_what_arrived(shop: Shop) -> None:
    _, _, body = await shop.call("POST", "/sandbox/echo", b"\xff", query="a=1", headers={"x-one": "1"})
    assert body == {"method": "POST", "query": {"a": "1"}, "headers": {"x-one": "1"}, "body": "\ufffd"}


async def test_what_is_too_large_or_not_json_is_refused(shop: Shop) -> None:
    assert (await shop.call("POST", "/sandbox/echo", b"x" * (1024 * 1024 + 1)))[0] == 413
    assert (await shop.call("POST", "/sandbox/orders", b"{"))[2]["error"]["code"] == "not_json"
    assert (await shop.call("POST", "/sandbox/orders", b"[" * 100_000))[0] == 400
    assert (await shop.call("GET", "/sandbox/products", query="a=1&" * 200))[0] == 400


async def test_unknown_addresses_and_methods_are_named(shop: Shop) -> None:
    assert (await shop.call("GET", "/sandbox/nothing"))[0] == 404
    assert (await shop.call("GET", "/products"))[0] == 404
    status, headers, _ = await shop.call("DELETE", "/sandbox/orders")
    assert (status, headers["allow"]) == (405, "POST, GET")


def test_a_shelf_forgets_the_oldest_and_never_grows_over_its_limit() -> None:
    shelf: store.Shelf[int] = store.Shelf(2)
    for number in range(5):
        shelf.put(str(number), number)
    assert (len(shelf), shelf.get("2"), shelf.get("4")) == (2, None, 4)


def test_the_document_describes_exactly_the_routes() -> None:
    described = {(method.upper(), path) for path, item in document(PORT)["paths"].items() for method in item}
    assert described == {(method, path) for method, path, _ in ROUTES}


def test_every_path_parameter_of_the_document_is_declared() -> None:
    for path, item in document(PORT)["paths"].items():
        for operation in item.values():
            declared = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))


async def test_the_document_is_served_with_the_port_it_is_reached_by(shop: Shop) -> None:
    _, _, body = await shop.call("GET", "/openapi.json", headers={})
    assert [server["url"] for server in body["servers"]] == [
        f"http://127.0.0.1:{PORT}/{n}" for n in ("sandbox", "live")
    ]


async def test_only_its_own_port_leads_to_the_sample_api() -> None:
    async def site(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    both = SampleApiOrSite(site, port=PORT)
    assert (await call(both, "GET", "/openapi.json", headers={}))[0] == 200
    assert (await call(both, "GET", "/openapi.json", headers={}, port=8000))[0] == 418
    assert (await call(SampleApiOrSite(site, port=0), "GET", "/", headers={}, port=0))[0] == 418


async def test_stock_is_reserved_released_and_runs_out(shop: Shop) -> None:
    before = (await shop.call("GET", "/sandbox/products/prd_006"))[2]["stock"]
    wanted = {"product_id": "prd_006", "quantity": before}
    status, _, held = await shop.call("POST", "/sandbox/reservations", wanted)
    assert (status, held["left"]) == (201, 0)
    assert (await shop.call("POST", "/sandbox/reservations", {**wanted, "quantity": 1}))[0] == 409
    assert (await shop.call("POST", "/live/reservations", {**wanted, "quantity": 1}))[0] == 201
    for _ in "twice":
        released = await shop.call("DELETE", f"/sandbox/reservations/{held['id']}")
        assert (released[0], released[2]["status"]) == (200, "released")
    assert (await shop.call("GET", "/sandbox/products/prd_006"))[2]["stock"] == before


async def test_orders_are_listed_cancelled_and_shipped(shop: Shop) -> None:
    order = (await shop.call("POST", "/sandbox/orders", ORDER))[2]
    parcel = {"order_id": order["id"], "country": "nl"}
    assert (await shop.call("POST", "/sandbox/shipments", {**parcel, "country": "XX"}))[0] == 422
    sent = (await shop.call("POST", "/sandbox/shipments", parcel))[2]
    assert (await shop.call("POST", f"/sandbox/shipments/{sent['id']}/cancel"))[2]["status"] == "cancelled"
    assert (await shop.call("GET", "/sandbox/orders"))[2]["revenue"] == 13.0
    assert (await shop.call("POST", f"/sandbox/orders/{order['id']}/cancel"))[2]["status"] == "cancelled"
    assert (await shop.call("GET", "/sandbox/orders"))[2] == {
        "orders": [{**order, "status": "cancelled"}],
        "total": 1,
        "revenue": 0,
    }


async def test_an_account_is_verified_by_its_code_and_deleted(shop: Shop) -> None:
    account = (await shop.call("POST", "/sandbox/accounts", {"email": "ada@shop.example", "name": "Ada"}))[2]
    url = f"/sandbox/accounts/{account['id']}"
    assert (await shop.call("POST", f"{url}/verify", {"code": "x"}))[0] == 422
    assert (await shop.call("POST", f"{url}/verify", {"code": account["confirmation"]}))[2]["status"] == "verified"
    assert (await shop.call("GET", url))[2]["status"] == "verified"
    assert (await shop.call("DELETE", url))[0] == 200
    assert (await shop.call("GET", url))[0] == 404


async def test_messages_are_kept(shop: Shop) -> None:
    message = {"to": "ada@shop.example", "subject": "Hello", "text": ""}
    await shop.call("POST", "/sandbox/messages", message)
    assert (await shop.call("POST", "/sandbox/messages", {"to": "ada@shop.example"}))[0] == 422
    kept = (await shop.call("GET", "/sandbox/messages", query="to=ada@shop.example"))[2]["messages"]
    assert [{key: one[key] for key in message} for one in kept] == [message]
    assert (await shop.call("GET", "/sandbox/messages", query="to=bob@shop.example"))[2]["total"] == 0
