"""A remote side and a client that may call it and nothing else private."""

from __future__ import annotations

import pytest
import pytest_asyncio

from processors.connectors.http.connector import HttpConnector
from processors.connectors.http.request import HttpCall
from products.lib.actions import ActionSpec
from products.lib.addresses import AddressPolicy
from products.lib.inputs import validate_input
from products.lib.redaction import Redactor
from products.lib.safe_http import GuardedClient
from tests.processors.connectors.remote import Remote, serving


@pytest_asyncio.fixture
async def remote():
    async with serving(Remote()) as running:
        yield running


@pytest_asyncio.fixture
async def client(remote: Remote):
    policy = AddressPolicy.from_entries([f"127.0.0.1:{remote.port}"])
    async with GuardedClient(policy) as guarded:
        yield guarded


@pytest.fixture
def run(remote: Remote, client: GuardedClient):
    """Run one action as the runtime would: check its input, build the call, send it."""

    async def run_action(spec=None, data=None, *, path="/things", method="GET", secrets=(), base="", **more):
        spec = spec or ActionSpec(tag="a", name="A", method=method, path=path)
        limits = {key: more.pop(key, default) for key, default in LIMITS.items()}
        call = HttpCall(
            action=spec,
            input=validate_input(spec, data or {}),
            base_url=base or remote.url,
            redactor=Redactor(secrets),
            **more,
        )
        return await HttpConnector(client).call(call, **limits)

    return run_action


LIMITS = {"deadline_s": 5.0, "max_bytes": 1_000_000, "idempotency_key": ""}
