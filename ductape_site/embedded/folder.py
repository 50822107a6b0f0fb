"""The one data folder: what lies where, made with the right permissions, held by one starter at a time."""

import fcntl
import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ductape_site.embedded.accounts import anyone_can_pass
from ductape_site.embedded.errors import AlreadyRunningError, EmbeddedError, FolderNotWritableError

PROJECT = Path(__file__).resolve().parents[2]
ROOTS_OWN_PLACE = Path("/var/lib/ductape")
PASSING_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.02


def default_data_folder() -> Path:
    """The folder named by DUCTAPE_DATA, or `var` in the project."""
    return Path(os.environ.get("DUCTAPE_DATA") or PROJECT / "var").expanduser().resolve()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


@dataclass(slots=True)
class DataFolder:
    """The paths in a data folder, and the lock that says who has started it."""

    root: Path
    _lock: int | None = field(default=None, repr=False)

    @property
    def run(self) -> Path:
        """Process ids, ports and the lock."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        """The installation's own keys, as an environment file."""
        return self.root / "keys.env"

    def prepare(self) -> None:
        """Make the folder and its parts; raises FolderNotWritableError with the folder's name."""
        try:
            # Root's servers run as another user, who must be able to walk through; the files inside stay closed.
            mode = 0o711 if os.geteuid() == 0 else 0o700
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(mode)
            for part in (self.run, self.logs):
                part.mkdir(mode=0o700, exist_ok=True)
            probe = self.run / f".probe.{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"The data folder {self.root} cannot be written to ({reason.lower()}); "
            raise FolderNotWritableError(message + "set DUCTAPE_DATA to a folder that can.") from error

    def servers_place(self) -> Path:
        """Where server data lies: in this folder, or, when root's folder is closed to others, in a place of its own.

        Raises EmbeddedError when the servers' user cannot get there.
        """
        link = self.root / "servers"
        if os.geteuid() != 0 or (anyone_can_pass(self.root) and not link.is_symlink()):
            return self.root
        if (self.root / "postgres").exists():
            raise EmbeddedError(
                f"{self.root} holds a database, but the folder was closed to the user it runs as: "
                "let others pass through its parent folders again (chmod o+x)."
            )
        if not link.is_symlink():
            link.symlink_to(ROOTS_OWN_PLACE / hashlib.sha256(str(self.root).encode()).hexdigest()[:12])
        place = link.readlink()
        place.mkdir(parents=True, exist_ok=True)
        for folder in (ROOTS_OWN_PLACE, place):
            folder.chmod(0o711)
        self._claim(place)
        if not anyone_can_pass(place):
            raise EmbeddedError(f"Root cannot start the embedded servers: {place} is closed to other users.")
        return place

    def _claim(self, place: Path) -> None:
        """Note whose place this is; refuse when this folder is a copy of one that still uses it."""
        note = place / "belongs-to"
        owner = Path(note.read_text(encoding="utf-8")) if note.exists() else self.root
        if owner != self.root and (owner / "servers").is_symlink():
            raise EmbeddedError(f"{self.root} is a copy of {owner}, which uses the database in {place}.")
        note.write_text(str(self.root), encoding="utf-8")

    def hold(self) -> None:
        """Take the folder for this process; raises AlreadyRunningError when another one has it."""
        # Who asks `is_held` has the lock for a moment, and so has a process that was forked meanwhile: look again.
        until = time.monotonic() + PASSING_SECONDS
        while not self._take():
            if time.monotonic() > until:
                address = self.note("holder").get("address")
                where = f" at {address}" if address else ""
                raise AlreadyRunningError(f"Ductape is already running{where} with this data folder.", address=address)
            time.sleep(LOOK_AGAIN_SECONDS)

    def _take(self) -> bool:
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def release(self) -> None:
        """Let the folder go; the kernel does the same when the process dies."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_held(self) -> bool:
        """Whether some process, this one included, has started this folder."""
        if self._lock is not None:
            return True
        try:
            is_free = self._take()
        except OSError:
            return False
        self.release()
        return not is_free

    def note(self, name: str) -> dict[str, Any]:
        """A small remembered record; empty when there is none or it was cut short."""
        try:
            found = json.loads((self.run / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, name: str, record: dict[str, Any]) -> None:
        """Keep a small record for the next start and for other commands."""
        write_private(self.run / f"{name}.json", json.dumps(record, indent=1))

    def forget(self, name: str) -> None:
        """The record is not needed any more."""
        (self.run / f"{name}.json").unlink(missing_ok=True)
