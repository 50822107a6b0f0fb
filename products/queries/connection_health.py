"""How a connection does in one environment: healthy, expiring, broken or untested, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone

from products.lib.oauth import ACCESS_TOKEN, Grant, grant_of
from products.models import ConnectionEnvironment, ValueKind

SOON = timedelta(days=3)
State = Literal["healthy", "expiring", "broken", "untested"]


@dataclass(frozen=True, slots=True)
class Health:
    """`reason` is empty for what is healthy or was never tried."""

    state: State
    reason: str = ""
    since: datetime | None = None

    @property
    def mark(self) -> str:
        """The state whose dot it has."""
        return {"healthy": "ok", "expiring": "warning", "broken": "failed", "untested": "idle"}[self.state]


def flow_of(place: ConnectionEnvironment) -> Grant | None:
    """The OAuth flow that is used here; none where a token was given by hand. Needs `values` and `auth`."""
    if place.auth is None or place.auth.kind != "oauth2":
        return None
    by_hand = any(value.kind == ValueKind.CREDENTIAL and value.key == ACCESS_TOKEN for value in place.values.all())
    return None if by_hand else grant_of(place.auth.kind, place.auth.spec.get("oauth") or {})


def health_of(place: ConnectionEnvironment | None, *, by_person: bool = False) -> Health:
    """By what runs and tests met last; the newer of success and failure counts."""
    if place is None:
        return Health("untested")
    failed, worked = place.last_failure_at, place.last_success_at
    if failed is not None and (worked is None or failed > worked):
        return Health("broken", place.last_failure or "The last call failed.", failed)
    if by_person and place.authorized_at is None:
        return Health("untested", "No account is connected yet.")
    if by_person and place.access_ends_at is not None and place.access_ends_at <= timezone.now() + SOON:
        return _ending(place.access_ends_at)
    return Health("healthy", "", worked) if worked is not None else Health("untested")


def _ending(at: datetime) -> Health:
    if at <= timezone.now():
        return Health("broken", "The access has expired. Connect the account again.", at)
    return Health("expiring", "The access ends soon and cannot be renewed by itself: connect the account again.", at)
