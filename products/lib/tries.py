"""How often and how long a call may be tried: the same wherever somebody says it."""

from __future__ import annotations

from typing import Final

MAX_RETRIES: Final = 10
LEAST_TRY_S: Final = 0.1
MAX_TRY_S: Final = 3_600.0
TIMEOUT_WORDS: Final = f"Seconds that one try may take, from {LEAST_TRY_S} to {MAX_TRY_S:g}."
