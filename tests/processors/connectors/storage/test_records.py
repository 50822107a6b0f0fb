"""What people see of a call: where it went, never a secret, a long content or a link that still holds."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from processors.connectors.base import PREVIEW_CHARS
from tests.contracts.storages import Storage
from tests.processors.connectors.storage.conftest import PROVIDERS
from tests.processors.connectors.storage.test_faults import CANARY, OK, S3, Bad, serving
from tests.storage_servers import Server, google


@pytest.mark.parametrize("server", PROVIDERS, indirect=True)
async def test_K1_K2_a_secret_in_key_and_content_is_masked_where_it_is_shown(server: Server, connected):
    storage = connected(Server(server.provider, server.port, server.settings, (*server.secrets, CANARY)))
    key = f"a/{CANARY}.txt"
    saved = await storage.result("save", key=key, content=f"the {CANARY}")
    read = await storage.result("read", key=key)
    listed = await storage.result("list", prefix="a")
    assert read.output["content"] == f"the {CANARY}", "what the run gets is not masked here"
    for result in (saved, read, listed):
        assert CANARY not in f"{result.request} {result.response}"
    assert "•••.txt" in saved.request.url
    assert saved.request.method == "SAVE"
    assert saved.request.body_bytes == len(f"the {CANARY}")
    assert json.loads(read.response.body)["content"] == "the •••"
    assert saved.timings.total_ms > 0


@pytest.mark.parametrize("server", PROVIDERS, indirect=True)
async def test_K6_a_signed_link_is_given_to_the_run_and_not_recorded(server: Server, connected):
    result = await connected(server).result("sign", key="k.txt")
    assert "?" in result.output["url"]
    assert json.loads(result.response.body)["url"] == result.output["url"].partition("?")[0] + "?•••"
    assert result.output["url"].partition("?")[2] not in f"{result.request} {result.response}"


async def test_where_it_went_is_written_as_people_write_it(connected, s3, local_server):
    storage = connected(s3, prefix="team/x")
    assert (await storage.result("save", key="a b.txt", content="x")).request.url == "s3://files/team/x/a b.txt"
    assert (await storage.result("list")).request.url == "s3://files/team/x"
    saved = await connected(local_server).result("save", key="a", content="x")
    assert saved.request.url == "local://files/a", "where that is on the disk concerns nobody"
    error = await storage.failed("copy", key="nothing", to="b")
    assert error.result.request.url == "s3://files/team/x/nothing"
    assert json.loads(error.result.request.body) == {"key": "nothing", "to": "b"}


async def test_a_long_content_is_named_by_its_size(connected, local_server):
    storage = connected(local_server)
    await storage.do("save", key="long", content="x" * 200_000)
    result = await storage.result("read", key="long", **{"as": "text"})
    assert len(result.output["content"]) == 200_000
    assert json.loads(result.response.body)["content"] == "(200000 bytes)"
    assert len(result.response.body) < PREVIEW_CHARS


BUILT = {
    "s3": ("https://s3.eu-central-1.amazonaws.com/files/", {**S3, "region": "eu-central-1"}),
    "s3, hosted": ("https://files.s3.us-east-1.amazonaws.com/", {**S3, "virtual_hosted": True}),
    "s3, own": ("https://minio.test:9000/files/", {**S3, "endpoint": "https://minio.test:9000/"}),
    "s3, own, hosted": ("https://files.minio.test/", {**S3, "endpoint": "https://minio.test", "virtual_hosted": True}),
    "azure": ("https://account1.blob.core.windows.net/files/",
              {"account": "account1", "container": "files", "access_key": "a2V5"}),
    "gcs": ("https://storage.googleapis.com/files/", {"bucket": "files"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BUILT)
async def test_links_are_of_the_providers_own_hosts(connected, name):
    """Nothing is asked for them, so that they need no server."""
    begin, settings = BUILT[name]
    provider = name.partition(",")[0]
    if provider == "gcs":
        with google() as server:
            settings = {**settings, "service_account_key": server.settings["service_account_key"]}
    storage: Storage = connected(Server(provider, 0, {**settings, "prefix": ""}))
    url = (await storage.do("sign", key="a b/ü.txt", seconds=60))["url"]
    assert url.startswith(f"{begin}a%20b/%C3%BC.txt?")


async def test_a_bucket_in_the_host_name_is_dialled_as_such(connected, monkeypatch):
    bad = Bad(lambda *_: OK)
    async with serving(bad) as port:

        async def resolved(host, port, **_):
            assert host == "files.s3.test"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
        settings = {**S3, "endpoint": f"http://s3.test:{port}", "virtual_hosted": True}
        storage = connected(Server("s3", 0, settings), allow=(f"files.s3.test:{port}",))
        await storage.do("save", key="k", content="x")
    assert bad.seen == [("PUT", "/k")]


async def test_R22_another_fingerprint_is_another_store(connected, s3):
    """A changed setting holds from the next call on, and calls of both may be under way together."""
    storage = connected(s3)
    first, second = {"prefix": storage.settings["prefix"] + "/1"}, {"prefix": storage.settings["prefix"] + "/2"}
    await asyncio.gather(*(storage.do("save", at=at, key="k", content=at["prefix"]) for at in (first, second) * 10))
    for at in (first, second):
        assert (await storage.do("read", at=at, key="k"))["content"] == at["prefix"]
