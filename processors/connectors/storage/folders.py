"""Folders of the disk, held open: every name is looked up in the folder itself, and no link is followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processors.connectors.errors import FileMissing
from processors.connectors.storage.keys import KeyRefused, checked_key

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe without a writer is not waited for
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NotOrdinary(OSError):
    """There is something under this name that is not a file: a folder, a link, a device, a pipe."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One that is open. Close it."""

    descriptor: int

    @classmethod
    def opened(cls, root: Path, parts: Sequence[str], *, make: bool) -> Folder:
        """`root` itself is the operator's word and may be a link. Raises FileMissing, NotOrdinary, OSError."""
        try:
            current = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise FileMissing() from None
        for part in parts:
            try:
                deeper = _deeper(current, part, make=make)
            finally:
                os.close(current)
            current = deeper
        return cls(current)

    def close(self) -> None:
        """Once."""
        os.close(self.descriptor)

    def create(self, name: str) -> int:
        """The descriptor of a new file, readable by nobody else."""
        return os.open(name, _NEW, 0o600, dir_fd=self.descriptor)

    def open_file(self, name: str) -> int:
        """The descriptor of an ordinary file. Raises FileMissing, NotOrdinary."""
        self.check_file(name)
        descriptor = os.open(name, _FILE, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotOrdinary
        return descriptor

    def check_file(self, name: str) -> None:
        """Raises FileMissing, NotOrdinary. A folder is no file, and so there is none of its name."""
        found = self._mode(name)
        if found is None or stat.S_ISDIR(found):
            raise FileMissing()
        if not stat.S_ISREG(found):
            raise NotOrdinary

    def refuse_folder(self, name: str) -> None:
        """Raises IsADirectoryError where a file cannot come because a folder is there."""
        found = self._mode(name)
        if found is not None and stat.S_ISDIR(found):
            raise IsADirectoryError(errno.EISDIR, "a folder")

    def move(self, name: str, to: Folder, new: str, *, replace: bool) -> None:
        """At once, also for whoever reads. Raises FileExistsError where it may not `replace`."""
        if replace:
            os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)
        else:
            os.link(name, new, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Raises FileMissing."""
        try:
            os.unlink(name, dir_fd=self.descriptor)
        except FileNotFoundError:
            raise FileMissing() from None

    def remove(self, name: str) -> None:
        """If it is there."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def remove_empty(self, name: str) -> bool:
        """Whether there was such an empty folder, which is gone now."""
        try:
            os.rmdir(name, dir_fd=self.descriptor)
        except OSError:
            return False
        return True

    def sync(self) -> None:
        """What was moved here outlives a loss of power."""
        os.fsync(self.descriptor)

    def sweep(self, before: float) -> None:
        """Removes files last written before this moment (seconds since 1970): of a worker that died."""
        for name in os.listdir(self.descriptor):
            with suppress(OSError):
                if os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mtime < before:
                    os.unlink(name, dir_fd=self.descriptor)

    def _mode(self, name: str) -> int | None:
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None


def entries(folder: Folder, prefix: str, after: str) -> Generator[tuple[str, os.stat_result], None, None]:
    """The files below an open folder whose keys begin with `prefix`, in the order of keys, past `after`.

    A folder's entries are read at once, so that memory is bounded by the largest folder, not by the tree.
    """
    found: list[tuple[str, os.stat_result]] = []
    for name in os.listdir(folder.descriptor):
        with suppress(KeyRefused, OSError):
            status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
            if checked_key(name) == name and (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
                found.append((f"{name}/" if stat.S_ISDIR(status.st_mode) else name, status))
    for name, status in sorted(found, key=lambda each: each[0]):
        key = prefix + name
        if not name.endswith("/"):
            if key > after:
                yield key, status
        elif key > after or after.startswith(key):
            with (
                suppress(FileNotFoundError),
                closing(Folder(_deeper(folder.descriptor, name[:-1], make=False))) as inner,
            ):
                yield from entries(inner, key, after)


def _deeper(descriptor: int, name: str, *, make: bool) -> int:
    """A folder in an open folder. Raises FileMissing, NotOrdinary (a link), NotADirectoryError."""
    try:
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:
        if not make:
            raise FileMissing() from None
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
            raise NotOrdinary from None
        if make:
            raise
        raise FileMissing() from None
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=descriptor)
    return os.open(name, _FOLDER, dir_fd=descriptor)
