"""S1 to S7: wherever a storage leads, nothing is dialled that the address policy does not allow."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from processors.connectors.storage.gateway import Gateway, Way
from products.lib.addresses import AddressPolicy
from products.lib.http_errors import ConnectFailed
from tests.processors.connectors.storage.conftest import REMOTE
from tests.storage_servers import Server

S3 = {"bucket": "files", "access_key_id": "AKIA", "secret_access_key": "secret-canary", "prefix": ""}
ERRORS = {"address_refused", "misconfigured", "name_not_found"}


@contextmanager
def silent() -> Iterator[socket.socket]:
    """Listens, and tells whether anybody came: a connection waits to be accepted as soon as it is made."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def nobody_came(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def test_the_listener_of_these_tests_would_notice():
    with silent() as listening:
        socket.create_connection(listening.getsockname()).close()
        assert not nobody_came(listening)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0"],
)  # fmt: skip
@pytest.mark.parametrize("operation", ["check", "save", "read", "delete"])
async def test_S1_S6_a_private_endpoint_gets_no_packet(connected, host, operation):
    with silent() as listening:
        endpoint = f"http://{host}:{listening.getsockname()[1]}"
        storage = connected(Server("s3", 0, {**S3, "endpoint": endpoint}))
        data = {} if operation == "check" else {"key": "k"}
        error = await storage.failed(operation, **data, **({"content": "x"} if operation == "save" else {}))
        assert error.code in ERRORS
        assert not error.outcome_unknown
        assert nobody_came(listening)


@pytest.mark.parametrize("server", REMOTE, indirect=True)
async def test_S1_every_provider_goes_through_the_gateway(server: Server, connected):
    """The server is there and would answer; only the policy says no."""
    storage = connected(server, allow=())
    for operation, data in (("check", {}), ("read", {"key": "k"}), ("save", {"key": "k", "content": "x"})):
        error = await storage.failed(operation, **data)
        assert error.code == "address_refused"
        assert error.details["field"] == "endpoint"
        assert not error.retryable
        assert not error.outcome_unknown


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "[fd00:ec2::254]", "168.63.129.16", "10.0.0.1", "192.0.0.192", "[64:ff9b::a9fe:a9fe]"],
)
async def test_S1_metadata_services_are_refused(connected, address):
    storage = connected(Server("s3", 0, {**S3, "endpoint": f"http://{address}"}))
    assert (await storage.failed("read", key="k")).code == "address_refused"


async def test_S2_a_name_that_resolves_to_a_private_address_is_refused(connected, monkeypatch):
    """The check is of what is dialled: the resolver is asked once, and its answer is what is connected to."""
    asked: list[str] = []
    with silent() as listening:
        loop = asyncio.get_running_loop()

        async def lying(host, port, **_):
            asked.append(host)
            address = "93.184.216.34" if len(asked) > 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(loop, "getaddrinfo", lying)
        port = listening.getsockname()[1]
        gateway = Gateway(AddressPolicy())
        way = Way("rebinding.test", port)
        url = await gateway.open(way)
        answer = await asked_for(url, way, f"CONNECT rebinding.test:{port} HTTP/1.1\r\n")
        await gateway.close()
        assert asked == ["rebinding.test"]
        assert answer.startswith(b"HTTP/1.1 421")
        assert nobody_came(listening)


async def test_S7_proxies_and_keys_of_the_environment_are_not_used(connected, monkeypatch, s3):
    with silent() as listening:
        evil = f"http://127.0.0.1:{listening.getsockname()[1]}"
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "AWS_PROXY_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL",
                     "AWS_ENDPOINT_URL_S3", "AWS_METADATA_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):  # fmt: skip
            monkeypatch.setenv(name, evil)
        for name in ("NO_PROXY", "no_proxy", "AWS_PROXY_EXCLUDES"):
            monkeypatch.setenv(name, "*")
        monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
        monkeypatch.setenv("AWS_S3_EXPRESS", "true")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "operators-canary")
        storage = connected(s3)
        assert (await storage.do("check"))["written"] is True
        assert "operators-canary" not in (await storage.do("sign", key="k"))["url"]
        refused = connected(s3, allow=())
        assert (await refused.failed("check")).code == "address_refused"
        assert nobody_came(listening)


