"""What an evaluation may reach: the engine implements `Scope`, tests and the command line use `ValuesScope`."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from products.lib.jsontypes import Json


class Scope(Protocol):
    """The values of one evaluation. Whatever is given out must not change during it."""

    def root(self, name: str) -> Json | Mapping[str, Any]:
        """What `$name` stands for: JSON, or a Mapping that fetches when asked for a key, to any depth.

        Asked at most once in an evaluation. Raises KeyError where the name means nothing here.
        """

    def names(self) -> Iterable[str]:
        """The roots that mean something here, for messages."""

    def now(self) -> int:
        """Milliseconds since 1970 UTC, the same during a whole run."""

    def uuid(self, place: str) -> str:
        """A UUID for a place in the compiled document, the same whenever the same run asks again (see `run_uuid`)."""

    def secret_read(self, reference: str, value: Json) -> None:
        """A sensitive value came out, or text that an operator made of one: to be masked from now on."""


def run_uuid(seed: str, place: str) -> str:
    """A version 4 UUID out of a seed that is unique to the run and step, and a place."""
    digest = hashlib.sha256(f"{len(seed)}:{seed}{place}".encode("utf-8", "surrogatepass")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _nobody(_reference: str, _value: Json) -> None:
    """Nobody wants to know."""


class ValuesScope:
    """A scope over values that are there already, by root. `$Step` is found in `Sequence` where it is not given."""

    def __init__(
        self,
        values: Mapping[str, Json],
        *,
        now: int = 0,
        seed: str = "",
        on_secret: Callable[[str, Json], None] = _nobody,
    ) -> None:
        self._values: Final = values
        self._now: Final = now
        self._seed: Final = seed
        self.secret_read: Final = on_secret

    def root(self, name: str) -> Json:
        """The value of that name. Raises KeyError."""
        if name == "Step" and name not in self._values and "Sequence" in self._values:
            return steps_by_tag(self._values["Sequence"])
        return self._values[name]

    def names(self) -> Iterable[str]:
        """All that are given."""
        return tuple(self._values)

    def now(self) -> int:
        """As given."""
        return self._now

    def uuid(self, place: str) -> str:
        """Out of the seed."""
        return run_uuid(self._seed, place)


def steps_by_tag(sequences: Json) -> dict[str, Json]:
    """The results of the events whose tag is in one sequence only."""
    found: dict[str, list[Json]] = {}
    for events in sequences.values() if isinstance(sequences, dict) else ():
        for tag, result in events.items() if isinstance(events, dict) else ():
            found.setdefault(tag, []).append(result)
    return {tag: results[0] for tag, results in found.items() if len(results) == 1}
