"""Real workers, scheduler and web process against the test's own database and Valkey; ended by their pid, each one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from processors.models import Run, Worker
from processors.services import runs as run_services
from processors.services.runs import RunRequest
from tests.e2e import canary
from tests.patience import until
from tests.people import Cast

PROJECT = Path(__file__).resolve().parents[2]
QUICK = {
    "RUN_LEASE_S": "2",
    "RUN_RENEW_S": "0.5",
    "WORKER_HEARTBEAT_S": "0.3",
    "RUN_SWEEP_S": "0.2",
    "RUN_RING_AGAIN_S": "1",
    "WORKER_SHUTDOWN_GRACE_S": "1",
}


@dataclass(slots=True)
class Process:
    """A process that this test started, in a group of its own."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """As the heartbeat names it."""
        return self.popen.pid

    def kill(self) -> None:
        """`kill -9`, children included."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, as a deployment does; the exit code."""
        self.popen.terminate()
        return self.popen.wait(20)

    def text(self) -> str:
        """What it logged."""
        return self.log.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, number)
            self.popen.wait(10)


@dataclass(slots=True)
class House:
    """All processes of one test. `extra`: further settings of each process."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # master keys that the search needs, where a test has changed them

    def worker(self, *, queues: str = "runs,default", concurrency: int = 100, **more: str) -> Process:
        """A worker that has reported itself."""
        command = [
            *(sys.executable, "-m", "celery", "-A", "ductape_site.celery:app", "worker", "-P", "threads"),
            *("-c", str(concurrency), "-Q", queues, "-n", f"test{len(self.processes)}-{os.getpid()}@%h"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ]
        process = self._start("worker", command, more)
        until(
            lambda: self._alive(process) and Worker.objects.filter(pid=process.pid, stopped_at=None).exists(),
            what="the worker's heartbeat",
        )
        return process

    def scheduler(self, **more: str) -> Process:
        """The sweeper."""
        return self._start("scheduler", [sys.executable, "manage.py", "ductape_scheduler"], more)

    def web(self, *before: str, **more: str) -> str:
        """The address of a web process that answers. `before`: lines of Python that it runs first."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        place = ["--host", "127.0.0.1", "--port", str(port)]
        code = "\n".join(["from ductape_site.cli import web", *before, f"raise SystemExit(web.main({place}))"])
        process = self._start("web", [sys.executable, "-c", code], more)
        until(lambda: self._alive(process) and _answers(port), what="the web process")
        return f"http://127.0.0.1:{port}"

    def search(self) -> None:
        """Fails if anything that is sealed shows in clear in the database, in Valkey or in a log."""
        environment = self._environment({})
        logs = [process.log for process in self.processes]
        urls = (environment["DATABASE_URL"], environment["VALKEY_URL"])
        canary.nothing_leaks(canary.Installation(*urls, self.keys or settings.FIELD_ENCRYPTION_KEYS, logs))

    def close(self) -> None:
        """Ends every process."""
        for process in self.processes:
            process.kill()

    def logs(self) -> str:
        """Everything that all of them logged."""
        return "\n".join(process.text() for process in self.processes)

    def _start(self, name: str, command: list[str], more: dict[str, str]) -> Process:
        log = self.folder / f"{name}{len(self.processes)}.log"
        with log.open("wb") as stream:
            popen = subprocess.Popen(
                command, cwd=PROJECT, env=self._environment(more), stdin=subprocess.DEVNULL, stdout=stream,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        process = Process(popen, log)
        self.processes.append(process)
        return process

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        base = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "ductape_site.settings.test",
            "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
            "VALKEY_URL": settings.VALKEY_URL,
            "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
            "SECRET_KEY": settings.SECRET_KEY,
            "LOG_LEVEL": "INFO",
            **QUICK,
            **self.extra,
            **more,
        }

    def _alive(self, process: Process) -> bool:
        if process.popen.poll() is not None:
            raise AssertionError(f"it ended with {process.popen.returncode}:\n{process.text()[-4000:]}")
        return True


def start(people: Cast, action: str = "get", given: Any = None, **options: Any) -> Run:
    """A run by Dev."""
    request = RunRequest("shop", "dev", "api", action, given if given is not None else {}, **options)
    return run_services.start_run(people.as_(people.dev), request).run


def settled(runs: list[Run], *, seconds: float = 60) -> list[Run]:
    """The runs once all have ended."""
    ids = [run.pk for run in runs]
    until(
        lambda: not Run.objects.filter(pk__in=ids).exclude(finished_at__isnull=False).exists(),
        seconds=seconds,
        what="every run has ended",
    )
    return list(Run.objects.filter(pk__in=ids).order_by("id"))


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        return False
    return True
