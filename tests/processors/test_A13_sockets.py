"""A13: an open socket does not outlive what let it in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from channels.db import database_sync_to_async
from django.contrib.sessions.models import Session
from django.test import Client

from ductape_site.asgi import application
from processors.consumers import guard, live
from products.models import User
from products.services.sign_in import end_sessions
from tests.people import PASSWORD, Cast
from tests.processors.pages import Page


def new_password(user: User) -> None:
    user.set_password("a quite different phrase")
    user.save()


def locked_out(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def signed_off(user: User) -> None:
    Session.objects.all().delete()


@pytest.mark.parametrize("end", [new_password, locked_out, signed_off, end_sessions])
async def test_A13_a_socket_closes_when_its_session_is_over(
    people: Cast, monkeypatch: pytest.MonkeyPatch, end: Callable[[User], None]
) -> None:
    monkeypatch.setattr(guard, "RECHECK_S", 0.05)
    cookie = await database_sync_to_async(cookie_of)(people.vera)
    headers = ((b"host", b"testserver"), (b"origin", b"http://testserver"), (b"cookie", cookie))
    page = Page(application, headers=headers, server=("testserver", 80))
    assert await page.connect()
    await page.joined(f"workspace:{people.workspace.pk}")
    await database_sync_to_async(end)(people.vera)
    assert await page.closed() == live.SIGNED_OUT
    await page.leave()


def cookie_of(user: User) -> bytes:
    client = Client()
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    return f"sessionid={client.cookies['sessionid'].value}".encode()
