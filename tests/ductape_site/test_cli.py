"""The parts of the `ductape` command that need no running servers."""

import os
import time
from pathlib import Path

import pytest

from ductape_site.cli import install, outside
from ductape_site.cli.command import main
from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.keys import ensure_keys
from ductape_site.cli.supervisor import LOG_BYTES, Child, Supervisor, rotate
from ductape_site.cli.surroundings import read_keys, read_pairs
from ductape_site.embedded.folder import DataFolder


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    return made


@pytest.mark.usefixtures("no_keys")
def test_keys_are_made_once(folder: DataFolder) -> None:
    ensure_keys(folder)
    first = read_keys(folder)
    ensure_keys(folder)
    assert read_keys(folder) == first
    assert set(first) == {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}
    assert first["SECRET_KEY"].startswith("generated-")


@pytest.mark.usefixtures("no_keys")
def test_a_key_of_the_environment_is_not_made(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS", "mine")
    ensure_keys(folder)
    assert "FIELD_ENCRYPTION_KEYS" not in read_keys(folder)


def test_environment_files_may_have_quotes_comments_and_exports(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text('# A=1\nexport B="two words"\n\nC=a=b\nnonsense\n')
    assert read_pairs(path) == {"B": "two words", "C": "a=b"}


def test_an_old_postgres_is_refused_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "OLDEST_POSTGRES", 99)
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/postgres"
    with pytest.raises(CommandFailedError, match=r"this is PostgreSQL 18\S* .*needs 99 or newer"):
        outside.check_postgres(url)


def test_a_child_that_keeps_dying_is_started_ever_later(tmp_path: Path) -> None:
    child = Child("brief", ["false"], tmp_path / "log")
    child.start()
    waits = []
    for _ in range(4):
        assert child.process is not None
        child.process.wait()
        now = time.monotonic()
        assert child.look(now)
        waits.append(round(child.start_again_at - now))
        assert not child.look(now)
        assert child.process is None
        child.look(child.start_again_at)
    assert child.process is not None
    child.process.wait()
    assert waits == [1, 2, 4, 8]


def test_a_child_that_ignores_the_request_is_killed_with_everything_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ductape_site.cli.supervisor.STOP_SECONDS", 0.2)
    script = "trap '' TERM; sleep 60 & echo ready; while :; do wait; done"
    child = Child("stubborn", ["sh", "-c", script], tmp_path / "log")
    supervisor = Supervisor([child])
    supervisor.start()
    while "ready" not in child.log.read_text():
        assert child.process is not None
        assert child.process.poll() is None
    supervisor.stop()
    assert child.process is not None
    assert child.process.returncode is not None


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    rotate(log)
    assert not log.exists()
    assert (tmp_path / "web.log.1").stat().st_size == LOG_BYTES + 1


def test_another_python_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 0))
    with pytest.raises(install.InstallError, match=r"needs Python 3\.11 .*make PYTHON="):
        install.check_python()


def test_a_half_finished_install_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in install.LOCKS:
        (tmp_path / name).write_text("")
    leftover = tmp_path / ".venv" / "half"
    leftover.mkdir(parents=True)
    steps: list[str] = []
    monkeypatch.setattr(install, "PROJECT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PROGRAMS", tmp_path / ".venv" / "bin")

    def step(command: list[str]) -> None:
        steps.append(command[2])
        (tmp_path / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(install, "run", step)
    install.install_packages()
    assert "An earlier install did not finish; doing it again." in capsys.readouterr().out
    assert not leftover.exists()
    assert steps == ["venv", "pip", "sync"]
    install.install_packages()
    assert len(steps) == 3, "a finished install is not repeated"


@pytest.mark.parametrize("arguments", [["nonsense"], ["up", "--port", "0"], ["up", "--port", "x"], ["up", "extra"]])
def test_a_wrong_command_line_ends_with_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_nothing_to_stop_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DUCTAPE_DATA", str(tmp_path))
    assert main(["stop"]) == Exit.FAILED
    assert capsys.readouterr().err == "Ductape is not running with this data folder.\n"
