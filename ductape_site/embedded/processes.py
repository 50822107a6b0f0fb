"""Child processes that never outlive their parent, and stopping them in a bounded time."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from ductape_site.embedded.accounts import Account

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def dies_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child runs before `exec` so that the kernel signals it when its parent is gone (Linux only)."""
    libc = _LIBC
    if libc is None:
        return None
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent went away before the request was made
            os._exit(1)

    return ask_kernel


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, writing to `log`, as `account` when one is given.

    A session of its own keeps the terminal's Ctrl-C away from it: the parent decides the order of stopping.
    Must be called from the main thread, because the kernel ties the death signal to the thread that forked.
    """
    with log.open("ab") as sink:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if environment is None else dict(environment),
            cwd=folder,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=dies_with_parent(death_signal),
        )


def stop(process: subprocess.Popen[bytes], ask: signal.Signals, *, seconds: float) -> None:
    """Ask the process to end, and after `seconds` end it and everything it started."""
    if process.poll() is not None:
        return
    process.send_signal(ask)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)
        process.wait(5)


def kill_tree(pid: int) -> None:
    """Kill a process and its descendants; nothing happens when they are gone already."""
    try:
        family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def end_leftover(pid: int, *, mark: str, ask: signal.Signals, seconds: float) -> bool:
    """End the process `pid` left by an earlier start, if its command line carries `mark`; True when there was one.

    The mark protects strangers: process ids are reused. One that is dying already has no command line any more and is
    waited for.
    """
    try:
        process = psutil.Process(pid)
        words = process.cmdline()
        if not words:
            return _disappears(pid, seconds)
        if not any(mark in part for part in words):
            return False
        process.send_signal(ask)
        process.wait(seconds)
    except psutil.TimeoutExpired:
        kill_tree(pid)
    except psutil.ZombieProcess:
        return _disappears(pid, seconds)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return True


def _disappears(pid: int, seconds: float) -> bool:
    """Wait for a dead process to be taken off the list; in a container without an init nobody does that."""
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_dead(pid)


def is_dead(pid: int) -> bool:
    """Whether nothing runs under this id, even if its entry is still listed."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
