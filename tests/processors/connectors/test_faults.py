"""Remote sides that are slow, endless, broken or in a bad mood."""

from __future__ import annotations

import asyncio
import tracemalloc
from datetime import UTC, datetime

import pytest

from processors.connectors import errors
from processors.connectors.http.connector import HttpConnector
from processors.connectors.http.request import HttpCall
from processors.connectors.http.response import retry_after_seconds
from products.lib.actions import ActionSpec
from products.lib.addresses import AddressPolicy
from products.lib.inputs import StructuredInput
from products.lib.safe_http import GuardedClient
from tests.processors.connectors.remote import raw_server

STATUSES = [
    (400, errors.RemoteRejected, False), (401, errors.AuthFailed, False), (403, errors.RemoteRejected, False),
    (404, errors.RemoteRejected, False), (408, errors.RemoteUnavailable, True), (409, errors.RemoteRejected, False),
    (422, errors.RemoteRejected, False), (425, errors.RemoteUnavailable, True), (429, errors.RemoteThrottled, True),
    (500, errors.RemoteUnavailable, True), (502, errors.RemoteUnavailable, True), (503, errors.RemoteUnavailable, True),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "retryable"), STATUSES)
async def test_R16_each_status_says_whether_to_try_again(run, status, kind, retryable):
    with pytest.raises(errors.ConnectorError) as caught:
        await run(path=f"/status/{status}", data={"query": {"say": "no such thing"}})
    error = caught.value
    assert type(error) is kind
    assert error.retryable is retryable
    assert error.details["status"] == status
    assert error.details["remote_message"] == "no such thing"
    assert error.result.response.status == status
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0), ("0", 0.0), ("1.5", 1.5), ("99999999", 99_999_999.0), ("-5", 0.0), ("", None), ("soon", None),
        ("nan", None), ("inf", None), ("9" * 100, None), ("Fri, 20 Nov 2026 12:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0), ("Fri, 20 Nov 2026 12:01:00 -0000", 60.0),
        ("Fri, 99 Nov 99999 12:01:00 GMT", None),
    ],
)  # fmt: skip
def test_R16_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after_seconds(value, now=datetime(2026, 11, 20, 12, tzinfo=UTC)) == seconds


async def test_R16_retry_after_comes_with_the_error(run):
    with pytest.raises(errors.RemoteThrottled) as caught:
        await run(path="/status/429", data={"query": {"after": "99999999"}})
    assert caught.value.retry_after == 99_999_999.0
    assert caught.value.to_json()["retry_after"] == 99_999_999.0


@pytest.mark.parametrize("path", ["/slow", "/silent"])
@pytest.mark.parametrize(("method", "unknown"), [("GET", False), ("POST", True)])
async def test_R22_the_deadline_holds_for_the_whole_answer(run, path, method, unknown):
    async with asyncio.timeout(10):  # the target would go on for far longer
        with pytest.raises(errors.DeadlineExceeded) as caught:
            await run(path=path, method=method, deadline_s=0.3)
    assert caught.value.retryable
    assert caught.value.outcome_unknown is unknown


@pytest.mark.parametrize("path", ["/endless", "/bomb"])
async def test_R22_an_answer_is_cut_off_at_its_decompressed_size(run, path):
    tracemalloc.start()
    try:
        with pytest.raises(errors.ResponseTooLarge) as caught:
            await run(path=path, max_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.details["limit_bytes"] == 1_000_000
    assert not caught.value.retryable
    assert peak < 20_000_000


async def test_R22_the_client_works_after_cutting_off(run):
    with pytest.raises(errors.ResponseTooLarge):
        await run(path="/endless", max_bytes=1_000)
    assert (await run()).response.status == 200


RAW = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", errors.ConnectionLost),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\nx", errors.ResponseTooLarge),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", errors.ConnectionLost),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", errors.ConnectorError),
    (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", errors.MalformedResponse),
    (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", errors.MalformedResponse),
    (b"not http at all\r\n\r\n", errors.MalformedResponse),
    (b"", errors.ConnectionLost),
]


async def _call(port: int, method: str = "POST"):
    async with GuardedClient(AddressPolicy.from_entries([f"127.0.0.1:{port}"])) as client:
        call = HttpCall(ActionSpec("a", "A", method, "/x"), StructuredInput(), f"http://127.0.0.1:{port}")
        return await HttpConnector(client).call(call, deadline_s=5, max_bytes=1_000_000)


@pytest.mark.parametrize(("answer", "kind"), RAW)
async def test_R22_a_broken_answer_is_a_typed_error(answer, kind):
    async with raw_server(answer) as port:
        with pytest.raises(kind) as caught:
            await _call(port)
    assert caught.value.outcome_unknown
    assert caught.value.result.request.method == "POST"


async def test_R16_a_reset_connection_may_be_tried_again():
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", reset=True) as port:
        with pytest.raises(errors.ConnectionLost) as caught:
            await _call(port)
    assert caught.value.retryable
    assert caught.value.fault == "network"


async def test_R22_an_answer_that_is_not_encoded_as_it_says(run):
    with pytest.raises(errors.MalformedResponse):
        await run(path="/not-gzip")


async def test_a_name_that_does_not_resolve_is_a_network_error():
    from tests.processors.connectors.test_ssrf import Lying

    class Silent(Lying):
        async def resolve(self, host, port=0, family=0):
            raise OSError(-2, "Name or service not known")

    async with GuardedClient(AddressPolicy(), resolver=Silent([])) as client:
        call = HttpCall(ActionSpec("a", "A", "GET", "/x"), StructuredInput(), "http://nowhere.test")
        with pytest.raises(errors.NameNotFound) as caught:
            await HttpConnector(client).call(call, deadline_s=5, max_bytes=1_000)
    assert caught.value.retryable


async def test_two_hundred_calls_share_the_client(run, remote):
    import asyncio

    results = await asyncio.gather(*(run(data={"query": {"n": str(n)}}) for n in range(200)))
    assert [result.output["path"] for result in results] == [f"/things?n={n}" for n in range(200)]
