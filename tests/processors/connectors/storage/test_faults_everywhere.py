"""What goes wrong, and who asks for what cannot be, in the same way whatever the files are kept in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ductape_site.embedded import ports
from tests.chaos.proxy import Fault, Proxy
from tests.contracts import storages
from tests.contracts.storages import Storage
from tests.processors.connectors.storage.conftest import PROVIDERS, REMOTE
from tests.processors.connectors.storage.test_faults import CANARY, DROP, Bad, serving
from tests.storage_servers import Server

pytestmark = pytest.mark.xdist_group("storages")
everywhere = pytest.mark.parametrize("server", PROVIDERS, indirect=True)
remotely = pytest.mark.parametrize("server", REMOTE, indirect=True)


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """Between us and the storage."""
    made = Proxy(ports.choose(None), server.port).start()
    yield made
    made.stop()


def through(server: Server, port: int) -> Server:
    """The same storage behind another port."""
    endpoint = server.settings["endpoint"].replace(f":{server.port}", f":{port}")
    return Server(server.provider, port, {**server.settings, "endpoint": endpoint}, server.secrets, server.google)


@remotely
async def test_R22_a_connection_lost_in_mid_save_changes_nothing(server: Server, proxy: Proxy, connected) -> None:
    def cut() -> None:
        proxy.spoil(Fault(refuse=True))
        proxy.reset_all()

    await storages.a_save_that_is_cut_changes_nothing(connected(through(server, proxy.port)), cut, proxy.heal)


@remotely
async def test_R22_a_connection_lost_in_mid_read_gives_nothing(server: Server, proxy: Proxy, connected) -> None:
    cut = lambda: proxy.spoil(Fault(cut_after=1_000_000))  # noqa: E731
    await storages.a_read_that_is_cut_gives_nothing(connected(through(server, proxy.port)), cut, proxy.heal)


@everywhere
async def test_D6_one_of_many_saves_at_once_is_there_whole(storage: Storage) -> None:
    await storages.one_of_many_saves_at_once_is_there_whole(storage)


@everywhere
async def test_D6_names_are_taken_as_they_are_or_refused(storage: Storage) -> None:
    await storages.takes_names_as_they_are(storage)


@everywhere
async def test_D6_a_hundred_megabytes_go_in_and_out(storage: Storage) -> None:
    await storages.carries_a_hundred_megabytes(storage)


REFUSALS = [
    (403, {"s3": "AccessDenied", "azure": "AuthorizationPermissionMismatch", "gcs": "AccessDenied"}, "remote_rejected"),
    (403, {"s3": "SignatureDoesNotMatch", "azure": "AuthenticationFailed", "gcs": "InvalidSecurity"}, "auth_failed"),
    (401, {}, "auth_failed"),
    (404, {"s3": "NoSuchBucket", "azure": "ContainerNotFound", "gcs": "NoSuchBucket"}, "misconfigured"),
    (429, {}, "remote_throttled"),
    (507, {}, "remote_unavailable"),
]
ASKED = {
    "save": {"key": "k", "content": CANARY}, "read": {"key": "k"}, "list": {}, "delete": {"key": "k"},
    "copy": {"key": "k", "to": "l"}, "stat": {"key": "k"}, "check": {},
    "part": {"key": "k", "length": 5, "version": "x"},
}  # fmt: skip


@remotely
@pytest.mark.parametrize(("status", "codes", "code"), REFUSALS, ids=str)
async def test_K5_a_refusal_is_the_same_error_everywhere_and_tells_no_secret(
    server: Server, connected, status: int, codes: dict[str, str], code: str
) -> None:
    """A missing permission, a wrong key, a wrong bucket, and answers that quote what was sent."""

    class Quoting(Bad):
        def answer(self, method: str, target: str, body: bytes) -> bytes | str:
            said = f"<Error><Code>{codes.get(server.provider, '')}</Code><Message>{target} {' '.join(server.secrets)}"
            data = f"{said} {body.decode(errors='replace')}</Message></Error>".encode()
            head = f"HTTP/1.1 {status} X\r\nx-ms-error-code: {codes.get(server.provider, '')}\r\n"
            length = f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
            return (head + length).encode() + (data if method != "HEAD" else b"")

    for operation, data in ASKED.items():
        async with serving(Quoting(lambda *_: None)) as port:
            error = await connected(through(server, port)).failed(operation, **data)
        assert error.code == code, (operation, error.to_json())
        assert error.retryable is (status in {429, 507})
        told = f"{error.to_json()} {error.result} {error!r} {error.__cause__} {error.args}"
        for secret in (CANARY, *server.secrets, f":{port}", "Signature=", "sig="):
            assert secret not in told, operation


@remotely
async def test_R22_an_answer_that_never_comes_is_a_lost_connection_everywhere(server: Server, connected) -> None:
    for operation, data in ASKED.items():
        async with serving(Bad(lambda *_: DROP)) as port:
            error = await connected(through(server, port)).failed(operation, **data)
        assert error.code == "connection_lost", operation
        assert error.outcome_unknown is (operation in {"save", "copy"}), operation
