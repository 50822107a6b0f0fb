"""The local disk: no link leads out, nothing is half there, and a full disk is said to be one."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from processors.connectors.storage.contents import type_of_name
from processors.connectors.storage.folders import Folder
from tests.contracts.storages import PIECE, Storage
from tests.patience import until
from tests.required import missing

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def disk(connected, local_server) -> Storage:
    return connected(local_server)


@pytest.fixture
def folder(disk: Storage, tmp_path: Path) -> Path:
    """Where the place's files are."""
    made = tmp_path / "disk" / disk.folder / "files"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the installation's, with a secret in it."""
    made = tmp_path / "outside"
    made.mkdir()
    (made / "secret.txt").write_text("canary")
    return made


@pytest.mark.parametrize("relative", [False, True])
async def test_D6_a_planted_link_to_a_file_is_not_followed(disk: Storage, folder: Path, outside: Path, relative):
    target = outside / "secret.txt"
    (folder / "link.txt").symlink_to(os.path.relpath(target, folder) if relative else target)
    for operation, data in (("read", {}), ("copy", {"to": "mine"}), ("delete", {})):
        error = await disk.failed(operation, key="link.txt", **data)
        assert error.code == "remote_rejected"
        assert "canary" not in str(error.to_json())
        assert str(outside) not in str(error.to_json())
    assert await disk.do("list", deep=True) == {"files": [], "folders": [], "next": None}
    await disk.do("save", key="link.txt", content="own")  # in the place of the link, not through it
    assert target.read_text() == "canary"
    assert (await disk.do("read", key="link.txt"))["content"] == "own"


async def test_D6_a_planted_link_to_a_folder_is_not_followed(disk: Storage, folder: Path, outside: Path):
    (folder / "way").symlink_to(outside)
    for operation, data in (("read", {}), ("copy", {"to": "x"}), ("delete", {}), ("save", {"content": "x"})):
        error = await disk.failed(operation, key="way/secret.txt", **data)
        assert error.code == "remote_rejected"
        assert not error.outcome_unknown
    assert await disk.do("list", deep=True) == {"files": [], "folders": [], "next": None}
    assert (await disk.failed("list", prefix="way")).code == "remote_rejected"
    assert os.listdir(outside) == ["secret.txt"]


@pytest.mark.parametrize("part", ["files", "product", "ws", ".uploads"])
async def test_D6_the_places_own_folders_are_no_links_either(disk: Storage, folder: Path, outside: Path, part):
    planted = folder.parent / ".uploads" if part == ".uploads" else next(
        each for each in (folder, *folder.parents) if each.name == part
    )  # fmt: skip
    if planted.exists():
        planted.rename(planted.with_name("away"))
    planted.symlink_to(outside)
    assert (await disk.failed("save", key="k", content="x")).code == "remote_rejected"
    assert os.listdir(outside) == ["secret.txt"]


async def test_D6_what_is_no_ordinary_file_is_refused_and_not_waited_for(disk: Storage, folder: Path):
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(folder)  # names of sockets are short
        try:
            bound.bind("socket")
        finally:
            os.chdir(here)
        for key in ("pipe", "socket"):
            assert (await disk.failed("read", key=key)).code == "remote_rejected"
            assert (await disk.failed("delete", key=key)).code == "remote_rejected"
    assert (await disk.do("list"))["files"] == []


async def test_a_file_and_a_folder_of_one_name_cannot_be_on_a_disk(disk: Storage):
    await disk.do("save", key="a", content="x")
    assert (await disk.failed("save", key="a/b", content="x")).code == "remote_rejected"
    await disk.do("save", key="c/d", content="x")
    error = await disk.failed("save", key="c", content="x")
    assert error.code == "remote_rejected"
    assert not error.outcome_unknown
    assert (await disk.failed("save", key="c", content="x", if_absent=True)).code == "remote_rejected"


