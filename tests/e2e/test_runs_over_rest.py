"""The main job over REST with real processes: web, worker, scheduler, and the Python client outside of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from processors.client import Ductape, Refused
from tests import objects
from tests.e2e.harness import House
from tests.people import Cast
from tests.processors.sink import Reply, Sink

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)


def test_the_client_runs_follows_cancels_and_replays(house: House, people: Cast, sink: Sink) -> None:
    held = threading.Event()
    sink.answering = lambda call, number: Reply(
        body={"path": call.path}, hold=held if call.path.startswith("/get") else None
    )
    key = objects.key(people.workspace, "read", "run").text
    address = house.web()
    house.worker()
    with Ductape(address, key, "shop", "dev") as ductape:
        run = ductape.processor.action.run(app="api", action="echo", input={"id": "a/b"}, wait=20)
        assert (run.state, run.output) == ("completed", {"path": "/echo/a%2Fb"})
        lines = list(ductape.runs.log(run.id))
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        assert lines[-1].message == "Completed."

        first = ductape.processor.action.run(app="api", action="echo", input={"id": "1"}, idempotency_key="k", wait=20)
        again = ductape.processor.action.run(app="api", action="echo", input={"id": "1"}, idempotency_key="k", wait=20)
        assert first.id == again.id
        with pytest.raises(Refused) as caught:
            ductape.processor.action.run(app="api", action="echo", input={"id": "2"}, idempotency_key="k")
        assert (caught.value.status, caught.value.code) == (409, "idempotency_mismatch")

        slow = ductape.processor.action.run(app="api", action="get", wait=0)
        sink.wait_for_calls(3)
        ductape.runs.cancel(slow.id)
        assert ductape.runs.wait(slow.id, 10).state == "cancelled"
        held.set()
        assert ductape.runs.wait(ductape.runs.replay(slow.id).id, 10).ok
        assert [one.state for one in ductape.runs.list(limit=10)] == [
            "completed",
            "cancelled",
            "completed",
            "completed",
        ]


def test_thirty_callers_at_once_each_get_their_own_result(house: House, people: Cast, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(body={"path": call.path})
    key = objects.key(people.workspace, "read", "run").text
    address = house.web(DATABASE_POOL="8")
    house.worker()

    def ask(number: int) -> bool:
        with Ductape(address, key, "shop", "dev", workspace="acme") as ductape:
            run = ductape.processor.action.run(app="api", action="echo", input={"id": str(number)}, wait=30)
            return bool(run.output == {"path": f"/echo/{number}"})

    with ThreadPoolExecutor(30) as pool:
        assert all(pool.map(ask, range(90)))
    assert len(sink.calls) == 90


def test_who_waits_while_no_worker_is_there_is_answered_in_time(house: House, people: Cast) -> None:
    key = objects.key(people.workspace, "read", "run").text
    with Ductape(house.web(), key, "shop", "dev", workspace="acme") as ductape:
        run = ductape.processor.action.run(app="api", action="get", wait=0.5)
        assert (run.state, run.ended) == ("queued", False)
        house.worker()
        assert ductape.runs.wait(run.id, 20).ok
