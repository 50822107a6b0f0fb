"""What resources keep on the disk, SQLite databases and local storages, as one archive of a backup, and back again.

Databases are copied by SQLite itself, so that what others write meanwhile is in the copy or not, but never half. The
files of storages are complete under their names, whenever one looks.
"""

import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Final

from ductape_site.cli.errors import CommandFailedError
from ductape_site.cli.surroundings import given
from ductape_site.embedded.folder import DataFolder

ARCHIVE: Final = "resources.tar"
_OF_THE_DISK: Final = "lost+found"  # where the folder is a file system of its own
_PASSED_OVER: Final = {0: _OF_THE_DISK, 1: ".uploads"}  # what storages write before it has its name
_DATABASE: Final = ".sqlite3"
_BESIDE: Final = ("-wal", "-shm", "-journal")  # what SQLite's copy holds already
_TYPE: Final = "user.content_type"
_TYPE_IN_ARCHIVE: Final = f"SCHILY.xattr.{_TYPE}"  # as GNU tar and others name attributes
_ORDINARY: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BUSY_S: Final = 30.0


def folder_of_resources(folder: DataFolder) -> Path:
    """As the settings find it; the environment is filled already."""
    return Path(given("RESOURCES_DIR") or folder.root / "resources").absolute()


def save(root: Path, archive: Path) -> int:
    """Writes all that is below `root`; how many files. Raises CommandFailedError."""
    try:
        with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as into:
            return sum(_saved(into, root, path) for path in _files(root))
    except OSError as error:
        raise CommandFailedError(f"{error.filename or root} cannot be copied: {error.strerror or error}.") from error


def refuse_files(archive: Path, root: Path) -> None:
    """Raises CommandFailedError where what was saved would come among other files."""
    if archive.is_file() and root.is_dir() and any(path.name != _OF_THE_DISK for path in root.iterdir()):
        raise CommandFailedError(
            f"{root} is not empty: the files of a backup are restored into an empty folder. Name another one as "
            "RESOURCES_DIR, or move what is there away."
        )


@contextmanager
def put_back(archive: Path, root: Path) -> Iterator[None]:
    """Everything is below `root` again in the block, and taken away where that fails. `root` is empty before.

    Backups of earlier versions have no such archive. Raises CommandFailedError.
    """
    if not archive.is_file():
        yield
        return
    try:
        _unpack(archive, root)
        yield
    except BaseException:
        _empty(root)
        raise


def _files(root: Path) -> Iterator[Path]:
    """All files but those that SQLite and storages have only for the moment. Raises OSError."""
    for text, folders, names in os.walk(root, onerror=_refuse):
        place = Path(text)
        depth = len(place.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if name != _PASSED_OVER.get(depth))
        for name in sorted(names):
            if depth != 1 or not name.endswith(tuple(_DATABASE + end for end in _BESIDE)):
                yield place / name


def _refuse(error: OSError) -> None:
    """A folder that is gone since is no fault; one that may not be read would be missing from the backup."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _saved(into: tarfile.TarFile, root: Path, path: Path) -> bool:
    """Whether it was an ordinary file, and there still."""
    name = path.relative_to(root)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        if len(name.parts) == 2 and name.suffix == _DATABASE:
            _add_database(into, path, name.as_posix())
        else:
            _add(into, path, name.as_posix())
    except FileNotFoundError:  # removed meanwhile
        return False
    return True


def _add_database(into: tarfile.TarFile, path: Path, name: str) -> None:
    """Its copy, as of one moment. Raises FileNotFoundError, CommandFailedError."""
    with TemporaryDirectory(prefix=".", dir=Path(str(into.name)).parent) as aside:
        copy = Path(aside) / path.name
        try:
            there = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)
            with closing(there), closing(sqlite3.connect(copy)) as here:
                there.backup(here)
        except sqlite3.Error as error:
            path.lstat()
            raise CommandFailedError(f"{path} cannot be copied: SQLite says “{error}”.") from error
        shutil.copystat(path, copy)
        _add(into, copy, name)


def _add(into: tarfile.TarFile, path: Path, name: str) -> None:
    """A file as it was when it was opened, with the type of its content. Raises OSError."""
    with open(os.open(path, _ORDINARY), "rb") as content:
        status = os.fstat(content.fileno())
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = status.st_size, status.st_mtime, 0o600
        with suppress(OSError):  # a file that has none, or a file system without
            kind = os.getxattr(content.fileno(), _TYPE).decode("utf-8", "replace")
            member.pax_headers = {_TYPE_IN_ARCHIVE: kind}
        into.addfile(member, content)


def _unpack(archive: Path, root: Path) -> None:
    """Raises CommandFailedError."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tarfile.open(archive, "r:") as packed:
            for member in packed:
                content = packed.extractfile(member) if member.isreg() else None
                if content is None:
                    raise tarfile.ReadError(f"“{member.name}” is no file of a resource")
                _put(content, member, _place(root, member.name))
    except (OSError, tarfile.TarError) as error:
        raise CommandFailedError(f"{archive} cannot be put back into {root}: {error}.") from error


def _place(root: Path, text: str) -> Path:
    """Where a file comes, with the folders above it: below `root`, which was empty and so has no links.

    Raises OSError, ReadError for a name that leads elsewhere.
    """
    name = PurePosixPath(text)
    if name.is_absolute() or ".." in name.parts:
        raise tarfile.ReadError(f"“{text}” is no file of a resource")
    place = root
    for part in name.parts[:-1]:
        place /= part
        place.mkdir(mode=0o700, exist_ok=True)
    return place / name.name


def _put(content: IO[bytes], member: tarfile.TarInfo, path: Path) -> None:
    """A file with its times and the type of its content; nobody else may read it. Raises OSError, TarError."""
    with content, open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as into:
        shutil.copyfileobj(content, into, 1024 * 1024)
        kind = member.pax_headers.get(_TYPE_IN_ARCHIVE)
        if kind:
            with suppress(OSError):  # a file system without attributes: the name's ending says the type then
                os.setxattr(into.fileno(), _TYPE, kind.encode())
    os.utime(path, (member.mtime, member.mtime))


def _empty(root: Path) -> None:
    for path in root.iterdir() if root.is_dir() else ():
        if path.name != _OF_THE_DISK:
            shutil.rmtree(path, ignore_errors=True)
