"""The engine's bounds: what one run may ask for and how long it may hold a worker without working."""

from __future__ import annotations

from products.lib import tries

MAX_RETRIES = tries.MAX_RETRIES
MAX_TIMEOUT_S = tries.MAX_TRY_S
DEFAULT_TIMEOUT_S = 60.0
LOOP_WAIT_S = 2.0  # a shorter wait for the next try stays in the worker, a longer one ends the task
MAX_RETRY_DELAY_S = 86_400.0  # what a definition may ask for, and what its waits grow to
MAX_RETRY_AFTER_S = 3_600.0  # what a remote side may ask for; it cannot park a run for a year
MAX_LOST_CLAIMS = 3  # a run whose worker died this often is what kills them
MAX_MESSAGE_CHARS = 8_192  # of one log line
GRACE_S = 1.0  # a call's own deadline comes first; this one is for a connector that does not keep it
MAX_LOOP_ITEMS = 10_000  # of one for_each
MAX_DEPTH = 10  # of features that start features
