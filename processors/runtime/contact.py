"""How long this worker has been in touch with the database: only a witness may say that another worker is lost."""

from __future__ import annotations

import time
from collections.abc import Callable


class Contact:
    """Unbroken while no two answers of the database are further apart than `gap_s` seconds.

    A lease also runs out when the database itself is away, or this process is frozen. Whoever has seen the database
    answer for a whole lease knows that a holder who lives would have renewed his.
    """

    def __init__(self, *, gap_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap_s = gap_s
        self._clock = clock
        self._since = self._last = clock()

    def felt(self) -> None:
        """The database has just answered."""
        now = self._clock()
        if now - self._last > self._gap_s:
            self._since = now
        self._last = now

    @property
    def unbroken_s(self) -> float:
        """Since when it has answered without a gap, in seconds; 0 while there is one."""
        now = self._clock()
        return now - self._since if now - self._last <= self._gap_s else 0.0
