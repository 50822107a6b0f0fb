"""The data folder and the servers in it."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ductape_site.embedded import ports
from ductape_site.embedded.errors import AlreadyRunningError, EmbeddedError
from ductape_site.embedded.folder import DataFolder, write_private
from ductape_site.embedded.postgres import Postgres, end_leftover_postgres
from ductape_site.embedded.processes import end_leftover


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    return made


def test_one_starter_at_a_time_holds_a_folder(folder: DataFolder) -> None:
    folder.hold()
    folder.remember("holder", {"address": "http://localhost:1"})
    other = DataFolder(folder.root)
    assert other.is_held()
    with pytest.raises(AlreadyRunningError, match="already running at http://localhost:1 "):
        other.hold()
    folder.release()
    assert not other.is_held()


def test_who_only_asks_keeps_nobody_from_starting(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking takes the lock for a moment; a start that meets that moment looks again."""
    asking = os.open(folder.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(asking, fcntl.LOCK_EX)
    monkeypatch.setattr("time.sleep", lambda _: os.close(asking))
    folder.hold()
    assert DataFolder(folder.root).is_held()
    folder.release()


def test_a_record_cut_short_counts_as_none(folder: DataFolder) -> None:
    folder.remember("servers", {"postgres_port": 1})
    path = folder.run / "servers.json"
    path.write_text(path.read_text()[:10])
    assert folder.note("servers") == {}


def test_private_files_are_closed_to_others_even_when_they_were_open(tmp_path: Path) -> None:
    path = tmp_path / "keys.env"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == "new"


def test_a_remembered_port_is_kept_while_it_is_free() -> None:
    port = ports.choose(None)
    assert ports.choose(port) == port
    with ports.socket.create_server((ports.LOOPBACK, port)):
        assert ports.choose(port) != port


def test_a_stranger_with_the_process_id_of_a_leftover_is_spared() -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        while not psutil.Process(stranger.pid).cmdline():
            pass
        assert not end_leftover(stranger.pid, mark="/data/postgres", ask=signal.SIGKILL, seconds=1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_dead_server_that_nobody_reaped_does_not_block_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    lock = tmp_path / "postgres" / "postmaster.pid"
    dead = subprocess.Popen(["true"])
    while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    lock.write_text(f"{dead.pid}\n")
    end_leftover_postgres(tmp_path)
    assert not lock.exists()
    dead.wait()


def test_data_of_another_postgres_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    server = Postgres(place=tmp_path, port=1, password="p", log=tmp_path / "log")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 16, and the embedded server is PostgreSQL 18"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_root_never_starts_an_empty_database_beside_one_that_was_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    (folder.root / "postgres").mkdir()
    with pytest.raises(EmbeddedError, match="holds a database, but the folder was closed"):
        folder.servers_place()
