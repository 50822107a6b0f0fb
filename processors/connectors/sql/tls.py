"""TLS to databases: verified against the name that was configured, although an address is dialled."""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from processors.connectors.sql.sessions import Failure, SqlFailed


class NamedContext(ssl.SSLContext):
    """Asks for the certificate of `name`, whatever the driver says: it knows only the address."""

    name: str = ""

    def wrap_bio(self, incoming: Any, outgoing: Any, **kwargs: Any) -> ssl.SSLObject:  # type: ignore[override]
        """For asyncio, which wraps by this."""
        kwargs["server_hostname"] = self.name
        return super().wrap_bio(incoming, outgoing, **kwargs)


def context(mode: str, authority: str, name: str) -> ssl.SSLContext | None:
    """For `verify`, `require` and `off`. Raises SqlFailed when the authority is no certificate."""
    if mode == "off":
        return None
    made = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    made.name = name
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if mode == "require":
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made
    try:
        made.load_verify_locations(cadata=authority) if authority else made.load_default_certs()
    except (ssl.SSLError, ValueError):
        raise SqlFailed(Failure("authority")) from None
    return made


@asynccontextmanager
async def authority_file(authority: str, *, wanted: bool) -> AsyncIterator[str]:
    """A file with the certificates to trust, which libpq wants; "" where none is needed."""
    if not wanted:
        yield ""
        return
    if not authority:
        known = ssl.get_default_verify_paths().cafile
        yield known if known and Path(known).is_file() else "system"
        return
    context("verify", authority, "")  # says what is wrong with it before libpq would
    path = await asyncio.to_thread(_written, authority)
    try:
        yield path
    finally:
        await asyncio.to_thread(os.unlink, path)


def _written(text: str) -> str:
    handle, path = tempfile.mkstemp(suffix=".pem")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return path
