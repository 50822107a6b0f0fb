"""What redis-py raises, as errors of connectors. Their texts are ours: the library's may hold addresses and values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis import exceptions as redis_errors

from processors.connectors import errors
from processors.connectors.dialled import dial_error
from processors.connectors.errors import ConnectorError
from products.lib.http_errors import OutboundError
from products.lib.sealing import SealError

_RIGHTS: Final = (
    "The server's user lacks rights: it needs reading, writing, scripts and channels for “ductape:cache:*”."
)
_Sentence = tuple[type[ConnectorError], str]
# In this order: some of them are kinds of others.
_BY_TYPE: Final[tuple[tuple[type[Exception], _Sentence], ...]] = (
    (redis_errors.AuthenticationError, (errors.AuthFailed, "The cache's server refuses the user or the password.")),
    (redis_errors.NoPermissionError, (errors.Misconfigured, _RIGHTS)),
    (redis_errors.ReadOnlyError, (errors.Misconfigured, "The server is a replica that cannot be written to.")),
    (redis_errors.OutOfMemoryError, (errors.RemoteUnavailable, "The cache's server has no memory left.")),
    (redis_errors.BusyLoadingError, (errors.RemoteUnavailable, "The cache's server is still loading its data.")),
    (redis_errors.MaxConnectionsError, (errors.RemoteUnavailable, "All connections to the cache's server are in use.")),
    (redis_errors.TimeoutError, (errors.DeadlineExceeded, "The cache's server did not answer in time.")),
    (redis_errors.ConnectionError, (errors.ConnectionLost, "The connection to the cache's server was lost.")),
)  # fmt: skip
_BY_WORDS: Final[tuple[tuple[str, _Sentence], ...]] = (
    ("WRONGPASS", (errors.AuthFailed, "The cache's server refuses the user or the password.")),
    ("NOAUTH", (errors.AuthFailed, "The cache's server wants a password.")),
    ("AUTH ", (errors.AuthFailed, "The cache's server refuses the user or the password.")),
    ("DB index", (errors.Misconfigured, "The server has no database of this number.")),
    ("OOM", (errors.RemoteUnavailable, "The cache's server has no memory left.")),
    ("READONLY", (errors.Misconfigured, "The server is a replica that cannot be written to.")),
    ("NOPERM", (errors.Misconfigured, _RIGHTS)),
    ("WRONGTYPE", (errors.RemoteRejected, "Something else writes to the keys of this cache on its server.")),
)  # fmt: skip


@contextmanager
def told(*, changes: bool) -> Iterator[None]:
    """Inside, what redis-py raises becomes a ConnectorError. `changes`: what is done inside may have been done."""
    try:
        yield
    except redis_errors.RedisError as error:
        raise _typed(error, changes=changes) from None
    except SealError:
        raise errors.PlatformFailed("The workspace's key could not be used.") from None
    except OSError:
        raise errors.ConnectionLost("The connection to the cache's server was lost.", outcome_unknown=changes) from None


def _typed(error: redis_errors.RedisError, *, changes: bool) -> ConnectorError:
    if isinstance(error.__cause__, OutboundError):
        return dial_error(error.__cause__)
    words = str(error)[:40]
    for start, (kind, message) in _BY_WORDS:
        if isinstance(error, redis_errors.ResponseError) and start in words:
            return kind(message)
    for type_, (kind, message) in _BY_TYPE:
        if isinstance(error, type_):
            unknown = changes and kind in {errors.ConnectionLost, errors.DeadlineExceeded}
            return kind(message, outcome_unknown=unknown)
    return errors.RemoteRejected("The cache's server refused the command.")
