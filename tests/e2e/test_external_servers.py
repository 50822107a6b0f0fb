"""The same software as separate processes on somebody's own PostgreSQL, Redis and RabbitMQ, each process as if alone on
its machine: they share addresses and keys, and no folder."""

from __future__ import annotations

import http.client
import json
import secrets
import signal
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import kombu
import psycopg
import pytest
import redis
from psycopg import sql

from ductape_site.embedded.folder import PROJECT
from ductape_site.embedded.ports import choose
from ductape_site.embedded.processes import dies_with_parent, kill_tree
from tests.conftest import SERVICES
from tests.e2e import canary
from tests.e2e.conftest import DUCTAPE, Installation, new_installation, remove
from tests.e2e.site import OWNER, PASSWORD, SAMPLE_VALUES, Person, Site
from tests.patience import until
from tests.processors.sink import Sink

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("external")]
CORPUS = PROJECT / "tests" / "data" / "corpus" / "openapi"
QUEUES = ("runs", "default")


@contextmanager
def own_database() -> Iterator[str]:
    """A new database on the PostgreSQL that the machine has, dropped afterwards."""
    name = f"ductape_e2e_{uuid4().hex[:12]}"
    with psycopg.connect(SERVICES["postgres"], autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{SERVICES['postgres'].rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def own_redis() -> Iterator[str]:
    """A numbered database of the machine's Redis, empty before and after."""
    with redis.Redis.from_url(SERVICES["redis"]) as client:
        client.flushdb()
        try:
            yield SERVICES["redis"]
        finally:
            client.flushdb()


@contextmanager
def own_broker() -> Iterator[str]:
    """The machine's RabbitMQ, without our queues before and after."""
    _delete_queues()
    try:
        yield SERVICES["rabbitmq"]
    finally:
        _delete_queues()


def _delete_queues() -> None:
    with kombu.Connection(SERVICES["rabbitmq"]) as connection:
        for queue in QUEUES:
            connection.default_channel.queue_delete(queue)


class Machines:
    """Processes that know nothing of each other but the addresses and keys in their environment."""

    def __init__(self, **servers: str) -> None:
        self.port, sample = choose(None), choose(None)
        self.settings = {
            **servers,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FIELD_ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DUCTAPE_OWNER_EMAIL": OWNER,
            "DUCTAPE_OWNER_PASSWORD": PASSWORD,
            "SAMPLE_API_PORT": str(sample),
            "EGRESS_ALLOW": f"127.0.0.1:{sample}",
            "METRICS_TOKEN": "scrape",
        }
        self.made: list[Installation] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def machine(self) -> Installation:
        """A folder of its own."""
        made = new_installation(**self.settings)
        made.port = self.port
        self.made.append(made)
        return made

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """One long-running command."""
        machine = self.machine()
        with self._log(machine).open("wb") as log:
            process = subprocess.Popen(
                [*DUCTAPE, *arguments], cwd=PROJECT, env=machine.environment(), stdout=log, stderr=log,
                start_new_session=True, preexec_fn=dies_with_parent(signal.SIGTERM),
            )  # fmt: skip
        self.processes.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in self._all_logs())

    def search(self) -> None:
        """Fails if anything that is sealed shows in clear in the database, in the cache or in a log."""
        urls = (self.settings["DATABASE_URL"], self.settings["VALKEY_URL"])
        keys = [self.settings["FIELD_ENCRYPTION_KEYS"]]
        canary.nothing_leaks(canary.Installation(*urls, keys, self._all_logs(), SAMPLE_VALUES))

    def stop(self) -> None:
        """End every process, as a deployment does."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            if process.poll() is None:
                kill_tree(process.pid)
                process.wait(5)
        self.processes.clear()

    def close(self) -> None:
        self.stop()
        for made in self.made:
            self._log(made).unlink(missing_ok=True)
            remove(made)

    def _all_logs(self) -> list[Path]:
        found = (path for made in self.made for path in [self._log(made), *made.data.glob("logs/*")])
        return [path for path in found if path.is_file()]

    def _log(self, machine: Installation) -> Path:
        return machine.data.parent / f"{machine.data.name}.out"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """A database and a cache; one migration for all tests here."""
    with own_database() as database, own_redis() as valkey:
        yield {"DATABASE_URL": database, "VALKEY_URL": valkey}


@pytest.fixture(scope="module")
def prepared(servers: dict[str, str]) -> Iterator[Machines]:
    """Migrated by one machine, with the owner and the sample product."""
    found = Machines(**servers)
    try:
        for step in (["migrate", "--no-input"], ["manage", "ductape_first_start"]):
            done = found.machine().run(*step)
            assert done.returncode == 0, done.stderr
        yield found
        found.search()
    finally:
        found.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("redis", marks=pytest.mark.services("postgres", "redis")),
        pytest.param("rabbitmq", marks=pytest.mark.services("postgres", "redis", "rabbitmq")),
    ],
)
def machines(request: pytest.FixtureRequest, prepared: Machines) -> Iterator[Machines]:
    """A web process, two workers under one command, a scheduler; left out, the broker is the cache's server."""
    with ExitStack() as stack:
        if request.param == "rabbitmq":
            prepared.settings["CELERY_BROKER_URL"] = stack.enter_context(own_broker())
            stack.callback(prepared.settings.pop, "CELERY_BROKER_URL")
        stack.callback(prepared.stop)
        for line in (["serve"], ["worker", "--processes", "2"], ["scheduler"]):
            prepared.start(*line)
        try:
            until(lambda: _status(prepared.port, "/readyz") == 200, what="the web process")
            until(lambda: _workers(prepared.settings["DATABASE_URL"]) == 2, what="the workers")
        except AssertionError as error:
            error.add_note(prepared.logs()[-5000:])
            raise
        yield prepared


def _status(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0


def _workers(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM processors_worker WHERE stopped_at IS NULL").fetchone()
    return row[0] if row else 0


@pytest.fixture(scope="module")
def key(machines: Machines) -> str:
    """An access key, made as a person makes one."""
    person = Person(Site(machines.made[-1], Sink())).sign_in()
    issued = person.made("/workspaces/main/keys/", {"name": "A program", "verbs": ["read", "run"]})
    return str(issued["text"])


def ask(machines: Machines, method: str, path: str, key: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", machines.port, timeout=60)) as connection:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        content = answer.read()
    return answer.status, json.loads(content) if content[:1] in {b"{", b"["} else content.decode()


def state(machines: Machines, key: str, run: str) -> str:
    return str(ask(machines, "GET", f"/api/v1/workspaces/main/runs/{run}/", key)[1]["state"])


def test_an_action_runs_over_rest_with_an_access_key(machines: Machines, key: str) -> None:
    call = {"product": "storefront", "environment": "dev", "app": "shop", "action": "list-products", "input": {}}
    path = "/api/v1/workspaces/main/processor/action/run"
    settled = [ask(machines, "POST", path, key, {**call, "wait": 30}) for _ in range(5)]
    assert [(status, run.get("state"), run.get("error")) for status, run in settled] == [(201, "completed", None)] * 5
    started = [ask(machines, "POST", path, key, call)[1]["id"] for _ in range(20)]
    for run in started:
        until(lambda run=run: state(machines, key, run) == "completed", what=run)


def test_the_doctor_sees_all_of_it(machines: Machines) -> None:
    examined = machines.machine().run("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(examined.stdout)}
    assert examined.returncode == 0, examined.stdout
    assert findings["database"]["words"].startswith("PostgreSQL 1")
    assert findings["migrations"]["state"] == findings["scheduler"]["state"] == "ok"
    assert findings["workers"]["words"].startswith("2 of version")


def test_the_figures_count_workers_and_queues(machines: Machines) -> None:
    ask(machines, "GET", "/api/v1/nowhere/", "")  # a process that was asked nothing has no times to show
    status, text = ask(machines, "GET", "/metrics", "scrape")
    assert status == 200
    assert 'ductape_workers{state="live"} 2.0' in text or 'ductape_workers{state="busy"}' in text
    assert "ductape_http_request_seconds_bucket" in text


def test_a_document_is_tried_from_the_shell_without_any_server(installation: Installation) -> None:
    done = installation.run("import", str(CORPUS / "redocly-museum.yaml"), "--dry-run", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["dry_run"], report["actions"]) == (0, True, 8), done.stderr
    refused = installation.run("import", str(CORPUS / "INDEX.tsv"), "--dry-run", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["actions"]) == (1, 0)
    assert not installation.data.exists()
