"""Whether sessions that were good when a socket opened are good still, asked for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from products.models import User


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signed in, and what their session says of their password then."""

    user_id: Any
    password_hash: str


def still_signed_in(sign_ins: Mapping[str, SignIn]) -> set[str]:
    """The keys of those sessions that nobody ended, of people who are active and have the same password."""
    alive = Session.objects.filter(session_key__in=list(sign_ins), expire_date__gt=timezone.now())
    keys = set(alive.values_list("session_key", flat=True))
    people = User.objects.filter(is_active=True).in_bulk([sign_ins[key].user_id for key in keys])
    hashes = {pk: user.get_session_auth_hash() for pk, user in people.items()}
    return {
        key
        for key in keys
        if (known := hashes.get(sign_ins[key].user_id)) and constant_time_compare(known, sign_ins[key].password_hash)
    }
