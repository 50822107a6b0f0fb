"""Definitions of database actions: what is refused when one is saved, and how values are bound."""

from typing import Any

import pytest

from products.lib.database_actions import parameters, read_action
from products.lib.errors import Invalid
from products.lib.sql_statements import bound_values, statements
from products.lib.sql_texts import DIALECTS, LONGEST, SqlProblem, read_sql

UUID = "6f1c2a9e-3b47-4a35-9d55-0f8e6f2b7a11"


def action(sql: Any, **more: Any) -> Any:
    return read_action({"type": "read", "sql": sql, **more})


def wrong(document: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_action(document, **more)
    return [(each.pointer, each.detail) for each in caught.value.errors]


# Where a placeholder may stand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '{{a:string}}'",
        'SELECT "{{a:string}}"',
        "SELECT 'it''s {{a:string}}'",
        "SELECT 1 -- {{a:string}}",
        "SELECT 1 /* {{a:string}} */",
        "SELECT * FROM {{a:string}}",
        "SELECT * FROM t_{{a:string}}",
        "SELECT * FROM s.{{a:string}}",
        "SELECT {{a:string}}.x FROM t",
        "SELECT * FROM t ORDER BY {{a:string}}",
        "SELECT x FROM t GROUP BY {{a:string}}",
        "UPDATE {{a:string}} SET x = 1",
        "INSERT INTO {{a:string}} VALUES (1)",
        "SELECT * FROM t JOIN {{a:string}} ON true",
        "DROP TABLE {{a:string}}",
        "SELECT {{a:string}}(1)",
        "SELECT 1 AS {{a:string}}",
        "SELECT {{a:string}}{{a}}",
    ],
)
def test_J1_J2_a_placeholder_is_never_in_quotes_comments_or_names(text: str) -> None:
    (found,) = wrong({"type": "read", "sql": text})
    assert found[0] == "/sql"
    assert "line 1, column" in found[1]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgresql", "SELECT $x$ {{a:string}} $x$"),
        ("postgresql", "SELECT E'\\' {{a:string}}'"),
        ("postgresql", "SELECT 1 /* a /* b */ {{a:string}} */"),
        ("postgresql", "SELECT $1"),
        ("mysql", "SELECT `{{a:string}}`"),
        ("mysql", "SELECT 1 # {{a:string}}"),
        ("mysql", 'SELECT "\\" {{a:string}}"'),
        ("mysql", "/*! SELECT */ 1"),
        ("mysql", "/*M!100100 COMMIT */"),
        ("sqlite", "SELECT [{{a:string}}]"),
        ("sqlite", "SELECT ?1"),
        ("sqlite", "SELECT :name"),
    ],
)
def test_J1_each_dialect_has_quotes_of_its_own(dialect: str, text: str) -> None:
    with pytest.raises(SqlProblem):
        read_sql(text, dialect)
    assert wrong({"type": "read", "variants": {dialect: text}})[0][0] == f"/variants/{dialect}"


def test_a_shared_text_must_hold_in_every_dialect_that_the_environments_have() -> None:
    text = "SELECT a #> {{path:string}} FROM t"  # a comment in MySQL
    assert read_action({"type": "read", "sql": text}, providers=["postgresql"])
    assert "inside a comment" in wrong({"type": "read", "sql": text}, providers=["postgresql", "mysql"])[0][1]
    variant = {"type": "read", "sql": text, "variants": {"mysql": "SELECT {{path:string}}"}}
    assert read_action(variant, providers=["postgresql", "mysql"])


@pytest.mark.parametrize(
    "text",
    [
        "COMMIT", "/* x */ rollback", "BEGIN", "start transaction", "SAVEPOINT a", "SET TRANSACTION READ WRITE",
        "set session characteristics as transaction read write", "SET autocommit = 1", "LOCK TABLES t WRITE",
        "SELECT 1; DROP TABLE t", "SELECT 'open", "", "  -- only a comment", "PREPARE TRANSACTION 'x'",
        "x" * (LONGEST + 1),
        "SELECT \x00",
    ],
)  # fmt: skip
def test_J1_an_action_stays_in_its_one_transaction(text: str) -> None:
    assert wrong({"type": "update", "sql": ["SELECT 1", text]})[0][0] == "/sql/1"


