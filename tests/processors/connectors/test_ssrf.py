"""Outside calls that must not happen: no socket, no packet, no credentials to strangers."""

from __future__ import annotations

import datetime
import socket
import ssl
import sys

import pytest
from aiohttp.abc import AbstractResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from processors.connectors.errors import AddressRefused, ConnectFailed, Misconfigured, RedirectRefused
from products.lib import http_errors
from products.lib.addresses import AddressPolicy
from products.lib.safe_http import GuardedClient, Outgoing, fetch_sync
from products.lib.safe_urls import parse_url
from tests.processors.connectors.remote import Remote, serving
from tests.products.lib.test_addresses import CLOSED, SPELLED

_watched: list[str] | None = None


def _hook(event: str, args: tuple) -> None:
    if _watched is None:
        return
    if event == "socket.__new__" and args[1] in {socket.AF_INET, socket.AF_INET6}:
        _watched.append(event)
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        _watched.append(event)


sys.addaudithook(_hook)


@pytest.fixture
def sockets():
    """Every network socket made and every packet sent while the test runs, as the interpreter itself reports it."""
    global _watched
    _watched = []
    yield _watched
    _watched = None


def _spelled_url(address: str) -> str:
    return f"http://[{address}]:80/" if ":" in address else f"http://{address}:80/"


@pytest.mark.parametrize("address", [address for address in CLOSED if "%" not in address] + SPELLED)
async def test_S1_no_socket_is_ever_made_for_a_closed_address(sockets, address):
    async with GuardedClient(AddressPolicy()) as client:
        with pytest.raises((http_errors.AddressRefused, http_errors.UrlRefused)):
            await client.send(Outgoing("GET", parse_url(_spelled_url(address))))
    assert sockets == []


async def test_the_watch_sees_sockets(sockets, remote, run):
    await run()
    assert "socket.__new__" in sockets


async def test_S1_an_action_says_that_the_address_is_refused_and_not_which_it_is(run, remote):
    with pytest.raises(AddressRefused) as caught:
        await run(base=f"http://127.0.0.1:{remote.port + 1}")
    assert caught.value.fault == "configuration"
    assert not caught.value.retryable
    assert "127." not in str(caught.value.to_json())


