"""Fills the process environment with what this installation knows of itself: its keys and its embedded servers."""

import os
from pathlib import Path

from ductape_site.embedded.folder import PROJECT, DataFolder, default_data_folder
from ductape_site.embedded.servers import known_addresses


def use_installation(folder: DataFolder | None = None) -> None:
    """Set what the environment leaves open: from `.env` in the project, then from the data folder."""
    # Every thread would get an arena of its own that is never given back: hundreds of threads, hundreds of megabytes.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    use_file(PROJECT / ".env")
    folder = folder or DataFolder(default_data_folder())
    for name, value in read_keys(folder).items():
        set_if_open(name, value)
    if not is_open("VALKEY_URL"):
        set_if_open("CELERY_BROKER_URL", given("VALKEY_URL"))  # not the embedded one, which would be another server
    addresses = known_addresses(folder)
    if addresses is not None:
        for name, value in addresses.environment().items():
            set_if_open(name, value)


def use_file(path: Path) -> None:
    """Set what an environment file says and the environment leaves open; nothing when there is no such file."""
    for name, value in read_pairs(path).items():
        set_if_open(name, value)


def is_open(name: str) -> bool:
    """Whether neither the variable nor the file that stands for it is set."""
    return not os.environ.get(name) and not os.environ.get(f"{name}_FILE")


def set_if_open(name: str, value: str) -> None:
    """Set an environment variable unless it, or the file that stands for it, is set."""
    if is_open(name):
        os.environ[name] = value


def given(name: str) -> str:
    """The value that the environment gives a setting, itself or through a file; empty when it is open."""
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get(name, "")


def read_keys(folder: DataFolder) -> dict[str, str]:
    """The installation's own keys; empty before the first start."""
    return read_pairs(folder.keys)


def read_pairs(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; quotes around a value and lines that begin with # are dropped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("export "): value.strip().strip("\"'") for name, value in pairs}
