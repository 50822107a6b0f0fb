"""Places in what was sent, found again in what was written."""

import pytest

from products.lib.database_actions import read_action
from products.lib.sql_places import only_place, place_in
from products.lib.sql_statements import Statement, statements

TEXT = "-- ä 🦆\nSELECT a\n  FROM t\n WHERE b IN ({{many:ARRAY_INTEGER}})\n   AND c = {{one:INTEGER}} AND d"


def made(**given: object) -> tuple[Statement, tuple[str, ...], str]:
    (statement,) = statements(read_action({"type": "read", "sql": TEXT}), "postgresql", given)
    marks = tuple(f"${number}" for number in range(1, len(statement.pieces)))
    sent = statement.pieces[0] + "".join(m + p for m, p in zip(marks, statement.pieces[1:], strict=True))
    return statement, marks, sent


@pytest.mark.parametrize("many", [[1], list(range(12))])
@pytest.mark.parametrize("word", ["SELECT", "FROM", "IN", "AND c", "AND d", "d"])
def test_a_word_is_found_where_it_was_written(word: str, many: list[int]) -> None:
    statement, marks, sent = made(many=many, one=1)
    found = place_in(statement, marks, sent.rindex(word))
    assert found is not None
    line = TEXT.splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith(word)
    assert found.excerpt == f"{line}\n{' ' * (found.column - 1)}^"


def test_a_value_is_where_its_placeholder_stands() -> None:
    statement, marks, sent = made(many=[1, 2, 3], one=1)
    for mark in ("$1", "$2", "$3"):
        found = place_in(statement, marks, sent.index(mark))
        assert found is not None
        assert (found.line, found.column) == (4, TEXT.splitlines()[3].index("{{") + 1)


def test_what_was_written_before_it_does_not_count() -> None:
    statement, marks, _ = made(many=[1], one=1)
    found = place_in(statement.after("EXPLAIN "), marks, len("EXPLAIN "))
    assert found is not None
    assert (found.line, found.column) == (1, 1)
    assert place_in(statement.after("EXPLAIN "), marks, 0) is None


def test_a_statement_that_was_made_otherwise_has_no_places() -> None:
    statement, marks, _ = made(many=[], one=1)  # IN () is written in another way
    assert place_in(statement, marks, 3) is None
    assert place_in(Statement(("SELECT 1",), (), "SELECT 1"), (), 3) is None


def test_the_end_is_a_place_and_nothing_is_beyond_it() -> None:
    statement = Statement.written("SELECT (\n")
    for at in (8, 9, 500):
        found = place_in(statement, (), at)
        assert found is not None
        assert (found.line, found.column) == (1, 9)


def test_a_long_line_is_cut_around_its_place_and_tabs_stay_under_tabs() -> None:
    found = place_in(Statement.written("SELECT " + "x" * 500 + "!" + "y" * 500), (), 507)
    assert found is not None
    assert found.column == 508
    line, caret = found.excerpt.split("\n")
    assert len(line) < 130
    assert line[len(caret) - 1] == "!"
    found = place_in(Statement.written("\tSELECT\t!"), (), 8)
    assert found is not None
    assert found.excerpt == "\tSELECT\t!\n\t      \t^"


@pytest.mark.parametrize(("text", "at"), [("SELECT a", 7), ("SELECT a, A", -1), ("SELECT ba, ac", -1), ("a.b", 0)])
def test_a_name_is_found_when_it_is_there_once(text: str, at: int) -> None:
    assert only_place("a", text) == at
