"""Which handler answers which request of the sample API."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from ductape_site.sample_api import customers, people, shop, stock, tools
from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.store import Store

Handler = Callable[..., Any]

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/products", shop.list_products),
    ("GET", "/products/{product_id}", shop.get_product),
    ("POST", "/orders", shop.create_order),
    ("GET", "/orders/{order_id}", shop.get_order),
    ("GET", "/orders", shop.list_orders),
    ("POST", "/orders/{order_id}/cancel", shop.cancel_order),
    ("POST", "/payments", shop.create_payment),
    ("GET", "/payments/{payment_id}", shop.get_payment),
    ("POST", "/payments/{payment_id}/refund", shop.refund_payment),
    ("POST", "/reservations", stock.reserve),
    ("DELETE", "/reservations/{reservation_id}", stock.release),
    ("POST", "/shipments", stock.ship),
    ("POST", "/shipments/{shipment_id}/cancel", stock.cancel_shipment),
    ("POST", "/accounts", customers.create_account),
    ("GET", "/accounts/{account_id}", customers.get_account),
    ("POST", "/accounts/{account_id}/verify", customers.verify_account),
    ("DELETE", "/accounts/{account_id}", customers.delete_account),
    ("POST", "/messages", customers.send_message),
    ("GET", "/messages", customers.list_messages),
    ("POST", "/login", people.login),
    ("GET", "/me", people.me),
    ("GET", "/slow", tools.slow),
    ("GET", "/status/{code}", tools.status),
    ("POST", "/echo", tools.echo),
)
_PATTERNS = tuple(
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handler) for method, path, handler in ROUTES
)


async def answer(store: Store, request: Request) -> Answer:
    """The shop's answer to a request, refusals included."""
    try:
        handler, values = _find(request)
        found = handler(store, request, **values)
        result: Answer = await found if inspect.isawaitable(found) else found
    except Refused as refusal:
        return refusal.answer()
    return result


def _find(request: Request) -> tuple[Handler, dict[str, str]]:
    allowed = []
    for method, pattern, handler in _PATTERNS:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        if method == request.method:
            return handler, match.groupdict()
        allowed.append(method)
    if allowed:
        raise Refused(405, "method_not_allowed", "Use another method here.", headers={"Allow": ", ".join(allowed)})
    raise Refused(404, "not_found", "There is nothing at this address.")
