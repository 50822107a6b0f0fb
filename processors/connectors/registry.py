"""Which connector serves which kind of call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

from processors.connectors.base import Connector


class UnknownConnector(LookupError):
    """No connector serves this kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"Nothing here can make calls of the kind “{kind}”.")
        self.kind = kind


CLOSING_S = 2.0
Make: TypeAlias = Callable[[ModuleType], Connector[Any]]


class Registry:
    """The connectors of one process, by kind (`http`, …); closed together."""

    def __init__(self) -> None:
        self._connectors: dict[str, Connector[Any]] = {}
        self._promised: dict[str, tuple[str, Make]] = {}

    def register(self, kind: str, connector: Connector[Any]) -> None:
        """Raises ValueError when the kind is taken: two connectors for one kind is a mistake in the composition."""
        if kind in self._connectors:
            raise ValueError(f"The kind {kind!r} has a connector already.")
        self._connectors[kind] = connector

    def promise(self, kind: str, module: str, make: Make) -> None:
        """One that is made when it is first used: its drivers cost memory that many workers never need.

        `make` is given the module. Raises ValueError as `register`.
        """
        if kind in self._connectors or kind in self._promised:
            raise ValueError(f"The kind {kind!r} has a connector already.")
        self._promised[kind] = (module, make)

    async def ready(self, kind: str) -> Connector[Any]:
        """As `get`, also of one that was promised. Raises UnknownConnector."""
        if kind not in self._connectors and kind in self._promised:
            name, make = self._promised[kind]
            module = await asyncio.to_thread(import_module, name)
            if kind not in self._connectors:  # somebody else may have waited for the same import
                self._connectors[kind] = make(module)
        return self.get(kind)

    def get(self, kind: str) -> Connector[Any]:
        """Raises UnknownConnector."""
        try:
            return self._connectors[kind]
        except KeyError:
            raise UnknownConnector(kind) from None

    def kinds(self) -> tuple[str, ...]:
        """What can be called, sorted."""
        return tuple(sorted({*self._connectors, *self._promised}))

    async def close(self) -> None:
        """Close every connector, all at once; one whose server is away is given up after some seconds."""
        await asyncio.gather(*(_closed(connector) for connector in self._connectors.values()))


async def _closed(connector: Connector[Any]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(connector.close(), CLOSING_S)
