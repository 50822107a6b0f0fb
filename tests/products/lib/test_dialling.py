"""Addresses that drivers dial: what a host may be, and where it may lead."""

import asyncio
import socket

import pytest

from products.lib.addresses import AddressPolicy
from products.lib.dialling import HostRefused, checked_host, checked_name, dial_addresses
from products.lib.http_errors import AddressRefused, NameNotFound

HERE = AddressPolicy.from_entries(["127.0.0.1:5432"])
SMUGGLERS = [
    "/var/run/postgresql", "@abstract", "a,b", "db?host=/tmp", "db:5432", "user@db", "a b", "db\x00", "-db", "",
    "a" * 254,
    "db%2ftmp", "db=1", "fe80::1%eth0", "①②⑦.⓪.⓪.①", "d\nb", "\\\\pipe",
]  # fmt: skip


@pytest.mark.parametrize("host", SMUGGLERS)
def test_S8_a_host_is_no_path_list_or_option(host: str) -> None:
    with pytest.raises(HostRefused):
        checked_host(host)


@pytest.mark.parametrize("name", ["a?host=/tmp", "a=b", "postgresql://x", "../x", "a\x00", " ", "a;b", "a&b", 'a"b'])
def test_S8_a_database_name_carries_no_options(name: str) -> None:
    with pytest.raises(HostRefused):
        checked_name(name)


@pytest.mark.parametrize("spelling", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "::ffff:127.0.0.1"])
async def test_S8_every_spelling_is_judged_by_what_is_dialled(spelling: str) -> None:
    with pytest.raises(AddressRefused):
        await dial_addresses(AddressPolicy(), spelling, 5432)
    assert await dial_addresses(HERE, spelling, 5432)
    with pytest.raises(AddressRefused):
        await dial_addresses(HERE, spelling, 5433)


async def test_S8_of_several_addresses_only_the_allowed_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object, **__: object) -> list[tuple[object, ...]]:
        names = ("10.0.0.5", "8.8.8.8", "::ffff:169.254.169.254", "8.8.8.8")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, 5432)) for name in names]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert await dial_addresses(AddressPolicy(), "db.example.com", 5432) == ("8.8.8.8",)


async def test_an_unknown_name_is_said_to_be_unknown() -> None:
    async with asyncio.timeout(120):
        with pytest.raises(NameNotFound):
            await dial_addresses(HERE, "nowhere.invalid", 5432)
