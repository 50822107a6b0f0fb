"""What goes wrong with the servers of caches, and what a run notices: a sentence, and no more than its patience."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from processors.connectors import errors
from processors.connectors.caches.results import Bypass, Follow, Found, Lead
from processors.connectors.errors import ConnectorError
from products.lib.addresses import AddressPolicy
from tests.certificates import Authority
from tests.contracts.caches import SHARED, ask, key, through, true_soon
from tests.contracts.caches import answer as answering
from tests.processors.connectors.caches.conftest import a_place, team_place
from tests.processors.connectors.caches.own_server import behind_tls, free_port, own_server

PASSWORD = "s3cret-w0rd"


async def refused(cache, place, kind, *, says: str = "", operation: str = "get") -> ConnectorError:
    """The error of an operation, which must be of this kind and hold no credentials and no address."""
    with pytest.raises(kind) as found:
        await ask(cache, place, operation, key="k", value=1)
    error = found.value
    told = json.dumps(error.to_json()) + error.result.request.url.replace(str(place.settings.get("host")), "")
    assert type(error) is kind
    assert says in error.message
    assert PASSWORD not in told
    assert "127.0.0.1" not in error.message
    assert "WRONGPASS" not in told
    return error


# What was configured ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"password": "wrong"}, {"password": ""}, {"user": "nobody"}, {"user": ""}])
async def test_K5_wrong_credentials_are_told_without_them(valkey, connector, given) -> None:
    place = team_place(valkey.port, **given)
    await refused(connector(), place, errors.AuthFailed, says="password")
    assert isinstance(await connector().lookup(place, SHARED, key("x")), Bypass)


async def test_a_user_without_the_rights_is_told_which_are_needed(valkey, connector) -> None:
    error = await refused(connector(), team_place(valkey.port, user="weak"), errors.Misconfigured, says="rights")
    assert "ductape:cache:*" in error.message


async def test_a_user_who_may_not_ask_for_the_version_can_use_the_cache(valkey, connector) -> None:
    place = team_place(valkey.port, user="terse")
    assert (await ask(connector(), place, "check"))["version"] == ""
    assert await through(connector(), place, key("x"), answering(1)) == 1


async def test_a_database_that_is_not_there_is_told(valkey, connector) -> None:
    await refused(connector(), team_place(valkey.port, database=99), errors.Misconfigured, says="no database")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1"],
)
async def test_S8_a_private_address_is_refused_however_it_is_written(valkey, connector, host) -> None:
    cache = connector(policy=AddressPolicy.from_entries([]))
    with pytest.raises(errors.AddressRefused) as found:
        await ask(cache, team_place(valkey.port, host=host), "get", key="k")
    assert found.value.details == {"field": "host"}


@pytest.mark.parametrize("host", ["/tmp/valkey.sock", "unix:///x", "127.0.0.1,10.0.0.1", "a@127.0.0.1", "", "a b"])
async def test_S8_what_is_no_host_is_refused(valkey, connector, host) -> None:
    with pytest.raises(errors.Misconfigured) as found:
        await ask(connector(), team_place(valkey.port, host=host), "get", key="k")
    assert found.value.details == {"field": "host"}


async def test_S8_the_platforms_own_server_is_closed_to_servers_of_teams(valkey, connector) -> None:
    policy = AddressPolicy.from_entries(["127.0.0.0/8"], [("127.0.0.1", valkey.port)])
    cache = connector(policy=policy, builtin=f"redis://team:{PASSWORD}@127.0.0.1:{valkey.port}/0")
    await refused(cache, team_place(valkey.port), errors.AddressRefused)
    assert await ask(cache, a_place("builtin"), "set", key="k", value=1) == {"key": "k"}


async def test_a_port_where_nobody_listens_is_told(connector) -> None:
    await refused(connector(), team_place(free_port()), errors.ConnectFailed)


async def test_a_host_that_does_not_exist_is_told(connector) -> None:
    with pytest.raises((errors.NameNotFound, errors.ConnectFailed)):
        await ask(connector(), team_place(6379, host="no-such-host.invalid"), "get", key="k")


async def test_what_is_no_cache_and_no_operation_is_refused(connector) -> None:
    with pytest.raises(errors.Misconfigured, match="no operation"):
        await ask(connector(), a_place("builtin"), "flushall")
    with pytest.raises(errors.Misconfigured, match="not known"):
        await ask(connector(), a_place("memcached"), "get", key="k")


# TLS ----------------------------------------------------------------------------------------------------------------


async def test_tls_is_verified_against_the_name(valkey, connector, tmp_path) -> None:
    ours, theirs = Authority(tmp_path), Authority(_folder(tmp_path, "other"))
    trusted = {"tls": "verify", "tls_ca": ours.file.read_text()}
    async with (
        behind_tls(valkey.port, ours.server("127.0.0.1")) as right,
        behind_tls(valkey.port, ours.server("elsewhere.example")) as other_name,
        behind_tls(valkey.port, theirs.server("127.0.0.1")) as stranger,
    ):
        cache = connector()
        assert await ask(cache, team_place(right, **trusted), "set", key="k", value=1) == {"key": "k"}
        await refused(cache, team_place(other_name, **trusted), errors.TlsFailed)
        await refused(cache, team_place(stranger, **trusted), errors.TlsFailed)
        await refused(cache, team_place(right, tls="verify"), errors.TlsFailed)
        assert await ask(cache, team_place(stranger, tls="require"), "set", key="k", value=1) == {"key": "k"}
        await cache.close()


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear(valkey, connector) -> None:
    with pytest.raises(ConnectorError):
        await ask(connector(), team_place(valkey.port, tls="require"), "get", key="k")


async def test_an_authority_that_is_no_certificate_is_told(valkey, connector) -> None:
    place = team_place(valkey.port, tls="verify", tls_ca="-----BEGIN NONSENSE-----")
    await refused(connector(), place, errors.Misconfigured, says="PEM")


# What lies on the server --------------------------------------------------------------------------------------------


async def test_what_lies_on_the_server_is_sealed_for_its_workspace_and_key(valkey, connector, vault) -> None:
    cache, place = connector(), team_place(valkey.port)
    await ask(cache, place, "set", key="k", value={"card": "4242-4242"})
    await through(cache, place, key("x"), answering({"card": "4242-4242"}))
    async with _plainly(valkey) as client:
        kept = {name: await client.hget(name, "v") async for name in client.scan_iter(match=f"*{place.id}}}:e:*")}
        assert len(kept) == 2
        assert not any(b"4242" in value for value in kept.values())
        for name in kept:  # moved to another key, it opens no more
            if name.endswith(b"e:k"):
                await client.copy(name, name.replace(b"e:k", b"e:m"))
    assert (await ask(cache, place, "get", key="m"))["found"] is False
    vault.keys.clear()  # the workspace has another key now
    assert (await ask(cache, place, "get", key="k"))["found"] is False
    assert isinstance(await cache.lookup(place, SHARED, key("x")), Bypass)
    assert isinstance(await cache.lookup(place, SHARED, key("x")), Lead)


async def test_a_key_that_cannot_be_had_costs_no_run_and_no_value(connector, vault, monkeypatch) -> None:
    cache, place, shared = connector(pause_s=0), a_place("builtin"), {"for": "1ms", "stale_for": "1h"}
    lead = await cache.lookup(place, SHARED, key("x"))
    old = await cache.lookup(place, shared, key("old"))
    await cache.store(place, old.token, "old")
    await ask(cache, place, "set", key="k", value="kept")

    async def away(_):
        raise LookupError("the database of keys is away")

    with monkeypatch.context() as patched:
        patched.setattr(vault, "sealer", away)
        assert await cache.store(place, lead.token, 1) == ("The result was not kept: the cache could not be reached.",)
        assert isinstance(await cache.lookup(place, shared, key("old")), Bypass)
        for operation in ("get", "set"):
            with pytest.raises(errors.PlatformFailed, match="key could not be had"):
                await ask(cache, place, operation, key="k", value="other")
    assert (await ask(cache, place, "get", key="k"))["value"] == "kept"
    again = await cache.lookup(place, shared, key("old"))
    assert isinstance(again, Lead)
    assert again.old.value == "old"


async def test_what_others_wrote_under_our_keys_is_no_value(valkey, connector) -> None:
    cache, place = connector(), team_place(valkey.port)
    await ask(cache, place, "set", key="k", value=1)
    async with _plainly(valkey) as client:
        (name,) = [n async for n in client.scan_iter(match="*e:k") if str(place.id).encode() in n]
        await client.delete(name)
        await client.set(name, "a text")
    with pytest.raises(errors.RemoteRejected, match="Something else"):
        await ask(cache, place, "get", key="k")


# Servers that go away -------------------------------------------------------------------------------------------------


async def test_R22_a_frozen_server_costs_a_run_its_patience_once(tmp_path, connector) -> None:
    with own_server(tmp_path) as server:
        cache, place = connector(patience_s=0.2, pause_s=3_600), team_place(server.port)
        assert await through(cache, place, key("x"), answering(1)) == 1
        server.freeze()
        first = await cache.lookup(place, SHARED, key("x"))
        assert isinstance(first, Bypass)
        assert "without the cache" in first.notice
        server.thaw()  # it is left out all the same, for a while
        assert isinstance(await cache.lookup(place, SHARED, key("x")), Bypass)
        assert isinstance(await connector().lookup(place, SHARED, key("x")), Found)


async def test_R22_a_frozen_server_ends_an_operation_at_its_deadline(tmp_path, connector) -> None:
    with own_server(tmp_path) as server:
        cache, place = connector(), team_place(server.port)
        await ask(cache, place, "set", key="k", value=1)
        server.freeze()
        call = _call(place, "increment", key="n")
        with pytest.raises(errors.DeadlineExceeded) as found:
            await cache.call(call, deadline_s=0.2, max_bytes=1_000)
        assert found.value.outcome_unknown is True
        server.thaw()
        assert (await ask(cache, place, "get", key="k"))["value"] == 1


async def test_a_server_that_dies_fails_no_run_and_is_used_again_when_it_is_back(tmp_path, connector) -> None:
    with own_server(tmp_path) as server:
        cache, place = connector(pause_s=0.05, patience_s=1), team_place(server.port)
        lead = await cache.lookup(place, SHARED, key("x"))
        waiting = asyncio.create_task(cache.wait(place, SHARED, key("x"), deadline_s=60))
        await asyncio.sleep(0)
        server.end()
        assert await cache.store(place, lead.token, 1) == ("The result was not kept: the cache could not be reached.",)
        await cache.give_up(place, lead.token)
        assert isinstance(await waiting, Bypass)
        assert isinstance(await cache.lookup(place, SHARED, key("x")), Bypass)
        await refused(cache, place, errors.ConnectFailed)
        server.start()
        await true_soon(lambda: _leads(cache, place))


async def test_waiting_outlasts_the_drivers_own_time_limits(connector) -> None:
    first, second, place = connector(), connector(), a_place("builtin")
    lead = await first.lookup(place, SHARED, key("x"))
    waiting = asyncio.create_task(second.wait(place, SHARED, key("x"), deadline_s=60))
    await asyncio.sleep(6)  # redis-py gives up reading after five seconds by itself
    assert not waiting.done()
    await first.store(place, lead.token, "at last")
    assert (await waiting).value == "at last"


async def test_more_calls_than_connections_wait_for_their_turn(valkey, connector) -> None:
    cache, place = connector(), team_place(valkey.port)
    given = await asyncio.gather(*(ask(cache, place, "increment", key="n") for _ in range(500)))
    assert len(given) == 500

    async def over_and_over(number: int):
        return [await ask(cache, place, "increment", key=str(number)) for _ in range(10)]

    async with asyncio.timeout(60):  # nobody waits while others have turn after turn
        ends = asyncio.as_completed([over_and_over(number) for number in range(60)])
        assert [(await end)[-1]["value"] for end in ends] == [10] * 60
    async with _plainly(valkey) as client:
        mine = [each for each in await client.client_list() if each["user"] == "team"]
    assert len(mine) <= 25


async def test_other_settings_close_the_connections_of_the_old_ones(tmp_path, connector) -> None:
    with own_server(tmp_path) as server:
        cache, place = connector(), team_place(server.port)
        await ask(cache, place, "get", key="k")
        changed = replace(place, fingerprint="two", settings={**place.settings, "user": "terse"})
        await ask(cache, changed, "get", key="k")
        async with _plainly(server) as client:
            await true_soon(lambda: _only(client, "terse"))


async def test_followers_are_woken_by_the_server_and_not_only_by_looking(valkey, connector, monkeypatch) -> None:
    from processors.connectors.caches import sharing

    monkeypatch.setattr(sharing, "LOOK_S", 3_600.0)
    first, second, place = connector(), connector(), team_place(valkey.port)
    lead = await first.lookup(place, SHARED, key("x"))
    assert isinstance(await second.lookup(place, SHARED, key("x")), Follow)
    waiting = asyncio.create_task(second.wait(place, SHARED, key("x"), deadline_s=100))
    async with _plainly(valkey) as client:
        await true_soon(lambda: _subscribed(client, place))
    await asyncio.sleep(2 * sharing.FIRST_LOOK_S)
    await first.store(place, lead.token, 1)
    async with asyncio.timeout(60):
        assert (await waiting).value == 1


# Smaller things -------------------------------------------------------------------------------------------------------


def _call(place, operation, **given):
    from processors.connectors.resources import ResourceCall

    return ResourceCall(place, operation, definition=dict(SHARED), input=given)


def _plainly(server) -> Redis:
    """A connection of an operator, who may see all keys."""
    return Redis(host="127.0.0.1", port=server.port, username="root", password=PASSWORD)


def _folder(parent, name):
    (parent / name).mkdir()
    return parent / name


async def _leads(cache, place) -> bool:
    return isinstance(await cache.lookup(place, SHARED, key("y")), Lead)


async def _only(client, user) -> bool:
    return {each["user"] for each in await client.client_list()} == {user, "root"}


async def _subscribed(client, place) -> bool:
    channels = await client.pubsub_channels()
    return any(str(place.id).encode() in each for each in channels)
