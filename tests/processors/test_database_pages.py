"""Pages of databases: actions written and tried, migrations by environment, explorer, console, CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from processors.models import Run
from processors.services.looking import Seen
from processors.services.sample_migrations import migrate_sample
from processors.views import asking
from processors.views.database_answers import csv_lines, grid, harmless
from processors.views.resource_checks import server_words
from processors.views.snippets import migration_snippets, operation_snippets
from products.lib.database_actions import first_statement
from products.models import Colour, DatabaseAction, Environment, Migration
from products.services.database_actions import create_action
from products.services.first_start import Started
from products.services.migrations import create_migration
from products.services.resources import create_resource
from tests.people import Cast
from tests.products.things import make_product

pytestmark = pytest.mark.django_db
DATABASE = "/w/acme/p/shop/resources/database/orders/"
BY_ID = {"type": "read", "sql": "SELECT * FROM orders WHERE id = {{id:NUMBER:1}}"}
ROWS = {
    "columns": ["id", "name", "note"],
    "rows": [{"id": 1, "name": "<b>Mug</b>", "note": None}, {"id": 2, "name": "x" * 500, "note": "=1+1"}],
    "count": 2,
    "truncated": True,
}
QUERY = 'SELECT * FROM "public"."or&ders" LIMIT 50'
Answers = Callable[[str, dict[str, Any]], Any]


@pytest.fixture
def scene(cast: Cast) -> Cast:
    """A database in `dev` and, red, in `prd`, with an action and two migrations."""
    dev = cast.as_(cast.dev)
    make_product(dev)
    Environment.objects.filter(slug="prd").update(colour=Colour.RED)
    sqlite = {"provider": "sqlite", "settings": {"file": "orders"}}
    data = {"name": "Orders", "environments": {"dev": sqlite, "prd": sqlite}}
    row = create_resource(dev, "shop", "database", data)
    create_action(dev, row, name="By id", definition=BY_ID)
    for tag in ("0001", "0002"):
        create_migration(dev, row, tag=tag, up=["SELECT 1"], down=["SELECT 2"])
    return cast


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What databases were asked. They answer as the one below."""
    found: list[tuple[str, Any]] = []

    def look(actor: Any, product: str, environment: str, wanted: Any, given: Any = None) -> Seen:
        found.append((wanted.event, given))
        state = {"tag": "0001", "state": "applied", "applied_at": "2026-11-20T10:00:00Z"}
        answers = {
            "tables": {"tables": [{"name": "orders", "kind": "table"}, {"name": "totals", "kind": "view"}]},
            "columns": {"columns": [{"name": "id", "type": "INTEGER", "nullable": False}], "primary_key": ["id"],
                        "query": QUERY},
            "rows": ROWS,
            "query": ROWS,
            "explain": {"plans": [{"statement": "SELECT", "plan": [{"detail": "SCAN orders"}]}]},
            "migrations": {"migrations": [state, {"tag": "0002", "state": "pending"}], "unknown": [{"tag": "0000"}]},
        }  # fmt: skip
        return Seen(answers[wanted.event])

    monkeypatch.setattr(asking, "look", look)
    return found


def as_(cast: Cast, name: str = "dev") -> Client:
    client = Client()
    client.force_login(getattr(cast, name))
    return client


