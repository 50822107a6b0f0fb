"""Gives memory back to the system after work that took much of it: glibc keeps what was freed otherwise."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back() -> None:
    """Does nothing where the C library cannot."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
