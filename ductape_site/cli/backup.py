"""`ductape backup` and `ductape restore`: the database, the keys and the files of resources, together everything worth
keeping."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from ductape_site import database_url
from ductape_site.cli import backup_files
from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.keys import HEADING, MAKERS
from ductape_site.cli.surroundings import given, is_open, read_keys, read_pairs, use_file, use_installation
from ductape_site.cli.up import servers
from ductape_site.embedded.environment import plain_environment
from ductape_site.embedded.folder import PROJECT, DataFolder, default_data_folder, write_private
from ductape_site.embedded.postgres import installed_programs

DUMP, KEYS = "database.dump", "keys.env"


def back_up(target: Path) -> int:
    """Write everything into a new folder; how many files of resources. The installation may be running."""
    if target.exists() and any(target.iterdir()):
        raise CommandFailedError(f"{target} is not empty; name a folder that does not exist yet.")
    folder = DataFolder(default_data_folder())
    folder.prepare()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    with _reachable(folder):
        draft = target / f".{DUMP}"
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}")
        draft.chmod(0o600)
        kept = {name: given(name) for name in MAKERS if given(name)}
    # After the dump: of what it speaks of, nothing is missing that has not been removed since.
    archive = target / backup_files.ARCHIVE
    count = backup_files.save(backup_files.folder_of_resources(folder), archive)
    archive.chmod(0o600)
    write_private(target / KEYS, HEADING + "".join(f"{name}={value}\n" for name, value in kept.items()))
    draft.rename(target / DUMP)  # last: a folder without it is no backup
    return count


def restore(source: Path) -> None:
    """Fill an empty installation from a backup; refuses where there is data already, or other keys."""
    use_file(PROJECT / ".env")
    if not (source / DUMP).is_file():
        raise CommandFailedError(f"{source} holds no {DUMP}: it is no backup.")
    folder = DataFolder(default_data_folder())
    folder.prepare()
    folder.hold()
    files, place = source / backup_files.ARCHIVE, backup_files.folder_of_resources(folder)
    try:
        backup_files.refuse_files(files, place)
        _take_keys(folder, source / KEYS)
        with servers(folder):
            _refuse_data()
            options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
            with backup_files.put_back(files, place):
                _run("pg_restore", *options, "--", source / DUMP)
    finally:
        folder.release()


@contextmanager
def _reachable(folder: DataFolder) -> Iterator[None]:
    """The servers of an installation, running already or only for this."""
    if folder.is_held():
        use_installation(folder)
        yield
        return
    use_file(PROJECT / ".env")
    folder.hold()
    try:
        with servers(folder):
            yield
    finally:
        folder.release()


def _take_keys(folder: DataFolder, kept: Path) -> None:
    """The keys of the backup become those of this installation, which may not have others."""
    keys, here = read_pairs(kept), read_keys(folder)
    for name, value in keys.items():
        mine = given(name) or here.get(name)
        if name == "FIELD_ENCRYPTION_KEYS" and mine and not set(value.split(",")) <= set(mine.split(",")):
            raise CommandFailedError(
                f"This installation has other {name} than the backup, and could not read its secrets: use an empty "
                "data folder, or set those of the backup.",
                code=Exit.NOT_CONFIGURED,
            )
    missing = {name: value for name, value in keys.items() if name not in here and is_open(name)}
    if missing:
        lines = [f"{name}={value}\n" for name, value in {**here, **missing}.items()]
        write_private(folder.keys, HEADING + "".join(lines))


def _refuse_data() -> None:
    with psycopg.connect(**database_url.connecting(given("DATABASE_URL"), 5)) as connection:
        row = connection.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL").fetchone()
    if row and row[0]:
        raise CommandFailedError("The database is not empty: a backup is restored into an empty one.")


def _run(program: str, *arguments: str | Path) -> None:
    """A program of PostgreSQL on our database; the password is in its environment, not among its arguments."""
    address = database_url.read(given("DATABASE_URL"))
    # HOME and PGSSL…: where the operator keeps the certificates of a server elsewhere.
    kept = {name: value for name, value in os.environ.items() if name == "HOME" or name.startswith("PGSSL")}
    environment = plain_environment(**{**kept, "PGCONNECT_TIMEOUT": "10", **address.environment()})
    # Quoted, because a name with a "=" in it would be read as a whole address.
    name = make_conninfo(dbname=address.name)
    command = [str(installed_programs() / program), f"--dbname={name}", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise CommandFailedError(f"{program} failed: {last[0]}")
