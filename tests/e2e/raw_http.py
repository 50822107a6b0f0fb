"""Requests as no client of a library would send them, and what comes back, byte by byte."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Said:
    """All that a connection gave, and whether the server ended it."""

    data: bytes
    ended: bool

    @property
    def statuses(self) -> list[int]:
        """One for each answer."""
        return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.data)]

    def lacks(self, headers: Mapping[str, str]) -> list[str]:
        """Which of these the first answer does not have, or has otherwise."""
        lines = self.data.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
        return [name for name, value in headers.items() if f"{name}: {value}".lower().encode() not in lines]


def dial(address: str) -> socket.socket:
    """A connection to the web process."""
    place = urlsplit(address)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE_S)


def talk(address: str, raw: bytes) -> Said:
    """Sends bytes and listens until the server ends the connection, or for half a minute."""
    got, ended = b"", False
    with dial(address) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have heard enough already
            connection.sendall(raw)
        try:
            while more := connection.recv(65_536):
                got += more
            ended = True
        except ConnectionResetError:
            ended = True
        except TimeoutError:
            ended = False
    return Said(got, ended)
