"""The features of the sample product do what their descriptions say, against the sample shop, with real processes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.site import Person
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("site")]
RUNS = "/workspaces/main/runs/"
PRODUCT = "/workspaces/main/products/storefront/"
EMAIL = "ada@shop.example"
ITEMS = [{"product_id": "prd_001", "quantity": 2}, {"product_id": "prd_011", "quantity": 5}]


def started(owner: Person, feature: str, given: dict[str, Any], *, wait: int = 30, environment: str = "dev") -> Any:
    """The run, ended when it was waited for."""
    body = {"product": "storefront", "environment": environment, "feature": feature, "input": given, "wait": wait}
    return owner.made("/workspaces/main/processor/feature/run", body)


def called(owner: Person, action: str, given: dict[str, Any]) -> Any:
    """What the shop says now."""
    body = {"product": "storefront", "environment": "dev", "app": "shop", "action": action, "input": given, "wait": 30}
    return owner.made("/workspaces/main/processor/action/run", body)["output"]


def steps(owner: Person, run: str) -> dict[str, Any]:
    """By tag; of a loop the whole."""
    rows = owner.api("GET", f"{RUNS}{run}/steps/?limit=100").json["results"]
    return {row["tag"]: row for row in rows if not row["index"]}


def ended(owner: Person, run: str) -> Any:
    """The run, once it has ended."""
    until(lambda: owner.api("GET", f"{RUNS}{run}/").json["finished_at"] is not None)
    return owner.api("GET", f"{RUNS}{run}/").json


def waits_at(owner: Person, run: str, tag: str) -> dict[str, Any]:
    """The steps, once that one waits."""
    until(lambda: steps(owner, run).get(tag, {}).get("state") == "waiting")
    return steps(owner, run)


def test_a_payment_over_the_limit_is_refunded(owner: Person) -> None:
    paid = started(owner, "collect-payment", {"amount": 20, "fail_times": 1})
    assert (paid["state"], paid["output"]["status"]) == ("completed", "succeeded")
    over = started(owner, "collect-payment", {"amount": 20, "limit": 10})
    assert (over["state"], over["error"]["code"]) == ("rolled_back", "over_limit")
    payment = steps(owner, over["id"])["charge/payment"]["output"]["id"]
    assert called(owner, "get-payment", {"payment_id": payment})["status"] == "refunded"


def test_an_order_is_fulfilled_and_what_cannot_be_shipped_is_taken_back(owner: Person) -> None:
    order = started(owner, "fulfil-order", {"email": EMAIL, "items": ITEMS})
    assert (order["state"], order["output"]["total"]) == ("completed", 23.0)
    stock = called(owner, "get-product", {"product_id": "prd_001"})["stock"]
    nowhere = started(owner, "fulfil-order", {"email": EMAIL, "items": ITEMS, "country": "XX"})
    assert nowhere["state"] == "rolled_back"
    made = steps(owner, nowhere["id"])
    assert called(owner, "get-order", {"order_id": made["order/place"]["output"]["id"]})["status"] == "cancelled"
    assert called(owner, "get-payment", {"payment_id": made["charge/payment"]["output"]["id"]})["status"] == "refunded"
    assert called(owner, "get-product", {"product_id": "prd_001"})["stock"] == stock


@pytest.mark.parametrize("is_right", [True, False])
def test_an_account_is_confirmed_by_its_code_or_deleted(owner: Person, *, is_right: bool) -> None:
    run = started(owner, "sign-up", {"email": EMAIL, "name": "Ada"}, wait=0)["id"]
    account = waits_at(owner, run, "confirm/answer")["open/account"]["output"]
    code = account["confirmation"] if is_right else "no-no!"
    owner.made(f"{RUNS}{run}/signals/", {"name": "confirmed", "payload": {"code": code}})
    assert ended(owner, run)["state"] == ("completed" if is_right else "rolled_back")
    messages = called(owner, "list-messages", {"to": EMAIL})["messages"]
    assert any(account["confirmation"] in one["text"] for one in messages)


def test_an_order_of_what_is_in_stock_starts_the_payment(owner: Person) -> None:
    done = started(owner, "stock-order", {"email": EMAIL, "items": ITEMS})
    assert (done["state"], done["output"]["goods"]) == ("completed", ["Cloth tape, grey", "Sticker sheet"])
    left = called(owner, "get-product", {"product_id": "prd_006"})["stock"]
    too_many = started(
        owner, "stock-order", {"email": EMAIL, "items": [*ITEMS, {"product_id": "prd_006", "quantity": left + 1}]}
    )
    assert too_many["state"] == "rolled_back"
    assert called(owner, "get-product", {"product_id": "prd_006"})["stock"] == left


def test_the_report_counts_what_was_ordered(owner: Person) -> None:
    started(owner, "fulfil-order", {"email": EMAIL, "items": ITEMS})
    report = started(owner, "nightly-report", {})
    assert report["state"] == "completed"
    assert report["output"]["orders"] >= 1


@pytest.mark.parametrize("yes", [True, False])
def test_a_large_order_waits_for_a_yes(owner: Person, *, yes: bool) -> None:
    large = {"email": EMAIL, "items": [{"product_id": "prd_012", "quantity": 100}]}
    run = started(owner, "large-order", large, wait=0)["id"]
    waits_at(owner, run, "decide/consent")
    owner.made(f"{RUNS}{run}/signals/", {"name": "consent", "payload": {"approved": yes}, "comment": "Looked at."})
    found = ended(owner, run)
    if yes:
        assert (found["state"], found["output"]["approved_by"]) == ("completed", owner.email)
    else:
        assert (found["state"], found["error"]["code"]) == ("failed", "not_approved")


def queried(owner: Person, action: str, given: dict[str, Any], environment: str = "dev") -> Any:
    """What a database action of the sample gives now."""
    body = {"product": "storefront", "environment": environment, "database": "orders", "action": action}
    return owner.made("/workspaces/main/processor/db/run", {**body, "input": given, "wait": 30})["output"]


@pytest.mark.parametrize("environment", ["dev", "stg"])
def test_an_order_at_the_desk_is_in_the_database_the_cache_and_the_storage(owner: Person, environment: str) -> None:
    given = {"id": f"desk-{environment}", "customer": "Ada", "sku": "mug", "quantity": 2}
    first = started(owner, "desk-order", given, environment=environment)
    assert (first["state"], first["output"]["total"]) == ("completed", 19.0)
    assert first["output"]["orders_today"] >= 1
    assert queried(owner, "order-by-id", {"id": given["id"]}, environment)["rows"][0]["customer"] == "Ada"
    assert queried(owner, "count-orders", {}, environment)["count"] >= 1
    read = {"product": "storefront", "environment": environment, "storage": "files", "wait": 30}
    kept = owner.made(
        "/workspaces/main/processor/storage/read", {**read, "input": {"key": first["output"]["receipt"]}}
    )["output"]
    assert kept["json"]["lines"][0]["sku"] == "mug"


def test_what_is_not_on_the_shelf_is_refused_and_nothing_else_is_released(owner: Person) -> None:
    taken = started(owner, "desk-order", {"id": "desk-p1", "customer": "Ada", "sku": "poster", "quantity": 2})
    assert taken["state"] == "completed"
    for number in range(2):
        given = {"id": f"desk-p{number + 2}", "customer": "Bo", "sku": "poster", "quantity": 2}
        refused = started(owner, "desk-order", given)
        assert (refused["state"], refused["error"]["code"]) == ("rolled_back", "not_on_the_shelf")
    # A refusal that took the first reservation back would let this one through.
    assert queried(owner, "reserve-stock", {"sku": "poster", "quantity": 2})["changed"] == 0
    again = started(owner, "desk-order", {"id": "desk-p1", "customer": "Cy", "sku": "poster", "quantity": 1})
    assert again["state"] == "rolled_back"  # the id is taken: what was reserved for it is free again
    assert queried(owner, "reserve-stock", {"sku": "poster", "quantity": 1})["changed"] == 1


def test_production_runs_its_release_until_another_is_deployed(owner: Person) -> None:
    url = f"{PRODUCT}features/collect-payment/"
    definition = owner.api("GET", url).json["definition"]
    try:
        assert owner.api("PATCH", url, {"definition": {**definition, "output": "changed"}}).status == 200
        assert started(owner, "collect-payment", {"amount": 5})["output"] == "changed"
        assert started(owner, "collect-payment", {"amount": 5}, environment="prd")["output"]["amount"] == 5
        number = owner.made(f"{PRODUCT}releases/", {"note": "Another output"})["number"]
        for release, output in ((number, "changed"), (1, None)):
            owner.api("PUT", f"{PRODUCT}environments/prd/release/", {"release": release})
            found = started(owner, "collect-payment", {"amount": 5}, environment="prd")["output"]
            assert found == output if output else found["amount"] == 5
    finally:
        owner.api("PATCH", url, {"definition": definition})
