"""`manage.py ductape_first_start`: makes the owner and the sample product where nobody is there yet."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from processors.services.sample_migrations import migrate_sample
from products.lib.errors import DomainError
from products.services.first_start import Sample, first_start


class Command(BaseCommand):
    """Idempotent. Prints one line of JSON: email, password (null unless one was made up now), workspace, product."""

    help = "Make the owner, a workspace and the sample product where nobody is there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        """A password that was given is never printed."""
        password = settings.OWNER_PASSWORD or secrets.token_urlsafe(12)
        port = settings.SAMPLE_API_PORT
        sample = Sample(settings.SAMPLE_API_DOCUMENT, port) if port else None
        try:
            started = first_start(settings.OWNER_EMAIL, password, sample=sample)
            migrate_sample(started)
        except DomainError as error:
            raise CommandError(error.message) from error
        shown = password if started.new and not settings.OWNER_PASSWORD else None
        record = {"email": started.email, "password": shown, "workspace": started.workspace or None}
        self.stdout.write(json.dumps(record | {"product": started.product or None}))
