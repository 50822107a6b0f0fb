"""What the connectors of resources are called with: one operation of a resource, as one environment has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from products.lib.jsontypes import Json, JsonObject
from products.lib.redaction import Redactor


@dataclass(frozen=True, slots=True)
class ResourcePlace:
    """A resource in one environment. Calls with an equal `id` and `fingerprint` may share connections.

    `settings` are the fields that the catalogue declares for `provider`, typed, defaults filled in, secrets opened.
    `fingerprint` is that of the settings: with another one, what was kept open for the old is closed.
    `folder` is a name of its own for what lies on the disk of this installation, unique to workspace and product.
    """

    id: UUID
    workspace_id: UUID
    provider: str
    settings: Mapping[str, Json] = field(repr=False)
    fingerprint: str
    folder: str
    read_only: bool = False


class Files(Protocol):
    """Contents that are too large for a run's input or output, kept by the platform while a run lasts."""

    def read(self, file_id: UUID) -> AsyncIterator[bytes]:
        """The content in pieces of at most a megabyte. Raises InputRejected when there is no such file."""
        ...

    async def write(self, pieces: AsyncIterator[bytes], *, name: str, content_type: str, max_bytes: int) -> FileNote:
        """Keeps the content, never more than a piece of it in memory. Raises ResponseTooLarge, keeping nothing."""
        ...


@dataclass(frozen=True, slots=True)
class FileNote:
    """A kept content: `size` in bytes, `sha256` in hexadecimal."""

    id: UUID
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ResourceCall:
    """One operation. `definition` is what a product says of it (a database action), `input` what this call gives.

    Both are checked against the catalogue's declaration already; values of `input` may still be of any size and text.
    `redactor` knows the secrets of the settings and of the run.
    """

    place: ResourcePlace
    operation: str
    definition: JsonObject = field(default_factory=dict)
    input: JsonObject = field(default_factory=dict)
    redactor: Redactor = field(default_factory=Redactor)
    files: Files | None = None
