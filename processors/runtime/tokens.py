"""The tokens of `credential` and `oauth2` auths: got once for many runs, kept sealed, renewed ahead of their expiry."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from processors.connectors import errors
from processors.connectors.base import Connector
from processors.connectors.http.auth import FilledAuth, fill_auth
from processors.connectors.http.request import HttpCall
from processors.engine.step import Say
from processors.runtime import oauth, statements
from processors.runtime.composition import Composed
from processors.runtime.database import Pool, insist
from processors.runtime.login import expiry_of, login_input, token_in
from processors.runtime.secrets import Vault
from products.lib.oauth import ACCESS_TOKEN, TokenAnswer
from products.lib.redaction import Redactor
from products.lib.sealing import SealError
from products.models.base import new_id

TABLE = "processors_authtoken"
LOGIN_DEADLINE_S = 20.0
REFRESH_HOLD_S = 30.0  # a worker that dies while it logs in blocks the others no longer
EARLY = 0.1  # of the token's life
POLL_S = 0.1
REST_S = 30.0  # after a renewal ahead of the expiry that came to nothing


@dataclass(frozen=True, slots=True)
class Signed:
    """What authenticates a call, and what has to be masked. `generation` counts the logins; None: no login needed."""

    auth: FilledAuth
    redactor: Redactor
    secrets: tuple[str, ...]
    generation: int | None = None

    @classmethod
    def plain(cls, composed: Composed) -> Signed:
        """By what the connection itself has."""
        return cls(composed.auth, composed.redactor, composed.secrets)


@dataclass(frozen=True, slots=True)
class _Token:
    fingerprint: str
    generation: int
    expires_at: datetime
    life: timedelta
    signed: Signed
    rests_until: datetime | None = None

    @property
    def is_due(self) -> bool:
        """Whether it ought to be renewed, while it still holds."""
        now = datetime.now(UTC)
        return now >= self.expires_at - EARLY * self.life and (self.rests_until is None or now >= self.rests_until)

    def holds(self, fingerprint: str, beyond: int) -> bool:
        return self.fingerprint == fingerprint and self.generation > beyond and datetime.now(UTC) < self.expires_at


class Tokens:
    """The tokens of one worker; the database decides between workers."""

    def __init__(self, pool: Pool, http: Connector[HttpCall], *, max_bytes: int) -> None:
        self._pool = pool
        self._http = http
        self._max_bytes = max_bytes
        self._known: dict[UUID, _Token] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def sign(self, composed: Composed, vault: Vault, say: Say, *, beyond: int = 0) -> Signed:
        """The auth of a call, by a token newer than generation `beyond`. Raises ConnectorError, psycopg.Error."""
        if not composed.needs_token:
            return Signed.plain(composed)
        connection = composed.definition.connection_environment
        async with self._locks[connection]:
            known = self._known.get(connection)
            if known is None or not known.holds(composed.fingerprint, beyond) or known.is_due:
                known = await self._token(composed, vault, say, beyond)
                self._known[connection] = known
        return known.signed

    async def _token(self, composed: Composed, vault: Vault, say: Say, beyond: int) -> _Token:
        """The stored token, or a new one; waits while another worker logs in."""
        until = time.monotonic() + REFRESH_HOLD_S
        while time.monotonic() < until:
            row = await self._row(composed)
            stored = self._opened(row, composed, vault)
            usable = stored is not None and stored.holds(composed.fingerprint, beyond)
            if stored is not None and usable and not stored.is_due:
                return stored
            held = await self._hold(composed, row["generation"] if row else 0)
            if held is not None:
                try:
                    return await self._renewed(composed, vault, say, held)
                except errors.AuthFailed:
                    raise  # nobody will be let in by these credentials again: better known now than at the expiry
                except errors.ConnectorError:
                    if stored is not None and usable and datetime.now(UTC) < stored.expires_at:
                        # asked ahead of its expiry: it still holds, and a provider in trouble is not asked by every run
                        return replace(stored, rests_until=datetime.now(UTC) + timedelta(seconds=REST_S))
                    raise
            if stored is not None and usable:
                return stored  # somebody else is at it, and this one still holds
            await asyncio.sleep(POLL_S)
        raise errors.PlatformFailed("Another worker is logging in and does not finish.")

    async def _row(self, composed: Composed) -> dict[str, Any] | None:
        values = {"connection": composed.definition.connection_environment}
        rows = await insist(self._pool, statements.LOGIN, values)
        return rows[0] if rows else None

    def _opened(self, row: dict[str, Any] | None, composed: Composed, vault: Vault) -> _Token | None:
        if row is None or row["sealed"] is None or row["fingerprint"] != composed.fingerprint:
            return None
        try:
            text = vault.open(TABLE, row["id"], row["sealed"])
        except SealError:
            return None  # sealed under a key that is gone: log in again
        life = _life(composed, text)
        return _Token(row["fingerprint"], row["generation"], row["expires_at"], life, _signed(composed, text, row))

    async def _hold(self, composed: Composed, generation: int) -> dict[str, Any] | None:
        """The right to log in, which one worker gets."""
        rows = await insist(
            self._pool,
            statements.LOGIN_HOLD,
            {
                "id": new_id(),
                "connection": composed.definition.connection_environment,
                "generation": generation,
                "hold_s": REFRESH_HOLD_S,
            },
        )
        return rows[0] if rows else None

    async def _renewed(self, composed: Composed, vault: Vault, say: Say, held: dict[str, Any]) -> _Token:
        try:
            text = await self._new_text(composed, vault, say)
            life = _life(composed, text)
            expires_at = datetime.now(UTC) + life
            rows = await insist(
                self._pool,
                statements.LOGIN_STORE,
                {
                    "id": held["id"],
                    "generation": held["generation"],
                    "sealed": vault.seal(TABLE, held["id"], text),
                    "fingerprint": composed.fingerprint,
                    "expires_at": expires_at,
                },
            )
        except oauth.GrantRefused:
            await insist(self._pool, statements.GRANT_DROP, {"id": held["id"], "generation": held["generation"]})
            raise
        except BaseException:
            values = {"id": held["id"], "generation": held["generation"]}
            await asyncio.shield(insist(self._pool, statements.LOGIN_LET_GO, values))
            raise
        generation = rows[0]["generation"] if rows else held["generation"] + 1
        signed = _signed(composed, text, {"generation": generation})
        return _Token(composed.fingerprint, generation, expires_at, life, signed)

    async def _new_text(self, composed: Composed, vault: Vault, say: Say) -> str:
        """What is sealed: the token of a login, or all that an OAuth provider gave."""
        if composed.grant is None:
            return await self._log_in(composed, say)
        if not composed.grant.by_person:
            say("info", "Asking the provider for an access token.")
            return (await oauth.by_client(self._http, composed, max_bytes=self._max_bytes)).to_text()
        say("info", "Renewing the access token.")
        before = self._granted(await self._row(composed), composed, vault)
        return (await oauth.renewed(self._http, composed, before, max_bytes=self._max_bytes)).to_text()

    def _granted(self, row: dict[str, Any] | None, composed: Composed, vault: Vault) -> TokenAnswer | None:
        if row is None or row["sealed"] is None or row["fingerprint"] != composed.fingerprint:
            return None
        try:
            return TokenAnswer.from_text(vault.open(TABLE, row["id"], row["sealed"]))
        except SealError:
            return None

    async def _log_in(self, composed: Composed, say: Say) -> str:
        action = composed.login
        if action is None or composed.definition.auth is None:
            raise errors.Misconfigured("This auth has no login action.")
        call = HttpCall(
            action, login_input(composed), composed.login_url, variables=composed.texts, redactor=composed.redactor,
            bounds=composed.bounds, verify_tls=composed.definition.verify_tls,
        )  # fmt: skip
        say("info", f"Logging in by “{action.tag}”.")
        try:
            result = await self._http.call(call, deadline_s=LOGIN_DEADLINE_S, max_bytes=self._max_bytes)
        except errors.ConnectorError as error:
            kind = errors.AuthFailed if isinstance(error, errors.RemoteRejected) else type(error)
            message = f"Logging in by “{action.tag}” failed: {error.message}"
            raise kind(message, retry_after=error.retry_after, details=error.details) from None
        return token_in(result.output, composed)


def _life(composed: Composed, text: str) -> timedelta:
    """How long the token that is sealed in `text` holds from when it was given."""
    if composed.grant is None:
        return expiry_of(composed)
    return timedelta(seconds=TokenAnswer.from_text(text).life_s)


def _signed(composed: Composed, text: str, row: dict[str, Any]) -> Signed:
    auth = composed.definition.auth
    found = {"token": text} if composed.grant is None else {ACCESS_TOKEN: TokenAnswer.from_text(text).access}
    filled = fill_auth(auth, {**composed.texts, **composed.credentials, **found}) if auth else FilledAuth()
    secrets = tuple(dict.fromkeys((*composed.secrets, *found.values())))
    return Signed(filled, Redactor(secrets), secrets, row["generation"])
