"""Processes beside the system, and waiting for what they do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ductape_site.embedded import ports
from ductape_site.embedded.folder import PROJECT


def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Waits. Raises RuntimeError when it takes too long."""
    deadline = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"nothing came within {seconds:g} seconds")
        time.sleep(0.01)


@contextmanager
def process(command: list[str], *, port: int = 0) -> Iterator[None]:
    """A process for the length of a block, which begins when its port answers."""
    running = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: not port or not ports.is_free(port))
        yield
    finally:
        running.terminate()
        running.wait(10)
