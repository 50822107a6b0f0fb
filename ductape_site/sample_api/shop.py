"""The sample shop's business: products, orders, payments and refunds."""

from __future__ import annotations

import hashlib
from typing import Any

from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.people import who
from ductape_site.sample_api.records import found, now, once
from ductape_site.sample_api.store import Store, new_id

DECLINED_AMOUNT = 13
MAX_ITEMS = 50
MAX_FAILURES = 10


def list_products(store: Store, request: Request) -> Answer:
    """GET /products"""
    who(store, request)
    wanted, category = request.query.get("search", "").lower(), request.query.get("category", "")
    matching = [
        good for good in store.goods.values() if wanted in good["name"].lower() and category in {"", good["category"]}
    ]
    limit = int(request.number("limit", 20, most=100))
    return Answer({"products": matching[:limit], "total": len(matching)})


def get_product(store: Store, request: Request, product_id: str) -> Answer:
    """GET /products/{product_id}"""
    who(store, request)
    return Answer(found(store.goods.get(product_id), "product", product_id))


def create_order(store: Store, request: Request) -> Answer:
    """POST /orders; the same Idempotency-Key gives the first answer again."""
    who(store, request)
    return once(store, request, lambda: Answer(_new_order(store, request.fields()), 201))


def get_order(store: Store, request: Request, order_id: str) -> Answer:
    """GET /orders/{order_id}"""
    who(store, request)
    return Answer(found(store.orders.get(order_id), "order", order_id))


def list_orders(store: Store, request: Request) -> Answer:
    """GET /orders, the newest first; `revenue` adds up those that are not cancelled."""
    who(store, request)
    orders = [*reversed(store.orders.entries())]
    revenue = round(sum(order["total"] for order in orders if order["status"] != "cancelled"), 2)
    limit = int(request.number("limit", 20, most=100))
    return Answer({"orders": orders[:limit], "total": len(orders), "revenue": revenue})


def cancel_order(store: Store, request: Request, order_id: str) -> Answer:
    """POST /orders/{order_id}/cancel"""
    who(store, request)
    cancelled = {**found(store.orders.get(order_id), "order", order_id), "status": "cancelled"}
    store.orders.put(order_id, cancelled)
    return Answer(cancelled)


def create_payment(store: Store, request: Request) -> Answer:
    """POST /payments; amount 13 is declined, and `fail_times` tries fail with a 500 before one goes through."""
    who(store, request)
    return once(store, request, lambda: _pay(store, request))


def get_payment(store: Store, request: Request, payment_id: str) -> Answer:
    """GET /payments/{payment_id}"""
    who(store, request)
    return Answer(found(store.payments.get(payment_id), "payment", payment_id))


def refund_payment(store: Store, request: Request, payment_id: str) -> Answer:
    """POST /payments/{payment_id}/refund"""
    who(store, request)
    payment = found(store.payments.get(payment_id), "payment", payment_id)
    refunded = {**payment, "status": "refunded"}
    store.payments.put(payment_id, refunded)
    return Answer(refunded)


def _new_order(store: Store, fields: dict[str, Any]) -> dict[str, Any]:
    email, items = fields.get("email"), fields.get("items")
    if not isinstance(email, str) or "@" not in email:
        raise Refused(422, "invalid", "email: expected an e-mail address.")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        raise Refused(422, "invalid", f"items: expected a list of 1 to {MAX_ITEMS} items.")
    lines = [_line(store, item, f"items[{index}]") for index, item in enumerate(items)]
    order: dict[str, Any] = {
        "id": new_id("ord"),
        "status": "placed",
        "email": email[:254],
        "items": lines,
        "total": round(sum(line["quantity"] * line["price"] for line in lines), 2),
        "currency": "EUR",
        "created_at": now(store),
    }
    store.orders.put(order["id"], order)
    return order


def _line(store: Store, item: Any, place: str) -> dict[str, Any]:
    product_id, quantity = (item.get(key) for key in ("product_id", "quantity")) if isinstance(item, dict) else ("", 0)
    good = store.goods.get(str(product_id))
    if good is None:
        raise Refused(422, "invalid", f"{place}.product_id: there is no such product.")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 1000:
        raise Refused(422, "invalid", f"{place}.quantity: expected a whole number from 1 to 1000.")
    return {"product_id": good["id"], "name": good["name"], "quantity": quantity, "price": good["price"]}


def _pay(store: Store, request: Request) -> Answer:
    fields = request.fields()
    amount, failures = fields.get("amount"), fields.get("fail_times", 0)
    if not isinstance(amount, (int, float)) or isinstance(amount, bool) or not 0 < amount <= 1_000_000:
        raise Refused(422, "invalid", "amount: expected a number above 0, at most 1000000.")
    if not isinstance(failures, int) or not 0 <= failures <= MAX_FAILURES:
        raise Refused(422, "invalid", f"fail_times: expected a whole number from 0 to {MAX_FAILURES}.")
    if amount == DECLINED_AMOUNT:
        raise Refused(402, "card_declined", "The card was declined.")
    _fail_first(store, request, failures)
    payment: dict[str, Any] = {
        "id": new_id("pay"),
        "status": "succeeded",
        "amount": amount,
        "currency": str(fields.get("currency", "EUR"))[:3],
        "order_id": str(fields.get("order_id", ""))[:40],
        "created_at": now(store),
    }
    store.payments.put(payment["id"], payment)
    return Answer(payment, 201)


def _fail_first(store: Store, request: Request, times: int) -> None:
    """Tries of one payment are known by its Idempotency-Key, or by an equal body."""
    key = request.headers.get("idempotency-key") or hashlib.sha256(request.body).hexdigest()
    failed = store.failures.get(key) or 0
    if failed < times:
        store.failures.put(key, failed + 1)
        raise Refused(500, "bank_down", f"The bank did not answer (failure {failed + 1} of {times}).")
    store.failures.drop(key)
