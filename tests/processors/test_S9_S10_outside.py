"""S9 and S10: errors that tell nothing of a private network, and certificates that have to be right."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.connectors.http.connector import HttpConnector
from processors.connectors.http.request import HttpCall
from processors.models import LogLine
from products.access import Permission
from products.lib import http_errors
from products.lib.addresses import AddressPolicy
from products.lib.errors import Forbidden, Invalid
from products.lib.http_messages import Limits, Outgoing
from products.lib.inputs import StructuredInput
from products.lib.safe_http import GuardedClient
from products.lib.safe_urls import parse_url
from products.models import AuditEntry
from products.queries import connections as queries
from products.services.connections import map_environment
from tests.certificates import Authority
from tests.people import Cast
from tests.processors.canary import nothing_shows
from tests.processors.conftest import Runs
from tests.processors.scene import GET, Scene
from tests.processors.sink import Sink


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secure(sink: Sink, authority: Authority) -> Sink:
    """The sink behind a certificate that nobody signed."""
    context = authority.server(signed=False)
    sink._server.socket = context.wrap_socket(sink._server.socket, server_side=True, do_handshake_on_connect=False)
    return sink


# S9: what a scanner would want to know ------------------------------------------------------------------------------


async def test_S9_open_closed_and_filtered_private_ports_look_the_same(sink: Sink) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    said, took = set(), []
    async with GuardedClient(AddressPolicy()) as client:
        connector = HttpConnector(client)
        for place in (sink.allowed, f"127.0.0.1:{closed}", "10.255.255.1:80", "192.168.0.1:22", "169.254.169.254:80"):
            call = HttpCall(GET, StructuredInput(), f"http://{place}")
            began = time.perf_counter()
            with pytest.raises(Exception) as caught:
                await connector.call(call, deadline_s=5, max_bytes=1000)
            took.append(time.perf_counter() - began)
            error: Any = caught.value
            said.add((type(error), error.code, error.message, error.fault, str(error.details)))
    assert len(said) == 1
    assert max(took) < 5  # the deadline: nothing was dialled, so nothing was waited for
    assert not sink.calls


async def test_S9_refused_and_silent_ports_of_an_allowed_host_look_the_same() -> None:
    with socket.socket() as full, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        ports = [probe.getsockname()[1], full.getsockname()[1]]
        held = [socket.create_connection(("127.0.0.1", ports[1]), timeout=1)]  # the queue is full: no answer any more
        held += _more_until_silent(ports[1])
        probe.close()
        said = set()
        async with GuardedClient(AddressPolicy.from_entries([f"127.0.0.1:{port}" for port in ports])) as client:
            for port in ports:
                with pytest.raises(http_errors.OutboundError) as caught:
                    await client.send(Outgoing("GET", parse_url(f"http://127.0.0.1:{port}/")), Limits(connect_s=0.3))
                said.add((type(caught.value), caught.value.message))
        for each in held:
            each.close()
    assert said == {(http_errors.ConnectFailed, http_errors.ConnectFailed.message)}


def _more_until_silent(port: int) -> list[socket.socket]:
    held = []
    for _ in range(8):
        more = socket.socket()
        more.settimeout(0.2)
        held.append(more)
        try:
            more.connect(("127.0.0.1", port))
        except TimeoutError:
            break
    return held


# S10: certificates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "works"),
    [({}, True), ({"days": -1}, False), ({"name": "other.test"}, False), ({"signed": False}, False)],
    ids=["right", "expired", "wrong name", "self-signed"],
)
async def test_S10_only_a_right_certificate_will_do(
    sink: Sink, authority: Authority, wrong: dict[str, Any], works: bool
) -> None:
    sink._server.socket = authority.server(**wrong).wrap_socket(sink._server.socket, server_side=True)
    policy = AddressPolicy.from_entries([sink.allowed])
    request = Outgoing("GET", parse_url(f"https://{sink.allowed}/x"))
    async with GuardedClient(policy, tls=authority.trusting()) as client:
        if works:
            assert (await client.send(request)).status == 200
        else:
            with pytest.raises(http_errors.TlsFailed) as caught:
                await client.send(request)
            assert caught.value.message == http_errors.TlsFailed.message
        assert len(sink.calls) == works
        assert (await client.send(replace(request, verify_tls=False))).status == 200
        if not works:  # a connection that was not verified serves nobody else
            with pytest.raises(http_errors.TlsFailed):
                await client.send(request)


def test_S10_a_connection_may_accept_any_certificate_and_every_run_says_so(
    runs: Runs, scene: Scene, secure: Sink, people: Cast
) -> None:
    scene.app_environment.base_url = f"https://{secure.allowed}"
    scene.app_environment.save()
    run = runs.now()
    assert (run.state, run.error["code"]) == ("failed", "tls_failed")
    nothing_shows("Authority of tests")

    dev = people.as_(people.dev)
    with pytest.raises(Forbidden):
        accept(replace(dev, permissions=dev.permissions - {Permission.USE_SECRETS}))
    accept(dev)
    assert runs.now().state == "completed"
    assert LogLine.objects.filter(level="warn", message__contains="certificate of the remote side is not").count() == 1
    assert AuditEntry.objects.filter(verb="connection.mapped").latest("id").changes["verify_tls"] == [True, False]
    assert not queries.connection(dev, "shop", "api").environments[0].verifies_tls


def test_S10_an_environment_marked_red_always_verifies(runs: Runs, scene: Scene, secure: Sink, people: Cast) -> None:
    scene.app_environment.base_url = f"https://{secure.allowed}"
    scene.app_environment.save()
    accept(people.as_(people.dev))
    scene.environment.colour = "red"
    scene.environment.save()
    assert runs.now().error["code"] == "tls_failed"
    assert queries.connection(people.as_(people.dev), "shop", "api").environments[0].verifies_tls
    scene.mapped.refresh_from_db()
    accept(people.as_(people.dev), verify=True)
    with pytest.raises(Invalid, match="marked red") as caught:
        accept(people.as_(people.dev))
    assert caught.value.errors[0].pointer == "/verify_tls"


def accept(actor: Any, *, verify: bool = False) -> None:
    """Any certificate, or not any more."""
    map_environment(actor, "shop", "api", "dev", data={"verify_tls": verify})
