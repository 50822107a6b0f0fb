"""K8: keys rotate twice under a load of real runs that use secrets; processes with wrong keys do not start."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from django.db import connection

from processors.models import Run
from products.lib.actions import AuthSpec, CredentialField, Placement
from products.lib.sealing import KeyRing, new_master_key
from products.models import Workspace
from products.services.secrets import create_secret
from tests.e2e.harness import House, settled, start
from tests.patience import until
from tests.people import Cast
from tests.processors.scene import Scene
from tests.processors.sink import Call, Reply, Sink

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
SENTENCE = "FIELD_ENCRYPTION_KEYS does not open the secrets of 2 of 2 workspaces"


class Load:
    """Starts runs one after the other, from a thread, until it is told to stop."""

    def __init__(self, people: Cast) -> None:
        self.runs: list[Run] = []
        self.errors: list[BaseException] = []
        self._people = people
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(120)

    def more(self, count: int) -> None:
        """Waits until so many more were started."""
        wanted = len(self.runs) + count
        until(lambda: self.errors or len(self.runs) >= wanted, what="the load goes on")
        assert not self.errors

    def _go(self) -> None:
        try:
            while not self._stop.wait(0.02):
                self.runs.append(start(self._people, "echo", {"id": "1", "note": "canary-of-input"}))
        except Exception as error:  # noqa: BLE001 - the test reports it
            self.errors.append(error)
        finally:
            connection.close()


def rotated(house: House, keys: str, *arguments: str) -> str:
    """What a real `rotate-keys` said."""
    command = [sys.executable, "manage.py", "ductape_rotate_keys", *arguments]
    process = house._start("rotate", command, {"FIELD_ENCRYPTION_KEYS": keys})
    assert process.popen.wait(60) == 0, process.text()
    return process.text()


def test_K8_runs_with_secrets_succeed_while_both_kinds_of_keys_rotate_twice(
    house: House, people: Cast, scene: Scene, sink: Sink, settings: Any
) -> None:
    first, second, third = settings.FIELD_ENCRYPTION_KEYS[0], new_master_key(), new_master_key()
    settings.FIELD_ENCRYPTION_KEYS = house.keys = [third, second, first]
    create_secret(people.as_(people.alice), key="PART", value="part-two")
    fields = (CredentialField("one"), CredentialField("two"))
    auth = AuthSpec("t", "T", "token", fields=fields, placements=(Placement("header", "X-Key", "{{one}} {{two}}"),))
    scene.authenticate(auth, one="part-one")
    scene.value("credential", "two", plain="$Secret{PART}")
    sink.answering = lambda call, number: _if_right(call)
    keys = (f"{second},{first}", f"{third},{second}")

    worker = house.worker(FIELD_ENCRYPTION_KEYS=keys[0])
    with Load(people) as load:
        load.more(20)
        assert "2 data keys wrapped anew" in rotated(house, keys[0])
        load.more(20)
        assert "values sealed with a fresh data key." in rotated(house, keys[0], "--data-keys", "--pause", "1")
        load.more(20)
        house.scheduler(FIELD_ENCRYPTION_KEYS=keys[1])
        house.worker(FIELD_ENCRYPTION_KEYS=keys[1])
        worker.stop()
        load.more(20)
        rotated(house, keys[1], "--data-keys", "--pause", "1")
        load.more(20)
    ended = settled(load.runs)
    assert [run.error for run in ended if run.state != "completed"] == []
    assert len(ended) >= 100
    KeyRing([third]).unwrap(bytes(Workspace.objects.get(tag="acme").data_key))
    assert "part-two" not in house.logs()
    assert "canary-of-input" not in house.logs()


def _if_right(call: Call) -> Reply:
    right = call.headers.get("x-key") == "part-one part-two" and "canary-of-input" in call.body
    return Reply(200 if right else 403, {"right": right})


PROCESSES = {
    "web": [sys.executable, "-m", "ductape_site.cli.web", "--host", "127.0.0.1", "--port", "0"],
    "worker": [sys.executable, "-m", "celery", "-A", "ductape_site.celery:app", "worker", "-P", "threads", "-c", "1"],
    "scheduler": [sys.executable, "manage.py", "ductape_scheduler"],
}


@pytest.mark.parametrize("name", PROCESSES)
def test_K8_a_process_with_wrong_keys_does_not_start(house: House, people: Cast, name: str) -> None:
    before = list(Workspace.objects.order_by("pk").values_list("data_key", flat=True))
    process = house._start(name, PROCESSES[name], {"FIELD_ENCRYPTION_KEYS": new_master_key(), "LOG_LEVEL": "ERROR"})
    assert process.popen.wait(40) == 1
    assert SENTENCE in process.text().strip().splitlines()[-1]
    assert "Traceback" not in process.text()
    assert list(Workspace.objects.order_by("pk").values_list("data_key", flat=True)) == before
