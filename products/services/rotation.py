"""Rotates keys while everything runs: data keys under another master key, values under another data key.

Both can be interrupted and started again: what is done is seen by looking at it. Nothing is written before it is sure
that every workspace's data key opens, and no value is replaced that has changed since it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from allauth.mfa.models import Authenticator
from django.db import transaction

from products import access
from products.lib.sealing import SealError, new_data_key, split_keys
from products.models import ConnectionValue, DocumentImport, RememberedAnswer, ResourceSecret, Secret, Workspace
from products.services import audit, vault
from products.services.resealing import SealedColumn, reseal

log = structlog.get_logger(__name__)
BATCH = 200
PASSES = 5
DOCUMENTS = 2  # at a time: each has up to 20 MB


class KeysDoNotFitError(Exception):
    """The configured master keys do not open what the database holds; one sentence for whoever operates the site."""


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What became of the data keys."""

    changed: int
    already: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of the values of one workspace; `lost` ones opened with none of its keys, before as after."""

    workspace: str
    values: int
    lost: int


COLUMNS = (
    SealedColumn(Secret, "workspace"),
    SealedColumn(ConnectionValue, "connection_environment__connection__product__workspace"),
    SealedColumn(RememberedAnswer, "workspace"),
    SealedColumn(DocumentImport, "workspace", "document", batch=DOCUMENTS),
    SealedColumn(ResourceSecret, "config__resource__product__workspace"),
)


def check_master_keys() -> None:
    """Raises KeysDoNotFitError unless the master keys open the data key of every workspace."""
    try:
        ring = vault.key_ring()
    except SealError as error:
        raise KeysDoNotFitError(f"FIELD_ENCRYPTION_KEYS cannot be used: {error}") from None
    total = wrong = 0
    for wrapped in Workspace.objects.values_list("data_key", flat=True).iterator():
        total += 1
        try:
            ring.unwrap(bytes(wrapped))
        except SealError:
            wrong += 1
    if wrong:
        raise KeysDoNotFitError(
            f"FIELD_ENCRYPTION_KEYS does not open the secrets of {wrong} of {total} workspaces: give the keys they "
            "were sealed with, newest first. Nothing was changed."
        )


def rewrap_data_keys() -> Rewrapped:
    """Puts every data key under the newest master key; 200 at a time. Raises KeysDoNotFitError, and changes nothing."""
    check_master_keys()
    ids = list(Workspace.objects.order_by("pk").values_list("pk", flat=True))
    changed = sum(_rewrap(ids[at : at + BATCH]) for at in range(0, len(ids), BATCH))
    _rewrap_answers()
    _rewrap_seeds()
    return Rewrapped(changed, len(ids) - changed)


def renew_data_keys(
    workspaces: Sequence[UUID], columns: Sequence[SealedColumn], *, pause: Callable[[], None]
) -> Iterator[Renewed]:
    """Seals all values of some workspaces with fresh data keys, one workspace after the other.

    `pause` is called once, when the fresh keys stand beside the older ones, and waits until whoever read a workspace
    before that has finished what they were at: they know the older key only. Raises KeysDoNotFitError.
    """
    check_master_keys()
    rows = [_with_two_keys(pk) for pk in workspaces]
    pause()
    for row in rows:
        yield _renewed(row, columns)


def _renewed(workspace: Workspace, columns: Sequence[SealedColumn]) -> Renewed:
    values = lost = 0
    for _ in range(PASSES):
        counts = [reseal(workspace, column) for column in columns]
        values += sum(done for done, _ in counts)
        lost = sum(missed for _, missed in counts)
        if not any(done for done, _ in counts):
            break
    _with_one_key(workspace, values)
    log.info("data_key_renewed", workspace=workspace.tag, values=values, lost=lost)
    return Renewed(workspace.tag, values, lost)


def _rewrap(ids: list[UUID]) -> int:
    ring, changed = vault.key_ring(), 0
    with transaction.atomic():
        for row in Workspace.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
            if ring.is_newest(bytes(row.data_key)):
                continue
            row.data_key = ring.rewrap(bytes(row.data_key))
            row.save(update_fields=["data_key"])
            audit.record(access.system(row), "workspace.master_key_changed", row)
            changed += 1
    return changed


def _rewrap_answers() -> None:
    """Remembered answers that belong to no workspace are under a master key themselves."""
    ring = vault.key_ring()
    for row in RememberedAnswer.objects.filter(workspace=None).iterator():
        blob = bytes(row.sealed)
        if not ring.is_newest(blob):
            try:
                RememberedAnswer.objects.filter(pk=row.pk, sealed=blob).update(sealed=ring.rewrap(blob))
            except SealError:  # it lives a day, and says so itself when it is asked for
                log.warning("remembered_answer_lost")


def _rewrap_seeds() -> None:
    """Seeds of second factors, which belong to people and to no workspace, are under a master key themselves."""
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is not None:
                fresh = {name: _rewrapped(value) for name, value in row.data.items()}
                if fresh != row.data:
                    row.data = fresh
                    row.save(update_fields=["data"])


def _rewrapped(value: Any) -> Any:
    """A wrapped text, or a list of such, by the newest key; anything else as it is."""
    if isinstance(value, list):
        return [_rewrapped(each) for each in value]
    ring = vault.key_ring()
    if not isinstance(value, str) or ring.is_newest(value.encode()):
        return value
    try:
        return ring.rewrap(value.encode()).decode()
    except SealError:
        return value


def _with_two_keys(workspace_id: UUID) -> Workspace:
    """The workspace with a fresh key before its own; with two already, an interrupted rotation goes on."""
    ring = vault.key_ring()
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=workspace_id)
        keys = ring.unwrap(bytes(row.data_key))
        if len(split_keys(keys)) == 1:
            row.data_key = ring.wrap(new_data_key() + keys)
            row.save(update_fields=["data_key"])
            audit.record(access.system(row), "workspace.data_key_added", row)
    return row


def _with_one_key(workspace: Workspace, values: int) -> None:
    ring = vault.key_ring()
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=workspace.pk)
        row.data_key = ring.wrap(split_keys(ring.unwrap(bytes(row.data_key)))[0])
        row.save(update_fields=["data_key"])
        audit.record(access.system(row), "workspace.data_key_changed", row, changes={"values": [None, values]})
