"""Makes the calls of an action's steps through the HTTP connector, with auth, and masks what comes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from processors.connectors.base import CallResult, Connector
from processors.connectors.errors import AuthFailed, ConnectorError
from processors.connectors.http.request import HttpCall
from processors.engine.step import Say, StepCall, StepFailed, StepResult
from processors.runtime.composition import Composed
from processors.runtime.connection_health import ConnectionHealth
from processors.runtime.masking import exchange_of, masked_output, step_error
from processors.runtime.resources import ResourceMeans
from processors.runtime.secrets import Vault
from processors.runtime.tokens import Signed, Tokens
from processors.runtime.weight import LARGE
from products.lib.inputs import StructuredInput
from products.lib.jsontypes import Json

UNVERIFIED = "The certificate of the remote side is not verified: this connection says so."


@dataclass(frozen=True, slots=True)
class Means:
    """What all runs of a process make their calls with."""

    http: Connector[HttpCall]
    tokens: Tokens
    health: ConnectionHealth
    max_bytes: int
    resources: ResourceMeans


class ActionSteps:
    """The step port of one run of an action (`processors.engine.ports.Steps`)."""

    def __init__(self, means: Means, composed: Composed, given: StructuredInput, vault: Vault) -> None:
        self._means = means
        self._composed = composed
        self._given = given
        self._vault = vault

    async def call(self, call: StepCall, say: Say) -> StepResult:
        """One try. Raises StepFailed."""
        connection = self._composed.definition.connection_environment
        signed = Signed.plain(self._composed)
        try:
            signed = await self._means.tokens.sign(self._composed, self._vault, say)
            say("info", self._announcement(signed))
            if not self._composed.definition.verify_tls and self._composed.base_url.startswith("https:"):
                say("warn", UNVERIFIED)
            signed, result = await self._exchange(call, signed, say)
        except ConnectorError as error:
            failed = step_error(error, signed.redactor)
            self._means.health.failed(connection, failed)
            raise StepFailed(failed, exchange_of(error.result)) from None
        self._means.health.succeeded(connection)
        return StepResult(
            output=await _masked(result, signed),
            exchange=exchange_of(result),
            summary=_summary(result),
            notices=tuple(signed.redactor.text(notice) for notice in result.notices),
        )

    async def _exchange(self, call: StepCall, signed: Signed, say: Say) -> tuple[Signed, CallResult]:
        try:
            return signed, await self._send(call, signed)
        except AuthFailed:
            if signed.generation is None:
                raise
            say("warn", "The remote side refuses the token: logging in again.")
        again = await self._means.tokens.sign(self._composed, self._vault, say, beyond=signed.generation)
        return again, await self._send(call, again)

    async def _send(self, call: StepCall, signed: Signed) -> CallResult:
        composed = self._composed
        http_call = HttpCall(
            action=composed.action,
            input=self._given,
            base_url=composed.base_url,
            placements=signed.auth.placements,
            variables=composed.texts,
            redactor=signed.redactor,
            bounds=composed.bounds,
            verify_tls=composed.definition.verify_tls,
        )
        return await self._means.http.call(
            http_call,
            deadline_s=call.spec.timeout_s,
            max_bytes=self._means.max_bytes,
            idempotency_key=call.idempotency_key,
        )

    def _announcement(self, signed: Signed) -> str:
        action = self._composed.action
        address = self._composed.base_url.rstrip("/") + "/" + action.path.lstrip("/")
        return f"{action.method.upper()} {signed.redactor.url(address)}"


async def _masked(result: CallResult, signed: Signed) -> Json:
    """The output without secrets; a large one is gone through aside, so that it holds up no other run."""
    if result.response is not None and result.response.body_bytes > LARGE:
        return await asyncio.to_thread(masked_output, result.output, signed.redactor, signed.secrets)
    return masked_output(result.output, signed.redactor, signed.secrets)


def _summary(result: CallResult) -> str:
    response = result.response
    if response is None:
        return "Answered."
    return f"{response.status} in {result.timings.total_ms:.0f} ms, {_size(response.body_bytes)}."


def _size(count: int) -> str:
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
