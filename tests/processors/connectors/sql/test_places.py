"""Where a statement is wrong: line and column in the text as the person wrote it, whatever was sent."""

from typing import Any

import pytest

from processors.connectors import errors
from products.lib.redaction import Redactor
from tests.contracts.databases import DatabaseUnderTest

SYNTAX = """SELECT id, customer
  FROM orders
 WHERE customer IN ({{names:ARRAY_STRING}})
   AND stock = {{n:INTEGER}} ADN 1 = 1"""


async def failing(work: Any) -> errors.ConnectorError:
    with pytest.raises(errors.ConnectorError) as caught:
        await work
    return caught.value


def place(error: errors.ConnectorError) -> tuple[Any, Any]:
    return error.details.get("line"), error.details.get("column")


@pytest.mark.parametrize("names", [["a"], ["a", "bb'b", "ccc"]])
async def test_a_syntax_error_is_where_the_person_wrote_it(under: DatabaseUnderTest, names: list[str]) -> None:
    error = await failing(under.run({"type": "read", "sql": SYNTAX}, names=names, n=-3))
    line = SYNTAX.splitlines()[3]
    # PostgreSQL and SQLite stop at what cannot follow, MariaDB before it or at it.
    assert place(error) in {(4, line.index("ADN") + 1), (4, line.index("1 = 1") + 1)}
    first, caret = error.details["excerpt"].split("\n")
    assert (first, caret) == (line, " " * (error.details["column"] - 1) + "^")


async def test_the_second_of_two_equal_words_is_found(under: DatabaseUnderTest) -> None:
    error = await failing(under.run({"type": "read", "sql": "SELECT id, stock\nFROM orders,, orders"}))
    assert place(error) == (2, 13 if under.provider != "mysql" else 15)  # MariaDB has read the comma already


async def test_a_name_that_is_not_there_is_pointed_at(under: DatabaseUnderTest) -> None:
    error = await failing(under.run({"type": "read", "sql": "SELECT id\nFROM orders\nWHERE naem = 1"}))
    assert place(error) == (3, 7)
    error = await failing(under.run({"type": "read", "sql": "SELECT *\n  FROM nowhere"}))
    assert place(error) == (2, 8)


async def test_the_second_statement_says_its_own_place(under: DatabaseUnderTest) -> None:
    both = ["UPDATE orders\nSET stock = 1", "SELEKT 1"]
    error = await failing(under.run({"type": "update", "sql": both}))
    assert (error.details["statement"], *place(error)) == (2, 1, 1)


async def test_a_query_and_a_plan_say_it_too(under: DatabaseUnderTest) -> None:
    error = await failing(under.call("query", text="-- by hand\nSELECT id\nFROM nowhere"))
    assert place(error) == (3, 6)
    error = await failing(under.call("explain", {"type": "read", "sql": "SELECT id\nFROM nowhere"}))
    assert place(error) == (2, 6)


async def test_a_statement_that_stops_too_soon_ends_there(under: DatabaseUnderTest) -> None:
    error = await failing(under.run({"type": "read", "sql": "SELECT id\nFROM orders WHERE ("}))
    assert place(error) == (2, 20)


async def test_what_has_no_place_says_none(under: DatabaseUnderTest) -> None:
    error = await failing(under.order(amount=-1.0))
    assert place(error) == (None, None)
    assert "excerpt" not in error.details


async def test_K5_a_line_with_a_secret_in_it_is_not_shown(under: DatabaseUnderTest) -> None:
    under.redactor = Redactor(["hush-hush-hush"])
    error = await failing(under.run({"type": "read", "sql": "SELECT\n'hush-hush-hush', naem FROM orders"}))
    assert place(error) == (2, 19)
    assert "hush-hush" not in repr((error.to_json(), error.result))
