"""D7: sockets that flood, swell, say nothing or are many, against the real web process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from uuid import UUID

import psutil
import pytest
from django.test import Client

from processors.live import publish, topics
from products.models import Role, User
from tests.e2e.harness import House
from tests.e2e.raw_http import talk
from tests.e2e.raw_sockets import BYTES, CLOSE, MORE, PING, PONG, TEXT, Raw, frame, open_socket, opened
from tests.people import Cast, make_person

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)

PAGE = b"GET /account/login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
PEOPLE, EACH = 10, 40
MEMORY_PER_SOCKET = 100 * 1024


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


@pytest.fixture
def cookie(people: Cast) -> str:
    return cookie_of(people.vera)


@contextmanager
def still_up(house: House, web: str) -> Iterator[None]:
    """The web process lives, answers, and has not grown by more than some megabytes."""
    process = psutil.Process(house.processes[-1].pid)
    assert talk(web, PAGE).statuses == [200]
    before = process.memory_info().rss
    yield
    assert talk(web, PAGE).statuses == [200]
    assert process.memory_info().rss - before < 20 * 2**20


FLOODS = {
    "messages": frame(TEXT, b'{"unsubscribe": []}'),
    "pings": frame(PING, b"x" * 125),
    "pongs": frame(PONG, b"x" * 125),
    "bytes": frame(BYTES, b"x"),
}


def test_D7_who_sends_without_end_is_closed_with_a_code(house: House, cookie: str) -> None:
    web = house.web()

    async def flood(one: bytes) -> int:
        async with opened(web, cookie) as socket:
            sending = asyncio.create_task(socket.send(one * 10_000))
            code = await socket.closed()
            assert await socket.ended()
            await sending
            return code

    async def all_of_them() -> dict[str, int]:
        return {name: await flood(one) for name, one in FLOODS.items()}

    with still_up(house, web):
        # The code of our own protocol where messages were read, the policy's where frames were not even looked at.
        assert set(asyncio.run(all_of_them()).values()) <= {1008, 4008}


def test_D7_a_message_that_is_too_large_or_in_endless_pieces_closes_the_socket(house: House, cookie: str) -> None:
    web = house.web()

    async def told(raw: bytes) -> int:
        async with opened(web, cookie) as socket:
            sending = asyncio.create_task(socket.send(raw))
            code = await socket.closed()
            assert await socket.ended()
            await sending
            return code

    async def all_of_them() -> list[int]:
        megabyte = await told(frame(TEXT, b"x" * 1_000_000))
        pieces = await told(frame(TEXT, b"{", last=False) + frame(MORE, b"", last=False) * 100_000)
        announced = await told(frame(TEXT, b"x" * 1_000_000)[:20])
        our_own = await told(frame(TEXT, json.dumps({"subscribe": ["x" * 5_000]}).encode()))
        many = await told(frame(TEXT, json.dumps({"subscribe": [f"run:{n}" for n in range(400)]}).encode()))
        return [megabyte, pieces, announced, our_own, many]

    with still_up(house, web):
        assert asyncio.run(all_of_them()) == [1009, 1008, 1009, 4008, 4008]


def test_D7_subscribing_to_ever_more_is_refused(house: House, cookie: str, people: Cast) -> None:
    web = house.web()

    async def ask() -> int:
        async with opened(web, cookie) as socket:
            closed = asyncio.create_task(socket.closed())
            for first in range(0, 100_000, 10):
                if closed.done():
                    break
                await socket.say(subscribe=[str(topics.run(UUID(int=first + n))) for n in range(10)])
                await asyncio.sleep(0)  # so that what the server says is read meanwhile
            return await closed

    with still_up(house, web):
        assert asyncio.run(ask()) in {1008, 4008}


def test_D7_who_answers_no_ping_is_gone(house: House, cookie: str) -> None:
    web = house.web("web.PING_SECONDS = 0.5")

    async def silent() -> tuple[int, bool]:
        async with opened(web, cookie) as socket:
            return await socket.closed(), await socket.ended()

    assert asyncio.run(silent()) == (1011, True)


def test_D7_one_person_has_so_many_sockets_and_no_more(house: House, cookie: str, people: Cast) -> None:
    web = house.web(
        "import django", "django.setup()", "from processors.consumers import guard", "guard.MAX_SOCKETS = 3"
    )
    stranger = cookie_of(people.charlie)

    async def open_them() -> None:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            held = [await enter(opened(web, cookie)) for _ in range(3)]
            for socket in held:
                await joined(socket)
            assert await (await enter(opened(web, cookie))).closed() == 4429
            await joined(await enter(opened(web, stranger)))
            await held[0].send(frame(CLOSE, b"\x03\xe9"))
            assert await held[0].ended()
            while not await is_let_in(await enter(opened(web, cookie))):  # it may not be forgotten yet
                await asyncio.sleep(0.05)

    asyncio.run(open_them())


async def is_let_in(socket: Raw) -> bool:
    """Whether it gets an answer instead of being closed."""
    await socket.say(subscribe=["nothing"])
    return (await socket.next())[0] == TEXT


async def joined(socket: Raw, *names: str) -> None:
    """Subscribed, and known to be: the answer about a topic that is none comes after all others."""
    await socket.say(subscribe=[*names, "nothing"])
    assert await socket.hear() == {"topic": "nothing", "denied": True}


def test_D7_hundreds_of_idle_sockets_cost_little_and_all_hear(house: House, people: Cast) -> None:
    """Each listens to something, so that its groups and its re-checks are counted in; connections as when serving."""
    web = house.web(DJANGO_SETTINGS_MODULE="ductape_site.settings.dev")
    crowd = [make_person(f"crowd{n}@example.com", people.workspace, Role.VIEWER) for n in range(PEOPLE)]
    cookies = [cookie_of(person) for person in crowd]
    topic = topics.workspace(people.workspace.pk)
    process = psutil.Process(house.processes[-1].pid)
    assert talk(web, PAGE).statuses == [200]
    before = process.memory_info().rss

    async def fill() -> None:
        turn = asyncio.Semaphore(20)

        async def one(cookie: str) -> Raw:
            async with turn:
                socket = await open_socket(web, cookie)
                await joined(socket, str(topic))
                socket.heard = asyncio.create_task(socket.hear())
                return socket

        held = await asyncio.gather(*(one(cookie) for cookie in cookies for _ in range(EACH)))
        each = (process.memory_info().rss - before) / len(held)
        assert each < MEMORY_PER_SOCKET, f"{each:.0f} bytes"
        assert (await asyncio.to_thread(talk, web, PAGE)).statuses == [200]
        await asyncio.to_thread(publish.changed, topic, seq=7)
        assert [await socket.heard for socket in held if socket.heard] == [{"topic": str(topic), "seq": 7}] * len(held)
        for socket in held:
            socket.leave()

    asyncio.run(fill())
    assert talk(web, PAGE).statuses == [200]
