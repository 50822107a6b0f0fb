"""The real documents under tests/data/corpus and what their index says about them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parents[2] / "data" / "corpus"


@dataclass(frozen=True)
class Entry:
    path: Path
    format: str
    operations: int
    malformed: bool

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


def entries() -> list[Entry]:
    """Every file of both indexes."""
    return [entry for folder in ("openapi", "postman") for entry in _entries(CORPUS / folder)]


def document(name: str) -> bytes:
    """The bytes of one file by its name."""
    return next(CORPUS.glob(f"*/{name}")).read_bytes()


def _entries(folder: Path) -> list[Entry]:
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Entry(folder / row["file"], row["format"], int(row["ops"]), "MALFORMED" in row["note"]) for row in rows]
