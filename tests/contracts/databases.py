"""What every database does, whichever it is: the same actions with the same input give the same output.

A test class inherits `DatabaseContract` and gives the fixture `under`: a DatabaseUnderTest with an empty database of
its own, in which `orders` is there to be written to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest

from processors.connectors import errors
from processors.connectors.base import CallResult, Connector
from processors.connectors.resources import ResourceCall, ResourcePlace
from products.lib.redaction import Redactor
from tests.contracts.payloads import EVIL

ORDERS = {
    "sql": "CREATE TABLE orders (id CHAR(36) NOT NULL PRIMARY KEY, customer VARCHAR(200) NOT NULL UNIQUE, "
    "amount DECIMAL(12, 2) NOT NULL CHECK (amount >= 0), stock INTEGER NOT NULL, paid BOOLEAN, made TIMESTAMP NULL, "
    "payload JSON)",
    "variants": {
        "postgresql": "CREATE TABLE orders (id UUID NOT NULL PRIMARY KEY, customer VARCHAR(200) NOT NULL UNIQUE, "
        "amount DECIMAL(12, 2) NOT NULL CHECK (amount >= 0), stock INTEGER NOT NULL, paid BOOLEAN, "
        "made TIMESTAMP NULL, payload JSONB)",
        "mysql": "CREATE TABLE orders (id CHAR(36) NOT NULL PRIMARY KEY, "
        "customer VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE, "
        "amount DECIMAL(12, 2) NOT NULL CHECK (amount >= 0), stock INTEGER NOT NULL, paid BOOLEAN, "
        "made DATETIME(6) NULL, payload JSON)",
    },
}
CREATE = {
    "type": "create",
    "sql": "INSERT INTO orders (id, customer, amount, stock, paid, made, payload) VALUES ({{id:UUID}}, "
    "{{customer:STRING:1:200}}, {{amount:FLOAT}}, {{stock:INTEGER}}, {{paid:BOOLEAN?}}, {{made:DATE?}}, "
    "{{payload:OBJECT?}})",
}
READ = {"type": "read", "sql": "SELECT id, customer, stock, paid, made FROM orders WHERE id = {{id:UUID}}"}
READ_NAMED = {"type": "read", "sql": "SELECT id, stock FROM orders WHERE customer = {{customer:STRING}}"}
READ_MANY = {"type": "read", "sql": "SELECT stock FROM orders WHERE id IN ({{ids:ARRAY_UUID}}) ORDER BY stock"}
READ_OTHERS = {"type": "read", "sql": "SELECT stock FROM orders WHERE id NOT IN ({{ids:ARRAY_UUID}}) ORDER BY stock"}
RESERVE = {
    "type": "update",
    "sql": "UPDATE orders SET stock = stock - {{n:INTEGER:1:100}} WHERE id = {{id:UUID}} AND stock >= {{n}}",
}
SAME = {"type": "update", "sql": "UPDATE orders SET stock = stock WHERE id = {{id:UUID}}"}
COUNT = {"type": "count", "sql": "SELECT COUNT(*) FROM orders WHERE stock >= {{least:INTEGER}}"}
TOTAL = {"type": "aggregate", "sql": "SELECT SUM(stock) AS total, MAX(stock) AS most FROM orders"}
DELETE = {"type": "delete", "sql": "DELETE FROM orders WHERE id = {{id:UUID}}"}
ACTIONS = {
    "create": CREATE, "read": READ, "read-named": READ_NAMED, "read-many": READ_MANY, "read-others": READ_OTHERS,
    "reserve": RESERVE, "same": SAME, "count": COUNT, "total": TOTAL, "delete": DELETE,
}  # fmt: skip


@dataclass(slots=True)
class DatabaseUnderTest:
    """One provider with a database of its own. `actions` may replace or extend those of the contract."""

    provider: str
    place: ResourcePlace
    connector: Connector[ResourceCall]
    actions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    redactor: Redactor = field(default_factory=lambda: Redactor(["hush-hush"]))

    async def call(
        self, operation: str, definition: Any = None, *, deadline_s: float = 30.0, max_bytes: int = 10_000_000,
        key: str = "", place: ResourcePlace | None = None, **given: Any,
    ) -> CallResult:  # fmt: skip
        """Any operation."""
        call = ResourceCall(place or self.place, operation, dict(definition or {}), given, self.redactor)
        return await self.connector.call(call, deadline_s=deadline_s, max_bytes=max_bytes, idempotency_key=key)

    async def run(self, action: str | Mapping[str, Any], **given: Any) -> Any:
        """The output of an action: of the contract by its name, or any other."""
        definition = self.action(action) if isinstance(action, str) else action
        return (await self.call("run", definition, **given)).output

    def action(self, name: str) -> dict[str, Any]:
        """A definition of the contract, or the provider's own in its place."""
        return dict({**ACTIONS, **self.actions}[name])

    async def order(self, **given: Any) -> str:
        """One more order; its id."""
        made = {"id": str(uuid4()), "customer": f"c-{uuid4()}", "amount": 12.5, "stock": 10, **given}
        await self.run("create", **made)
        return str(made["id"])

    def with_settings(self, **settings: Any) -> ResourcePlace:
        """The same database, configured in another way."""
        merged = {**self.place.settings, **settings}
        return replace(self.place, settings=merged, fingerprint=f"{self.place.fingerprint}-{sorted(settings.items())}")


