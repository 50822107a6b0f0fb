"""How a MongoDB is reached, or not: addresses, credentials, TLS, servers that go away."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace

import pytest

from processors.connectors import errors
from processors.connectors.errors import ConnectorError
from processors.connectors.mongodb.clients import parse_hosts
from processors.connectors.resources import ResourceCall
from products.lib.addresses import AddressPolicy
from products.lib.dialling import HostRefused
from tests.certificates import Authority
from tests.processors.connectors.caches.own_server import behind_tls
from tests.processors.connectors.mongodb.conftest import mongo_place
from tests.processors.connectors.mongodb.own_server import PASSWORD, free_port, own_mongo


async def failing(connector, place, kind, *, operation: str = "check", deadline_s: float = 30.0) -> ConnectorError:
    """The error, which must be of this kind and hold no credentials."""
    with pytest.raises(kind) as found:
        await connector.call(ResourceCall(place, operation), deadline_s=deadline_s, max_bytes=10_000)
    told = json.dumps(found.value.to_json()) + str(found.value.result)
    assert PASSWORD not in told
    assert str(place.settings.get("password") or PASSWORD) not in told
    return found.value


# Addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "169.254.169.254", "10.0.0.1"])
async def test_S8_a_private_address_is_refused_however_it_is_written(mongo, connector, host) -> None:
    place = mongo_place(mongo.port, hosts=f"{host}:{mongo.port}")
    error = await failing(connector(AddressPolicy.from_entries([])), place, errors.AddressRefused)
    assert error.details == {"field": "host"}


@pytest.mark.parametrize("hosts", ["[::1]:{port}", "[::ffff:127.0.0.1]:{port}", "::1"])
async def test_S8_so_is_one_in_brackets(mongo, connector, hosts) -> None:
    place = mongo_place(mongo.port, hosts=hosts.format(port=mongo.port))
    await failing(connector(AddressPolicy.from_entries([])), place, errors.AddressRefused)


@pytest.mark.parametrize(
    "hosts",
    ["/tmp/mongodb-27017.sock", "%2Ftmp%2Fmongodb.sock", "mongodb://127.0.0.1", "u:p@127.0.0.1", "a.example?tls=false",
     "", ",", "a.example:0", "a.example:99999", "a.example:x", "a b", "a.example/db"],
)  # fmt: skip
async def test_S8_what_is_no_host_is_refused(connector, hosts) -> None:
    error = await failing(connector(), mongo_place(1, hosts=hosts), errors.Misconfigured)
    assert error.details == {"field": "hosts"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("database", "a/b"), ("database", "a?x=1"), ("database", ""), ("database", "a$b"), ("database", "a.b"),
     ("auth_source", "a&b"), ("auth_source", "a/b")],
)  # fmt: skip
async def test_S8_names_hold_no_options(connector, mongo, field, value) -> None:
    await failing(connector(), mongo_place(mongo.port, **{field: value}), errors.Misconfigured)


async def test_S8_hosts_that_a_replica_set_announces_are_guarded_too(tmp_path, connector) -> None:
    """Allowed by its name only, the server then says that it is at an address, which is not."""
    with own_mongo(tmp_path, options=("--log-level", "ERROR")) as server:
        by_name = AddressPolicy.from_entries([f"localhost:{server.port}"])
        place = mongo_place(server.port, hosts=f"localhost:{server.port}")
        assert await _checked(connector(by_name), place)
        announced = replace(place, settings={**place.settings, "replica_set": "secantus"}, fingerprint="two")
        assert await _checked(connector(), announced)
        await failing(connector(by_name), announced, errors.AddressRefused)


async def test_S8_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(mongo, connector, monkeypatch) -> None:
    """What was checked is what is dialled: the driver never asks for the name again."""
    loop, dialled = asyncio.get_running_loop(), []
    real = loop.getaddrinfo

    async def moody(host, port, **more):
        if "family" in more:  # the driver, which is about to connect
            dialled.append(host)
        return await real("127.0.0.1" if host == "db.example.com" else host, port, **more)

    monkeypatch.setattr(loop, "getaddrinfo", moody)
    policy = AddressPolicy.from_entries([f"127.0.0.1:{mongo.port}"])
    assert await _checked(connector(policy), mongo_place(mongo.port, hosts=f"db.example.com:{mongo.port}"))
    assert set(dialled) == {"127.0.0.1"}


def test_hosts_are_read_as_people_write_them() -> None:
    assert parse_hosts("a.example.com") == (("a.example.com", 27017),)
    assert parse_hosts(" a:1 , b:2,[::1]:3, [::1], ::1") == (
        ("a", 1),
        ("b", 2),
        ("::1", 3),
        ("::1", 27017),
        ("::1", 27017),
    )
    with pytest.raises(HostRefused):
        parse_hosts(",".join(f"h{n}" for n in range(51)))


# Credentials and TLS ----------------------------------------------------------------------------------------------


WRONG = [{"password": "wrong-password"}, {"user": "nobody-here"}, {"auth_source": "elsewhere"}]


@pytest.mark.parametrize("given", WRONG)
async def test_K5_wrong_credentials_are_told_without_them(mongo, connector, given) -> None:
    error = await failing(connector(), mongo_place(mongo.port, **given), errors.AuthFailed)
    assert "user or the password" in error.message


async def test_a_user_without_the_rights_is_told(mongo, connector) -> None:
    place = mongo_place(mongo.port, user="reader")
    definition = {"type": "create", "mongodb": {"collection": "a", "operation": "insert", "documents": {}}}
    with pytest.raises(errors.Misconfigured, match="may not"):
        await connector().call(ResourceCall(place, "run", definition), deadline_s=30, max_bytes=1_000)
    for given in ({"user": ""}, {"user": "", "password": ""}):
        with pytest.raises(errors.Misconfigured):
            await connector().call(
                ResourceCall(mongo_place(mongo.port, **given), "tables"), deadline_s=30, max_bytes=1_000
            )


async def test_tls_is_verified_against_the_name(mongo, connector, tmp_path) -> None:
    (tmp_path / "other").mkdir()
    ours, theirs = Authority(tmp_path), Authority(tmp_path / "other")
    trusted = {"tls": "verify", "tls_ca": ours.file.read_text()}
    async with (
        behind_tls(mongo.port, ours.server("127.0.0.1")) as right,
        behind_tls(mongo.port, ours.server("elsewhere.example")) as other_name,
        behind_tls(mongo.port, theirs.server("127.0.0.1")) as stranger,
    ):
        mongo_connector = connector()
        assert await _checked(mongo_connector, mongo_place(right, **trusted))
        assert await _checked(mongo_connector, mongo_place(stranger, tls="require"))
        for port, given in ((other_name, trusted), (stranger, trusted), (right, {"tls": "verify"})):
            await failing(mongo_connector, mongo_place(port, **given), errors.TlsFailed)
        await mongo_connector.close()


async def test_an_authority_that_is_no_certificate_is_told(mongo, connector) -> None:
    await failing(connector(), mongo_place(mongo.port, tls="verify", tls_ca="NONSENSE"), errors.Misconfigured)
    assert ssl.create_default_context()


# Servers that go away -----------------------------------------------------------------------------------------------


async def test_a_port_where_nobody_listens_is_told(connector) -> None:
    await failing(connector(), mongo_place(free_port()), errors.ConnectFailed, deadline_s=60)


async def test_R22_a_server_that_says_nothing_ends_at_the_deadline(connector) -> None:
    silent = await asyncio.start_server(lambda reader, writer: reader.read(), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    await failing(connector(), mongo_place(port), errors.NetworkFailed, deadline_s=0.5)
    silent.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the driver leaves its socket to Python
async def test_R22_a_server_that_says_nonsense_is_told(connector) -> None:
    async def nonsense(reader, writer) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 100)
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    place = mongo_place(server.sockets[0].getsockname()[1])
    await failing(connector(), place, errors.NetworkFailed, deadline_s=20)
    server.close()


async def test_a_server_that_dies_is_used_again_when_it_is_back(tmp_path, connector) -> None:
    with own_mongo(tmp_path) as server:
        mongo_connector, place = connector(), mongo_place(server.port)
        assert await _checked(mongo_connector, place)
        server.end()
        await failing(mongo_connector, place, errors.NetworkFailed, deadline_s=3)
        server.start()
        assert await _checked(mongo_connector, place)


async def test_other_settings_close_the_connections_of_the_old_ones(mongo, connector) -> None:
    mongo_connector, place = connector(), mongo_place(mongo.port)
    await _checked(mongo_connector, place)
    (old,) = [each.client for each in mongo_connector._clients._kept.values()]
    changed = replace(place, fingerprint="two", settings={**place.settings, "user": "reader"})
    await _checked(mongo_connector, changed)
    (new,) = [each.client for each in mongo_connector._clients._kept.values()]
    assert new is not old
    async with asyncio.timeout(120):
        while not old.driver._closed:
            await asyncio.sleep(0.01)


async def _checked(connector, place) -> bool:
    given = await connector.call(ResourceCall(place, "check"), deadline_s=60, max_bytes=10_000)
    return given.output["product"] == "MongoDB" and given.output["version"][0].isdigit()
