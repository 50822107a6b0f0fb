"""The sample API's port: chosen once, remembered, opened for actions, and left alone when it is given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ductape_site.cli import web
from ductape_site.cli.sample import open_sample_api
from ductape_site.embedded import ports
from ductape_site.embedded.folder import DataFolder

NAMES = ("SAMPLE_API_PORT", "SAMPLE_API_PORT_FILE", "EGRESS_ALLOW", "EGRESS_ALLOW_FILE")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    before = {name: os.environ.pop(name, None) for name in NAMES}
    found = DataFolder(tmp_path / "data")
    found.prepare()
    yield found
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def test_the_same_port_is_chosen_at_every_start(folder: DataFolder) -> None:
    open_sample_api(folder)
    first = os.environ.pop("SAMPLE_API_PORT")
    os.environ.pop("EGRESS_ALLOW")
    open_sample_api(folder)
    assert os.environ["SAMPLE_API_PORT"] == first
    assert os.environ["EGRESS_ALLOW"] == f"127.0.0.1:{first}"


def test_a_port_that_somebody_took_is_replaced(folder: DataFolder) -> None:
    taken = ports.choose(None)
    folder.remember("sample", {"port": taken})
    with web.listen("127.0.0.1", taken) as other:
        other.listen()
        open_sample_api(folder)
    assert os.environ["SAMPLE_API_PORT"] != str(taken)


def test_a_given_port_counts_and_what_is_open_stays_open(folder: DataFolder) -> None:
    os.environ |= {"SAMPLE_API_PORT": "20321", "EGRESS_ALLOW": "10.0.0.0/8"}
    open_sample_api(folder)
    assert os.environ["EGRESS_ALLOW"] == "10.0.0.0/8,127.0.0.1:20321"
    assert folder.note("sample") == {}


def test_zero_switches_the_sample_off_and_opens_nothing(folder: DataFolder) -> None:
    os.environ["SAMPLE_API_PORT"] = "0"
    open_sample_api(folder)
    assert "EGRESS_ALLOW" not in os.environ
    assert web.sample_sockets() == []


def test_what_a_file_opens_stays_open(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "allow").write_text("10.1.0.0/16\n")
    os.environ |= {"SAMPLE_API_PORT": "20321", "EGRESS_ALLOW_FILE": str(tmp_path / "allow")}
    open_sample_api(folder)
    assert os.environ["EGRESS_ALLOW"] == "10.1.0.0/16,127.0.0.1:20321"


def test_the_site_is_served_even_if_the_sample_api_cannot_be(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = ports.choose(None)
    os.environ["SAMPLE_API_PORT"] = str(taken)
    with web.listen("127.0.0.1", taken) as other:
        other.listen()
        assert web.sample_sockets() == []
    assert f"port {taken}" in capsys.readouterr().err