async def test_D6_files_are_for_nobody_else_on_the_machine(disk: Storage, folder: Path):
    await disk.do("save", key="a/b", content="x")
    assert stat.S_IMODE((folder / "a" / "b").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o700


async def test_R21_a_reader_never_sees_half_a_file(disk: Storage, folder: Path):
    """Two contents of one letter each are saved in turn; whatever is read in between is one of them, whole."""
    size = 2 * PIECE
    ids = [disk.files.put(letter * size) for letter in (b"a", b"b")]
    await disk.do("save", key="k", file=ids[0])
    seen: set[bytes] = set()
    ended = threading.Event()

    def reading() -> None:
        while not ended.is_set():
            data = (folder / "k").read_bytes()
            seen.add(data[:1] if data == data[:1] * size else b"torn")

    reader = threading.Thread(target=reading)
    reader.start()
    try:
        for turn in range(20):
            await disk.do("save", key="k", file=ids[turn % 2])
        until(lambda: len(seen) > 0)
    finally:
        ended.set()
        reader.join()
    assert seen <= {b"a", b"b"}
    assert os.listdir(folder.parent / ".uploads") == []


async def test_R21_what_breaks_off_leaves_the_old_file_and_nothing_else(disk: Storage, folder: Path):
    class Breaking:
        async def read(self, _):
            yield b"x" * PIECE
            raise ConnectionError("the database went away")

    await disk.do("save", key="k", content="old")
    disk.files = Breaking()
    error = await disk.failed("save", key="k", file="00000000-0000-0000-0000-000000000001")
    assert not error.outcome_unknown
    assert (folder / "k").read_text() == "old"
    assert os.listdir(folder.parent / ".uploads") == []


@contextmanager
def no_file_above(size: int):
    """The operating system refuses to let this process's files grow further, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_R21_a_disk_that_takes_no_more_is_said_to_be_full(disk: Storage, folder: Path):
    await disk.do("save", key="k", content="old")
    with no_file_above(3 * PIECE):
        error = await disk.failed("save", key="k", file=disk.files.put(bytes(5 * PIECE)))
    assert (error.code, error.message) == ("remote_unavailable", "The disk is full.")
    assert error.retryable
    assert not error.outcome_unknown
    assert os.listdir(folder.parent / ".uploads") == []
    assert (folder / "k").read_text() == "old"
    await disk.do("save", key="k", content="new")
    assert (folder / "k").read_text() == "new"


@pytest.mark.parametrize(("operation", "data"), [("save", {"content": "new"}), ("copy", {"to": "k2"})])
async def test_R22_what_fails_after_the_file_is_there_may_have_happened(disk: Storage, monkeypatch, operation, data):
    def broken(_: Folder) -> None:
        raise OSError(errno.EIO, "the disk")

    def slow(_: Folder) -> None:
        time.sleep(1)

    await disk.do("save", key="k", content="old")
    monkeypatch.setattr(Folder, "sync", broken)
    error = await disk.failed(operation, key="k", **data)
    assert (error.code, error.outcome_unknown) == ("remote_unavailable", True)
    monkeypatch.setattr(Folder, "sync", slow)
    error = await disk.failed(operation, key="k", **data, deadline_s=0.3)
    assert (error.code, error.outcome_unknown) == ("deadline_exceeded", True)


FULL = """
import asyncio, os, sys
from pathlib import Path
from tests.contracts.storages import Storage
from processors.connectors.storage.connector import StorageConnector
from products.lib.addresses import AddressPolicy
root = Path(sys.argv[1])
async def main():
    disk = Storage(StorageConnector(AddressPolicy(), root, str), "local", {"folder": "files"})
    await disk.do("save", key="k", content="old")
    error = await disk.failed("save", key="k", file=disk.files.put(bytes(4_000_000)))
    left = os.listdir(root / disk.folder / ".uploads")
    await disk.do("save", key="n", content="new")
    print(error.code, error.message, error.outcome_unknown, left, (await disk.do("read", key="k"))["content"])
asyncio.run(main())
"""


def _on_a_small_disk(folder: Path, program: str) -> str:
    """What a program prints that has two megabytes for `folder`, in a file system of its own."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode:
        missing("this machine lets nobody mount a file system of their own")
    script = 'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-Urm", "sh", "-c", script, "sh", str(folder), sys.executable, program]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_R21_a_real_disk_that_is_full(tmp_path: Path):
    """In a small file system of its own, which nobody else sees."""
    assert _on_a_small_disk(tmp_path, FULL) == "remote_unavailable The disk is full. False [] old\n"


READ_ONLY = """
import asyncio, subprocess, sys
from pathlib import Path
from tests.contracts.storages import Storage
from processors.connectors.storage.connector import StorageConnector
from products.lib.addresses import AddressPolicy
root = Path(sys.argv[1])
async def main():
    disk = Storage(StorageConnector(AddressPolicy(), root, str), "local", {"folder": "files"})
    await disk.do("save", key="k", content="old")
    subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
    for operation, data in (("save", {"content": "new"}), ("copy", {"to": "l"}), ("delete", {}), ("check", {})):
        error = await disk.failed(operation, **({"key": "k"} if operation != "check" else {}), **data)
        print(error.code, error.retryable, error.outcome_unknown, str(root) in str(error.to_json()))
    print((await disk.do("read", key="k"))["content"])
asyncio.run(main())
"""


def test_R21_a_disk_that_may_not_be_written_to_is_a_setting_of_the_site(tmp_path: Path):
    """Mounted read-only, in a file system of its own; a user without permissions hears the same."""
    assert _on_a_small_disk(tmp_path, READ_ONLY).splitlines() == ["misconfigured False False False"] * 4 + ["old"]


async def test_a_folder_that_cannot_be_written_names_what_is_wrong(connected, local_server, tmp_path: Path):
    (tmp_path / "disk").write_text("a file where the folder should be")
    error = await connected(local_server).failed("check")
    assert error.code in {"remote_rejected", "remote_unavailable", "misconfigured"}
    assert str(tmp_path) not in str(error.to_json())


async def test_empty_folders_go_with_their_last_file_and_come_again(disk: Storage, folder: Path):
    """Also when both happen at once: a folder that has just gone is made again."""
    for _ in range(40):
        await asyncio.gather(
            *(disk.do("save", key=f"a/b/{number}", content="x") for number in range(8)),
            *(disk.do("delete", key=f"a/b/{number}") for number in range(8)),
        )
    for number in range(8):
        await disk.do("delete", key=f"a/b/{number}")
    assert os.listdir(folder) == []


async def test_if_absent_lets_one_of_many_pass(disk: Storage):
    async def attempt(number: int) -> int | None:
        try:
            await disk.do("save", key="once", content=str(number), if_absent=True)
        except Exception as error:  # noqa: BLE001
            assert error.code == "key_taken"  # noqa: PT017
            return None
        return number

    winners = [each for each in await asyncio.gather(*(attempt(n) for n in range(20))) if each is not None]
    assert len(winners) == 1
    assert (await disk.do("read", key="once"))["content"] == str(winners[0])


async def test_what_a_dead_worker_left_is_swept_away(connected, local_server, disk: Storage, folder: Path):
    aside = folder.parent / ".uploads"
    aside.mkdir()
    (aside / "old").write_text("half")
    os.utime(aside / "old", (1, 1))
    (aside / "fresh").write_text("half")
    await disk.do("save", key="k", content="x")
    assert os.listdir(aside) == ["fresh"]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/etc", ".uploads", "", "a\\b", "x" * 300, "a\x00"])
async def test_D6_the_setting_of_the_folder_leads_nowhere_else(connected, local_server, tmp_path: Path, name):
    error = await connected(local_server, folder=name or "/").failed("save", key="k", content="x")
    assert error.code == "misconfigured"
    assert error.details["field"] == "folder"
    assert not (tmp_path / "disk").exists()


def test_names_that_no_key_can_have_are_not_listed(disk: Storage, folder: Path):
    (folder / "good").write_text("x")
    (folder / "bad.").write_text("x")
    (folder / "back\\slash").write_text("x")
    with open(os.fsencode(folder) + b"/\xff\xfe", "w") as stream:
        stream.write("x")
    listed = asyncio.run(disk.do("list"))
    assert [each["key"] for each in listed["files"]] == ["good"]


def test_D6_a_content_type_follows_the_name_wherever_it_runs():
    assert type_of_name("a/b.PDF") == "application/pdf"
    assert type_of_name("b.tar.gz") == "application/x-tar"
    assert type_of_name("b") == type_of_name(".html") == "application/octet-stream"
