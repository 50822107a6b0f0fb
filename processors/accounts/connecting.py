"""Connects an account by OAuth's authorization code with PKCE: sends a person away, and takes them back once.

What binds the two halves (RFC 6749 section 10.12) is a state kept in the person's own session, for ten minutes and one
use, together with the code verifier and what the connection was when it began.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from processors.accounts import granted
from processors.accounts.places import composed_place, find_place
from processors.runtime import at_once
from processors.runtime.at_once import NoToken
from products import access
from products.access import Actor, Permission
from products.lib.errors import Conflict, Invalid
from products.lib.http_errors import UrlRefused
from products.lib.oauth import authorize_url, new_verifier
from products.models import ConnectionEnvironment, User
from products.services import audit

log = structlog.get_logger(__name__)
KEPT_S = 600
PENDING = 5  # that one session can have at once
KEY = "oauth_pending"
UNKNOWN = "This answer belongs to nothing that was begun here in the last ten minutes. Press Connect again."


@dataclass(frozen=True, slots=True)
class Ended:
    """Where the person began, and why it failed; "" for connected."""

    workspace: str
    product: str
    connection: str
    environment: str
    failure: str = ""


def redirect_uri() -> str:
    """The one address providers send people back to; it has to be registered with them."""
    return str(settings.BASE_URL) + reverse("oauth-callback")


def begin(actor: Actor, session: MutableMapping[str, Any], where: tuple[str, str, str]) -> str:
    """The provider's address to send the person to; `where`: product, connection, environment.

    Raises NotFound, Forbidden, Conflict.
    """
    actor.need(Permission.EDIT)
    actor.need(Permission.USE_SECRETS)
    place = find_place(actor, *where)
    actor.need_change_in(place.environment)
    try:
        composed, _ = composed_place(actor, place)
    except NoToken as error:
        raise Conflict(error.message, code="connection_incomplete") from None
    client_id = composed.credentials.get("client_id", "")
    if composed.grant is None or not composed.grant.by_person or not client_id:
        raise Conflict("Here no account can be connected: choose an OAuth auth and give its client ID first.")
    state, verifier = secrets.token_urlsafe(32), new_verifier()
    try:
        url = authorize_url(
            composed.grant, client_id=client_id, redirect_uri=redirect_uri(), state=state, verifier=verifier
        )
    except UrlRefused as error:
        raise Conflict(f"The provider's address cannot be used: {error.message}") from None
    pending = {"where": [actor.workspace.tag, *where], "place": str(place.pk), "verifier": verifier,
               "fingerprint": composed.fingerprint, "at": time.time()}  # fmt: skip
    newest = sorted(_pending(session).items(), key=lambda item: item[1]["at"])[-(PENDING - 1) :]
    session[KEY] = {**dict(newest), _digest(state): pending}
    return url


def finish(user: User, session: MutableMapping[str, Any], given: Mapping[str, str], *, request_id: str = "") -> Ended:
    """Takes the provider's answer. Raises Invalid for one that was not asked for, NotFound, Forbidden."""
    pending = _taken(session, given.get("state", ""))
    workspace, product, connection, environment = pending["where"]
    actor = access.member(user, workspace, request_id=request_id)
    actor.need(Permission.EDIT)
    actor.need(Permission.USE_SECRETS)
    place = find_place(actor, product, connection, environment)
    actor.need_change_in(place.environment)
    failure = _connected(actor, place, pending, given)
    if failure:
        ConnectionEnvironment.objects.filter(pk=place.pk).update(
            last_failure_at=timezone.now(), last_failure=failure[:500]
        )
    return Ended(workspace, product, connection, environment, failure)


def _connected(actor: Actor, place: ConnectionEnvironment, pending: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """Why not, "" for done."""
    if given.get("error"):
        code = given["error"][:60]
        return f"The provider refused: “{code if code.isascii() and code.isprintable() else 'error'}”."
    if not given.get("code"):
        return "The provider's answer has no code."
    try:
        composed, _ = composed_place(actor, place)
        if (str(place.pk), composed.fingerprint) != (pending["place"], pending["fingerprint"]):
            return "The connection was changed in between. Press Connect again."
        form = {"code": given["code"], "redirect_uri": redirect_uri(), "code_verifier": pending["verifier"]}
        answer = at_once.exchange(composed, form)
    except NoToken as error:
        log.info("oauth_exchange_failed", code=error.code)
        return error.message
    with transaction.atomic():
        granted.keep(place, composed, answer)
        audit.record(actor, "connection.authorized", place.connection, changes={"environment": pending["where"][3]})
    return ""


def _taken(session: MutableMapping[str, Any], state: str) -> dict[str, Any]:
    """What was begun under this state, once. Raises Invalid."""
    pending = _pending(session)
    found = pending.pop(_digest(state), None)
    session[KEY] = pending
    # Two answers at the same moment read the same session: the cache lets one of them through.
    if found is None or not cache.add(f"oauth-state:{_digest(state)}", 1, timeout=KEPT_S):
        raise Invalid(UNKNOWN)
    return found


def _pending(session: MutableMapping[str, Any]) -> dict[str, dict[str, Any]]:
    since = time.time() - KEPT_S
    return {key: value for key, value in dict(session.get(KEY) or {}).items() if value["at"] > since}


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
