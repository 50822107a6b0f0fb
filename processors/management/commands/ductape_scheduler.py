"""`manage.py ductape_scheduler`: rings again for what nobody holds, and tidies up; any number of them may run."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections, connection
from redis.exceptions import RedisError

from processors.conf import knobs
from processors.live.presence import scheduler_lives
from processors.services import deleting, measures, retention, sweeping
from products.services import import_work, invitations
from products.services.rotation import KeysDoNotFitError, check_master_keys

log = structlog.get_logger(__name__)
TIDY_EVERY_S = 30.0
# Touched at every round, for whoever watches a process that answers nothing.
SIGN = settings.DATA_DIR / "run" / "scheduler"


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT, and ends within two seconds of it."""

    help = "Ring again for runs and imports that nobody holds; forget what has expired."

    def handle(self, *args: Any, **options: Any) -> None:
        """Loops."""
        _need_fitting_keys()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        log.info("scheduler_started", every_s=knobs().sweep_s)
        tidy_at = 0.0
        while not stopping.is_set():
            scheduler_lives()
            _touch(SIGN)
            _quietly(sweeping.ring_again)
            _quietly(import_work.ring_stale)
            _quietly(measures.fold)
            if time.monotonic() >= tidy_at:
                _quietly(sweeping.tidy)
                _quietly(measures.forget_old)
                _quietly(retention.keep_house)
                _quietly(deleting.ring_unfinished)
                _quietly(invitations.ring_unmailed)
                tidy_at = time.monotonic() + TIDY_EVERY_S
            stopping.wait(knobs().sweep_s)
        log.info("scheduler_stopped")


def _touch(sign: Path) -> None:
    """Where nothing can be written, nobody watches by a file."""
    with suppress(OSError):
        sign.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sign.touch()


def _need_fitting_keys() -> None:
    """Ends here when the master keys do not open what the database holds; one that is away is waited for."""
    try:
        check_master_keys()
    except KeysDoNotFitError as error:
        raise CommandError(str(error)) from error
    except Error as error:
        log.warning("master_keys_not_checked", error=type(error).__name__)


def _quietly(work: Callable[[], object]) -> None:
    """A database or broker that is away is waited for; nothing is lost meanwhile."""
    try:
        close_old_connections()
        work()
    except (Error, RedisError, OSError) as error:
        log.warning("sweep_failed", work=work.__name__, error=type(error).__name__)
        connection.close()
