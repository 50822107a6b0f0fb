"""Storages that refuse, break off, hang or lie: each is a typed error that tells people what to do, and no secret."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from processors.connectors import errors
from tests.certificates import Authority
from tests.contracts.storages import PIECE, Storage
from tests.storage_servers import Server, s3_client

CANARY = "canary-4f1e0c-secret"
S3 = {"bucket": "files", "access_key_id": "AKIACANARY0001", "secret_access_key": CANARY, "prefix": ""}
OK, DROP, HANG = "ok", "drop", "hang"


@dataclass
class Bad:
    """An S3 that does with each request what `mood` says: a status, a status with a code, OK, DROP or HANG."""

    mood: Callable[[str, str], object]
    seen: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, target: str, body: bytes) -> bytes | str:
        self.seen.append((method, target))
        mood = self.mood(method, target)
        if mood in {DROP, HANG}:
            return str(mood)
        if mood == OK:
            return self.good(method, target)
        status, code = mood if isinstance(mood, tuple) else (mood, "")
        # what is echoed here must reach nobody
        text = f"<Error><Code>{code}</Code><Message>{CANARY} AKIACANARY0001 {target}</Message></Error>"
        return _http(status, text if method != "HEAD" else "")

    def good(self, method: str, target: str) -> bytes:
        if method == "POST" and "uploads" in target:
            return _http(200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
        if method == "POST":
            text = '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'
            return _http(200, text)
        if "list-type" in target:
            return _http(200, "<ListBucketResult></ListBucketResult>")
        return _http(200, "", 'ETag: "0123456789"\r\nLast-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n')


def _http(status: int, body: str, headers: str = "") -> bytes:
    data = body.encode()
    head = f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    return head.encode() + data


@asynccontextmanager
async def serving(bad: Bad, tls=None) -> AsyncIterator[int]:
    """The bad S3, on a port of its own."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            answer = bad.answer(method, target, body)
            if answer == HANG:
                await reader.read()
            elif isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def at(connected, port: int, scheme: str = "http", **settings) -> Storage:
    given = {**S3, "endpoint": f"{scheme}://127.0.0.1:{port}", **settings}
    return connected(Server("s3", port, given, (CANARY,)))


ANSWERS = [
    ((403, "InvalidAccessKeyId"), "auth_failed", "secret_access_key"),
    ((403, "SignatureDoesNotMatch"), "auth_failed", "secret_access_key"),
    ((400, "ExpiredToken"), "auth_failed", "secret_access_key"),
    (401, "auth_failed", "secret_access_key"),
    ((404, "NoSuchBucket"), "misconfigured", "bucket"),
    ((301, "PermanentRedirect"), "misconfigured", "region"),
    ((400, "AuthorizationHeaderMalformed"), "misconfigured", "region"),
    ((403, "RequestTimeTooSkewed"), "platform_failed", None),
    ((403, "AccessDenied"), "remote_rejected", None),
    ((400, "EntityTooLarge"), "remote_rejected", None),
    ((503, "SlowDown"), "remote_throttled", None),
    (429, "remote_throttled", None),
    ((500, "InternalError"), "remote_unavailable", None),
    (502, "remote_unavailable", None),
    (503, "remote_unavailable", None),
]


@pytest.mark.parametrize(("mood", "code", "named"), ANSWERS)
@pytest.mark.parametrize("operation", ["read", "save", "list"])
async def test_R16_K5_each_refusal_has_its_error_and_tells_no_secret(connected, operation, mood, code, named):
    async with serving(Bad(lambda *_: mood)) as port:
        data = {"read": {"key": "k"}, "save": {"key": "k", "content": CANARY}, "list": {}}[operation]
        error = await at(connected, port).failed(operation, **data)
    assert error.code == code
    assert error.details.get("field") == named
    assert error.retryable is (code in {"remote_throttled", "remote_unavailable", "platform_failed"})
    status = mood[0] if isinstance(mood, tuple) else mood
    assert error.outcome_unknown is (operation == "save" and status in {500, 502})
    assert error.result.request.method == operation.upper()
    assert error.result.request.url == ("s3://files/k" if operation != "list" else "s3://files")
    told = f"{error.to_json()} {error.result} {error!r} {error.__cause__} {error.args}"
    for secret in (CANARY, "AKIACANARY0001", f":{port}", "Signature="):
        assert secret not in told


