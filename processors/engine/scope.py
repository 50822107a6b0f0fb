"""What the expressions of a run see: its values by root, one time for the whole run, ids that come again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from products.expressions import run_uuid
from products.lib.jsontypes import Json

SecretRead = Callable[[str, Json], None]


def unheard(_reference: str, _value: Json) -> None:
    """Nobody needs to know which secrets were read."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds for a whole run: its roots, its moment (milliseconds since 1970 UTC) and the seed of its ids.

    A root may be a Mapping that fetches when it is asked. `secret_read` hears of every secret that came out.
    """

    roots: Mapping[str, Json | Mapping[str, Any]]
    now_ms: int = 0
    seed: str = ""
    secret_read: SecretRead = unheard


class RunScope:
    """The scope of one evaluation (`products.expressions.Scope`)."""

    __slots__ = ("_extra", "_facts", "_place", "_results", "secret_read")

    def __init__(
        self, facts: Facts, results: Mapping[str, Json], extra: Mapping[str, Json] | None = None, place: str = ""
    ) -> None:
        self._facts = facts
        self._results = results
        self._extra = extra or {}
        self._place = place
        self.secret_read = facts.secret_read

    def root(self, name: str) -> Json | Mapping[str, Any]:
        """Raises KeyError where the name means nothing here."""
        if name in self._extra:
            return self._extra[name]
        if name in self._results:
            return self._results[name]
        return self._facts.roots[name]

    def of_try(self, number: int) -> RunScope:
        """The same as one try of a call sees it: `$Run{attempt}` is its number, from 1."""
        run = self._facts.roots.get("Run")
        if not isinstance(run, Mapping):
            return self
        extra = {**self._extra, "Run": {**run, "attempt": number}}
        return RunScope(self._facts, self._results, extra, self._place)

    def names(self) -> Iterable[str]:
        """All roots that mean something here."""
        return dict.fromkeys((*self._facts.roots, *self._results, *self._extra))

    def now(self) -> int:
        """When the run began, so that a replayed step sees the same."""
        return self._facts.now_ms

    def uuid(self, place: str) -> str:
        """The same for the same place of the same step of the same run."""
        return run_uuid(f"{self._facts.seed}:{self._place}", place)
