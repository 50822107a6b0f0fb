"""D11: what is installed is what the locks say, every package by its hash, and nothing besides."""

from __future__ import annotations

import importlib.util
import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
SEEDS = {"pip", "setuptools"}  # of the virtual environment itself


def name_of(text: str) -> str:
    """As indexes compare names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text).lower()


def entries(lock: Path) -> dict[str, str]:
    """The lines of each package, by its name."""
    parts = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(), flags=re.MULTILINE)
    return {
        name_of(re.split(r"[\[=@ ]", part, maxsplit=1)[0]): part for part in parts if re.match(r"[A-Za-z0-9]", part)
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_D11_every_package_is_pinned_and_has_hashes(lock: Path) -> None:
    found = entries(lock)
    assert found
    loose = [name for name, part in found.items() if "==" not in part or "--hash=sha256:" not in part]
    assert loose == []
    assert "--index-url" not in lock.read_text()


def test_D11_every_front_end_package_has_a_hash() -> None:
    packages: dict[str, dict[str, Any]] = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    loose = [name for name, one in packages.items() if name and not one.get("integrity", "").startswith("sha512-")]
    assert loose == []
    assert [
        name for name, one in packages.items() if name and not str(one.get("resolved", "https:")).startswith("https:")
    ] == []


def test_D11_nothing_is_installed_that_no_lock_names() -> None:
    """A package that left the lock leaves the environment with the next install."""
    locked = {name for lock in ("requirements.lock", "requirements-bootstrap.lock") for name in entries(ROOT / lock)}
    there = {name_of(one.metadata["Name"]) for one in metadata.distributions() if "/.venv/" in str(one._path)}  # type: ignore[attr-defined]
    assert sorted(there - locked - SEEDS) == []


def test_D11_the_install_takes_away_what_left_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install = load_install()
    ran: list[list[str]] = []
    monkeypatch.setattr(install, "run", ran.append)
    monkeypatch.setattr(install, "link_command", lambda: None)
    monkeypatch.setattr(install, "VENV", tmp_path)
    (tmp_path / ".installed").write_text("from other locks")
    install.install_packages()
    last = ran[-1]
    assert last[1:3] == ["pip", "sync"]
    assert {"--require-hashes", *install.LOCKS} <= set(last)
    install.install_packages()
    assert ran[-1] is last, "nothing is done again"


def load_install() -> Any:
    """It is a script: nothing imports it."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "ductape_site" / "cli" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
