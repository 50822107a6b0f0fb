"""The command lines of the processes that Ductape consists of."""

import os
import sys
from dataclasses import dataclass

from ductape_site.embedded.folder import PROJECT

QUEUES = "runs,default"
CONCURRENCY = 32  # threads that hear announcements; how many runs are under way is bounded by WORKER_RUNS


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the web process listens."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """What a person types into a browser on this machine."""
        shown = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else self.host  # noqa: S104
        return f"http://{shown}:{self.port}"


def web(listening: Listening) -> list[str]:
    """The web process: pages, REST, sockets, and the sample API on a port of its own."""
    place = ("--host", listening.host, "--port", str(listening.port))
    return [sys.executable, "-m", "ductape_site.cli.web", *place]


def worker(*, name: str, queues: str = QUEUES, concurrency: int = CONCURRENCY) -> list[str]:
    """One worker process: threads that hear, and one event loop that runs."""
    return [
        # Celery advises root against itself because it could be told to unpickle; this one reads JSON only.
        *(sys.executable, "-W", "ignore:You're running the worker", "-m"),
        *("celery", "--quiet", "-A", "ductape_site.celery:app", "worker"),
        *("-P", "threads", "-c", str(concurrency), "-Q", queues, "-n", f"{name}@%h"),
        *("--without-gossip", "--without-mingle", "--loglevel", os.environ.get("LOG_LEVEL", "INFO")),
    ]


def scheduler() -> list[str]:
    """The scheduler and sweeper; any number of them may run."""
    return manage("ductape_scheduler")


def manage(*arguments: str) -> list[str]:
    """A Django management command."""
    return [sys.executable, str(PROJECT / "manage.py"), *arguments]


def worker_count() -> int:
    """How many worker processes one machine gets: one for every two cores, so that web and database have theirs."""
    return max(1, (os.cpu_count() or 2) // 2)
