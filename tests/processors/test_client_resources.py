"""The client's calls of resources against a server that answers as told: pieces of files, lost answers, downloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from processors.client import Ductape, NotReachable, NotSeen, Refused, RunFailed, resources, transport
from tests.processors.sink import Call, Reply, Sink
from tests.processors.test_client import DONE, ERROR

OFFSET = {"status": 409, "code": "offset", "detail": "The next byte is number 8."}


class Shelf:
    """A server that keeps one uploaded content, as ours does. `lose`: whose answers are lost, by their number."""

    def __init__(self, *, lose: frozenset[int] = frozenset()) -> None:
        self.kept, self.is_whole, self.lose = "", False, lose
        self.saved: dict[str, Any] = {}

    def answer(self, call: Call, number: int) -> Reply:
        """Takes pieces only where they belong."""
        if "/files/" not in call.path:
            self.saved = json.loads(call.body)
            return Reply(201, DONE)
        if call.method == "POST":
            self.kept, self.is_whole = call.body, "whole=true" in call.path
        elif self.is_whole:
            return Reply(404, {"status": 404, "code": "not_found", "detail": "There is no such file."})
        elif f"offset={len(self.kept)}&" not in call.path:
            return Reply(409, OFFSET)
        else:
            self.kept, self.is_whole = self.kept + call.body, "last=true" in call.path
        return Reply(drop=True) if number in self.lose else Reply(201, {"id": "f1", "size": len(self.kept)})


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The server."""
    made = Sink()
    made.answering = lambda call, number: Reply(201, DONE)
    yield made
    made.close()


