"""What comes before the processes start, each part only when needed: migrations, static files, first start."""

import fcntl
import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ductape_site import database_url
from ductape_site.cli import commands
from ductape_site.cli.errors import CommandFailedError
from ductape_site.cli.surroundings import given
from ductape_site.embedded.folder import PROJECT, DataFolder

NOTE = "prepared"
FIRST = "first-password"  # that nobody has seen yet
STATIC = PROJECT / "staticfiles"
LOCK = PROJECT / "requirements.lock"
SECONDS = 600


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who owns this installation; the password is known until a start has shown it."""

    email: str
    password: str | None


def prepare(folder: DataFolder) -> SignIn | None:
    """Migrate, collect static files and make the owner, each only when needed."""
    log = folder.logs / "prepare.log"
    ensure_static(log)
    known = folder.note(NOTE)
    files, sample = migration_files(), given("SAMPLE_API_PORT")
    if (known.get("files"), known.get("sample")) == (files, sample) and known.get("applied") == applied_migrations():
        return SignIn(known["email"], folder.note(FIRST).get("password")) if known.get("email") else None
    run(commands.manage("migrate", "--no-input"), log=log, purpose="bring the database up to date")
    sign_in = first_start(folder, log)
    record = {
        "files": files,
        "applied": applied_migrations(),
        "email": sign_in.email if sign_in else None,
        "sample": sample,
    }
    folder.remember(NOTE, record)
    return sign_in


def first_start(folder: DataFolder, log: Path) -> SignIn | None:
    """Make the owner and the sample product where there are none.

    The password is made up and kept before anybody has it: whatever ends this start, the next one shows it.
    """
    purpose = "make the owner and the sample product"
    password = folder.note(FIRST).get("password") or secrets.token_urlsafe(12)
    folder.remember(FIRST, {"password": password})
    command = commands.manage("ductape_first_start", "--password-stdin")
    output = run(command, log=log, purpose=purpose, private=True, given=password)
    lines = [line for line in output.splitlines() if line.startswith("{")]
    record = json.loads(lines[-1]) if lines else {}
    if not record.get("password"):
        folder.forget(FIRST)
    return SignIn(record["email"], record.get("password")) if record.get("email") else None


def migration_files() -> str:
    """A digest of the migrations that this version brings: our own by content, others by the locked versions."""
    return _digest([*sorted(PROJECT.glob("pro*/migrations/[0-9]*.py")), LOCK])


def applied_migrations() -> str | None:
    """A digest of the migrations that the database has; None when it has none."""
    try:
        with psycopg.connect(**database_url.connecting(given("DATABASE_URL"), 5)) as connection:
            rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    except psycopg.Error:
        return None
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def ensure_static(log: Path) -> None:
    """Collect the static files when the built assets or the packages have changed."""
    built = sorted(path for path in (PROJECT / "static" / "dist").rglob("*") if path.is_file())
    wanted, stamp = _digest([*built, LOCK]), STATIC / ".collected"
    if _reads(stamp, wanted):
        return
    STATIC.mkdir(exist_ok=True)
    with (STATIC / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two installations out of one folder may start at the same moment
        if not _reads(stamp, wanted):
            run(commands.manage("collectstatic", "--no-input"), log=log, purpose="collect the static files")
            stamp.write_text(wanted, encoding="utf-8")


def _reads(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def run(command: list[str], *, log: Path, purpose: str, private: bool = False, given: str = "") -> str:
    """Run one step and return what it printed; raises CommandFailedError with its last line when it fails.

    What a private step prints is kept out of the log. `given` is what it reads.
    """
    with log.open("a", encoding="utf-8") as errors:
        result = subprocess.run(
            command,
            cwd=PROJECT,
            env=os.environ,
            stdout=subprocess.PIPE,
            stderr=errors,
            input=given,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        if not private:
            errors.write(result.stdout)
    if result.returncode != 0:
        last = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
        raise CommandFailedError(f"Could not {purpose}: {''.join(last)} (see {log})")
    return result.stdout


def _digest(paths: Iterable[Path]) -> str:
    result = hashlib.sha256()
    for path in paths:
        result.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    return result.hexdigest()


if __name__ == "__main__":  # for images, whose files are collected when they are built
    ensure_static(Path(sys.argv[1]))
