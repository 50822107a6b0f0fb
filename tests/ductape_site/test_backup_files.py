"""What resources keep on the disk comes into a backup whole, also while it is written, and back only into an empty
folder."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from ductape_site.cli import backup_files
from ductape_site.cli.errors import CommandFailedError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """With a file of a storage, one that is not complete, a link, and what the disk itself has there."""
    root = tmp_path / "resources"
    for name in ("own/files/2026/ü.txt", "own/.uploads/half", "own/files/.uploads/whole", "lost+found/rest"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    os.utime(root / "own/files/2026/ü.txt", (1_700_000_000, 1_700_000_000))
    (tmp_path / "elsewhere").write_text("no file of a resource")
    (root / "own/files/link").symlink_to(tmp_path / "elsewhere")
    return root


def restored(archive: Path, root: Path) -> Path:
    backup_files.refuse_files(archive, root)
    with backup_files.put_back(archive, root):
        pass
    return root


def fails(archive: Path, root: Path) -> None:
    with backup_files.put_back(archive, root):
        assert (root / "own/files/2026/ü.txt").is_file()
        raise CommandFailedError("pg_restore failed")


def packed(archive: Path, name: str, kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(archive, "w") as into:
        for each in ("own/files/first", name):
            member = tarfile.TarInfo(each)
            member.type = kind if each == name else tarfile.REGTYPE
            into.addfile(member, io.BytesIO())
    return archive


def test_files_come_back_with_their_times_and_types_and_without_what_is_not_complete(
    root: Path, tmp_path: Path
) -> None:
    kept = root / "own/files/2026/ü.txt"
    os.setxattr(kept, "user.content_type", b"text/markdown")
    assert backup_files.save(root, tmp_path / "saved.tar") == 2
    new = restored(tmp_path / "saved.tar", tmp_path / "new")
    assert sorted(path.name for path in new.rglob("*") if path.is_file()) == ["whole", "ü.txt"]
    again = new / "own/files/2026/ü.txt"
    assert (again.read_text(), again.stat().st_mtime) == ("own/files/2026/ü.txt", 1_700_000_000)
    assert os.getxattr(again, "user.content_type") == b"text/markdown"
    assert {path.stat().st_mode & 0o077 for path in [new, *new.rglob("*")]} == {0}


def test_R27_a_database_is_copied_as_of_one_moment_while_it_is_written(root: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(root / "own/orders.sqlite3", isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE orders (id INTEGER)")
        writer.execute("INSERT INTO orders VALUES (1)")  # in the log beside the file, and nowhere else
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO orders VALUES (2)")
        assert backup_files.save(root, tmp_path / "saved.tar") == 3
        writer.execute("COMMIT")
    with tarfile.open(tmp_path / "saved.tar") as archive:
        assert "own/orders.sqlite3" in archive.getnames()
        assert not any("-wal" in name or "-shm" in name for name in archive.getnames())
    new = restored(tmp_path / "saved.tar", tmp_path / "new")
    with closing(sqlite3.connect(new / "own/orders.sqlite3")) as reader:
        assert reader.execute("SELECT id FROM orders").fetchall() == [(1,)]
    assert list(tmp_path.glob(".*")) == []


def test_a_file_that_is_no_database_is_named(root: Path, tmp_path: Path) -> None:
    (root / "own/orders.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(CommandFailedError, match=r"own/orders\.sqlite3 cannot be copied: SQLite says"):
        backup_files.save(root, tmp_path / "saved.tar")


def test_an_installation_without_files_has_an_empty_archive(tmp_path: Path) -> None:
    assert backup_files.save(tmp_path / "never-made", tmp_path / "saved.tar") == 0
    assert list(restored(tmp_path / "saved.tar", tmp_path / "new").iterdir()) == []


def test_what_was_saved_comes_among_no_other_files(root: Path, tmp_path: Path) -> None:
    backup_files.save(root, tmp_path / "saved.tar")
    with pytest.raises(CommandFailedError, match=r"resources is not empty: .* Name another one as RESOURCES_DIR"):
        backup_files.refuse_files(tmp_path / "saved.tar", root)
    backup_files.refuse_files(tmp_path / "backup-of-an-earlier-version.tar", root)
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    backup_files.refuse_files(tmp_path / "saved.tar", tmp_path / "disk")


def test_where_the_database_is_not_restored_no_file_stays(root: Path, tmp_path: Path) -> None:
    backup_files.save(root, tmp_path / "saved.tar")
    with pytest.raises(CommandFailedError, match="pg_restore"):
        fails(tmp_path / "saved.tar", tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../beside", tarfile.REGTYPE), ("own/../../beside", tarfile.REGTYPE), ("own/link", tarfile.SYMTYPE)],
)
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    archive = packed(tmp_path / "saved.tar", name, kind)
    with pytest.raises(CommandFailedError, match="is no file of a resource"):
        restored(archive, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    assert not (tmp_path / "beside").exists()
