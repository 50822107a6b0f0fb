"""Who stored the files that a page shows, as far as they went through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from processors.models import Run, StoredFile
from products.models import ResourceConfig

# A storage says when an upload began, by a clock of its own.
BEFORE, AFTER = timedelta(hours=2), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Stored:
    """Who saved a file, and by what; `run` is None when it is not kept any more.

    `feature` and `step` are those of a run of a feature, "" otherwise.
    """

    by: str
    at: datetime
    run: UUID | None = None
    feature: str = ""
    step: str = ""


def stored_by(config: ResourceConfig, modified: Mapping[str, datetime | None]) -> dict[str, Stored]:
    """By key, of a resource that the actor already got; `modified` says when the files were made as far as is known.

    A file that somebody has put there since, past us, is not said to be of the run before.
    """
    rows = list(StoredFile.objects.filter(config=config, key__in=list(modified)))
    kept = set(Run.objects.filter(pk__in=[row.run_id for row in rows]).values_list("pk", flat=True))
    return {row.key: _stored(row, kept) for row in rows if _is_still(row, modified[row.key])}


def _is_still(row: StoredFile, modified: datetime | None) -> bool:
    return modified is None or row.at - BEFORE <= modified <= row.at + AFTER


def _stored(row: StoredFile, kept: set[UUID]) -> Stored:
    is_feature = row.kind == "feature"
    return Stored(
        by="a signed URL" if row.trigger == "link" else row.by,
        at=row.at,
        run=row.run_id if row.run_id in kept else None,
        feature=row.target if is_feature else "",
        step=row.step if is_feature else "",
    )
