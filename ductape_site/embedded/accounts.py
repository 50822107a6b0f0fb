"""Which user the embedded servers run as, and what that user can reach.

PostgreSQL refuses to run as root. Started by root it therefore runs as a user id of its own that no account of the
machine has, so that no other service shares its files; nobody else's permissions are changed for that.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

FIRST_OWN_UID = 59400
LAST_OWN_UID = 59499


@dataclass(frozen=True, slots=True)
class Account:
    """A numeric user and group to run a server as."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give one path to this account; links are not followed."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_all(self, folder: Path) -> None:
        """Give a folder and everything below it to this account."""
        self.own(folder)
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                self.own(Path(parent) / name)


def server_account(existing: Path) -> Account | None:
    """The account to run servers as: None means "as I am"; data that exists keeps the account that owns it."""
    if os.geteuid() != 0:
        return None
    if existing.exists() and existing.stat().st_uid != 0:
        found = existing.stat()
        return Account(found.st_uid, found.st_gid)
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    own = next(uid for uid in range(FIRST_OWN_UID, LAST_OWN_UID + 1) if uid not in taken)
    return Account(own, own)


def named_account() -> Account:
    """An account that has a name, which `initdb` insists on; only root asks for it."""
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def let_anyone_run(copy: Path) -> None:
    """Let every user read and start a copy of our own, whatever the modes of what it was copied from."""
    for parent, _, files in os.walk(copy):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent) / name
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def anyone_can_pass(folder: Path) -> bool:
    """Whether every user may walk through this folder, judged by the bits for others all the way up."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents))


def anyone_can_run(program: Path) -> bool:
    """Whether every user may start this program."""
    wanted = stat.S_IXOTH | stat.S_IROTH
    return program.stat().st_mode & wanted == wanted and anyone_can_pass(program.resolve().parent)
