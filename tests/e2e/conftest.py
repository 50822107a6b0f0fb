"""A whole Ductape as a person starts it: real processes, a data folder of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from ductape_site.cli.surroundings import read_keys
from ductape_site.embedded.folder import PROJECT, DataFolder
from ductape_site.embedded.ports import choose
from ductape_site.embedded.processes import dies_with_parent, kill_tree
from ductape_site.embedded.servers import known_addresses
from tests.e2e import canary
from tests.e2e.site import METRICS_TOKEN, OWNER, PASSWORD, SAMPLE_VALUES, Person, Site
from tests.processors.sink import Sink

DUCTAPE = [str(PROJECT / ".venv" / "bin" / "python"), "-m", "ductape_site.cli"]
START_SECONDS = 180
OWN_SETTINGS = ("DATABASE_URL", "VALKEY_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")


@dataclass
class Installation:
    """A data folder and a port, and commands that run on them."""

    data: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
        mine.pop("DJANGO_SETTINGS_MODULE", None)
        return {**mine, "DUCTAPE_DATA": str(self.data), "PORT": str(self.port), **self.settings}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [*DUCTAPE, *arguments], cwd=PROJECT, env=self.environment(), capture_output=True, text=True, timeout=60
        )

    @contextmanager
    def up(self) -> Iterator["Running"]:
        """`ductape up`, ready; whatever is left of it is killed afterwards. Before it stops, secrets are looked for."""
        with self.begun() as running:
            running.wait_for("Ductape is running at")
            running.search = self.search
            yield running
            if running.process.poll() is None:
                self.search()

    def search(self) -> None:
        """Fails if anything that is sealed shows in clear in the database, in Valkey or in a log."""
        canary.nothing_leaks(self.kept)

    @property
    def kept(self) -> canary.Installation:
        """What the search looks at while the servers run, and the keys that tell it what is a secret."""
        folder = DataFolder(self.data)
        addresses = known_addresses(folder)
        assert addresses is not None
        keys = read_keys(folder)["FIELD_ENCRYPTION_KEYS"].split(",")
        logs = [path for path in [*folder.logs.glob("*"), self.output] if path.is_file()]
        return canary.Installation(addresses.database_url, addresses.valkey_url, keys, sorted(logs), SAMPLE_VALUES)

    @property
    def output(self) -> Path:
        """What `ductape up` printed."""
        return self.data.parent / f"{self.data.name}.out"

    @contextmanager
    def begun(self) -> Iterator["Running"]:
        """`ductape up`, which has only just begun."""
        with self.output.open("w") as stream:
            process = subprocess.Popen(
                [*DUCTAPE, "up"],
                cwd=PROJECT,
                env=self.environment(),
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),  # also when the tests themselves are killed
            )
        running = Running(process, self.output)
        try:
            yield running
        finally:
            running.kill()
            self.output.unlink()


def _nowhere() -> None:
    """What has only just begun is not searched."""


@dataclass
class Running:
    """A started supervisor and what it printed."""

    process: subprocess.Popen[bytes]
    output: Path
    search: Callable[[], None] = _nowhere

    def printed(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while words not in self.printed():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < deadline, self.printed()
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        mine = psutil.Process(self.process.pid)
        return [mine, *mine.children(recursive=True)]

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Ask it to stop, once nothing was found that should not show; the seconds until it had ended."""
        self.search()
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began

    def kill(self) -> None:
        if self.process.poll() is None:
            kill_tree(self.process.pid)
        self.process.wait(10)


def new_installation(**settings: str) -> Installation:
    """A data folder inside the project, where the servers' own user can reach it whoever runs the tests."""
    parent = PROJECT / "var" / "e2e"
    parent.mkdir(parents=True, exist_ok=True)
    return Installation(parent / uuid4().hex[:12], choose(None), settings)


def remove(installation: Installation) -> None:
    """Delete the data, also where it had to lie outside the folder."""
    link = installation.data / "servers"
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
    shutil.rmtree(installation.data, ignore_errors=True)


@pytest.fixture
def installation() -> Iterator[Installation]:
    """A new installation that was never started."""
    made = new_installation()
    yield made
    remove(made)


@pytest.fixture(scope="module")
def used_installation() -> Iterator[Installation]:
    """One that the tests of a module start and stop in turn, so that only the first start makes a database."""
    made = new_installation()
    yield made
    remove(made)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """One for all tests that use it as people do; what they make there has names of its own."""
    sink = Sink()
    settings = {"DUCTAPE_OWNER_EMAIL": OWNER, "DUCTAPE_OWNER_PASSWORD": PASSWORD, "EGRESS_ALLOW": sink.allowed}
    settings["METRICS_TOKEN"] = METRICS_TOKEN
    made = new_installation(**settings)
    try:
        with made.up() as running:
            started = Site(made, sink)
            yield started
            running.stop()  # which looks for secrets, whatever all of these tests did
    finally:
        sink.close()
        remove(made)


@pytest.fixture(scope="session")
def owner(site: Site) -> Person:
    """The owner, signed in."""
    return Person(site).sign_in()
