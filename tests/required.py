"""What a machine may lack: a test is skipped for it, and fails where the machine is required to have it, as CI is."""

import os
from typing import NoReturn

import pytest


def missing(reason: str, *, required: str = "REQUIRE_SERVICES") -> NoReturn:
    """Skips, or fails where the variable `required` is 1."""
    if os.environ.get(required) == "1":
        pytest.fail(f"{reason}, and {required}=1", pytrace=False)
    pytest.skip(reason)