@pytest.mark.parametrize("operation", ["read", "delete", "copy"])
async def test_a_missing_file_is_told_from_a_missing_bucket(connected, operation):
    data = {"read": {"key": "k"}, "delete": {"key": "k"}, "copy": {"key": "k", "to": "l"}}[operation]
    missing = {"delete": None, "read": "file_not_found", "copy": "file_not_found"}[operation]

    def no_file(method: str, target: str) -> object:
        return OK if "list-type" in target else (404, "NoSuchKey")

    async with serving(Bad(no_file)) as port:
        storage = at(connected, port)
        if missing is None:
            assert (await storage.do(operation, **data))["existed"] is False
        else:
            assert (await storage.failed(operation, **data)).code == missing
    async with serving(Bad(lambda *_: (404, "NoSuchBucket"))) as port:
        error = await at(connected, port).failed(operation, **data)
    assert error.details["field"] == "bucket"


@pytest.mark.parametrize("server", ["azure", "gcs"], indirect=True)
async def test_real_signatures_of_a_wrong_key_are_refused(server: Server, connected):
    wrong = {
        "azure": {"access_key": "d3Jvbmc="},
        "gcs": {"service_account_key": server.google.account() if server.google else ""},
    }[server.provider]
    if server.google:
        from tests.google_storage import GoogleStorage

        with GoogleStorage("files") as other:
            wrong = {"service_account_key": other.account()}
    for operation, data in (("check", {}), ("read", {"key": "k"}), ("save", {"key": "k", "content": "x"})):
        error = await connected(server, **wrong).failed(operation, **data)
        assert error.code == "auth_failed"
        assert error.details["field"] in {"access_key", "service_account_key"}


@pytest.mark.parametrize("server", ["s3", "azure", "gcs"], indirect=True)
async def test_a_bucket_that_is_not_there_names_its_setting(server: Server, connected):
    name = "container" if server.provider == "azure" else "bucket"
    storage = connected(server, **{name: "not-there"})
    for operation, data in (("check", {}), ("read", {"key": "k"}), ("delete", {"key": "k"}), ("list", {}),
                            ("save", {"key": "k", "content": "x"})):  # fmt: skip
        error = await storage.failed(operation, **data)
        assert (error.code, error.details.get("field")) == ("misconfigured", name), operation


def final(method: str, target: str) -> bool:
    return method == "POST" and "uploadId=" in target


def part(method: str, target: str) -> bool:
    return method == "PUT" and "partNumber=" in target


@pytest.mark.parametrize("mood", [DROP, 500])
async def test_R22_a_connection_lost_in_mid_upload_changes_nothing(connected, mood):
    bad = Bad(lambda method, target: mood if part(method, target) and "partNumber=2" in target else OK)
    async with serving(bad) as port:
        storage = at(connected, port)
        error = await storage.failed("save", key="k", file=storage.files.put(bytes(12 * PIECE)), deadline_s=60)
    assert error.code in {"connection_lost", "remote_unavailable"}
    assert error.retryable
    assert not error.outcome_unknown, "no part is a file"
    assert not any(final(*each) for each in bad.seen)
    assert any(method == "DELETE" and "uploadId=u1" in target for method, target in bad.seen), "parts are taken away"


@pytest.mark.parametrize("mood", [DROP, 500])
async def test_R22_a_connection_lost_at_the_last_request_leaves_the_outcome_unknown(connected, mood):
    bad = Bad(lambda method, target: mood if final(method, target) else OK)
    async with serving(bad) as port:
        storage = at(connected, port)
        error = await storage.failed("save", key="k", file=storage.files.put(bytes(12 * PIECE)), deadline_s=60)
    assert error.outcome_unknown
    assert error.code in {"connection_lost", "remote_unavailable"}


@pytest.mark.parametrize(
    ("operation", "data", "unknown"),
    [("save", {"content": "x"}, True), ("read", {}, False), ("copy", {"to": "l"}, True), ("list", {}, False)],
)
async def test_R22_a_connection_lost_is_told_as_such(connected, operation, data, unknown):
    key = {} if operation == "list" else {"key": "k"}
    async with serving(Bad(lambda *_: DROP)) as port:
        error = await at(connected, port).failed(operation, **key, **data)
    assert isinstance(error, errors.ConnectionLost)
    assert error.outcome_unknown is unknown


@pytest.mark.parametrize(
    ("operation", "data", "unknown"), [("save", {"content": "x"}, True), ("read", {}, False), ("delete", {}, False)]
)
async def test_R22_the_deadline_ends_a_storage_that_says_nothing(connected, operation, data, unknown):
    async with asyncio.timeout(120), serving(Bad(lambda *_: HANG)) as port:
        error = await at(connected, port).failed(operation, key="k", **data, deadline_s=0.5)
    assert isinstance(error, errors.DeadlineExceeded)
    assert error.details["limit_s"] == 0.5
    assert error.outcome_unknown is unknown, "a delete asks first whether the file is there"


