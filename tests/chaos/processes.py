"""One process of the house: killed, frozen, thawed, ended and started again by its own pid."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ductape_site.embedded.folder import PROJECT
from ductape_site.embedded.processes import dies_with_parent

END_SECONDS = 20


@dataclass(slots=True)
class Process:
    """A command that can be started many times; all of them write to one log."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    popen: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def pid(self) -> int:
        """Of the one that runs. Raises RuntimeError when none does."""
        if self.popen is None:
            raise RuntimeError(f"{self.name} was never started")
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        """Frozen ones are."""
        return self.popen is not None and self.popen.poll() is None

    def start(self) -> None:
        """Unless it runs. Must be called from the main thread: it ends with the thread that started it."""
        if self.is_alive:
            return
        with self.log.open("ab") as stream:
            self.popen = subprocess.Popen(
                list(self.command), cwd=PROJECT, env=dict(self.environment), stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, start_new_session=True, preexec_fn=dies_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def kill(self) -> None:
        """`kill -9`, with whatever it started."""
        if self.popen is not None and self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait(END_SECONDS)

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections and its runs, and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        if self.popen is not None and self.popen.poll() is None:
            self.popen.terminate()

    def end(self) -> None:
        """SIGTERM as a deployment sends it, SIGKILL if that is not enough."""
        self.ask_to_end()
        try:
            if self.popen is not None:
                self.popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def text(self) -> str:
        """What it logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        if self.popen is not None and self.popen.poll() is None:
            os.killpg(self.popen.pid, number)
