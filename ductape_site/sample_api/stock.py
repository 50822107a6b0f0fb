"""The sample shop's warehouse: stock is reserved and released, parcels are sent and called back."""

from __future__ import annotations

from typing import Any

from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.people import who
from ductape_site.sample_api.records import found, now, once, text_of
from ductape_site.sample_api.store import Store, new_id

NO_PARCELS_TO = "XX"


def reserve(store: Store, request: Request) -> Answer:
    """POST /reservations; 409 when there is not enough in stock."""
    who(store, request)
    return once(store, request, lambda: _reserve(store, request.fields()))


def release(store: Store, request: Request, reservation_id: str) -> Answer:
    """DELETE /reservations/{reservation_id}; releasing twice changes nothing more."""
    who(store, request)
    held = found(store.reservations.get(reservation_id), "reservation", reservation_id)
    if held["status"] == "held":
        _move(store, held["product_id"], held["quantity"])
    released = {**held, "status": "released"}
    store.reservations.put(reservation_id, released)
    return Answer(released)


def ship(store: Store, request: Request) -> Answer:
    """POST /shipments; nothing is sent to the country XX."""
    who(store, request)
    return once(store, request, lambda: _ship(store, request.fields()))


def cancel_shipment(store: Store, request: Request, shipment_id: str) -> Answer:
    """POST /shipments/{shipment_id}/cancel"""
    who(store, request)
    cancelled = {**found(store.shipments.get(shipment_id), "shipment", shipment_id), "status": "cancelled"}
    store.shipments.put(shipment_id, cancelled)
    return Answer(cancelled)


def _reserve(store: Store, fields: dict[str, Any]) -> Answer:
    good = found(store.goods.get(str(fields.get("product_id"))), "product", str(fields.get("product_id")))
    quantity = fields.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 1000:
        raise Refused(422, "invalid", "quantity: expected a whole number from 1 to 1000.")
    if good["stock"] < quantity:
        raise Refused(409, "out_of_stock", f"There are {good['stock']} of {good['id']}, not {quantity}.")
    _move(store, good["id"], -quantity)
    held: dict[str, Any] = {
        "id": new_id("res"),
        "status": "held",
        "product_id": good["id"],
        "quantity": quantity,
        "left": good["stock"] - quantity,
        "created_at": now(store),
    }
    store.reservations.put(held["id"], held)
    return Answer(held, 201)


def _move(store: Store, product_id: str, by: int) -> None:
    good = store.goods[product_id]
    store.goods[product_id] = {**good, "stock": good["stock"] + by}  # the goods themselves are every shop's


def _ship(store: Store, fields: dict[str, Any]) -> Answer:
    order = found(store.orders.get(str(fields.get("order_id"))), "order", str(fields.get("order_id")))
    country = text_of(fields, "country", least=2, most=2).upper()
    if country == NO_PARCELS_TO:
        raise Refused(422, "no_such_country", f"Nothing is sent to {NO_PARCELS_TO}.")
    parcel: dict[str, Any] = {
        "id": new_id("shp"),
        "status": "sent",
        "order_id": order["id"],
        "country": country,
        "created_at": now(store),
    }
    store.shipments.put(parcel["id"], parcel)
    return Answer(parcel, 201)
