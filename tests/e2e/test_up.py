"""The one command, as a person meets it: it starts, refuses in plain words, stops, and leaves nothing behind."""

import http.client
import json
import signal
import socket
import time
from contextlib import closing

import psutil
import psycopg
import pytest

from ductape_site.cli.errors import Exit
from ductape_site.embedded.folder import DataFolder
from ductape_site.embedded.servers import known_addresses
from tests.e2e.conftest import Installation
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("up")]


def get(installation: Installation, path: str, host: str = "localhost") -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()


def database(installation: Installation) -> str:
    addresses = known_addresses(DataFolder(installation.data))
    assert addresses is not None
    return addresses.database_url


def test_it_starts_serves_stops_quickly_and_keeps_its_data(used_installation: Installation) -> None:
    with used_installation.up() as running:
        assert running.printed().count("Ductape is running at") == 1
        password = running.printed().split("Password", 1)[1].split()[0]
        logs = list(used_installation.data.glob("logs/*"))
        assert logs
        assert [log.name for log in logs if password in log.read_text()] == []
        assert get(used_installation, "/readyz", host="elsewhere.example")[0] == 200
        assert {"database", "valkey", "migrations"} >= set(json.loads(get(used_installation, "/readyz")[1])["checks"])
        with psycopg.connect(database(used_installation)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        second = used_installation.run("up")
        assert second.returncode == Exit.ALREADY_RUNNING
        assert second.stderr == f"Ductape is already running at {used_installation.address} with this data folder.\n"
        family = running.family()
        running.stop()
        assert running.process.returncode == 0
        assert [member for member in family if member.is_running()] == []

    with used_installation.up() as running:
        with psycopg.connect(database(used_installation)) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        running.stop(signal.SIGTERM)


def test_killed_outright_it_leaves_no_server_and_starts_again(used_installation: Installation) -> None:
    with used_installation.up() as running:
        family = running.family()
        running.process.kill()
        _, alive = psutil.wait_procs(family[1:], timeout=60)
        assert alive == []
    with used_installation.up() as running:
        assert get(used_installation, "/livez")[0] == 200


def test_the_first_password_is_shown_by_the_first_start_that_comes_so_far(installation: Installation) -> None:
    with installation.begun() as running:
        until((installation.data / "run" / "prepared.json").exists, what="the owner is made")
        running.kill()
        assert "Password" not in running.printed()
    note = installation.data / "run" / "first-password.json"
    assert note.stat().st_mode & 0o077 == 0
    with installation.up() as running:
        password = running.printed().split("Password", 1)[1].split()[0]
        until(lambda: not note.exists(), what="the note is gone")
        assert password not in "".join(log.read_text() for log in installation.data.glob("logs/*"))
        running.stop()
    with installation.up() as running:
        assert "Password" not in running.printed()


def test_a_child_that_dies_is_started_again(used_installation: Installation) -> None:
    with used_installation.up() as running:
        web = next(member for member in running.family() if "ductape_site.cli.web" in member.cmdline())
        web.kill()
        running.wait_for("The web process stopped and is started again")
        deadline = time.monotonic() + 120
        while True:
            try:
                assert get(used_installation, "/readyz")[0] == 200
                break
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_a_taken_port_is_named(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port)):
        refused = installation.run("up")
    assert refused.returncode == Exit.PORT_TAKEN
    assert refused.stderr.startswith(f"Port {installation.port} is taken by another program; choose a free one")
    assert len(refused.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_named(installation: Installation) -> None:
    installation.settings["DUCTAPE_DATA"] = "/proc/ductape"
    refused = installation.run("up")
    assert refused.returncode == Exit.NOT_WRITABLE
    assert refused.stderr.startswith("The data folder /proc/ductape cannot be written to (")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://u:secret-word@127.0.0.1:1/d"),
        ("VALKEY_URL", "redis://:secret-word@127.0.0.1:1/0"),
        ("CELERY_BROKER_URL", "amqp://u:secret-word@127.0.0.1:1//"),
        ("CELERY_BROKER_URL", "carrier-pigeon://secret-word@127.0.0.1"),
    ],
)
def test_a_server_that_does_not_answer_is_named(installation: Installation, name: str, value: str) -> None:
    installation.settings[name] = value
    refused = installation.run("up")
    assert refused.returncode == Exit.SERVER_UNUSABLE
    assert refused.stderr.startswith(f"{name}: ")
    assert "secret-word" not in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_lost_keys_are_never_replaced(installation: Installation) -> None:
    folder = DataFolder(installation.data)
    folder.prepare()
    folder.remember("prepared", {"files": "an earlier start"})
    refused = installation.run("up")
    assert refused.returncode == Exit.NOT_CONFIGURED
    assert "put it back, or set FIELD_ENCRYPTION_KEYS" in refused.stderr


def test_a_process_alone_needs_servers(installation: Installation) -> None:
    refused = installation.run("serve")
    assert refused.returncode == Exit.NOT_CONFIGURED
    assert "DATABASE_URL" in refused.stderr


def test_the_doctor_finds_nothing_wrong_with_what_was_never_started(installation: Installation) -> None:
    examined = installation.run("doctor", "--json")
    findings = {finding["name"]: finding["state"] for finding in json.loads(examined.stdout)}
    assert examined.returncode == 0
    assert findings["database"] == "note"
    assert findings["python"] == "ok"
