"""Keeps what an OAuth provider gave for a connection, for every worker from now on."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from processors.models import AuthToken
from processors.runtime.composition import Composed
from products.lib.oauth import TokenAnswer
from products.models import ConnectionEnvironment
from products.services import vault as sealing


def keep(place: ConnectionEnvironment, composed: Composed, answer: TokenAnswer) -> None:
    """Seals what the provider gave, for every worker from now on."""
    workspace = place.connection.product.workspace
    with transaction.atomic():
        AuthToken.objects.get_or_create(connection_environment=place, defaults={"fingerprint": ""})
        row = AuthToken.objects.select_for_update().get(connection_environment=place)
        row.sealed = sealing.seal(workspace, row, "sealed", answer.to_text())
        row.fingerprint, row.generation, row.refreshing_until = composed.fingerprint, row.generation + 1, None
        now = timezone.now()
        row.expires_at = now + timedelta(seconds=answer.life_s)
        row.save()
        place.authorized_at = place.last_success_at = now
        place.access_ends_at = None if answer.refresh else row.expires_at
        place.save(update_fields=["authorized_at", "last_success_at", "access_ends_at", "updated_at"])
