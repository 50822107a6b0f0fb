"""What the disk refuses, as errors of connectors; no path is ever told."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from processors.connectors import errors
from processors.connectors.errors import ConnectorError
from processors.connectors.storage.failures import Effect
from processors.connectors.storage.folders import NotOrdinary

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_CLASH: Final = frozenset({errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY})


@contextmanager
def told(effect: Effect | None = None) -> Iterator[None]:
    """Inside, what the operating system raises becomes a ConnectorError. `effect` is that of what is done inside."""
    try:
        yield
    except OSError as error:
        typed = _typed(error)
        typed.outcome_unknown = effect is not None and effect.possible
        raise typed from None


def _typed(error: OSError) -> ConnectorError:
    if isinstance(error, NotOrdinary) or error.errno == errno.ELOOP:
        return errors.RemoteRejected("This is not an ordinary file, or leads through a link; links are not followed.")
    if error.errno in _FULL:
        return errors.RemoteUnavailable("The disk is full.")
    if error.errno in _REFUSED:
        return errors.Misconfigured("The worker may not write to the installation's folder of files.")
    if error.errno in _CLASH:
        return errors.RemoteRejected("On a disk, a file and a folder cannot have the same name.")
    if error.errno == errno.ENAMETOOLONG:
        return errors.InputRejected("The key is too long for the disk.", details={"field": "key"})
    return errors.RemoteUnavailable("The disk could not be read or written.")
