"""Gathers what comes while the last lot is being worked on, and hands it on as one lot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Later(Generic[Answer]):
    """An answer that is still to come, where one item must not hold up the others."""

    future: asyncio.Future[Answer]


Given: TypeAlias = Answer | BaseException | Later[Answer]
Work: TypeAlias = Callable[[list[Item]], Awaitable[Sequence[Given[Answer]]]]


class Gatherer(Generic[Item, Answer]):
    """One item alone goes at once; many that come together cost one round.

    `work` answers for each item in order: a result, an exception for that item alone, or later.
    """

    def __init__(self, work: Work[Item, Answer], *, most: int = 200) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Answer:
        """The answer for this item. Raises what the work raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            lot, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers: Sequence[Given[Answer]] = await self._work([item for item, _ in lot])
            except Exception as error:  # noqa: BLE001 - every waiter must hear of it
                answers = [_apart(error) for _ in lot]
            for (_, future), answer in zip(lot, answers, strict=True):
                _give(future, answer)
        self._task = None


def _apart(error: Exception) -> Exception:
    """The same without the way it came: whoever clears the frames of its traceback would close our coroutine."""
    return copy(error).with_traceback(None)


def _give(future: asyncio.Future[Answer], answer: Given[Answer]) -> None:
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    elif isinstance(answer, Later):
        answer.future.add_done_callback(lambda later: _give_later(future, later))
    else:
        future.set_result(answer)


def _give_later(future: asyncio.Future[Answer], later: asyncio.Future[Answer]) -> None:
    if later.cancelled():
        future.cancel()
    else:
        _give(future, later.exception() or later.result())