def test_a_semicolon_at_the_end_is_no_second_statement() -> None:
    assert read_sql("SELECT 1 ; -- done", "postgresql").pieces == ("SELECT 1",)


@pytest.mark.parametrize("evil", ["'" + "\\a" * 49_000, "/*" * 49_000, "{{" * 49_000, "(" * 99_000, "$a$" * 33_000])
def test_reading_takes_time_in_proportion_to_the_text(evil: str) -> None:
    for dialect in DIALECTS:  # a pattern that backtracks would go on until the test is ended for it
        with pytest.raises(SqlProblem):
            read_sql(evil + "'", dialect)


# Definitions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (None, ""), ([], ""), ("SELECT 1", ""), ({}, "/type"), ({"type": "drop", "sql": "SELECT 1"}, "/type"),
        ({"type": "read"}, "/sql"), ({"type": "read", "sql": 5}, "/sql"), ({"type": "read", "sql": {}}, "/sql"),
        ({"type": "read", "sql": []}, "/sql"), ({"type": "read", "sql": ["SELECT 1", {"$gt": 1}]}, "/sql"),
        ({"type": "read", "sql": ["SELECT 1"] * 51}, "/sql"), ({"type": "read", "variants": []}, "/variants"),
        ({"type": "read", "variants": {"oracle": "SELECT 1"}}, "/variants/oracle"),
        ({"type": "read", "sql": "SELECT 1", "max_rows": 0}, "/max_rows"),
        ({"type": "read", "sql": "SELECT 1", "max_rows": True}, "/max_rows"),
        ({"type": "read", "sql": "SELECT 1", "timeout": "soon"}, "/timeout"),
        ({"type": "read", "sql": "SELECT 1", "timeout": "2h"}, "/timeout"),
        ({"type": "read", "sql": "SELECT 1", "more": 1}, "/more"),
        ({"type": "read", "sql": "SELECT {{a}}"}, ""),
        ({"type": "read", "sql": ["SELECT {{a:int}}", "SELECT {{a:string}}"]}, ""),
        ({"type": "read", "sql": "SELECT {{a:int:9:1}}"}, "/sql"),
        ({"type": "read", "sql": "SELECT {{a:string:-1}}"}, "/sql"),
        ({"type": "read", "sql": "SELECT {{a:string:1.5}}"}, "/sql"),
        ({"type": "read", "sql": "SELECT {{a:boolean:0:1}}"}, "/sql"),
        ({"type": "read", "sql": "SELECT {{a b:string}}"}, "/sql"),
        ({"type": "read", "sql": "SELECT {{a:varchar}}"}, "/sql"),
        ({"type": "read", "sql": "SELECT {{a"}, "/sql"),
        ({"type": "read", "mongodb": {"filter": {"a": "x {{a:string}}"}}}, "/mongodb/filter/a"),
        ({"type": "read", "mongodb": {"filter": {"{{a:string}}": 1}}}, "/mongodb/filter/{{a:string}}"),
    ],
)  # fmt: skip
def test_J12_a_definition_that_is_none_is_refused_at_its_place(document: Any, pointer: str) -> None:
    assert wrong(document)[0][0] == pointer


def test_placeholders_of_all_forms_are_the_fields_of_one_input() -> None:
    made = read_action({
        "type": "read",
        "sql": "SELECT {{name:STRING:2:80}}, {{name}}, {{n:INTEGER?}}",
        "variants": {"mysql": "SELECT {{name}}, {{ids:ARRAY_UUID::9}}"},
        "mongodb": {"collection": "c", "filter": {"x": "{{when:date}}"}},
    })
    fields = {each.name: each for each in parameters(made)}
    assert set(fields) == {"ids", "name", "n", "when"}
    assert (fields["name"].minimum, fields["name"].maximum, fields["name"].required) == (2, 80, True)
    assert (fields["ids"].type, fields["ids"].maximum) == ("array-uuid", 9)
    assert not fields["n"].required


