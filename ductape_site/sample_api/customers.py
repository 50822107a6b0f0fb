"""The sample shop's customers: accounts that are verified by a code, and messages that are kept instead of sent."""

from __future__ import annotations

import hashlib
from typing import Any

from ductape_site.sample_api.messages import Answer, Refused, Request
from ductape_site.sample_api.people import who
from ductape_site.sample_api.records import found, now, once, text_of
from ductape_site.sample_api.store import Store, new_id


def create_account(store: Store, request: Request) -> Answer:
    """POST /accounts; the answer has the code that a real shop would send by e-mail."""
    who(store, request)
    return once(store, request, lambda: _create(store, request.fields()))


def get_account(store: Store, request: Request, account_id: str) -> Answer:
    """GET /accounts/{account_id}"""
    who(store, request)
    return Answer(_account(store, account_id))


def verify_account(store: Store, request: Request, account_id: str) -> Answer:
    """POST /accounts/{account_id}/verify; 422 for another code."""
    who(store, request)
    account = _account(store, account_id)
    if request.fields().get("code") != account["confirmation"]:
        raise Refused(422, "wrong_code", "code: this is not the code of the account.")
    verified = {**account, "status": "verified"}
    store.accounts.put(account_id, verified)
    return Answer(verified)


def delete_account(store: Store, request: Request, account_id: str) -> Answer:
    """DELETE /accounts/{account_id}"""
    who(store, request)
    account = _account(store, account_id)
    store.accounts.drop(account_id)
    return Answer({**account, "status": "deleted"})


def send_message(store: Store, request: Request) -> Answer:
    """POST /messages"""
    who(store, request)
    return once(store, request, lambda: _send(store, request.fields()))


def list_messages(store: Store, request: Request) -> Answer:
    """GET /messages, the newest first; `to` finds those of one person."""
    who(store, request)
    to = request.query.get("to", "")
    kept = [one for one in reversed(store.messages.entries()) if to in {"", one["to"]}]
    limit = int(request.number("limit", 20, most=100))
    return Answer({"messages": kept[:limit], "total": len(kept)})


def _create(store: Store, fields: dict[str, Any]) -> Answer:
    email = text_of(fields, "email")
    if "@" not in email:
        raise Refused(422, "invalid", "email: expected an e-mail address.")
    account_id = new_id("acc")
    digits = int(hashlib.sha256(account_id.encode()).hexdigest(), 16) % 1_000_000
    account: dict[str, Any] = {
        "id": account_id,
        "status": "unverified",
        "email": email,
        "name": text_of(fields, "name", most=120),
        "confirmation": f"{digits:06}",
        "created_at": now(store),
    }
    store.accounts.put(account_id, account)
    return Answer(account, 201)


def _send(store: Store, fields: dict[str, Any]) -> Answer:
    message: dict[str, Any] = {
        "id": new_id("msg"),
        "to": text_of(fields, "to"),
        "subject": text_of(fields, "subject", most=200),
        "text": text_of(fields, "text", most=10_000, least=0),
        "created_at": now(store),
    }
    store.messages.put(message["id"], message)
    return Answer(message, 201)


def _account(store: Store, account_id: str) -> dict[str, Any]:
    return found(store.accounts.get(account_id), "account", account_id)
