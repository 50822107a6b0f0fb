"""Keeps the embedded servers running for several short-lived users at once, and ends them when the last one is gone.

Every user holds a shared lock on the folder's `users` file; the kernel lets it go when that user dies, however it dies.
The keeper is a process of its own: `python -m ductape_site.embedded.keeper FOLDER`.
"""

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from ductape_site.embedded.errors import AlreadyRunningError, EmbeddedError
from ductape_site.embedded.folder import PROJECT, DataFolder
from ductape_site.embedded.ports import LOOPBACK, is_free
from ductape_site.embedded.servers import NOTE, Addresses, Wanted, running
from ductape_site.embedded.servers import known_addresses as known

LOOK_SECONDS = 0.5
START_SECONDS = 60
READY = "kept"


def use(folder: DataFolder) -> Addresses:
    """Have the servers of a folder for as long as this process lives; starts a keeper when there is none."""
    folder.prepare()
    _announce_user(folder)
    descriptor = os.open(folder.run / "starting", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        if not folder.is_held() or not _answering(folder):
            _start_keeper(folder)
        return _addresses(folder)
    finally:
        os.close(descriptor)


def _announce_user(folder: DataFolder) -> None:
    """Hold a shared lock until this process ends; the descriptor stays open on purpose."""
    fcntl.flock(os.open(folder.run / "users", os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_SH)


def _answering(folder: DataFolder) -> bool:
    record = folder.note(NOTE)
    ports = (record.get("postgres_port"), record.get("valkey_port"))
    return bool(folder.note(READY)) and all(
        isinstance(port, int) and not is_free(port, host=LOOPBACK) for port in ports
    )


def _addresses(folder: DataFolder) -> Addresses:
    addresses = known(folder)
    if addresses is None:
        raise EmbeddedError(f"The servers in {folder.root} have no remembered address.")
    return addresses


def _start_keeper(folder: DataFolder) -> None:
    (folder.run / f"{READY}.json").unlink(missing_ok=True)
    with (folder.logs / "keeper.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ductape_site.embedded.keeper", str(folder.root)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if folder.note(READY).get("pid") == process.pid:
            process.returncode = 0  # it outlives this process on purpose: no warning about a child nobody waited for
            return
        if process.poll() is not None:
            raise EmbeddedError(f"The servers in {folder.root} did not start; see {folder.logs / 'keeper.log'}.")
        time.sleep(0.05)
    raise EmbeddedError(f"The servers in {folder.root} did not start within {START_SECONDS} seconds.")


def _wait_for_the_last_user(folder: DataFolder, told_to_stop: threading.Event) -> None:
    descriptor = os.open(folder.run / "users", os.O_RDWR | os.O_CREAT, 0o600)
    while not told_to_stop.wait(LOOK_SECONDS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return


def _take(folder: DataFolder) -> None:
    """Take the folder, giving a keeper that is just stopping the time to finish."""
    deadline = time.monotonic() + START_SECONDS / 2
    while True:
        try:
            folder.hold()
        except AlreadyRunningError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def main(arguments: list[str] | None = None) -> int:
    """Start the servers, wait until nobody uses them, stop them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder = DataFolder(parser.parse_args(arguments).folder)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    folder.prepare()
    _take(folder)
    with running(folder, wanted=Wanted(for_tests=True)):
        folder.remember(READY, {"pid": os.getpid()})
        _wait_for_the_last_user(folder, told_to_stop)
        (folder.run / f"{READY}.json").unlink(missing_ok=True)
    folder.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