# Values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{}, [], ["x"], {"$gt": ""}, 5, 5.5, True, None, "a\x00b", "\ud800", "x" * 1_000_001])
def test_J12_where_text_is_declared_nothing_else_is_taken(value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        bound_values(action("SELECT {{a:string}}"), {"a": value})
    assert [each.pointer for each in caught.value.errors] == ["/a"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "5"), ("int", 5.5), ("int", True), ("int", 2**63), ("int:1:5", 6), ("float", "1"), ("float:0", -0.1),
        ("uuid", "x"), ("uuid", "' OR 1=1 --"), ("date", "2026-02-30"), ("date", "yesterday"), ("boolean", 1),
        ("email_string", "a b"), ("nospaces_string", "a b"), ("numberstring", "1; DROP"), ("array-number", [1, "2"]),
        ("array-uuid", "x"), ("array-string", [["x"]]), ("array-string::2", ["a", "b", "c"]), ("object", []),
        ("array", {}), ("string:2", "a"), ("array-number", list(range(5_001))), ("string", None),
        ("array-string", [None]),
    ],
)  # fmt: skip
def test_J12_types_and_limits_hold(kind: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        bound_values(action("SELECT {{a:" + kind + "}}"), {"a": value})
    assert all(each.pointer.startswith("/a") for each in caught.value.errors)
    assert str(value) not in str(caught.value.errors) or len(str(value)) < 3


def test_a_value_too_few_and_one_too_many_are_named() -> None:
    for given, pointer in (({}, "/a"), ({"a": "x", "b": 1}, "/b")):
        with pytest.raises(Invalid) as caught:
            bound_values(action("SELECT {{a:string}}"), given)
        assert caught.value.errors[0].pointer == pointer
    assert bound_values(action("SELECT {{a:string?}}"), {}) == {"a": None}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_J1_values_are_never_in_the_text(dialect: str) -> None:
    evil = "'; DROP TABLE x; -- {{b}} $1 %s ? :a"
    (made,) = statements(action("SELECT {{a:string}}, {{a}}, '%s ? :x'"), dialect, {"a": evil})
    assert made.values == (evil, evil)
    assert "DROP" not in "".join(made.pieces) + made.shown


@pytest.mark.parametrize(
    ("dialect", "inside", "outside"),
    [
        ("postgresql", "id = ANY ('{}')", "id <> ALL ('{}')"),
        ("mysql", "id IN (SELECT NULL FROM DUAL WHERE 1 = 0)", "id NOT IN (SELECT NULL FROM DUAL WHERE 1 = 0)"),
        ("sqlite", "id IN ()", "id NOT IN ()"),
    ],
)
def test_lists_expand_and_an_empty_one_is_an_empty_set(dialect: str, inside: str, outside: str) -> None:
    made = action("SELECT 1 FROM t WHERE id IN ({{ids:array-uuid}}) AND id NOT IN ({{ids}})")
    (empty,) = statements(made, dialect, {"ids": []})
    assert "".join(empty.pieces) == f"SELECT 1 FROM t WHERE {inside} AND {outside}"
    (full,) = statements(made, dialect, {"ids": [UUID, UUID.upper()]})
    assert full.values == (UUID,) * 4
    with pytest.raises(Invalid, match="empty list"):
        statements(action("SELECT 1 WHERE 1 IN (0, {{ids:array-number}})"), dialect, {"ids": []})


def test_moments_are_bound_in_utc() -> None:
    made = action("SELECT {{d:date}}")
    for given, bound in (
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T01:30:00+02:00", "2026-01-30 23:30:00"),
        ("2026-01-31T01:30:00.25Z", "2026-01-31 01:30:00.250000"),
    ):
        assert statements(made, "mysql", {"d": given})[0].values == (bound,)
