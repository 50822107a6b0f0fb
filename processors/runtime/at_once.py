"""A token of a connection outside a worker: from synchronous code, by the same rules and in the same row as runs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TypeVar

from processors.conf import knobs
from processors.connectors.errors import ConnectorError
from processors.connectors.http.connector import HttpConnector
from processors.runtime import oauth
from processors.runtime.composition import Composed, Composer
from processors.runtime.database import open_pool
from processors.runtime.loader import Definition, SealedValue
from processors.runtime.secrets import Vault
from processors.runtime.tokens import Tokens
from products.lib.oauth import TokenAnswer
from products.lib.safe_http import GuardedClient
from products.services.egress import address_policy

Got = TypeVar("Got")


class NoToken(Exception):
    """There is no token; `message` says why, masked, in words for people."""

    def __init__(self, error: ConnectorError) -> None:
        super().__init__(error.message)
        self.message = error.message
        self.code = error.code


def compose(definition: Definition, values: tuple[SealedValue, ...], vault: Vault) -> Composed:
    """The connection with its values opened. Raises NoToken."""
    try:
        return Composer().compose(definition, values, vault)
    except ConnectorError as error:
        raise NoToken(error) from None


def exchange(composed: Composed, form: Mapping[str, str]) -> TokenAnswer:
    """A code for tokens. Raises NoToken."""

    async def ask() -> TokenAnswer:
        http = HttpConnector(GuardedClient(address_policy(), limit=2))
        try:
            return await oauth.by_code(http, composed, form, max_bytes=knobs().response_max_bytes)
        finally:
            await http.close()

    return _run(ask())


def fetch_token(composed: Composed, vault: Vault) -> None:
    """Makes sure that there is a token that holds. Raises NoToken, psycopg.Error."""

    async def sign() -> None:
        http = HttpConnector(GuardedClient(address_policy(), limit=2))
        pool = await open_pool(most=2)
        try:
            tokens = Tokens(pool, http, max_bytes=knobs().response_max_bytes)
            await tokens.sign(composed, vault, lambda level, message: None)
        finally:
            await pool.close()
            await http.close()

    _run(sign())


def _run(work: Coroutine[None, None, Got]) -> Got:
    try:
        return asyncio.run(work)
    except ConnectorError as error:
        raise NoToken(error) from None
