"""Shows what the processes write to their logs, for `ductape up --verbose`."""

import sys
from collections.abc import Iterable
from pathlib import Path


class Followed:
    """Some logs, and how far each was shown; what was in them before is not shown."""

    def __init__(self, logs: Iterable[Path]) -> None:
        self._shown = {log: log.stat().st_size if log.exists() else 0 for log in logs}

    def show_new(self) -> None:
        """Print the whole lines that were added since the last time, each with the name of its process."""
        for log, position in self._shown.items():
            try:
                with log.open("rb") as stream:
                    stream.seek(position)
                    added = stream.read()
            except OSError:
                continue
            whole = added[: added.rfind(b"\n") + 1]
            self._shown[log] = position + len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                sys.stdout.write(f"{log.stem:<10} {line}\n")
        sys.stdout.flush()
