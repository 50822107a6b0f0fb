"""The environment of programs that are not ours: nothing of what this process was told, least of all its keys.

What a variable makes such a program do (`LD_PRELOAD`, `PGOPTIONS`, `NODE_OPTIONS`, …) is then not ours to fear, and a
database that can read its own `/proc/self/environ` finds no master key there.
"""

from __future__ import annotations

import os

KEPT = ("PATH", "TMPDIR")


def plain_environment(**more: str) -> dict[str, str]:
    """Where programs are found and where temporary files go, in English and UTC; and `more`."""
    kept = {name: os.environ[name] for name in KEPT if os.environ.get(name)}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", **kept, **more}
