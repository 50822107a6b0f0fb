"""The same calls have the same outputs in S3, Google Cloud Storage, Azure Blob and on the disk."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from processors.connectors.errors import Misconfigured
from tests.contracts.storages import Storage, gives_parts_of_one_version, keeps_the_contract
from tests.processors.connectors.storage.conftest import PROVIDERS, REMOTE

pytestmark = pytest.mark.xdist_group("storages")
everywhere = pytest.mark.parametrize("server", PROVIDERS, indirect=True)
remotely = pytest.mark.parametrize("server", REMOTE, indirect=True)


@everywhere
async def test_the_same_calls_have_the_same_outputs(storage: Storage):
    await keeps_the_contract(storage)


@everywhere
async def test_D6_a_file_is_read_in_parts_and_never_two_versions_of_it(storage: Storage):
    await gives_parts_of_one_version(storage)


@everywhere
async def test_many_files_are_listed_page_by_page_each_once(storage: Storage):
    keys = [f"{folder}{number:03}.txt" for folder in ("", "many/", "many/x/", "z/") for number in range(25)]
    for key in keys:
        await storage.do("save", key=key, content=key)
    seen: list[str] = []
    page = {"next": ""}
    while page["next"] is not None:
        page = await storage.do("list", deep=True, limit=11, after=page["next"])
        assert len(page["files"]) <= 11
        seen += [each["key"] for each in page["files"]]
    assert seen == sorted(keys)
    page, names = {"next": ""}, []
    while page["next"] is not None:
        page = await storage.do("list", limit=7, after=page["next"])
        names += sorted([*(each["key"] for each in page["files"]), *page["folders"]])
    assert names == sorted([*(key for key in keys if "/" not in key), "many/", "z/"])


@everywhere
async def test_D6_a_place_sees_nothing_of_another_folder(storage: Storage):
    other = {"folder": "files2"} if storage.provider == "local" else {"prefix": storage.settings["prefix"] + "2"}
    await storage.do("save", key="mine", content="x")
    assert (await storage.do("list", at=other, deep=True))["files"] == []
    assert (await storage.failed("read", key="mine", at=other)).code == "file_not_found"
    assert (await storage.do("delete", key="mine", at=other))["existed"] is False
    assert (await storage.do("read", key="mine"))["content"] == "x"


@everywhere
@pytest.mark.parametrize(
    ("operation", "data"),
    [("save", {"key": "k", "content": "new"}), ("delete", {"key": "k"}), ("copy", {"key": "k", "to": "l"}),
     ("sign", {"key": "k", "method": "PUT"})],
)  # fmt: skip
async def test_a_read_only_place_changes_nothing(storage: Storage, operation, data):
    await storage.do("save", key="k", content="old")
    error = await storage.failed(operation, at={"read_only": True}, **data)
    assert isinstance(error, Misconfigured)
    assert error.details["field"] == "read_only"
    assert not error.outcome_unknown
    assert (await storage.do("read", key="k", at={"read_only": True}))["content"] == "old"
    assert (await storage.do("sign", key="k", at={"read_only": True}))["url"]
    assert (await storage.do("check", at={"read_only": True})) == {"listed": True, "written": False}
    assert [each["key"] for each in (await storage.do("list"))["files"]] == ["k"]


@everywhere
@pytest.mark.parametrize("size", [1_001, 6_000_000])
async def test_D6_what_is_over_the_size_limit_is_not_kept(storage: Storage, size):
    limit = {"max_bytes": size - 1}
    error = await storage.failed("save", key="k", file=storage.files.put(bytes(size)), at=limit)
    assert error.code == "input_rejected"
    assert error.details["limit_bytes"] == size - 1
    assert error.details["field"] == "file"
    assert not error.outcome_unknown
    assert (await storage.do("list"))["files"] == []
    assert (await storage.do("save", key="k", file=storage.files.put(bytes(size - 1)), at=limit))["size"] == size - 1
    await storage.do("save", key="more", file=storage.files.put(bytes(size)))
    assert (await storage.failed("read", key="more", at=limit, **{"as": "file"})).code == "response_too_large"


@remotely
async def test_a_signed_url_fetches_and_puts_for_whoever_has_it(storage: Storage):
    key = "a b/ü#%.txt"
    await storage.do("save", key=key, content="signed")
    output = await storage.do("sign", key=key, seconds=60)
    assert fetched(output["url"]) == (200, b"signed")
    left = datetime.fromisoformat(output["expires_at"]) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 60
    put = (await storage.do("sign", key="put.txt", seconds=60, method="PUT"))["url"]
    headers = {"Content-Type": "text/plain", "x-ms-blob-type": "BlockBlob"}
    assert fetched(put, "PUT", b"by url", headers)[0] in {200, 201}
    assert (await storage.do("read", key="put.txt", **{"as": "text"}))["content"] == "by url"


@pytest.mark.parametrize("server", ["azure", "gcs"], indirect=True)  # moto checks no signatures
async def test_a_signed_url_is_for_its_method_and_key_alone(storage: Storage):
    await storage.do("save", key="one", content="1")
    await storage.do("save", key="two", content="2")
    url = (await storage.do("sign", key="one", seconds=60))["url"]
    assert fetched(url.replace("/one?", "/two?"))[0] in {401, 403}
    assert fetched(url, "PUT", b"changed", {"x-ms-blob-type": "BlockBlob"})[0] in {401, 403}


def fetched(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method=method)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
