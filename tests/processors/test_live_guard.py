"""D7: the guard of sockets: how many a person has, and that nothing keeps it from looking after all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from processors.consumers import guard
from processors.consumers.live import TOO_MANY, LiveConsumer
from processors.live import topics
from processors.live.topics import Topic
from processors.queries import listening
from products.models import Membership, User
from tests.people import Cast
from tests.processors.pages import Page

pytestmark = pytest.mark.django_db(transaction=True)


async def opened(user: User) -> Page:
    page = Page(LiveConsumer.as_asgi(), user=user)
    assert await page.connect()
    return page


async def test_D7_a_person_has_so_many_sockets_and_another_has_their_own(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_SOCKETS", 2)
    mine = [await opened(people.vera) for _ in range(2)]
    assert await (await opened(people.vera)).closed() == TOO_MANY
    theirs = await opened(people.dev)
    await theirs.joined()
    await mine.pop().leave()
    again = await opened(people.vera)
    await again.joined()
    for page in (*mine, theirs, again):
        await page.leave()


async def test_A3_a_database_that_is_away_for_a_moment_does_not_end_the_looking(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "RECHECK_S", 0.02)
    page = await opened(people.vera)
    name = str(topics.workspace(people.workspace.pk))
    await page.joined(name)
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def away(wanted: Sequence[tuple[User, set[Topic]]]) -> list[set[Topic]]:
        loop.call_soon_threadsafe(failed.set)
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(guard, "allowed_each", away)
    await asyncio.wait_for(failed.wait(), 10)
    monkeypatch.setattr(guard, "allowed_each", listening.allowed_each)
    await database_sync_to_async(Membership.objects.filter(user=people.vera).delete)()
    assert await page.hear() == {"topic": name, "denied": True}
    await page.leave()


async def test_A3_a_socket_that_takes_nothing_keeps_no_other_from_being_looked_at(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "RECHECK_S", 0.02)
    stuck, free = await opened(people.dev), await opened(people.vera)
    name = str(topics.workspace(people.workspace.pk))
    for page in (stuck, free):
        await page.joined(name)
    never = asyncio.Event()
    real = LiveConsumer.deny

    async def deny(self: LiveConsumer, lost: set[Topic]) -> None:
        if self.person == people.dev:
            await never.wait()
        await real(self, lost)

    monkeypatch.setattr(LiveConsumer, "deny", deny)
    await database_sync_to_async(Membership.objects.filter(user=people.dev).delete)()
    await asyncio.sleep(0)
    await database_sync_to_async(Membership.objects.filter(user=people.vera).delete)()
    assert await free.hear() == {"topic": name, "denied": True}
    never.set()
    for page in (stuck, free):
        await page.leave()


async def test_a_topic_joined_while_the_others_are_looked_at_is_not_denied(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "RECHECK_S", 0.02)
    page = await opened(people.vera)
    name = str(topics.workspace(people.workspace.pk))
    looked, go_on = asyncio.Event(), asyncio.Event()
    real: Callable[..., Any] = guard.Guard._look

    async def look(self: guard.Guard, sockets: Sequence[Any]) -> None:
        looked.set()
        await go_on.wait()
        await real(self, sockets)

    monkeypatch.setattr(guard.Guard, "_look", look)
    await asyncio.wait_for(looked.wait(), 10)
    await page.joined(name)
    go_on.set()
    assert await page.silent()
    await page.leave()


async def test_many_people_are_asked_for_with_as_many_queries_as_one(
    people: Cast, django_assert_max_num_queries: Any
) -> None:
    workspace = topics.workspace(people.workspace.pk)
    wanted = [(user, {workspace}) for user in (people.alice, people.adam, people.dev, people.vera, people.charlie)]

    def ask() -> list[set[Topic]]:
        with django_assert_max_num_queries(2):
            return listening.allowed_each(wanted)

    assert await database_sync_to_async(ask)() == [{workspace}] * 4 + [set()]
