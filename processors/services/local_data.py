"""Removes what resources had on this installation's disk: folders below RESOURCES_DIR, some files at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

_NAME = re.compile(r"[A-Za-z0-9~][A-Za-z0-9_~-]{0,199}")


def remove_some(folders: Iterable[str], most: int) -> bool:
    """Removes up to `most` files, and folders when they are empty; whether there is more. One not there is no error.

    Raises ValueError for what is no folder's name, OSError for what the system does not let go.
    """
    left = most
    for name in folders:
        if not _NAME.fullmatch(name):
            raise ValueError("That is no name of a resource's folder.")
        left -= _removed(Path(settings.RESOURCES_DIR) / name, left)
        if left <= 0:
            return True
    return False


def _removed(top: Path, most: int) -> int:
    """How many; fewer than `most` when all is gone. No link is followed."""
    done = 0
    if not top.is_dir():
        return done
    for _, folders, files, descriptor in os.fwalk(top, topdown=False):
        for name in files:
            if done == most:
                return done
            os.unlink(name, dir_fd=descriptor)
            done += 1
        for name in folders:
            _remove_folder(name, descriptor)
    top.rmdir()
    return done


def _remove_folder(name: str, above: int) -> None:
    """An empty one, or a link to one."""
    try:
        os.rmdir(name, dir_fd=above)
    except NotADirectoryError:
        os.unlink(name, dir_fd=above)