class DatabaseContract:
    """Inherited by the tests of each provider."""

    async def test_an_order_is_made_read_reserved_and_deleted(self, under: DatabaseUnderTest) -> None:
        made = {"id": str(uuid4()), "customer": "Ada", "amount": 12.5, "stock": 3, "paid": True,
                "made": "2026-01-31T11:30:00.25+02:00"}  # fmt: skip
        created = await under.run("create", **made)
        assert (created["changed"], created["truncated"]) == (1, False)
        row = {"id": made["id"], "customer": "Ada", "stock": 3, "paid": True, "made": "2026-01-31T09:30:00.25"}
        got = await under.run("read", id=made["id"])
        assert {**got, "rows": [{**each, "made": str(each["made"]).rstrip("Z")} for each in got["rows"]]} == {
            "rows": [row], "count": 1, "changed": 0, "truncated": False,
        }  # fmt: skip
        assert [(await under.run("reserve", id=made["id"], n=n))["changed"] for n in (2, 2, 1)] == [1, 0, 1]
        assert (await under.run("delete", id=made["id"]))["changed"] == 1
        assert (await under.run("read", id=made["id"]))["rows"] == []

    async def test_an_update_counts_what_it_found_though_nothing_is_another(self, under: DatabaseUnderTest) -> None:
        order = await under.order()
        assert (await under.run("same", id=order))["changed"] == 1
        assert (await under.run("same", id=str(uuid4())))["changed"] == 0

    async def test_counts_and_totals_are_numbers(self, under: DatabaseUnderTest) -> None:
        for stock in (1, 2, 3):
            await under.order(stock=stock)
        assert await under.run("count", least=2) == {"count": 2}
        assert (await under.run("total"))["rows"] == [{"total": 6, "most": 3}]

    async def test_lists_select_and_an_empty_one_selects_nothing(self, under: DatabaseUnderTest) -> None:
        ids = [await under.order(stock=stock) for stock in (1, 2, 3)]
        assert (await under.run("read-many", ids=ids[:2]))["rows"] == [{"stock": 1}, {"stock": 2}]
        assert (await under.run("read-many", ids=[]))["rows"] == []
        assert (await under.run("read-others", ids=ids[:2]))["rows"] == [{"stock": 3}]
        assert (await under.run("read-others", ids=[]))["count"] == 3

    async def test_J1_J3_values_are_only_ever_values(self, under: DatabaseUnderTest) -> None:
        for number, evil in enumerate(EVIL):
            await under.order(customer=evil, stock=number)
        for number, evil in enumerate(EVIL):
            found = await under.run("read-named", customer=evil)
            assert [each["stock"] for each in found["rows"]] == [number], evil
        assert await under.run("count", least=0) == {"count": len(EVIL)}

    @pytest.mark.parametrize("value", [{"$gt": ""}, {"$ne": None}, ["a"], 5, True, None, {"$where": "1"}, "a\x00b"])
    async def test_J3_J12_where_text_is_declared_nothing_else_is_taken(
        self, under: DatabaseUnderTest, value: Any
    ) -> None:
        with pytest.raises(errors.InputRejected) as caught:
            await under.run("read-named", customer=value)
        assert [each["pointer"] for each in caught.value.details["errors"]] == ["/customer"]

    async def test_what_is_there_twice_is_the_callers_fault(self, under: DatabaseUnderTest) -> None:
        order = await under.order()
        with pytest.raises(errors.InputRejected) as caught:
            await under.order(id=order)
        assert (caught.value.retryable, caught.value.outcome_unknown) == (False, False)

    async def test_a_read_only_environment_refuses_changes(self, under: DatabaseUnderTest) -> None:
        order = await under.order()
        for place in (replace(under.place, read_only=True), under.with_settings(read_only=True)):
            assert (await under.call("run", under.action("read"), place=place, id=order)).output["count"] == 1
            with pytest.raises(errors.Misconfigured) as caught:
                await under.call("run", under.action("delete"), place=place, id=order)
            assert "only reads" in caught.value.message
        assert (await under.run("read", id=order))["count"] == 1

    async def test_a_thousand_equal_runs_share_five_connections(self, under: DatabaseUnderTest) -> None:
        order = await under.order(stock=1000)
        gate = asyncio.Semaphore(100)

        async def reserve() -> int:
            async with gate:
                return (await under.run("reserve", id=order, n=1))["changed"]

        assert sum(await asyncio.gather(*(reserve() for _ in range(1000)))) == 1000
        assert (await under.run("read", id=order))["rows"][0]["stock"] == 0

    async def test_more_rows_than_allowed_are_cut_and_said_to_be(self, under: DatabaseUnderTest) -> None:
        for stock in range(5):
            await under.order(stock=stock)
        action = under.action("read-others") | {"max_rows": 3}
        found = await under.run(action, ids=[])
        assert (found["count"], found["truncated"]) == (3, True)
        whole = await under.run(action | {"max_rows": 5}, ids=[])
        assert (whole["count"], whole["truncated"]) == (5, False)

    async def test_K5_what_is_recorded_names_no_user_password_or_value(self, under: DatabaseUnderTest) -> None:
        result = await under.call("run", under.action("read-named"), customer="hush-hush")
        shown = repr((result.request, result.response))
        assert result.request.method == "READ"
        assert result.request.url.startswith(f"{under.provider}:")
        assert "hush-hush" not in shown
        assert "@" not in result.request.url
        assert "{{customer}}" in result.request.body or under.provider == "mongodb"
