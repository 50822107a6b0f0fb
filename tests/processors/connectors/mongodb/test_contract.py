"""MongoDB keeps the contract of databases."""

from __future__ import annotations

import pytest
from pymongo import MongoClient

from products.lib.jsontypes import JsonObject
from tests.contracts.databases import DatabaseContract, DatabaseUnderTest
from tests.processors.connectors.mongodb.own_server import PASSWORD, USER


def on_orders(type: str, operation: str, **parts) -> JsonObject:
    return {"type": type, "mongodb": {"collection": "orders", "operation": operation, **parts}}


SHOWN = {"_id": 0, "id": "$_id", "customer": 1, "stock": 1, "paid": 1, "made": 1}
STOCK = {"projection": {"_id": 0, "stock": 1}, "sort": {"stock": 1}}
DOCUMENT = {
    "_id": "{{id:UUID}}", "customer": "{{customer:STRING:1:200}}", "stock": "{{stock:INTEGER}}",
    "amount": "{{amount:FLOAT}}", "paid": "{{paid:BOOLEAN?}}", "made": "{{made:DATE?}}",
    "payload": "{{payload:OBJECT?}}",
}  # fmt: skip
ACTIONS = {
    "create": on_orders("create", "insert", documents=DOCUMENT),
    "read": on_orders("read", "aggregate", pipeline=[{"$match": {"_id": "{{id:UUID}}"}}, {"$project": SHOWN}]),
    "read-named": on_orders("read", "find", filter={"customer": "{{customer:STRING}}"}, projection={"stock": 1}),
    "read-many": on_orders("read", "find", filter={"_id": {"$in": "{{ids:ARRAY_UUID}}"}}, **STOCK),
    "read-others": on_orders("read", "find", filter={"_id": {"$nin": "{{ids:ARRAY_UUID}}"}}, **STOCK),
    "reserve": on_orders(
        "update",
        "update",
        filter={"_id": "{{id:UUID}}", "stock": {"$gte": "{{n:INTEGER:1:100}}"}},
        update=[{"$set": {"stock": {"$subtract": ["$stock", "{{n}}"]}}}],
    ),
    "same": on_orders("update", "update", filter={"_id": "{{id:UUID}}"}, update=[{"$set": {"stock": "$stock"}}]),
    "count": on_orders("count", "count", filter={"stock": {"$gte": "{{least:INTEGER}}"}}),
    "total": on_orders(
        "aggregate",
        "aggregate",
        pipeline=[
            {"$group": {"_id": None, "total": {"$sum": "$stock"}, "most": {"$max": "$stock"}}},
            {"$project": {"_id": 0, "total": 1, "most": 1}},
        ],
    ),
    "delete": on_orders("delete", "delete", filter={"_id": "{{id:UUID}}"}),
}


class TestMongo(DatabaseContract):
    """On a server that speaks its protocol."""

    @pytest.fixture
    def under(self, place, connector, mongo):
        with MongoClient("127.0.0.1", mongo.port, username=USER, password=PASSWORD, directConnection=True) as client:
            client[place.settings["database"]]["orders"].create_index("customer", unique=True)
        return DatabaseUnderTest("mongodb", place, connector(), ACTIONS)
