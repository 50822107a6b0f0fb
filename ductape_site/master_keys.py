"""Whether the master keys fit the database: a process that could not open its secrets does not start."""

from __future__ import annotations

import sys

import structlog
from django.db import DatabaseError, connections

from products.services.rotation import KeysDoNotFitError, check_master_keys

log = structlog.get_logger(__name__)


def need_fitting_keys() -> None:
    """Ends the process with one sentence on standard error, and exit code 1, when the master keys do not fit.

    A database that is away or not migrated yet is not a reason: readiness says that, and nothing can be sealed there.
    """
    try:
        check_master_keys()
    except KeysDoNotFitError as error:
        sys.exit(str(error))
    except DatabaseError as error:
        log.warning("master_keys_not_checked", error=type(error).__name__)
    finally:
        connections.close_all()
