"""Makes this checkout ready to run: virtual environment, locked packages, front-end assets, the `ductape` command.

Started by make with a bare Python 3.11 before any package exists, so it imports nothing but the standard library.
Every part leaves a stamp, written last, with a digest of what it was made from: a part whose stamp fits is skipped, and
one that was interrupted is made again.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
PROGRAMS = VENV / "bin"
MODULES = PROJECT / "node_modules"
LOCKS = ("requirements-bootstrap.lock", "requirements.lock")
PYTHON = (3, 11)
# Variables that make an interpreter, the loader or git do something else than what was asked for.
STEERING = ("PYTHON", "NODE_OPTIONS", "NODE_PATH", "LD_", "DYLD_", "GIT_")
LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/python" -m ductape_site.cli "$@"
"""


class InstallError(Exception):
    """The checkout cannot be made ready; the text is one sentence for people."""


def main() -> int:
    """Make everything that is missing or out of date; 0 when the checkout is ready."""
    try:
        check_python()
        with alone():
            install_packages()
            install_assets()
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def check_python() -> None:
    """Refuse another Python than the one the packages are locked for."""
    if sys.version_info[:2] != PYTHON:
        wanted = ".".join(map(str, PYTHON))
        raise InstallError(
            f"Ductape needs Python {wanted} and this is {platform.python_version()}: "
            f"install Python {wanted}, or run `make PYTHON=/path/to/python{wanted} …`."
        )


@contextmanager
def alone() -> Iterator[None]:
    """Only one install at a time in a checkout; a second one waits for the first."""
    with (PROJECT / LOCKS[-1]).open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def check_writable() -> None:
    """Say it in one sentence when nothing can be made here."""
    probe = PROJECT / f".probe-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InstallError(f"The folder {PROJECT} cannot be written to ({reason}): use one that can.") from None


def digest(parts: Iterable[Path], *words: str) -> str:
    """A digest of the names and contents of files, and of some words."""
    result = hashlib.sha256("\0".join(words).encode())
    for part in parts:
        result.update(str(part.relative_to(PROJECT)).encode() + b"\0" + part.read_bytes())
    return result.hexdigest()


def is_made(stamp: Path, wanted: str) -> bool:
    """Whether a part was finished, from what it should be made from."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def install_packages() -> None:
    """The virtual environment with the locked packages, and the `ductape` command in it."""
    wanted = digest([PROJECT / name for name in LOCKS], str(PROJECT), platform.python_version())
    stamp = VENV / ".installed"
    if is_made(stamp, wanted):
        return
    check_writable()
    if VENV.exists() and not stamp.exists():
        say("An earlier install did not finish; doing it again.")
        shutil.rmtree(VENV)
    stamp.unlink(missing_ok=True)
    say("Installing the locked Python packages …")
    if not (PROGRAMS / "python").exists():
        run([sys.executable, "-m", "venv", str(VENV)])
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([str(PROGRAMS / "python"), "-m", "pip", "install", *quiet, "--require-hashes", "-r", LOCKS[0]])
    run([str(PROGRAMS / "uv"), "pip", "sync", "--quiet", "--require-hashes", *LOCKS])  # what left the locks goes
    link_command()
    stamp.write_text(wanted, encoding="utf-8")


def link_command() -> None:
    """Put the project on the environment's path, and a `ductape` command into its programs."""
    packages = VENV / "lib" / f"python{PYTHON[0]}.{PYTHON[1]}" / "site-packages"
    (packages / "ductape.pth").write_text(f"{PROJECT}\n", encoding="utf-8")
    launcher = PROGRAMS / "ductape"
    launcher.write_text(LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)


def install_assets() -> None:
    """The npm packages, and the scripts, styles and icons built from them."""
    (PROJECT / "staticfiles").mkdir(exist_ok=True)  # the site looks into it even before anything was collected
    wanted = digest([PROJECT / "package-lock.json"])
    if not is_made(MODULES / ".installed", wanted):
        say("Installing the locked front-end packages …")
        (MODULES / ".installed").unlink(missing_ok=True)
        run([str(PROGRAMS / "npm"), "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"])
        (MODULES / ".installed").write_text(wanted, encoding="utf-8")
    sources = sorted(
        path for part in ("js", "css") for path in (PROJECT / "static" / part).rglob("*") if path.is_file()
    )
    sources += [PROJECT / "static" / name for name in ("build.mjs", "trim.mjs", "icons.txt", "favicon.svg")]
    built = digest(sources, wanted)
    if not is_made(MODULES / ".built", built) or not (PROJECT / "static" / "dist").is_dir():
        say("Building the front-end assets …")
        run([str(PROGRAMS / "node"), "static/build.mjs"])
        (MODULES / ".built").write_text(built, encoding="utf-8")


def run(command: list[str]) -> None:
    """Run one step in the checkout; its own output is shown only when it fails."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(STEERING)},
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    result = subprocess.run(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode != 0:
        sys.stderr.write(result.stdout)
        raise InstallError(
            f"The install stopped at `{' '.join([Path(command[0]).name, *command[1:]])}`; start it again."
        )


def say(words: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
