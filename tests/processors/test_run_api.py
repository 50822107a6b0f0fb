"""Runs over REST: start and wait, list, read, follow, cancel, replay."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from processors.api.shapes import RunShape, run_json
from processors.models import Run, Step
from processors.runtime import loop
from products.lib.actions import AuthSpec
from products.models import AccessKey
from tests import objects
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink

RUN = "/api/v1/workspaces/acme/processor/action/run"
RUNS = "/api/v1/workspaces/acme/runs/"


class Worker:
    """Executes in the background whatever is started, as soon as it is."""

    def __init__(self) -> None:
        self.stopping = Event()
        self.thread = Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        while not self.stopping.wait(0.01):
            for pk in Run.objects.filter(state="queued").values_list("pk", flat=True):
                loop.start().submit(pk)
        connection.close()


@pytest.fixture
def worker(runs: Runs) -> Iterator[Worker]:
    """Somebody who answers the doorbell."""
    made = Worker()
    yield made
    made.stopping.set()
    made.thread.join()


@pytest.fixture
def key(people: Cast, scene: Scene) -> AccessKey:
    """May read and run."""
    return objects.key(people.workspace, "read", "run").key


@pytest.fixture
def client(people: Cast, scene: Scene) -> Client:
    """With an access key."""
    return Client(headers={"Authorization": f"Bearer {objects.key(people.workspace, 'read', 'run').text}"})


def body(**change: Any) -> dict[str, Any]:
    return {"product": "shop", "environment": "dev", "app": "api", "action": "echo", "input": {"id": "1"}} | change


def post(client: Client, path: str, data: Any, **headers: str) -> Any:
    return client.post(path, data, content_type="application/json", headers=headers)


def test_who_waits_gets_the_result(client: Client, worker: Worker, sink: Sink) -> None:
    answer = post(client, RUN, body(wait=10))
    run = answer.json()
    assert answer.status_code == 201, run
    assert (run["state"], run["output"], run["error"]) == ("completed", {"ok": True, "number": 1}, None)
    assert answer.headers["Location"] == run["links"]["self"] == f"{RUNS}{run['id']}/"
    assert 0 <= run["timings"]["running_ms"] <= run["timings"]["total_ms"]
    assert client.get(run["links"]["self"]).json() == run


def test_who_does_not_wait_is_told_where_it_will_be(client: Client, runs: Runs) -> None:
    answer = post(client, RUN, body())
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert client.get(answer.headers["Location"]).json()["id"] == answer.json()["id"]


def test_a_wait_that_is_too_short_ends_with_202(client: Client, worker: Worker, sink: Sink) -> None:
    held = Event()
    sink.answering = lambda call, number: Reply(hold=held)
    answer = post(client, RUN, body(wait=0.2))
    assert answer.status_code == 202
    held.set()
    later = client.get(f"{answer.headers['Location']}?wait=10").json()
    assert later["state"] == "completed"


def test_a_run_that_fails_is_an_answer_too(client: Client, worker: Worker, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(404, {"message": "no such thing"})
    answer = post(client, RUN, body(wait=10))
    assert (answer.status_code, answer.json()["state"]) == (201, "failed")
    assert answer.json()["error"] == {
        "code": "remote_rejected", "message": "The remote side answered 404 Not Found.", "fault": "caller",
        "retryable": False, "outcome_unknown": False,
        "details": {"method": "POST", "status": 404, "remote_message": "no such thing"},
    }  # fmt: skip


@pytest.mark.parametrize("by_header", [False, True])
def test_R9_a_repeated_key_gets_the_first_run_with_200(
    client: Client, worker: Worker, sink: Sink, by_header: bool
) -> None:
    def again(**change: Any) -> Any:
        if by_header:
            return post(client, RUN, body(wait=10, **change), **{"Idempotency-Key": "k1"})
        return post(client, RUN, body(wait=10, idempotency_key="k1", **change))

    first, second, other = again(), again(), again(input={"id": "2"})
    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["id"] == second.json()["id"]
    assert other.json()["code"] == "idempotency_mismatch"
    assert len(sink.calls) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"input": {"amount": "much"}}, "/input/params/id"),
        ({"input": {"id": "1", "nose": 1}}, "/input/nose"),
        ({"wait": 61}, "/wait"),
        ({"wait": "long"}, "/wait"),
        ({"retries": 11}, "/retries"),
        ({"product": ["shop"]}, "/product"),
        ({"nonsense": 1}, "/nonsense"),
        ({"idempotency_key": 5}, "/idempotency_key"),
        ({"timeout": 0}, "/timeout"),
    ],
)
def test_J12_bad_input_names_the_field(client: Client, runs: Runs, change: dict[str, Any], pointer: str) -> None:
    answer = post(client, RUN, body(**change))
    assert answer.status_code == 400
    assert pointer in [problem["pointer"] for problem in answer.json()["errors"]]
    assert not Run.objects.exists()


def test_both_ways_to_write_a_run_agree(client: Client, runs: Runs, people: Cast) -> None:
    run = runs.now("echo", {"id": "1"}, retries=2)
    actor = people.as_(people.dev)
    assert run_json(run, actor) == RunShape(run, context={"actor": actor}).data


def test_the_list_is_filtered_and_paged(client: Client, runs: Runs, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(200 if number < 3 else 400)
    made = [runs.now("get") for _ in range(2)] + [runs.now("echo", {"id": "1"})]
    page = client.get(f"{RUNS}?limit=2").json()
    assert [run["id"] for run in page["results"]] == [str(made[2].pk), str(made[1].pk)]
    rest = client.get(page["next"]).json()
    assert [run["id"] for run in rest["results"]] == [str(made[0].pk)]
    assert "output" not in rest["results"][0]
    for query, count in (
        ("state=failed", 1), ("target=api:get", 2), ("product=shop&environment=dev", 3), ("product=other", 0),
        ("trigger=rest", 3), ("created_at__gte=2100-01-01T00:00:00Z", 0), ("created_at__lte=2100-01-01T00:00:00Z", 3),
        ("idempotency_key=none", 0), ("kind=action", 3),
    ):  # fmt: skip
        assert len(client.get(f"{RUNS}?{query}").json()["results"]) == count, query
    assert client.get(f"{RUNS}?stat=failed").status_code == 400
    assert client.get(f"{RUNS}?state=lost").status_code == 400


def test_the_list_costs_the_same_for_many(client: Client, runs: Runs, django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        runs.start()
    with django_assert_max_num_queries(3):
        assert len(client.get(f"{RUNS}?limit=10").json()["results"]) == 10


def test_steps_and_log_are_there_to_read(client: Client, runs: Runs, sink: Sink) -> None:
    run = runs.now("echo", {"id": "1"})
    step = client.get(f"{RUNS}{run.pk}/steps/").json()["results"][0]
    assert (step["state"], step["tries"][0]["response"]["status"]) == ("completed", 200)
    log = client.get(f"{RUNS}{run.pk}/log/").json()
    assert [line["seq"] for line in log["results"]] == list(range(1, run.seq + 1))
    tail = client.get(f"{RUNS}{run.pk}/log/?after=2&limit=1").json()
    assert ([line["seq"] for line in tail["results"]], tail["last"], tail["more"]) == ([3], 3, True)
    assert client.get(f"{RUNS}{run.pk}/log/?after=-1").status_code == 400


def test_every_step_of_a_long_run_is_had_page_by_page(client: Client, runs: Runs) -> None:
    run = runs.now("echo", {"id": "1"})
    old = Step.objects.get(run=run)
    items = [
        Step(run=run, tag=old.tag, kind="action", index=n, state="completed", idempotency_key=f"k{n}")
        for n in range(1, 1003)
    ]
    Step.objects.bulk_create(items)
    first = client.get(f"{RUNS}{run.pk}/steps/").json()
    assert (len(first["results"]), first["last"], first["more"]) == (1000, first["results"][-1]["id"], True)
    rest = client.get(f"{RUNS}{run.pk}/steps/?after={first['last']}").json()
    assert (len(rest["results"]), rest["more"]) == (3, False)
    shown = [step["id"] for step in (*first["results"], *rest["results"])]
    assert (shown, len(set(shown))) == (sorted(shown), 1003)
    exact = client.get(f"{RUNS}{run.pk}/steps/?after={first['last']}&limit=3").json()
    assert (len(exact["results"]), exact["more"]) == (3, False)
    beyond = client.get(f"{RUNS}{run.pk}/steps/?after={rest['last']}").json()
    assert (beyond["results"], beyond["last"], beyond["more"]) == ([], rest["last"], False)
    for wrong in ("after=x", "limit=0", "limit=1001", "page=2"):
        assert client.get(f"{RUNS}{run.pk}/steps/?{wrong}").status_code == 400, wrong


def test_cancel_and_replay(client: Client, runs: Runs) -> None:
    run = runs.start("echo", {"id": "1"})
    cancelled = post(client, f"{RUNS}{run.pk}/cancel/", {})
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert post(client, f"{RUNS}{run.pk}/cancel/", {}).json()["code"] == "already_ended"
    again = post(client, f"{RUNS}{run.pk}/replay/", {})
    assert (again.status_code, again.json()["replay_of"]) == (202, str(run.pk))


def test_a_key_sees_runs_of_its_environments_only(people: Cast, scene: Scene, runs: Runs) -> None:
    run = runs.start()
    issued = objects.key(people.workspace, "run")
    client = Client(headers={"Authorization": f"Bearer {issued.text}"})
    assert client.get(f"{RUNS}{run.pk}/").status_code == 200
    AccessKey.objects.filter(pk=issued.key.pk).update(environment_scope=["prd"])
    assert client.get(f"{RUNS}{run.pk}/").status_code == 404
    assert client.get(RUNS).json()["results"] == []
    assert post(client, RUN, body()).status_code == 403


def test_who_may_not_run_sees_no_token_in_an_output(people: Cast, runs: Runs, sink: Sink) -> None:
    sink.answering = lambda call, number: Reply(body={"access_token": "fresh-token-123", "n": 1})
    run = runs.now()
    viewer, developer = Client(), Client()
    viewer.force_login(people.vera)
    developer.force_login(people.dev)
    assert developer.get(f"{RUNS}{run.pk}/").json()["output"] == {"access_token": "fresh-token-123", "n": 1}
    assert "fresh-token-123" not in viewer.get(f"{RUNS}{run.pk}/").content.decode()
    assert "fresh-token-123" not in viewer.get(f"{RUNS}{run.pk}/steps/").content.decode()


def test_K3_no_answer_shows_a_credential(people: Cast, runs: Runs, scene: Scene, sink: Sink, client: Client) -> None:
    scene.authenticate(AuthSpec("bearer", "Bearer", "bearer"), token="canary-bearer-4711")
    sink.answering = lambda call, number: Reply(body=call.headers)
    run = runs.now("echo", {"id": "1"})
    for part in ("", "steps/", "log/"):
        answer = client.get(f"{RUNS}{run.pk}/{part}")
        assert answer.status_code == 200
        assert "canary-bearer-4711" not in answer.content.decode()


def test_processors_and_workers_are_listed(client: Client, runs: Runs, people: Cast) -> None:
    runs.now()
    found = client.get("/api/v1/workspaces/acme/processors/").json()
    assert found["workers"][0]["state"] in {"live", "busy"}
    assert client.get(f"{RUNS}{uuid4()}/").status_code == 404
