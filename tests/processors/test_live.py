"""The socket of a page: who hears what, how often, and what it takes to be thrown out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from ductape_site.asgi import application
from processors.consumers import guard
from processors.consumers.live import LiveConsumer
from processors.live import publish, topics, wire
from processors.live.topics import Topic, parse
from processors.models import Run
from processors.services.runs import RunRequest, start_run
from products.models import Membership, User
from tests.people import Cast
from tests.processors.pages import Page
from tests.processors.scene import Scene

Opened = Callable[[Any], Any]
ONE_ID = "0191f0a0-0000-7000-8000-000000000001"  # fixed: the names of tests must be the same in every process


@pytest.fixture
def run(scene: Scene, people: Cast) -> Run:
    """A queued one."""
    return start_run(people.as_(people.dev), RunRequest("shop", "dev", "api", "get", {})).run


@pytest.fixture
async def socket() -> AsyncIterator[Opened]:
    """Opens sockets for people, and closes them afterwards."""
    opened: list[Page] = []

    async def open_for(user: User | AnonymousUser) -> Page:
        made = Page(LiveConsumer.as_asgi(), user=user)
        opened.append(made)
        assert await made.connect()
        return made

    yield open_for
    for one in opened:
        await one.leave()


async def hint(*wanted: Topic, seq: int = 1) -> None:
    await database_sync_to_async(publish.changed)(*wanted, seq=seq)


async def test_who_listens_hears_that_there_is_news(socket: Opened, people: Cast, run: Run) -> None:
    page = await socket(people.vera)
    await page.joined(f"run:{run.pk}")
    await hint(topics.run(run.pk), seq=7)
    assert await page.hear() == {"topic": f"run:{run.pk}", "seq": 7}


async def test_A3_a_stranger_is_denied_every_topic(socket: Opened, people: Cast, scene: Scene, run: Run) -> None:
    page = await socket(people.charlie)
    names = [
        f"run:{run.pk}", f"runs:{scene.product.pk}:dev", f"workspace:{people.workspace.pk}",
        f"processors:{people.workspace.pk}", f"import:{uuid4()}", f"run:{uuid4()}", f"runs:{uuid4()}:dev",
    ]  # fmt: skip
    await page.say(subscribe=names)
    for name in names:
        assert await page.hear() == {"topic": name, "denied": True}
    await hint(*(topic for name in names if (topic := parse(name))))
    assert await page.silent()


async def test_A3_nobody_gets_in_without_signing_in(socket: Opened) -> None:
    page = await socket(AnonymousUser())
    assert await page.closed() == 4401


async def test_A3_a_member_who_was_removed_hears_nothing_more(
    socket: Opened, people: Cast, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "RECHECK_S", 0.05)
    page = await socket(people.vera)
    name = f"run:{run.pk}"
    await page.joined(name)
    await database_sync_to_async(Membership.objects.filter(user=people.vera).delete)()
    assert await page.hear() == {"topic": name, "denied": True}
    await hint(topics.run(run.pk))
    assert await page.silent()


async def test_A3_a_narrowed_member_hears_only_of_their_products(
    socket: Opened, people: Cast, scene: Scene, run: Run
) -> None:
    narrow = Membership.objects.filter(user=people.vera).update
    await database_sync_to_async(narrow)(product_scope=["another"])
    page = await socket(people.vera)
    for name in (f"run:{run.pk}", f"runs:{scene.product.pk}:dev"):
        await page.say(subscribe=[name])
        assert await page.hear() == {"topic": name, "denied": True}
    await page.joined(f"workspace:{people.workspace.pk}")


async def test_hints_in_a_row_become_one(socket: Opened, people: Cast) -> None:
    page = await socket(people.vera)
    topic = topics.workspace(people.workspace.pk)
    await page.joined(str(topic))
    for seq in range(1, 31):
        await hint(topic, seq=seq)
    heard = [await page.hear()]
    while heard[-1]["seq"] < 30:
        heard.append(await page.hear())
    assert heard[0]["seq"] == 1
    assert len(heard) <= 4


async def test_R24_far_more_hints_than_a_page_can_take_end_with_the_last_one(socket: Opened, people: Cast) -> None:
    """The layer has no capacity to exceed; what gathers for a page is one number a topic, however much there is."""
    page = await socket(people.vera)
    topic, last = topics.workspace(people.workspace.pk), 20_000
    await page.joined(str(topic))

    def flood() -> None:
        for begin in range(1, last, 1_000):
            publish._publish([wire.hint(topic, seq) for seq in range(begin, begin + 1_000)])

    await database_sync_to_async(flood)()
    heard = [await page.hear()]
    while heard[-1]["seq"] < last:
        heard.append(await page.hear())
    assert [frame["seq"] for frame in heard] == sorted({frame["seq"] for frame in heard})
    assert len(heard) < last / 100


async def test_who_unsubscribes_hears_nothing(socket: Opened, people: Cast, run: Run) -> None:
    page = await socket(people.vera)
    await page.joined(f"run:{run.pk}")
    await page.say(unsubscribe=[f"run:{run.pk}"])
    await page.joined()
    await hint(topics.run(run.pk))
    assert await page.silent()


@pytest.mark.parametrize(
    "frame",
    [
        "not json", "[]", '{"subscribe": "run"}', '{"subscribe": [1]}', '{"do": []}', "[" * 3000,
        json.dumps({"subscribe": ["x" * 5000]}), json.dumps({"subscribe": [f"run:{n}" for n in range(60)]}),
    ],
    ids=["no json", "list", "text", "number", "unknown", "deep", "long", "many"],
)  # fmt: skip
async def test_who_does_not_keep_to_the_protocol_is_thrown_out(socket: Opened, people: Cast, frame: str) -> None:
    page = await socket(people.vera)
    await page.send_text(frame)
    assert await page.closed() == 4008


async def test_who_talks_too_much_is_thrown_out(socket: Opened, people: Cast) -> None:
    page = await socket(people.vera)
    for _ in range(21):
        await page.say(unsubscribe=[])
    assert await page.closed() == 4008


async def test_bytes_are_not_spoken_here(socket: Opened, people: Cast) -> None:
    page = await socket(people.vera)
    await page.send_input({"type": "websocket.receive", "bytes": b"{}"})
    assert await page.closed() == 4008


def cookies_of(user: User) -> bytes:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [(b"http://testserver", True), (b"http://evil.example", False), (b"null", False), (None, False)],
)
async def test_X5_another_site_cannot_open_the_socket(people: Cast, origin: bytes | None, let_in: bool) -> None:
    cookie = await database_sync_to_async(cookies_of)(people.vera)
    headers = ((b"host", b"testserver"), (b"cookie", cookie), *(((b"origin", origin),) if origin else ()))
    page = Page(application, headers=headers, server=("testserver", 80))
    assert await page.connect() is let_in
    if let_in:
        await page.joined(f"workspace:{people.workspace.pk}")
        await page.leave()


async def test_a_socket_that_idles_stays_open(socket: Opened, people: Cast, run: Run) -> None:
    """The channel layer's other class dies after five idle seconds."""
    page = await socket(people.vera)
    await page.joined(f"run:{run.pk}")
    await asyncio.sleep(5.5)
    await hint(topics.run(run.pk))
    assert (await page.hear())["seq"] == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        "run",
        "run:",
        "run:x",
        f"run:{ONE_ID}:dev",
        f"runs:{ONE_ID}",
        f"runs:{ONE_ID}:Dev",
        "workspace:1",
        7,
        None,
    ],
)
def test_a_name_that_is_no_topic_is_none(name: object) -> None:
    assert parse(name) is None
