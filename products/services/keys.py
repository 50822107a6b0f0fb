"""Access keys: made and shown once, found by what a client sends, revoked."""

from __future__ import annotations

import hmac
import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from products.access import VERB_PERMISSIONS, Actor, Permission, mine
from products.lib.digests import digest_of
from products.lib.errors import Conflict, Forbidden, Invalid
from products.models import AccessKey, KeyVerb, Membership, User, Workspace
from products.queries.keys import key_by_prefix
from products.services import audit, scopes
from products.services.validation import insert, name_text

MAX_KEYS = 500
LONGEST_LIFE = timedelta(days=3660)
USE_IS_NOTED_EVERY = timedelta(minutes=1)
_SHAPE = re.compile(r"duk_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_NOBODY = digest_of("")


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be. Empty scopes mean all; no expiry means until it is revoked."""

    name: str
    verbs: Sequence[str] = (KeyVerb.READ,)
    product_scope: Sequence[str] = ()
    environment_scope: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and its text, which nobody can ask for again."""

    key: AccessKey
    text: str


def find_key(text: str) -> AccessKey | None:
    """The valid key that a client sent, with its workspace; None for one unknown, revoked or expired."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    now = timezone.now()
    key = key_by_prefix(shape[1])
    same = hmac.compare_digest(digest_of(text), key.digest if key else _NOBODY)
    if key is None or not same or not is_valid(key, now):
        return None
    _note_use(key, now)
    return key


def is_valid(key: AccessKey, now: datetime) -> bool:
    """Whether it is neither revoked nor expired, and its workspace stays."""
    stays = key.revoked_at is None and key.workspace.deleting_at is None
    return stays and (key.expires_at is None or key.expires_at > now)


def create_key(actor: Actor, new: NewKey) -> IssuedKey:
    """A key that may do no more than its maker, and ends when they leave. Raises Invalid, Forbidden, Conflict."""
    actor.need(Permission.MANAGE_KEYS)
    verbs = _checked_verbs(actor, new.verbs)
    _check_expiry(new.expires_at)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        _need_member(actor)
        if AccessKey.objects.filter(workspace=actor.workspace, revoked_at=None).count() >= MAX_KEYS:
            raise Conflict(f"A workspace may have at most {MAX_KEYS} access keys; revoke some first.")
        products, environments = scopes.checked(actor, new.product_scope, new.environment_scope)
        prefix, text = _new_text()
        key = AccessKey(
            workspace=actor.workspace,
            name=name_text(new.name),
            prefix=prefix,
            digest=digest_of(text),
            verbs=verbs,
            product_scope=products,
            environment_scope=environments,
            expires_at=new.expires_at,
            created_by=actor.user,
        )
        insert(key, unique="name", message="Try again.")
        audit.record(actor, "key.created", key, changes={"verbs": [None, verbs], "prefix": [None, prefix]})
    return IssuedKey(key, text)


def revoke_key(actor: Actor, key_id: object) -> AccessKey:
    """Ends a key at once, for good; doing it twice changes nothing. Raises NotFound, Forbidden."""
    actor.need(Permission.MANAGE_KEYS)
    with transaction.atomic():
        rows = AccessKey.objects.select_for_update().filter(workspace=actor.workspace)
        key = mine(actor, rows, "access key", id=key_id)
        if key.created_by_id is None or key.created_by != actor.user:
            scopes.need_reach(actor, key.product_scope, key.environment_scope)
        if key.revoked_at is None:
            _revoke(actor, key)
    return key


def revoke_keys_of(actor: Actor, maker: User) -> int:
    """Ends the keys that somebody made who leaves: nobody keeps by a key what they had by their role. How many."""
    rows = AccessKey.objects.filter(workspace=actor.workspace, created_by=maker, revoked_at=None)
    ended = list(rows.select_for_update())
    for key in ended:
        _revoke(actor, key)
    return len(ended)


def _revoke(actor: Actor, key: AccessKey) -> None:
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at", "updated_at"])
    audit.record(actor, "key.revoked", key)


def _need_member(actor: Actor) -> None:
    """Raises Forbidden for somebody who was removed since they asked; the workspace's row is locked."""
    if actor.user is not None and not Membership.objects.filter(workspace=actor.workspace, user=actor.user).exists():
        raise Forbidden("You are not a member any more.")


def _note_use(key: AccessKey, now: datetime) -> None:
    stale = now - USE_IS_NOTED_EVERY
    if key.last_used_at is None or key.last_used_at < stale:
        rows = AccessKey.objects.filter(pk=key.pk).filter(Q(last_used_at=None) | Q(last_used_at__lt=stale))
        rows.update(last_used_at=now)


def _new_text() -> tuple[str, str]:
    prefix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
    return prefix, f"duk_{prefix}_{secrets.token_urlsafe(32)}"


def _checked_verbs(actor: Actor, verbs: Sequence[str]) -> list[str]:
    chosen = [verb for verb in KeyVerb.values if verb in set(verbs)]
    if not chosen or len(chosen) != len(set(verbs)):
        raise Invalid.field("verbs", f"Choose at least one of {', '.join(KeyVerb.values)}.")
    if not frozenset().union(*(VERB_PERMISSIONS[verb] for verb in chosen)) <= actor.permissions:
        raise Forbidden("A key may do no more than you may.")
    return chosen


def _check_expiry(expires_at: datetime | None) -> None:
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise Invalid.field("expires_at", "Choose a time in the future, at most ten years from now.")
