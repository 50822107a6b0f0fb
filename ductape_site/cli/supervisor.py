"""Runs child processes side by side: starts them, restarts the ones that die, stops them all in a bounded time."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ductape_site.embedded.folder import PROJECT
from ductape_site.embedded.processes import kill_tree, spawn

LOOK_SECONDS = 0.3
# Runs that a worker does not finish in this time are taken up again by the next one.
STOP_SECONDS = 2.5
STEADY_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 30.0
LOG_BYTES = 5 * 1024 * 1024


@dataclass(slots=True)
class Child:
    """One process that should be running, and how it has fared."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_again_at: float = 0.0

    def start(self) -> None:
        """Start the process, in the project's folder."""
        self.process = spawn(self.command, log=self.log, folder=PROJECT)
        self.started = time.monotonic()

    def look(self, now: float) -> bool:
        """Notice a death and start again when its time has come, ever later; True when it was found dead just now."""
        if self.process is not None and self.process.poll() is None:
            if now - self.started > STEADY_SECONDS:
                self.failures = 0
            return False
        if self.process is not None:
            self.process = None
            self.failures += 1
            self.start_again_at = now + min(2.0 ** (self.failures - 1), LONGEST_WAIT_SECONDS)
            return True
        if now >= self.start_again_at:
            self.start()
        return False


@dataclass(slots=True)
class Supervisor:
    """A set of children and the wish to stop."""

    children: list[Child] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    _impatient: bool = False

    @contextmanager
    def listening_to_signals(self) -> Iterator[None]:
        """Ctrl-C, an ordinary kill and a closed terminal ask to stop; asked twice, children are killed at once."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._asked) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _asked(self, *_: object) -> None:
        self._impatient = self.stopping.is_set()
        self.stopping.set()

    def start(self) -> None:
        """Start every child."""
        for child in self.children:
            rotate(child.log)
            child.start()

    def watch(self, *, seconds: float = LOOK_SECONDS) -> Iterator[list[Child]]:
        """Keep the children running until asked to stop; yields at each look the ones that had died since the last."""
        while not self.stopping.wait(seconds):
            now = time.monotonic()
            yield [child for child in self.children if child.look(now)]

    def stop(self) -> None:
        """Ask all children at once, wait for all of them together, kill the rest with everything they started."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(process.poll() is None for process in running):
            if time.monotonic() > deadline or self._impatient:
                break
            time.sleep(0.02)
        for process in running:
            if process.poll() is None:
                kill_tree(process.pid)
                process.wait(5)


def rotate(log: Path) -> None:
    """Put a long log aside, keeping one earlier part."""
    try:
        if log.stat().st_size > LOG_BYTES:
            os.replace(log, log.with_name(f"{log.name}.1"))
    except FileNotFoundError:
        return