def test_an_action_is_written_and_its_mistakes_stand_at_their_statement(scene: Cast) -> None:
    client = as_(scene)
    given = {"name": "New", "tag": "new", "type": "read", "sql": ["SELECT {{id:NUMBER}}", "SELECT '{{id}}'"]}
    answer = client.post(f"{DATABASE}action-new/", given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'aria-describedby="id_sql_1_error"' in page
    assert 'aria-describedby="id_sql_0_error"' not in page
    assert "SELECT {{id:NUMBER}}" in page
    given["sql"] = ["SELECT {{id:NUMBER}}", "  ", "SELECT 2"]
    assert client.post(f"{DATABASE}action-new/", given).status_code == 302
    assert DatabaseAction.objects.get(tag="new").definition == {
        "type": "read", "sql": ["SELECT {{id:NUMBER}}", "SELECT 2"],
    }  # fmt: skip


def test_an_action_that_is_opened_and_saved_stays_as_it_was(scene: Cast) -> None:
    client = as_(scene)
    kept = {
        "type": "update", "max_rows": 7, "timeout": "5s", "sql": ["UPDATE a SET b = {{b:STRING}}", "SELECT 1"],
        "variants": {"mysql": "UPDATE a SET c = {{b:STRING}}"},
        "mongodb": {"collection": "a", "operation": "find", "filter": {"b": "{{b:STRING}}"}},
    }  # fmt: skip
    DatabaseAction.objects.update(definition=kept)
    form = client.get(f"{DATABASE}actions/by-id/edit/").context["form"]
    sent = {name: form[name].value() for name in ("name", "description", "type", "max_rows", "timeout", "mongodb")}
    sent |= {group.name: group.texts for group in form.groups}
    answer = client.post(f"{DATABASE}actions/by-id/edit/", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    assert DatabaseAction.objects.get().definition == kept


def test_one_statement_more_is_drawn_and_nothing_is_saved(scene: Cast) -> None:
    given = {"name": "New", "tag": "new", "type": "read", "sql": "SELECT 1", "add": "sql"}
    plain = as_(scene).post(f"{DATABASE}action-new/", given)
    drawn = as_(scene).post(f"{DATABASE}action-new/", given, headers={"HX-Request": "true"})
    for answer in (plain, drawn):
        assert answer.status_code == 200
        assert 'id="id_sql_1"' in answer.content.decode()
    assert DatabaseAction.objects.count() == 1


def test_placeholders_are_found_while_one_writes(scene: Cast) -> None:
    client = as_(scene)
    page = client.post(f"{DATABASE}action-check/", {"type": "read", "sql": "SELECT {{sku:STRING:1:40}}"})
    assert "<code>sku</code>" in page.content.decode()
    page = client.post(f"{DATABASE}action-check/", {"type": "read", "sql": ["SELECT 1", "SELECT {{sku:NOTHING}}"]})
    assert "Statements 2" in page.content.decode()


def test_an_action_is_tried(scene: Cast, asked: list[Any]) -> None:
    client, url = as_(scene), f"{DATABASE}actions/by-id/?env=dev"
    assert "Run in dev" in client.get(url).content.decode()
    assert client.post(url, {"in:id": "0"}).status_code == 422
    assert not Run.objects.exists()
    assert client.post(url, {"in:id": "4"}).status_code == 302
    assert Run.objects.get().input == {"id": 4}
    plan = client.post(url, {"in:id": "4", "do": "explain"}, headers={"HX-Request": "true"})
    assert "SCAN orders" in plan.content.decode()
    assert (asked, Run.objects.count()) == ([("explain", {"action": "by-id", "input": {"id": 4}})], 1)
    assert as_(scene, "vera").post(url, {"in:id": "4"}).status_code == 403


def test_migrations_stand_by_environment_with_what_can_be_done(scene: Cast, asked: list[Any]) -> None:
    page = as_(scene).get(f"{DATABASE}migrations/?part=table").content.decode()
    assert asked
    assert page.count("applied") >= 2
    assert page.count("and not in this product any more") == 2
    assert "These run in dev: 0002." in page
    assert page.count("Nothing is rolled back while 0000 is missing here") == 2
    assert 'data-confirm-type="prd"' in page  # who changes production types its name
    assert 'data-confirm-type="dev"' not in page
    seen = as_(scene, "vera").get(f"{DATABASE}migrations/?part=table").content.decode()
    assert "migrate-form" not in seen


def test_a_migration_is_started_and_its_run_shown(scene: Cast) -> None:
    answer = as_(scene).post(f"{DATABASE}migrate/", {"environment": "dev", "direction": "down", "to": "0001"})
    run = Run.objects.get()
    assert answer["Location"].endswith(f"/runs/{run.pk}/")
    assert (run.input["direction"], run.input["to"], run.environment.slug) == ("down", "0001", "dev")
    assert as_(scene).post(f"{DATABASE}migrate/", {"environment": "nowhere"}).status_code == 404


@pytest.mark.parametrize(("definition", "text"), [
    ({"sql": ["SELECT 1", "SELECT 2"]}, "SELECT 1"),
    ({"variants": {"mysql": "SELECT 3"}}, "SELECT 3"),
    ({"mongodb": {"limit": 1, "operation": "find", "collection": "a"}},
     '{"collection": "a", "operation": "find", "limit": 1}'),
])  # fmt: skip
def test_a_list_shows_the_first_statement_as_it_is_written(definition: dict[str, Any], text: str) -> None:
    assert first_statement({"type": "read", **definition}) == text


@pytest.mark.parametrize(("output", "title", "words"), [
    ({"version": "15.20"}, "PostgreSQL", "PostgreSQL 15.20"),
    ({"version": "10.11.19-MariaDB"}, "MySQL or MariaDB", "MariaDB 10.11.19-MariaDB"),
    ({"version": "8.4.3"}, "MySQL or MariaDB", "MySQL 8.4.3"),
    ({"server": "valkey", "version": "9.1.2"}, "Built in", "valkey 9.1.2"),
    ({"written": True}, "S3", "Listed, and wrote, read and removed a small file."),
    (None, "S3", "It answers."),
])  # fmt: skip
def test_a_test_of_the_connection_says_what_answered(output: Any, title: str, words: str) -> None:
    assert server_words(output, title) == words


def test_a_run_says_in_words_what_started_it(scene: Cast) -> None:
    first = Started("owner@example.com", "acme", "shop", new=True, databases=("orders",))
    migrate_sample(first)
    assert set(Run.objects.values_list("trigger", flat=True)) == {"setup"}
    client, run = as_(scene), Run.objects.get(environment__slug="dev")
    for trigger, is_there in (("setup", True), ("page", False)):
        page = client.get(f"/w/acme/p/shop/runs/?env=dev&trigger={trigger}").content.decode()
        assert "First start" in page
        assert (str(run.pk) in page) is is_there
    assert "<dd>First start</dd>" in client.get(f"/w/acme/p/shop/runs/{run.pk}/").content.decode()


def test_a_migration_is_written(scene: Cast) -> None:
    client = as_(scene)
    assert client.post(f"{DATABASE}migration-new/", {"tag": "0003", "up": " "}).status_code == 422
    given = {"tag": "0003", "up": ["SELECT 1", "SELECT 2"], "down": ["SELECT 3"], "description": "Words"}
    assert client.post(f"{DATABASE}migration-new/", given).status_code == 302
    row = Migration.objects.get(tag="0003")
    assert (row.up, row.down, row.position) == (["SELECT 1", "SELECT 2"], ["SELECT 3"], 3)


def test_the_explorer_shows_a_page_of_a_table(scene: Cast, asked: list[Any]) -> None:
    client = as_(scene, "vera")
    page = client.get(f"{DATABASE}explorer/?env=dev&table=orders&order=-id&offset=50").content.decode()
    assert ("rows", {"table": "orders", "limit": 50, "offset": 50, "order": "-id"}) in asked
    assert "&lt;b&gt;Mug" in page
    assert "<b>Mug" not in page
    assert 'cell-null">NULL' in page
    assert "Rows 51 to 52" in page
    assert f"{DATABASE}console/?env=dev&amp;{urlencode({'text': QUERY})}" in page, "as the connector writes it"
    console = client.get(f"{DATABASE}console/?{urlencode({'env': 'dev', 'text': QUERY})}").content.decode()
    assert "&quot;or&amp;ders&quot; LIMIT 50</textarea>" in console
    asked.clear()
    client.get(f"{DATABASE}explorer/?env=dev&table=nothing' OR 1&offset=x")
    assert [name for name, _ in asked] == ["tables"]  # a table that is not there is not asked for


def test_the_console_reads_unless_one_says_otherwise(scene: Cast, asked: list[Any]) -> None:
    client, url = as_(scene), f"{DATABASE}console/?env=dev"
    page = client.post(url, {"text": "SELECT 1"}, headers={"HX-Request": "true"}).content.decode()
    assert "There are more rows" in page
    client.post(url, {"text": "DELETE FROM a", "changes": "yes"})
    client.post(url, {"text": "DELETE FROM a", "changes": "yes", "do": "csv"})
    assert [given["read_only"] for _, given in asked] == [True, False, True]
    off = client.get(f"{DATABASE}console/?env=prd").content.decode()
    assert "Ad-hoc queries are off here" in off
    assert "<textarea" not in off


def test_a_statement_that_is_wrong_is_shown_with_a_caret_beneath_the_place(
    scene: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = {"remote_message": "syntax error", "line": 2, "column": 4, "excerpt": "   <b>FORM\n   ^", "statement": 1}
    error = {"code": "remote_rejected", "message": "The database refuses the statement.", "details": details}
    monkeypatch.setattr(asking, "look", lambda *_, **__: Seen(None, error))
    page = as_(scene).post(f"{DATABASE}console/?env=dev", {"text": "SELECT 1"}, headers={"HX-Request": "true"})
    assert "Line 2, column 4" in page.content.decode()
    assert "   &lt;b&gt;FORM\n   ^</pre>" in page.content.decode()
    del details["line"]
    page = as_(scene).post(f"{DATABASE}console/?env=dev", {"text": "SELECT 1"}, headers={"HX-Request": "true"})
    assert "column" not in page.content.decode()


def test_ASVS_1_2_10_no_cell_of_a_file_is_a_formula(scene: Cast, asked: list[Any]) -> None:
    answer = as_(scene).post(f"{DATABASE}console/?env=dev", {"text": "SELECT 1", "do": "csv"})
    lines = list(csv.reader(StringIO(answer.getvalue().decode())))
    assert lines[0] == ["id", "name", "note"]
    assert lines[2][2] == "'=1+1"
    for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1"):
        assert harmless(text) == f"'{text}"
    assert (harmless(-1), harmless(1.5), harmless(None), harmless("a=1"), harmless(True)) == (
        "-1", "1.5", "", "a=1", "true",
    )  # fmt: skip
    assert list(csv_lines({"columns": ["=cmd()"], "rows": []})) == ["'=cmd()\r\n"]


def test_a_file_that_has_not_all_rows_says_so_in_its_name_and_at_its_end(
    scene: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, url, sent = as_(scene), f"{DATABASE}console/?env=dev", {"text": "SELECT 1", "do": "csv"}
    row = {"id": 1, "name": "Mug", "note": None}
    for truncated, name, end in (
        (True, "orders-first-1000-rows.csv", ["Not all: these are the first 1,000 rows."]),
        (False, "orders.csv", ["1", "Mug", ""]),
    ):
        seen = Seen({**ROWS, "rows": [row] * 1_000, "truncated": truncated})
        monkeypatch.setattr(asking, "look", lambda *_, seen=seen, **__: seen)
        answer = client.post(url, sent)
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        lines = list(csv.reader(StringIO(answer.getvalue().decode())))
        assert (lines[-1], lines[1_000]) == (end, ["1", "Mug", ""])
    monkeypatch.setattr(asking, "look", lambda *_, **__: Seen(ROWS))
    shown = client.post(url, {"text": "SELECT 1"}, headers={"HX-Request": "true"}).content.decode()
    assert "1,000 at most: where that is not all" in shown, "before it is fetched"


def test_values_are_cut_and_can_be_seen_whole() -> None:
    found = grid(ROWS)
    assert found.truncated
    assert (found.rows[0][2].kind, found.types) == ("null", {"id": "number", "name": "text", "note": "text"})
    long = found.rows[1][1]
    assert (len(long.text), len(long.rest)) == (200, 300)
    for odd in (None, [], {"rows": None}, {"rows": [1, "a"]}, {"columns": [{}], "rows": [[1, 2]]}):
        grid(odd)


@pytest.mark.parametrize(
    ("call", "body", "line"),
    [
        ("db.run", {"database": "o", "action": "a", "input": {"id": 1}},
         "run = ductape.processor.db.run(database='o', action='a', input={'id': 1}, wait=10)"),
        ("cache.set", {"cache": "c", "input": {"key": "k", "value": [1], "for": "5m"}},
         "run = ductape.processor.cache.set(cache='c', key='k', value=[1], keep_for='5m', wait=10)"),
        ("storage.read", {"storage": "f", "input": {"key": "k", "as": "text"}},
         "run = ductape.processor.storage.read(storage='f', key='k', wait=10)"),
        ("storage.list", {"storage": "f", "input": {"prefix": "a", "limit": 5}},
         "for file in ductape.processor.storage.list(storage='f', prefix='a'):"),
        ("", {"database": "o", "input": {"known": [], "direction": "down", "to": "0001"}},
         "run = ductape.processor.db.migration.rollback(database='o', to='0001')"),
    ],
)  # fmt: skip
def test_a_call_is_shown_as_the_client_takes_it(call: str, body: dict[str, Any], line: str) -> None:
    whole = {"product": "shop", "environment": "dev", "wait": 10, **body}
    shown = operation_snippets("acme", call, whole) if call else migration_snippets("acme", whole)
    code = {each["id"]: each["code"] for each in shown}
    assert code["python"].splitlines()[-2] == line
    compile(code["python"], "shown", "exec")
    assert "known" not in code["curl"]
