"""Asks an OAuth provider's token endpoint, through the one client that makes outside calls."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote_plus

from processors.connectors import errors
from processors.connectors.base import Connector
from processors.connectors.http.request import HttpCall
from processors.runtime.composition import Composed
from products.lib.actions import ActionSpec, Body, Placement
from products.lib.inputs import StructuredInput
from products.lib.jsontypes import Json
from products.lib.oauth import Grant, TokenAnswer, TokenAnswerError, read_answer
from products.lib.redaction import Redactor

DEADLINE_S = 20.0
CONNECT_AGAIN = "Connect the account again on the connection's page."
NOT_CONNECTED = f"No account is connected here. {CONNECT_AGAIN.replace(' again', '')}"
_ENDPOINT = ActionSpec(
    "token", "Token", "POST", "", body=Body("form", "application/x-www-form-urlencoded", schema={"type": "object"})
)


class GrantRefused(errors.AuthFailed):
    """The provider does not accept the refresh token or code any more (`invalid_grant`): a person has to connect."""


async def by_client(http: Connector[HttpCall], composed: Composed, *, max_bytes: int) -> TokenAnswer:
    """Client credentials (RFC 6749 section 4.4). Raises ConnectorError."""
    grant = _grant(composed)
    form = {"grant_type": "client_credentials", "scope": " ".join(grant.scopes)}
    return await _ask(http, composed, grant.token_url, form, max_bytes=max_bytes)


async def by_code(
    http: Connector[HttpCall], composed: Composed, form: Mapping[str, str], *, max_bytes: int
) -> TokenAnswer:
    """A code for tokens (section 4.1.3); `form`: `code`, `redirect_uri`, `code_verifier`. Raises ConnectorError."""
    asked = {"grant_type": "authorization_code", **form}
    return await _ask(http, composed, _grant(composed).token_url, asked, max_bytes=max_bytes)


async def renewed(
    http: Connector[HttpCall], composed: Composed, before: TokenAnswer | None, *, max_bytes: int
) -> TokenAnswer:
    """By the refresh token (section 6), which the provider may replace. Raises ConnectorError, GrantRefused."""
    if before is None:
        raise GrantRefused(NOT_CONNECTED)
    if not before.refresh:
        message = f"The access has expired and the provider gave nothing to renew it with. {CONNECT_AGAIN}"
        raise GrantRefused(message)
    form = {"grant_type": "refresh_token", "refresh_token": before.refresh}
    return await _ask(http, composed, _grant(composed).refresh_url, form, max_bytes=max_bytes, before=before)


def _grant(composed: Composed) -> Grant:
    if composed.grant is None:
        raise errors.Misconfigured("This auth has no OAuth flow that can be used.")
    return composed.grant


async def _ask(
    http: Connector[HttpCall],
    composed: Composed,
    url: str,
    form: Mapping[str, str],
    *,
    max_bytes: int,
    before: TokenAnswer | None = None,
) -> TokenAnswer:
    """One request; another one with the client in the body where the provider does not take it in the header."""
    try:
        output = await _send(http, composed, url, form, in_header=True, max_bytes=max_bytes)
    except errors.ConnectorError as error:
        if _code(error) != "invalid_client" or not composed.credentials.get("client_secret"):
            raise _said(error, composed) from None
        try:
            output = await _send(http, composed, url, form, in_header=False, max_bytes=max_bytes)
        except errors.ConnectorError as again:
            raise _said(again, composed) from None
    try:
        return read_answer(output, before=before)
    except TokenAnswerError as error:
        raise errors.MalformedResponse(str(error)) from None


async def _send(
    http: Connector[HttpCall], composed: Composed, url: str, form: Mapping[str, str], *, in_header: bool, max_bytes: int
) -> Json:
    client_id, secret = composed.credentials.get("client_id", ""), composed.credentials.get("client_secret", "")
    placements: tuple[Placement, ...] = ()
    body = dict(form)
    if secret and in_header:  # section 2.3.1, both parts form-encoded first
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        basic = base64.b64encode(pair.encode("utf-8")).decode("ascii")
        placements = (Placement("header", "Authorization", f"Basic {basic}"),)
    else:
        body |= {"client_id": client_id, **({"client_secret": secret} if secret else {})}
    hidden = (form.get(key, "") for key in ("code", "code_verifier", "refresh_token"))
    secrets = (*composed.secrets, *(text for text in hidden if text))
    call = HttpCall(
        _ENDPOINT, StructuredInput({}, {}, {}, {}, {key: text for key, text in body.items() if text}), url,
        placements=placements, redactor=Redactor(secrets), bounds=composed.bounds,
        verify_tls=composed.definition.verify_tls,
    )  # fmt: skip
    return (await http.call(call, deadline_s=DEADLINE_S, max_bytes=max_bytes)).output


def _code(error: errors.ConnectorError) -> str:
    """The provider's error code (section 5.2), "" for none."""
    output = error.result.output if error.result is not None else None
    code = output.get("error") if isinstance(output, dict) else None
    return code if isinstance(code, str) and code.isascii() and len(code) <= 80 and code.isprintable() else ""


def _said(error: errors.ConnectorError, composed: Composed) -> errors.ConnectorError:
    """The same without the exchange, whose body holds the credentials."""
    code = composed.redactor.text(_code(error))  # a provider may say anything, the secret it was sent included
    if code == "invalid_grant":
        return GrantRefused(f"The provider no longer accepts this access (invalid_grant). {CONNECT_AGAIN}")
    kind = errors.AuthFailed if isinstance(error, errors.RemoteRejected) else type(error)
    reason = f"“{code}”" if code else error.message
    return kind(f"The provider gave no token: {reason}", retry_after=error.retry_after, details=error.details)
