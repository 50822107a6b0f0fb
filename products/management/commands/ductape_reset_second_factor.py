"""`manage.py ductape_reset_second_factor EMAIL`: for who lost the device and the recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from products.lib.errors import DomainError
from products.services.second_factor import reset_second_factor


class Command(BaseCommand):
    """Whoever runs it has made sure who asks: nothing in the dashboard or the admin does this."""

    help = "Take away a person's second factor and end their sessions; they sign in by password and set up another."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("email", help="the address that the person signs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line says what was done."""
        try:
            ended = reset_second_factor(options["email"])
        except DomainError as error:
            raise CommandError(error.message) from error
        places = f"{ended} {'session' if ended == 1 else 'sessions'}"
        self.stdout.write(f"{options['email']} signs in by password alone now, and was signed out of {places}.")
