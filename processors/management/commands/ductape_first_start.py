"""`manage.py ductape_first_start`: makes the owner and the sample product where nobody is there yet."""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from processors.services.sample_migrations import migrate_sample
from products.lib.errors import DomainError
from products.services.first_start import Sample, first_start, holds


class Command(BaseCommand):
    """Idempotent. Prints one line of JSON: email, password, workspace, product.

    The password is null unless it was made up for the owner and still holds.
    """

    help = "Make the owner, a workspace and the sample product where nobody is there yet."

    def add_arguments(self, parser: Any) -> None:
        """For who made one up already, and may have been interrupted before anybody saw it."""
        parser.add_argument("--password-stdin", action="store_true", help="Read the password to make up.")

    def handle(self, *args: Any, **options: Any) -> None:
        """A password of the settings is never printed."""
        made_up = sys.stdin.readline().strip() if options["password_stdin"] else secrets.token_urlsafe(12)
        password = settings.OWNER_PASSWORD or made_up
        port = settings.SAMPLE_API_PORT
        sample = Sample(settings.SAMPLE_API_DOCUMENT, port) if port else None
        try:
            started = first_start(settings.OWNER_EMAIL, password, sample=sample)
            migrate_sample(started)
        except DomainError as error:
            raise CommandError(error.message) from error
        shown = made_up if not settings.OWNER_PASSWORD and (started.new or holds(started.email, made_up)) else None
        record = {"email": started.email, "password": shown, "workspace": started.workspace or None}
        self.stdout.write(json.dumps(record | {"product": started.product or None}))
