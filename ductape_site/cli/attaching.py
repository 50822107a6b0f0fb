"""Gives a single command the servers it needs: the running ones, or embedded ones that run only for it."""

import os
import subprocess
import sys

from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.keys import ensure_keys
from ductape_site.cli.preparing import prepare
from ductape_site.cli.surroundings import is_open, set_if_open, use_installation
from ductape_site.cli.up import servers
from ductape_site.embedded.folder import PROJECT, DataFolder, default_data_folder

NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "VALKEY_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "signs-nothing",
    "FIELD_ENCRYPTION_KEYS": "",
}


def use_known_servers() -> None:
    """Name the servers to use: those of the environment, else the embedded ones that are running."""
    use_installation()
    folder = DataFolder(default_data_folder())
    missing = [name for name in ("DATABASE_URL", "VALKEY_URL") if is_open(name)]
    if missing or (_uses_embedded(folder) and not folder.is_held()):
        raise CommandFailedError(
            "No servers to use: set DATABASE_URL, VALKEY_URL and CELERY_BROKER_URL, or start `ductape up` first.",
            code=Exit.NOT_CONFIGURED,
        )
    ensure_keys(folder)
    use_installation(folder)


def _uses_embedded(folder: DataFolder) -> bool:
    note = folder.note("servers")
    passwords = [str(note[name]) for name in ("postgres_password", "valkey_password") if name in note]
    urls = os.environ.get("DATABASE_URL", "") + os.environ.get("VALKEY_URL", "")
    return any(password in urls for password in passwords)


def with_servers(command: list[str], *, prepared: bool = False) -> int:
    """Run a command against the running servers, or against embedded ones that run only for it."""
    folder = DataFolder(default_data_folder())
    folder.prepare()
    if folder.is_held():
        use_installation(folder)
        return subprocess.run(command, check=False).returncode
    folder.hold()
    try:
        with servers(folder):
            if prepared:
                prepare(folder)
            return subprocess.run(command, check=False).returncode
    finally:
        folder.release()


def without_servers(command: list[str]) -> int:
    """Run a command that reads settings and touches no server; what is not set is filled with what leads nowhere."""
    use_installation()
    for name, value in NOWHERE.items():
        set_if_open(name, value)
    return subprocess.run(command, check=False).returncode


def become(command: list[str]) -> int:
    """Replace this process by another."""
    os.chdir(PROJECT)
    sys.stdout.flush()
    os.execvpe(command[0], command, os.environ)  # noqa: S606
