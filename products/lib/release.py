"""Which version of Ductape this is: of the installed package, or of the checkout that it runs from."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "source"
_COMMIT = re.compile(r"[0-9a-f]{40}")


@cache
def our_version(root: Path = ROOT) -> str:
    """`0.1.0` of a package or an image, `0.1.0+1a2b3c4d5` of a checkout; at most 40 characters."""
    try:
        return version("ductape")[:40]
    except PackageNotFoundError:
        released = _released(root)
        commit = _commit(root / ".git")
        return (f"{released}+{commit[:9]}" if commit else released)[:40]


def _released(root: Path) -> str:
    try:
        with (root / "pyproject.toml").open("rb") as stream:
            return str(tomllib.load(stream)["project"]["version"])
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        return UNKNOWN


def _commit(git: Path) -> str:
    """The commit that is checked out, read without the program; empty where there is none."""
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else ""
    name = head.removeprefix("ref: ")
    loose = _text(git / name)
    packed = (line.partition(" ") for line in _text(git / "packed-refs").splitlines())
    found = loose or next((commit for commit, _, ref in packed if ref == name), "")
    return found if _COMMIT.fullmatch(found) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
