"""A15: hundreds of requests of twenty people at once, through the real server: each sees only themselves."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from django.db import connection
from django.test import Client

from products.services.keys import NewKey, create_key
from products.services.products import create_product
from tests import objects
from tests.people import make_person, make_workspace

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PROJECT = Path(__file__).resolve().parents[2]
PEOPLE, REQUESTS, AT_ONCE = 20, 3_000, 200
ZONES = ("Europe/Paris", "Asia/Tokyo", "America/Lima", "Africa/Cairo", "Australia/Perth")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a workspace of their own."""

    email: str
    tag: str
    zone: str
    cookie: str
    key: str


def make(number: int) -> Person:
    """The only one who may see the word `secretplan<number>z`."""
    workspace = make_workspace(f"space{number}z", f"Space {number}z")
    user = make_person(f"person{number}z@example.com", workspace, "owner")
    user.time_zone = ZONES[number % len(ZONES)]
    user.save()
    actor = objects.owner(workspace)
    create_product(actor, name=f"secretplan{number}z", tag=f"plan{number}z")
    client = Client()
    client.force_login(user)
    key = create_key(actor, NewKey(name="K")).text
    return Person(user.email, workspace.tag, user.time_zone, client.cookies["sessionid"].value, key)


@pytest.fixture
def server() -> Iterator[str]:
    """The web process as it is served, on this test's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
    environment = {
        **os.environ,
        "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
        "DJANGO_SETTINGS_MODULE": "ductape_site.settings.dev",
        "LOG_LEVEL": "ERROR",
        "RATE_LIMIT_CALLER": "0",
        "SAMPLE_API_PORT": "0",
    }
    command = [sys.executable, "-W", "ignore", "-m", "ductape_site.cli.web", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment)
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server has ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(120)


def test_A15_nobody_ever_sees_somebody_else(server: str) -> None:
    people = [make(number) for number in range(PEOPLE)]
    wrong = asyncio.run(storm(server, people))
    assert not wrong, wrong[:5]


async def storm(server: str, people: list[Person]) -> list[str]:
    """Every person by session and by key, pages and REST, their own and other people's addresses."""
    wrong: list[str] = []
    gate, chance = asyncio.Semaphore(AT_ONCE), random.Random(7)
    limits = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def one(me: Person, other: Person, kind: int) -> None:
            path, by_key, mine = asks(me, other, kind)
            headers = {"Authorization": f"Bearer {me.key}"} if by_key else {"Cookie": f"sessionid={me.cookie}"}
            async with gate, session.get(f"{server}{path}", headers=headers, allow_redirects=False) as answer:
                text = await answer.text()
            wrong.extend(complaints(me, f"{path} {answer.status}", text, is_mine=mine, status=answer.status))

        pairs = [(chance.choice(people), chance.choice(people), chance.randrange(6)) for _ in range(REQUESTS)]
        await asyncio.gather(*(one(me, other, kind) for me, other, kind in pairs))
    return wrong


def asks(me: Person, other: Person, kind: int) -> tuple[str, bool, bool]:
    """Path, whether by key, whether it is one's own."""
    return [
        ("/api/v1/me/", False, True),
        ("/api/v1/me/", True, True),
        (f"/api/v1/workspaces/{me.tag}/products/", True, True),
        (f"/w/{me.tag}/products/", False, True),
        ("/profile/", False, True),
        (f"/api/v1/workspaces/{other.tag}/products/", False, other.tag == me.tag),
    ][kind]


def complaints(me: Person, what: str, text: str, *, is_mine: bool, status: int) -> Iterator[str]:
    """What should not be in an answer."""
    number = me.tag.removeprefix("space")
    if status != (200 if is_mine else 404):
        yield f"{me.email}: {what}"
    for found in re.findall(r"(?:person|space|secretplan|plan)(\d+z)", text):
        if found != number:
            yield f"{me.email}: {what} shows {found}"
    if is_mine and "/me/" in what and me.email in text and me.zone not in text:
        yield f"{me.email}: {what} has another time zone"
