"""`manage.py ductape_rotate_keys`: everything under the newest master key and, if asked, under fresh data keys."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from processors.services.sealed_columns import COLUMNS
from products.lib.sealing import new_master_key
from products.queries.workspaces import workspace_ids
from products.services.rotation import KeysDoNotFitError, renew_data_keys, rewrap_data_keys

PAUSE_S = 30.0


class Command(BaseCommand):
    """May run beside everything else, be interrupted, and be run again."""

    help = "Wrap every workspace's data key by the first of FIELD_ENCRYPTION_KEYS; with --data-keys, seal values anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do besides."""
        parser.add_argument("--data-keys", action="store_true", help="make fresh data keys and seal every value anew")
        parser.add_argument("--workspace", metavar="TAG", help="with --data-keys: only this workspace")
        parser.add_argument(
            "--pause", type=float, default=PAUSE_S, metavar="SECONDS",
            help="how long requests and runs get to finish with the older data key",
        )  # fmt: skip
        parser.add_argument("--make-key", action="store_true", help="only print a new master key")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each kind of key."""
        if options["make_key"]:
            self.stdout.write(new_master_key())
            return
        try:
            found = rewrap_data_keys()
            self.stdout.write(f"Master key: {found.changed} data keys wrapped anew, {found.already} were already.")
            if options["data_keys"]:
                self._renew(options["workspace"], options["pause"])
        except KeysDoNotFitError as error:
            raise CommandError(str(error)) from error

    def _renew(self, tag: str | None, seconds: float) -> None:
        chosen = workspace_ids(tag)
        if tag and not chosen:
            raise CommandError(f"There is no workspace “{tag}”.")
        for made in renew_data_keys(chosen, COLUMNS, pause=lambda: time.sleep(seconds)):
            lost = f"; {made.lost} opened with no key, before as after" if made.lost else ""
            self.stdout.write(f"{made.workspace}: {made.values} values sealed with a fresh data key{lost}.")
