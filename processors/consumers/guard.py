"""Looks after all sockets of one event loop: how many a person has, and whether each may still hear what it hears.

Everything is asked for in batches: a socket that asked for itself would have its place in the one thread that sockets
share for their queries, and a thousand of them would keep it busy with nothing else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import structlog
from channels.db import database_sync_to_async
from django.db import DatabaseError, InterfaceError

from processors.live.topics import Topic
from processors.queries.listening import allowed_each
from processors.queries.signed_in import SignIn, still_signed_in
from products.models import User

log = structlog.get_logger(__name__)
RECHECK_S = 4.0  # who was removed hears nothing more after five seconds
BATCH = 100
MAX_SOCKETS = 50  # of one person in one process: every open page has one


class Guarded(Protocol):
    """What a socket is to its guard."""

    @property
    def person(self) -> User:
        """Whose it is."""

    @property
    def session(self) -> tuple[str, SignIn] | None:
        """By which session it was opened, where it was by one."""

    @property
    def topics(self) -> set[Topic]:
        """What it hears of."""

    async def end(self) -> None:
        """The session is over."""

    async def deny(self, topics: set[Topic]) -> None:
        """These are not for this person any more."""


class Guard:
    """Of one event loop, while there are sockets in it."""

    def __init__(self) -> None:
        self._sockets: set[Guarded] = set()
        self._count: Counter[Any] = Counter()
        self._asking: dict[Any, asyncio.Lock] = {}
        self._verdicts: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None

    def enter(self, socket: Guarded) -> bool:
        """Takes a socket in; False when this person has too many."""
        if self._count[socket.person.pk] >= MAX_SOCKETS:
            return False
        self._sockets.add(socket)
        self._count[socket.person.pk] += 1
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._look_around())
        return True

    def leave(self, socket: Guarded) -> None:
        """Forgets a socket, also one that was never taken in."""
        if socket not in self._sockets:
            return
        self._sockets.discard(socket)
        self._count[socket.person.pk] -= 1
        if not self._count[socket.person.pk]:
            del self._count[socket.person.pk]
            self._asking.pop(socket.person.pk, None)

    async def allowed(self, socket: Guarded, topics: set[Topic]) -> set[Topic]:
        """Those that may be heard; one question at a time for each person, so that nobody keeps all others waiting."""
        async with self._asking.setdefault(socket.person.pk, asyncio.Lock()):
            found = await database_sync_to_async(allowed_each)([(socket.person, topics)])
        seen: set[Topic] = found[0]
        return seen

    async def _look_around(self) -> None:
        while self._sockets:
            await asyncio.sleep(RECHECK_S)
            everybody = list(self._sockets)
            for first in range(0, len(everybody), BATCH):
                try:
                    await self._look(everybody[first : first + BATCH])
                except (DatabaseError, InterfaceError) as error:  # without a database there is nothing to hear of
                    log.warning("sockets_not_checked", error=type(error).__name__)

    async def _look(self, sockets: Sequence[Guarded]) -> None:
        heard = [(socket.person, set(socket.topics)) for socket in sockets]
        sessions = dict(socket.session for socket in sockets if socket.session is not None)
        alive, seen = await database_sync_to_async(_judge)(sessions, heard)
        for socket, (_, before), now in zip(sockets, heard, seen, strict=True):
            if socket.session is not None and socket.session[0] not in alive:
                self._tell(socket.end())
            elif lost := before - now:
                self._tell(socket.deny(lost))

    def _tell(self, verdict: Coroutine[Any, Any, None]) -> None:
        """Beside the round: a socket that takes nothing must not keep the others from being looked at."""
        task = asyncio.create_task(verdict)
        self._verdicts.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._verdicts.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("socket_was_gone", error=type(error).__name__)


def _judge(sessions: dict[str, SignIn], heard: Sequence[tuple[User, set[Topic]]]) -> tuple[set[str], list[set[Topic]]]:
    return still_signed_in(sessions) if sessions else set(), allowed_each(heard)


_guards: WeakKeyDictionary[asyncio.AbstractEventLoop, Guard] = WeakKeyDictionary()


def guard() -> Guard:
    """The guard of the running event loop."""
    return _guards.setdefault(asyncio.get_running_loop(), Guard())
