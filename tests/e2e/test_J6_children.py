"""J6: names that a shell or a program would read as commands, and variables that would steer the programs we start."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ductape_site.cli.install import STEERING
from ductape_site.embedded.folder import PROJECT
from ductape_site.embedded.ports import choose
from tests.e2e.conftest import Installation, remove

EVIL = "-x $(touch owned) `id`;'\"\\ \nloadmodule z"
STEER = {
    "PGDATABASE": "elsewhere", "PGDATA": "/elsewhere", "POSTGRES_HOME": "/elsewhere", "BASH_ENV": "/tmp/x",
    "NODE_OPTIONS": "--no-such-option", "GIT_DIR": "/tmp/x", "PYTHONSTARTUP": "/tmp/x", "MALLOC_CHECK_": "3",
}  # fmt: skip
PLAIN = {"PATH", "LANG", "TZ", "TMPDIR"}
OWN_NAMES = {"LC_CTYPE", "PWD", "SHLVL", "_", "OMP_NUM_THREADS", "PGDATA", "PG_GRANDPARENT_PID"}  # set by themselves

STARTERS = {"subprocess.run", "subprocess.Popen"}


@pytest.fixture
def evil() -> Iterator[Path]:
    """A place whose name is a command to whoever lets it be one."""
    place = PROJECT / "var" / "e2e" / f"{EVIL}{os.getpid()}"
    place.mkdir(parents=True)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.e2e
@pytest.mark.xdist_group("J6")
def test_J6_nothing_in_a_name_or_in_the_environment_is_a_command(evil: Path) -> None:
    """Starts, saves and restores from folders of that name, with variables that steer others."""
    first = Installation(evil / "data", choose(None), STEER)
    second = Installation(evil / "-restored", choose(None), STEER)
    try:
        with first.up() as running:
            for process in running.family():
                if process.name() in {"postgres", "valkey-server"}:
                    assert set(environment_of(process)) <= PLAIN | OWN_NAMES
            saved = first.run("backup", "--", str(evil / "-saved"))
            assert saved.returncode == 0, saved.stderr
        restored = second.run("restore", "--", str(evil / "-saved"))
        assert restored.returncode == 0, restored.stderr
    finally:
        remove(first)
        remove(second)
    assert not [path for place in (PROJECT, evil) for path in place.glob("owned*")]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """What it was started with; PostgreSQL's own titles overwrite a part of it."""
    return {name: value for name, value in process.environ().items() if name and name.isidentifier()}


def test_J6_the_installer_passes_on_nothing_that_steers() -> None:
    assert all(any(name.startswith(STEERING) for name in names) for names in (
        ["NODE_OPTIONS"], ["PYTHONPATH"], ["PYTHONSTARTUP"], ["LD_PRELOAD"], ["LD_LIBRARY_PATH"], ["GIT_SSH_COMMAND"],
        ["DYLD_INSERT_LIBRARIES"], ["NODE_PATH"],
    ))  # fmt: skip


def test_J6_every_program_is_started_by_a_list_and_never_through_a_shell() -> None:
    """A command that is one text would be split by somebody; what is started is a list or a name that holds one."""
    paths = [path for storey in ("ductape_site", "processors", "products") for path in (PROJECT / storey).rglob("*.py")]
    nodes = [(path.name, node) for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    starts = [(name, node) for name, node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) in STARTERS]
    assert starts
    texts = (ast.Constant, ast.JoinedStr, ast.BinOp)
    assert [f"{name}:{node.lineno}" for name, node in starts if isinstance(node.args[0], texts)] == []
