"""K1: the search that follows every end-to-end test finds what is there to be found."""

from __future__ import annotations

import base64
import json
import os

import pytest
import redis

from processors.models import LogLine, Run
from tests.e2e import canary
from tests.e2e.harness import House, settled, start
from tests.people import Cast
from tests.processors.scene import Scene
from tests.processors.sink import Reply, Sink
from tests.processors.test_K11_hosts import HEADER

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
SECRET = "canary/of the+search-4471"


LONG = f"{'words ' * 40}{SECRET}{' words' * 40}"


def as_text(client: redis.Redis) -> None:
    """As the cache would: long enough to be compressed in a dump."""
    client.set("canary", LONG)


def as_list(client: redis.Redis) -> None:
    """As a queue would."""
    client.rpush("canary", "x", LONG)


def as_message(client: redis.Redis) -> None:
    """As Celery would: base64 inside JSON."""
    body = base64.b64encode(json.dumps([[SECRET], {}, {}]).encode()).decode()
    client.rpush("canary", json.dumps({"body": body, "content-encoding": "utf-8"}))


def test_K1_the_search_finds_a_secret_wherever_it_is_put(house: House, people: Cast, scene: Scene, sink: Sink) -> None:
    scene.authenticate(HEADER, k=SECRET)
    sink.answering = lambda call, number: Reply(500, {"you": call.headers})
    worker = house.worker()
    runs = settled([start(people, "echo", {"id": "1"})])
    assert json.loads(json.dumps(sink.calls[0].headers))["x-key"] == SECRET
    house.search()
    for form in canary.spellings(SECRET):
        Run.objects.filter(pk=runs[0].pk).update(reason=f"see {form}")
        with pytest.raises(AssertionError, match=r"products_connectionvalue .* in table processors_run"):
            house.search()
    Run.objects.update(reason="")
    with worker.log.open("a") as log:
        log.write(f"{SECRET[:14]}\n")
    with pytest.raises(AssertionError, match=r"in log worker0\.log"):
        house.search()
    worker.log.write_text("")
    with redis.Redis.from_url(os.environ["VALKEY_URL"]) as client:
        for put in (as_text, as_list, as_message):
            put(client)
            with pytest.raises(AssertionError, match="in Valkey b'canary'"):
                house.search()
            client.delete("canary")
    house.search()
    assert LogLine.objects.filter(run=runs[0]).exists()
