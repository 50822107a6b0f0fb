"""Who may use the sample shop: an API key, or a token that a log-in gave."""

from __future__ import annotations

import hmac
from typing import Final

from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.store import TOKEN_SECONDS, Store

# Printed in the API's own description: they open nothing but this sample.
USERNAME: Final = "shopkeeper"
PASSWORD: Final = "demo-password"  # noqa: S105
API_KEY: Final = "shop-demo-key"
KEY_HEADER: Final = "x-shop-key"


def who(store: Store, request: Request) -> str:
    """How the caller proved itself: `api_key` or `token`. Raises Refused 401."""
    if _same(request.headers.get(KEY_HEADER, ""), API_KEY):
        return "api_key"
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and store.knows_token(token.strip()):
        return "token"
    message = "Send a valid X-Shop-Key header, or Authorization: Bearer with a token from POST /login."
    raise Refused(401, "not_signed_in", message, headers={"WWW-Authenticate": "Bearer"})


def login(store: Store, request: Request) -> Answer:
    """POST /login"""
    fields = request.fields()
    name, password = (str(fields.get(key, "")) for key in ("username", "password"))
    if not (_same(name, USERNAME) and _same(password, PASSWORD)):
        raise Refused(401, "wrong_credentials", "The user name or the password is wrong.")
    return Answer({"token": store.new_token(), "token_type": "Bearer", "expires_in": TOKEN_SECONDS})


def me(store: Store, request: Request) -> Answer:
    """GET /me"""
    return Answer({"username": USERNAME, "email": "keeper@shop.example", "signed_in_by": who(store, request)})


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