@pytest.mark.parametrize("ends", ["deadline", "cancelled"])
async def test_R22_an_upload_that_nobody_waits_for_is_taken_away(connected, s3, ends):
    """The source hangs in the middle; parts were sent already."""

    class Hanging:
        async def read(self, _):
            for _number in range(12):
                yield bytes(PIECE)
            await asyncio.sleep(600)

    storage = connected(s3)
    storage.files = Hanging()
    upload = asyncio.ensure_future(
        storage.failed("save", key="k", file="00000000-0000-0000-0000-000000000001", deadline_s=3)
    )
    if ends == "cancelled":
        while not _uploads(s3, storage):
            await asyncio.sleep(0.05)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
    else:
        error = await upload
        assert isinstance(error, errors.DeadlineExceeded)
        assert not error.outcome_unknown
    async with asyncio.timeout(120):
        while _uploads(s3, storage):
            await asyncio.sleep(0.05)
    assert (await storage.failed("read", key="k")).code == "file_not_found"


async def test_D6_an_upload_that_grows_too_long_is_taken_away(connected, s3):
    storage = connected(s3, max_bytes=11 * PIECE)
    error = await storage.failed("save", key="k", file=storage.files.put(bytes(12 * PIECE)))
    assert error.code == "input_rejected"
    assert _uploads(s3, storage) == []


def _uploads(server: Server, storage: Storage) -> list[object]:
    found = s3_client(server.port).list_multipart_uploads(Bucket="files").get("Uploads", [])
    return [each for each in found if each["Key"].startswith(storage.settings["prefix"])]


async def test_S10_a_certificate_of_nobody_is_refused(connected, tmp_path):
    authority = Authority(tmp_path)
    for context in (authority.server(signed=False), authority.server(), authority.server("other.test")):
        bad = Bad(lambda *_: OK)
        async with serving(bad, tls=context) as port:
            error = await at(connected, port, "https").failed("save", key="k", content="x")
        assert isinstance(error, errors.TlsFailed)
        assert not error.retryable
        assert not error.outcome_unknown
        assert bad.seen == []


async def test_S10_a_certificate_of_ones_own_authority_is_taken(connected, tmp_path):
    authority = Authority(tmp_path)
    given = {"ca_certificate": authority.file.read_text()}
    async with serving(Bad(lambda *_: OK), tls=authority.server()) as port:
        saved = await at(connected, port, "https", **given).do("save", key="k", content="x")
        assert saved["etag"] == "0123456789"
    async with serving(Bad(lambda *_: OK), tls=authority.server("other.test")) as port:
        error = await at(connected, port, "https", **given).failed("save", key="k", content="x")
    assert isinstance(error, errors.TlsFailed)


async def test_a_port_that_nobody_listens_on_and_a_name_that_is_none(connected):
    async with serving(Bad(lambda *_: OK)) as port:
        pass
    error = await at(connected, port).failed("save", key="k", content="x")
    assert isinstance(error, errors.ConnectFailed)
    assert error.retryable
    assert not error.outcome_unknown
    storage = connected(Server("s3", 0, {**S3, "endpoint": "http://no-such-host.invalid"}))
    error = await storage.failed("save", key="k", content="x")
    assert isinstance(error, (errors.NameNotFound, errors.ConnectFailed))
    assert not error.outcome_unknown


async def test_what_was_never_connected_changed_nothing(connected):
    """A host that does not answer at all: its queue of connections is full."""
    with socket.socket() as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(8):
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        error = await at(connected, full.getsockname()[1]).failed("save", key="k", content="x", deadline_s=1)
    assert isinstance(error, errors.DeadlineExceeded)
    assert not error.outcome_unknown


@pytest.mark.parametrize("form", ["text", "file"])
async def test_R22_a_file_that_breaks_off_is_not_taken_for_a_whole_one(connected, form):
    head = 'HTTP/1.1 200 OK\r\nETag: "e"\r\nLast-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n'
    answer = f"{head}Content-Length: 1000\r\n\r\nonly the beginning".encode()

    class Short(Bad):
        def answer(self, *_: object) -> bytes:
            return answer

    async with serving(Short(lambda *_: OK)) as port:
        storage = at(connected, port)
        error = await storage.failed("read", key="k", **{"as": form}, deadline_s=40)
    assert error.code in {"connection_lost", "malformed_response", "remote_failed"}
    assert storage.files.kept == {}


async def test_many_large_uploads_at_once_are_a_few_at_once(connected, s3):
    """Each has some parts in memory: as many as there are runs would be too many."""
    now, most = 0, 0

    class Counting:
        async def read(self, _):
            nonlocal now, most
            for number in range(8):
                yield bytes(PIECE)
                if number == 1:  # past what is kept in one request
                    now += 1
                    most = max(most, now)
            now -= 1

    storage = connected(s3)
    storage.files = Counting()
    some = "00000000-0000-0000-0000-000000000001"
    saved = await asyncio.gather(*(storage.do("save", key=f"k{n}", file=some, deadline_s=120) for n in range(24)))
    assert [each["size"] for each in saved] == [8 * PIECE] * 24
    assert 1 < most <= 8


