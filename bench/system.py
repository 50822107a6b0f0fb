"""The whole system as `ductape up` starts it, in a data folder that is thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ductape_site.embedded.folder import PROJECT

SETTINGS = ("DATABASE_URL", "VALKEY_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
START_SECONDS = 120
STOP_SECONDS = 15


@dataclass
class System:
    """A data folder, a port and the processes between `start` and `stop`."""

    folder: Path
    port: int
    settings: Mapping[str, str]
    workers: int = 1
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Starts everything; the seconds until it says that it is running."""
        began = time.perf_counter()
        output = self.folder / "up.out"
        with output.open("w") as stream:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "ductape_site.cli",
                    "up",
                    "--port",
                    str(self.port),
                    "--workers",
                    str(self.workers),
                ],
                cwd=PROJECT,
                env=self._environment(),
                stdout=stream,
                stderr=stream,
            )
        while "Ductape is running at" not in output.read_text():
            if self.process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise RuntimeError(f"the system did not start:\n{output.read_text()}")
            time.sleep(0.02)
        return time.perf_counter() - began

    @property
    def _options(self) -> list[str]:
        return ["--port", str(self.port), "--workers", str(self.workers)]

    def stop(self) -> None:
        """Stops everything, and kills what is left."""
        if self.process is None or self.process.poll() is not None:
            self.process = None
            return
        family = self.family()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for member in family:
                member.kill()
            self.process.wait()
        self.process = None

    def family(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        root = psutil.Process(self.process.pid) if self.process else psutil.Process()
        return [root, *root.children(recursive=True)]

    def worker(self) -> psutil.Process:
        """The one worker process."""
        return next(each for each in self.family() if "celery" in each.cmdline() and "worker" in each.cmdline())

    def memory_mb(self) -> float:
        """Of all processes together; what they share is counted once."""
        total = 0
        for member in self.family():
            try:
                total += member.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total / 1e6

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        return {**kept, "DUCTAPE_DATA": str(self.folder), "LOG_LEVEL": "WARNING", **self.settings}


class PeakMemory:
    """The most memory that a process needed since this was made, in MB (Linux)."""

    def __init__(self, process: psutil.Process) -> None:
        self._folder = Path("/proc") / str(process.pid)
        (self._folder / "clear_refs").write_text("5")  # resets the high-water mark, proc(5)

    def mb(self) -> float:
        """So far."""
        lines = (self._folder / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000