class Lying(AbstractResolver):
    """Answers a name with the next list of addresses each time: what a rebinding DNS server does."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for address in addresses
        ]

    async def close(self):
        pass


async def test_S2_the_second_answer_of_a_rebinding_name_is_checked_too(remote):
    policy = AddressPolicy.from_entries([f"127.0.0.1:{remote.port}"])
    for _ in range(2):
        resolver = Lying(["127.0.0.1"], ["127.0.0.2"])
        client = GuardedClient(policy, resolver=resolver)
        url = parse_url(f"http://rebind.test:{remote.port}/x")
        assert (await client.send(Outgoing("GET", url))).status == 200
        await client.close()  # no open connection, no cached answer: the name is resolved again
        with pytest.raises(http_errors.AddressRefused):
            await client.send(Outgoing("GET", url))
        await client.close()


async def test_S2_of_two_addresses_only_the_open_one_is_used(remote, sockets):
    policy = AddressPolicy.from_entries([f"127.0.0.1:{remote.port}"])
    resolver = Lying(["127.0.0.2", "127.0.0.1", "169.254.169.254"])
    async with GuardedClient(policy, resolver=resolver) as client:
        answer = await client.send(Outgoing("GET", parse_url(f"http://two.test:{remote.port}/x")))
    assert answer.status == 200
    assert sockets.count("socket.connect") == 1


def _certificate(name: str, folder) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "cert.pem"
    plain = serialization.NoEncryption()
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


@pytest.mark.parametrize(
    ("name", "trusted", "works"), [("api.test", True, True), ("other.test", True, False), ("api.test", False, False)]
)
async def test_S2_S10_tls_is_verified_against_the_name_not_the_address(tmp_path, name, trusted, works):
    server_tls, trusting = _certificate("api.test", tmp_path)
    async with serving(Remote(), ssl_context=server_tls) as remote:
        policy = AddressPolicy.from_entries([f"127.0.0.1:{remote.port}"])
        tls = trusting if trusted else None
        async with GuardedClient(policy, resolver=Lying(["127.0.0.1"]), tls=tls) as client:
            try:
                answer = await client.send(Outgoing("GET", parse_url(f"https://{name}:{remote.port}/")))
            except http_errors.TlsFailed:
                assert not works
            else:
                assert works
                assert answer.status == 200
    assert len(remote.seen) == works


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://127.0.0.2:80/", "//169.254.169.254/latest", "http://[::1]:1/"])
async def test_S3_a_redirect_to_a_closed_address_is_refused(run, remote, code, to):
    with pytest.raises(AddressRefused):
        await run(path="/redirect", data={"query": {"code": str(code), "to": to}})
    assert len(remote.seen) == 1


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "gopher://x/", "http://user:pw@x/", "http://a\\@b/", "http://", "javascript:1", "http://0/"],
)
async def test_S3_S5_a_redirect_to_anything_but_plain_http_is_refused(run, remote, to):
    with pytest.raises(RedirectRefused):
        await run(path="/redirect", data={"query": {"code": "302", "to": to}})
    assert len(remote.seen) == 1


async def test_S3_credentials_do_not_follow_to_another_origin(remote):
    async with serving(Remote()) as other:
        policy = AddressPolicy.from_entries([f"127.0.0.1:{remote.port}", f"127.0.0.1:{other.port}"])
        headers = (("Authorization", "Bearer s"), ("Cookie", "a=b"), ("X-Key", "s"), ("X-Plain", "p"))
        for target in (other, remote):
            url = parse_url(f"{remote.url}/redirect?code=302&to={target.url}/end")
            async with GuardedClient(policy) as client:
                await client.send(Outgoing("GET", url, headers, secret_headers=frozenset({"x-key"})))
        away, home = other.seen[-1].headers, remote.seen[-1].headers
    assert away.get("X-Plain") == "p"
    assert not {"Authorization", "Cookie", "X-Key"} & set(away)
    assert {"Authorization", "Cookie", "X-Key"} <= set(home)


async def test_S3_a_body_does_not_follow_to_another_origin(remote):
    async with serving(Remote()) as other:
        policy = AddressPolicy.from_entries([f"127.0.0.1:{remote.port}", f"127.0.0.1:{other.port}"])
        async with GuardedClient(policy) as client:
            url = parse_url(f"{remote.url}/redirect?code=307&to={other.url}/end")
            with pytest.raises(http_errors.RedirectRefused):
                await client.send(Outgoing("POST", url, (), b"secret"))
            url = parse_url(f"{remote.url}/redirect?code=302&to={other.url}/end")
            await client.send(Outgoing("POST", url, (("Content-Type", "text/plain"),), b"secret"))
        assert [seen.method for seen in other.seen] == ["GET"]
        assert other.seen[0].body == b""


async def test_S3_a_redirect_loop_ends_after_five_hops(run, remote):
    with pytest.raises(RedirectRefused):
        await run(path="/loop")
    assert len(remote.seen) == 6


async def test_S3_https_never_becomes_http():
    from products.lib.safe_urls import next_url

    with pytest.raises(http_errors.RedirectRefused):
        next_url(parse_url("https://a.example/x"), "http://a.example/x")
    assert str(next_url(parse_url("http://a.example/x/y"), "../z?q=1")) == "http://a.example/z?q=1"


@pytest.mark.parametrize(
    "base", ["gopher://x", "file:///etc/passwd", "unix:/x", "ftp://x", "data:,x", "http+unix:x", ""]
)
async def test_S5_only_http_and_https_are_called(run, sockets, base):
    from processors.connectors.http.request import HttpCall, build_request
    from products.lib.actions import ActionSpec
    from products.lib.inputs import StructuredInput

    with pytest.raises(Misconfigured) as caught:
        build_request(HttpCall(ActionSpec("a", "A", "GET", "/"), StructuredInput(), base))
    assert caught.value.details == {"field": "base_url"}


async def test_S6_a_service_of_the_platform_is_refused_by_name_and_address(remote, sockets):
    policy = AddressPolicy.from_entries(["127.0.0.0/8", "::1"], forbidden=[("127.0.0.1", remote.port)])
    async with GuardedClient(policy) as client:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(http_errors.AddressRefused):
                await client.send(Outgoing("GET", parse_url(f"http://{host}:{remote.port}/")))
    assert remote.seen == []


async def test_S7_proxies_of_the_environment_are_ignored(run, remote, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await run()).response.status == 200


async def test_S9_refused_looks_the_same_whether_something_listens_or_not(remote):
    said = []
    async with GuardedClient(AddressPolicy()) as client:
        for port in (remote.port, 1):
            with pytest.raises(http_errors.AddressRefused) as caught:
                await client.send(Outgoing("GET", parse_url(f"http://127.0.0.1:{port}/")))
            said.append((str(caught.value), caught.value.code))
    assert said[0] == said[1]


async def test_a_closed_port_that_may_be_called_is_a_failed_connection():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with GuardedClient(AddressPolicy.from_entries([f"127.0.0.1:{port}"])) as client:
        with pytest.raises(http_errors.ConnectFailed) as caught:
            await client.send(Outgoing("GET", parse_url(f"http://127.0.0.1:{port}/")))
    assert not caught.value.sent
    assert ConnectFailed.retryable


def test_I2_S1_fetching_a_document_by_url_goes_through_the_same_guard(sockets):
    with pytest.raises(http_errors.AddressRefused):
        fetch_sync("http://127.0.0.1:1/openapi.json", AddressPolicy(), max_bytes=1_000, deadline_s=2)
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"):
        with pytest.raises(http_errors.UrlRefused):
            fetch_sync(url, AddressPolicy(), max_bytes=1_000, deadline_s=2)
    assert "socket.connect" not in sockets