SETTINGS = [
    ({"bucket": None}, "bucket"), ({"bucket": "a/../b"}, "bucket"), ({"bucket": "a?b"}, "bucket"),
    ({"bucket": {"x": 1}}, "bucket"), ({"region": "us@evil.test"}, "region"), ({"endpoint": "file:///etc"}, "endpoint"),
    ({"endpoint": "http://u:p@h"}, "endpoint"), ({"endpoint": "gopher://h"}, "endpoint"),
    ({"endpoint": "http://h/?a=b"}, "endpoint"), ({"endpoint": 5}, "endpoint"), ({"prefix": "../x"}, "prefix"),
    ({"prefix": ["x"]}, "prefix"), ({"secret_access_key": None}, "secret_access_key"),
    ({"secret_access_key": "a\x00b"}, "secret_access_key"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "named"), SETTINGS, ids=str)
async def test_J12_S5_a_setting_that_cannot_be_is_named(connected, settings, named):
    storage = connected(Server("s3", 0, {**S3, "endpoint": "https://s3.test", **settings}, (CANARY,)))
    error = await storage.failed("read", key="k")
    assert (error.code, error.details["field"]) == ("misconfigured", named)
    assert CANARY not in str(error.to_json())


@pytest.mark.parametrize(
    "given", ["{}", "no json " + CANARY, "[]", '{"client_email": 1}', '{"type": "authorized_user"}']
)
async def test_a_service_account_key_that_is_none_is_named(connected, given):
    error = await connected(Server("gcs", 0, {"bucket": "b", "service_account_key": given})).failed("read", key="k")
    assert (error.code, error.details["field"]) == ("misconfigured", "service_account_key")
    assert CANARY not in str(error.to_json())


async def test_K11_a_service_account_key_leads_nowhere_of_its_own(connected, gcs_server):
    """Fields of such a key that would send requests, or tokens, to another host are left out."""
    more = {"gcs_base_url": "http://127.0.0.1:9", "token_uri": "http://127.0.0.1:9/t", "universe_domain": "evil.test"}
    storage = connected(gcs_server, service_account_key=gcs_server.google.account(**more, disable_oauth="x"))
    assert (await storage.do("check"))["written"] is True


INPUTS = [
    ("save", {"key": ["k"], "content": "x"}, "key"), ("save", {"key": {"path": "/etc"}, "content": "x"}, "key"),
    ("save", {"key": "k", "content": 5}, "content"), ("save", {"key": "k", "content": {"x": 1}}, "content"),
    ("save", {"key": "k", "base64": "###"}, "base64"), ("save", {"key": "k", "json": "text"}, "json"),
    ("save", {"key": "k", "file": "/etc/passwd"}, "file"), ("save", {"key": "k", "file": {"path": "/x"}}, "file"),
    ("save", {"key": "k", "content": "x", "content_type": "text/html\r\nX: y"}, "content_type"),
    ("save", {"key": "k", "content": "x", "content_type": ["a"]}, "content_type"),
    ("save", {"key": "k", "content": "x", "if_absent": "yes"}, "if_absent"), ("read", {"key": True}, "key"),
    ("read", {"key": "k", "as": "xml"}, "as"), ("read", {"key": "k", "as": ["text"]}, "as"),
    ("list", {"limit": 10**9}, "limit"), ("list", {"limit": "5"}, "limit"), ("list", {"limit": True}, "limit"),
    ("list", {"prefix": "/etc"}, "prefix"), ("list", {"after": ["x"]}, "after"), ("list", {"deep": "yes"}, "deep"),
    ("copy", {"key": "k", "to": "../x"}, "to"), ("copy", {"key": "k"}, "to"),
    ("sign", {"key": "k", "seconds": 0}, "seconds"),
    ("sign", {"key": "k", "seconds": 1.5}, "seconds"), ("sign", {"key": "k", "method": ["PUT"]}, "method"),
    ("delete", {}, "key"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "data", "named"), INPUTS, ids=str)
async def test_J12_W7_an_input_of_the_wrong_kind_is_named_and_nothing_is_sent(connected, operation, data, named):
    bad = Bad(lambda *_: OK)
    async with serving(bad) as port:
        error = await at(connected, port).failed(operation, **data)
    assert (error.code, error.details["field"]) == ("input_rejected", named)
    assert bad.seen == []


async def test_a_listing_that_cannot_be_shown_says_why(connected, s3):
    storage = connected(s3)
    s3_client(s3.port).put_object(Bucket="files", Key=f"{storage.settings['prefix']}/a/../b", Body=b"")
    error = await storage.failed("list")
    assert error.code == "malformed_response"
    assert ".." in error.message