@pytest.mark.parametrize("provider", ["gcs", "azure"])
async def test_S7_the_environments_endpoints_of_the_other_clouds_are_not_used(
    connected, monkeypatch, provider, gcs_server, azure_server
):
    server = {"gcs": gcs_server, "azure": azure_server}[provider]
    with silent() as listening:
        evil = f"http://127.0.0.1:{listening.getsockname()[1]}"
        for name in ("GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "GOOGLE_PROXY_URL", "HTTP_PROXY"):
            monkeypatch.setenv(name, evil)
        for name in ("GOOGLE_PROXY_EXCLUDES", "AZURE_PROXY_EXCLUDES", "NO_PROXY"):
            monkeypatch.setenv(name, "*")
        monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
        monkeypatch.setenv("AZURE_SKIP_SIGNATURE", "true")
        monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
        assert (await connected(server).do("check"))["written"] is True
        assert nobody_came(listening)


async def test_K12_what_the_environment_would_add_and_nobody_can_take_back_is_an_error(connected, monkeypatch, s3):
    monkeypatch.setenv("AWS_SSE_CUSTOMER_KEY_BASE64", "b3BlcmF0b3I=")
    error = await connected(s3).failed("check")
    assert error.code == "platform_failed"
    assert "AWS_SSE_CUSTOMER_KEY_BASE64" in error.message
    assert "b3BlcmF0b3I" not in str(error.to_json())


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_S3_a_redirect_is_not_followed_to_another_host(connected, status):
    with silent() as other:
        location = f"http://127.0.0.1:{other.getsockname()[1]}/files/k"
        head = f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        async with answering(head.encode()) as port:
            both = (f"127.0.0.1:{port}", f"127.0.0.1:{other.getsockname()[1]}")
            storage = connected(Server("s3", port, {**S3, "endpoint": f"http://127.0.0.1:{port}"}), allow=both)
            for operation, data in (("read", {}), ("save", {"content": "x"})):
                error = await storage.failed(operation, key="k", **data)
                assert error.code in {"address_refused", "misconfigured", "remote_rejected"}
        assert nobody_came(other)


@pytest.mark.parametrize(
    "head",
    [
        "CONNECT 127.0.0.1:1 HTTP/1.1\r\n", "GET http://127.0.0.1:1/ HTTP/1.1\r\n", "GET / HTTP/1.1\r\n",
        "CONNECT {host}:{port}@evil:1 HTTP/1.1\r\n", "GET http://{host}:{port}@127.0.0.1:1/ HTTP/1.1\r\n",
        "GET https://{host}:{port}/ HTTP/1.1\r\n", "GET http://{host}:{port}\\@127.0.0.1/ HTTP/1.1\r\n",
        "GET http://{host}:{port}/ HTTP/1.0\r\n", "GET  http://{host}:{port}/ HTTP/1.1\r\n", "{host}\r\n", "\x00\r\n",
        "GET http://{host}:{port}/ HTTP/1.1\r\n folded: x\r\n", "GET http://{host}:{port}/ HTTP/1.1\nx: y\r\n",
    ],
)  # fmt: skip
async def test_S11_a_way_leads_to_its_own_host_alone(head):
    with silent() as listening:
        port = listening.getsockname()[1]
        gateway = Gateway(AddressPolicy.from_entries(["127.0.0.0/8"]))
        way = Way("127.0.0.1", port)
        url = await gateway.open(way)
        answer = await asked_for(url, way, head.format(host="127.0.0.1", port=port))
        await gateway.close()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 421")
        assert nobody_came(listening)


@pytest.mark.parametrize("token", ["", "wrong", None])
async def test_A8_without_its_token_the_gateway_is_no_proxy(token):
    with silent() as listening:
        port = listening.getsockname()[1]
        gateway = Gateway(AddressPolicy.from_entries([f"127.0.0.1:{port}"]))
        way = Way("127.0.0.1", port)
        url = await gateway.open(way)
        line = f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n"
        assert (await asked_for(url, way, line, token=token)).startswith(b"HTTP/1.1 407")
        gateway.forget(way)
        assert (await asked_for(url, way, line, token=way.token)).startswith(b"HTTP/1.1 407")
        await gateway.close()
        assert nobody_came(listening)


async def test_K1_the_gateways_token_goes_no_further():
    seen: list[bytes] = []
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", seen=seen) as port:
        gateway = Gateway(AddressPolicy.from_entries([f"127.0.0.1:{port}"]))
        way = Way("127.0.0.1", port)
        url = await gateway.open(way)
        await asked_for(url, way, f"GET http://127.0.0.1:{port}/a%2Fb?c=d HTTP/1.1\r\nHost: h\r\nX-Mine: 1\r\n")
        await gateway.close()
    assert seen[0].startswith(b"GET /a%2Fb?c=d HTTP/1.1\r\n")
    assert b"X-Mine: 1\r\n" in seen[0]
    assert b"Connection: close\r\n" in seen[0]
    assert b"roxy" not in seen[0]


async def asked_for(url: str, way: Way, head: str, *, token: str | None = "own") -> bytes:
    """What the gateway answers to a raw request with this token; None: without the header."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    given = base64.b64encode(f"way:{way.token if token == 'own' else token}".encode()).decode()
    header = "" if token is None else f"Proxy-Authorization: Basic {given}\r\n"
    writer.write(f"{head}{header}\r\n".encode())
    answer = await asyncio.wait_for(reader.read(65_536), 20)
    writer.close()
    await writer.wait_closed()
    return answer


class answering:
    """A server on loopback that gives every request these bytes and hangs up."""

    def __init__(self, answer: bytes, *, seen: list[bytes] | None = None) -> None:
        self.answer, self.seen = answer, seen if seen is not None else []

    async def __aenter__(self) -> int:
        self.server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.mark.parametrize(("operation", "data"), [("save", {"content": "x"}), ("read", {}), ("stat", {})])
async def test_R22_a_dial_that_failed_is_never_the_storage_s_own_no(connected, monkeypatch, operation, data):
    """Also where another request of the same way was dialled before anybody looked at this one."""

    async def dial(gateway: Gateway, way: Way, head: object) -> None:
        asyncio.get_running_loop().call_soon(setattr, way, "failure", None)
        raise ConnectFailed()

    monkeypatch.setattr(Gateway, "_dial", dial)
    storage = connected(Server("s3", 0, {**S3, "endpoint": "http://127.0.0.1:9"}))
    error = await storage.failed(operation, key="k", **data)
    assert (error.code, error.retryable, error.outcome_unknown) == ("connect_failed", True, False)
