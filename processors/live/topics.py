"""The names of what a page can listen to, and who may."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

_SHAPE = re.compile(r"(run|runs|workspace|changes|import|processors):([0-9a-f-]{36})(?::([a-z0-9][a-z0-9_-]{0,62}))?")


@dataclass(frozen=True, slots=True)
class Topic:
    """`run:<id>`, `runs:<product id>:<environment>`, `workspace:<id>`, `changes:<workspace id>`,
    `import:<id>`, `processors:<workspace id>`."""

    kind: str
    id: UUID
    environment: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, str(self.id), self.environment) if part)

    @property
    def every_s(self) -> float:
        """How often a listener hears of it at most: a run is followed, a list is looked at."""
        return 0.05 if self.kind in {"run", "import"} else 0.25


def parse(text: object) -> Topic | None:
    """The topic of this name; None when it is not one."""
    found = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if found is None or (found[1] == "runs") is not bool(found[3]):
        return None
    try:
        return Topic(found[1], UUID(found[2]), found[3] or "")
    except ValueError:
        return None


def run(run_id: UUID) -> Topic:
    """One run."""
    return Topic("run", run_id)


def runs(product_id: UUID, environment: str) -> Topic:
    """The runs of a product in one environment."""
    return Topic("runs", product_id, environment)


def workspace(workspace_id: UUID) -> Topic:
    """Anything that runs in a workspace."""
    return Topic("workspace", workspace_id)


def document_import(import_id: UUID) -> Topic:
    """The progress of an import."""
    return Topic("import", import_id)


def processors(workspace_id: UUID) -> Topic:
    """The workers and queues that a workspace's work uses."""
    return Topic("processors", workspace_id)