@pytest.fixture
def ductape(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ductape]:
    """A client that sends four bytes at a time."""
    monkeypatch.setattr(transport, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(resources, "PIECE_BYTES", 4)
    monkeypatch.setattr(resources, "AT_ONCE_BYTES", 8)
    with Ductape(sink.url, "duk_key", "shop", "dev", workspace="acme", timeout_s=5) as made:
        yield made


def sent(sink: Sink) -> tuple[str, dict[str, Any]]:
    """The last call: its path below the interface, and what it carried."""
    return sink.calls[-1].path.partition("/processor/")[2], json.loads(sink.calls[-1].body)


def test_every_call_names_what_it_uses(ductape: Ductape, sink: Sink) -> None:
    processor = ductape.processor
    processor.db.run(database="orders", action="by-id", input={"id": 1}, retries=2)
    assert sent(sink)[0] == "db/run"
    assert sent(sink)[1] | {"database": "orders", "action": "by-id", "input": {"id": 1}, "retries": 2} == sent(sink)[1]
    assert sent(sink)[1]["idempotency_key"].startswith("py-")
    processor.db.execute(database="orders", action="by-id", idempotency_key="mine")
    assert sent(sink)[1]["idempotency_key"] == "mine"
    processor.cache.set(cache="rates", key="eur", value=[1], keep_for="5m")
    assert sent(sink)[0] == "cache/set"
    assert sent(sink)[1]["input"] == {"key": "eur", "value": [1], "for": "5m"}
    processor.cache.set(cache="rates", key="eur", value=None)
    assert sent(sink)[1]["input"] == {"key": "eur", "value": None}
    processor.cache.increment(cache="rates", key="n", by=3)
    assert sent(sink)[1]["input"] == {"key": "n", "by": 3}
    processor.storage.sign(storage="files", key="a.txt", seconds=60)
    assert sent(sink) == ("storage/sign", sent(sink)[1])
    with pytest.raises(TypeError, match="colour"):
        processor.db.run(database="orders", action="by-id", colour="red")


def test_R9_a_migration_whose_answer_is_lost_is_not_run_twice(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(drop=True) if number < 3 else Reply(201, DONE)
    ductape.processor.db.migration.rollback(database="orders", to="0001")
    assert sent(sink)[0] == "db/migration/rollback"
    assert sent(sink)[1] == {
        "product": "shop", "environment": "dev", "database": "orders", "to": "0001", "repair": "", "wait": 60.0,
    }  # fmt: skip
    assert len({call.key for call in sink.calls}) == 1
    assert sink.calls[0].key.startswith("py-")
    ductape.processor.db.migration.rollback(database="orders", to="*")
    assert (sent(sink)[0], sent(sink)[1]["to"]) == ("db/migration/rollback", "*")


def test_plans_and_states_of_migrations_are_seen_without_a_run(ductape: Ductape, sink: Sink) -> None:
    database = ductape.processor.db
    found = {"plans": [{"statement": "SELECT 1", "plan": []}], "migrations": [{"tag": "0001", "state": "pending"}]}
    sink.answering = lambda call, number: Reply(200, {"output": found, "error": None})
    assert database.explain(database="orders", action="by-id", input={"id": 1}) == found["plans"]
    place = "/api/v1/workspaces/acme/products/shop/resources/database/orders/environments/dev/look/"
    assert sink.calls[-1].path == place
    given = {"operation": "explain", "input": {"action": "by-id", "input": {"id": 1}}}
    assert json.loads(sink.calls[-1].body) == given
    assert database.migration.list(database="orders") == found["migrations"]
    assert json.loads(sink.calls[-1].body) == {"operation": "migrations", "input": {}}
    refusal = {"output": None, "error": {"code": "auth_failed", "message": "The database refuses the user."}}
    sink.answering = lambda call, number: Reply(200, refusal)
    with pytest.raises(NotSeen, match="refuses the user") as caught:
        database.migration.list(database="orders")
    assert caught.value.code == "auth_failed"


def test_a_run_that_fails_raises_when_it_is_checked(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(201, {**DONE, "state": "failed", "error": ERROR})
    with pytest.raises(RunFailed, match="404"):
        ductape.processor.cache.get(cache="rates", key="eur", check=True)
    with pytest.raises(RunFailed):
        list(ductape.processor.storage.list(storage="files"))


def test_small_contents_go_along_and_large_ones_in_pieces(ductape: Ductape, sink: Sink) -> None:
    shelf = Shelf()
    sink.answering = shelf.answer
    save = ductape.processor.storage.save
    save(storage="files", key="a.txt", content="text")
    assert shelf.saved["input"] == {"key": "a.txt", "content": "text"}
    save(storage="files", key="a.bin", content=b"\x00\x01", if_absent=True)
    assert shelf.saved["input"] == {"key": "a.bin", "base64": "AAE=", "if_absent": True}
    save(storage="files", key="deep/a.txt", content="0123456789")
    assert (shelf.kept, shelf.is_whole, shelf.saved["input"]["file"]) == ("0123456789", True, "f1")
    pieces = [call for call in sink.calls if "/files/" in call.path]
    assert [call.body for call in pieces] == ["0123", "4567", "89"]
    assert "product=shop&name=a.txt" in pieces[0].path


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_D9_no_piece_is_kept_twice_when_its_answer_is_lost(ductape: Ductape, sink: Sink, lost: int) -> None:
    shelf = Shelf(lose=frozenset({lost}))
    sink.answering = shelf.answer
    ductape.processor.storage.save(storage="files", key="a.txt", file=BytesIO(b"0123456789"))
    assert (shelf.kept, shelf.is_whole) == ("0123456789", True)


def test_a_file_is_saved_from_its_path(ductape: Ductape, sink: Sink, tmp_path: Path) -> None:
    shelf = Shelf()
    sink.answering = shelf.answer
    (tmp_path / "receipt.txt").write_bytes(b"01234567")
    ductape.processor.storage.save(storage="files", key="r.txt", path=tmp_path / "receipt.txt", content_type="text/x")
    assert (shelf.kept, shelf.is_whole) == ("01234567", True)
    assert shelf.saved["input"] == {"key": "r.txt", "content_type": "text/x", "file": "f1"}
    with pytest.raises(TypeError, match="one of"):
        ductape.processor.storage.save(storage="files", key="r.txt")


def test_a_file_is_read_into_an_open_one(ductape: Ductape, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CHUNK_BYTES", 5)
    read = {**DONE, "output": {"file": "f1"}}
    sink.answering = lambda call, number: Reply(201, read) if call.method == "POST" else Reply(200, {"a": "b" * 30})
    into = BytesIO()
    ductape.processor.storage.read(storage="files", key="a.txt", into=into)
    assert json.loads(into.getvalue()) == {"a": "b" * 30}
    sink.answering = lambda call, number: Reply(404, {"status": 404, "detail": "There is no such file."})
    with pytest.raises(Refused, match="no such file"):
        ductape.processor.storage.download("f1", BytesIO())
    sink.answering = lambda call, number: Reply(drop=True)
    with pytest.raises(NotReachable):
        ductape.processor.storage.download("f1", BytesIO())


def test_a_file_is_fetched_by_its_key_without_a_run(ductape: Ductape, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(200, {"a": 1})
    into = BytesIO()
    assert ductape.processor.storage.fetch(storage="files", key="a b/ü&.txt", into=into) == len(into.getvalue())
    assert json.loads(into.getvalue()) == {"a": 1}
    (call,) = sink.calls
    where, _, query = call.path.partition("?")
    assert where.endswith("/resources/storage/files/environments/dev/content/")
    assert (call.method, query) == ("GET", "key=a+b%2F%C3%BC%26.txt")


def test_D9_a_file_that_cannot_be_written_spoils_no_other_call(ductape: Ductape, sink: Sink, tmp_path: Path) -> None:
    sink.answering = lambda call, number: (
        Reply(200, {"a": "b" * 1_000_000}) if call.method == "GET" else Reply(201, DONE)
    )
    (tmp_path / "there").touch()
    with (tmp_path / "there").open("rb") as read_only, pytest.raises(OSError, match="write"):
        ductape.processor.storage.download("f1", read_only)  # type: ignore[arg-type]
    assert ductape.processor.cache.get(cache="rates", key="eur").ok


def test_files_are_listed_page_after_page(ductape: Ductape, sink: Sink) -> None:
    pages = [{"files": [{"key": "a"}, {"key": "b"}], "next": "b"}, {"files": [{"key": "c"}], "next": None}]
    sink.answering = lambda call, number: Reply(201, {**DONE, "output": pages[number - 1]})
    found = ductape.processor.storage.list(storage="files", prefix="in/", deep=True)
    assert next(found)["key"] == "a"
    assert len(sink.calls) == 1
    assert [each["key"] for each in found] == ["b", "c"]
    assert sent(sink)[1]["input"]["after"] == "b"
