"""What a worker does with an import: claims it under a lease, reads, compares, applies, all or nothing.

Every write after the claim is conditional on the claim's number, so that a worker that was thought lost and comes back
changes nothing. Nothing of the app is written before the one transaction that writes all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from products import access, dispatch, hints
from products.access import Actor, Permission
from products.importers import AppDraft, DocumentError, read_document
from products.lib.document_errors import MAX_BYTES
from products.lib.errors import DomainError, Forbidden
from products.lib.http_errors import OutboundError
from products.lib.safe_http import fetch_sync
from products.lib.sealing import SealError
from products.models import App, DocumentImport, ImportState
from products.queries.import_reports import difference_json, report_json
from products.services import audit, vault
from products.services.applying import apply_draft
from products.services.apps import need_reach, new_app
from products.services.comparing import compare
from products.services.egress import address_policy
from products.services.keys import is_valid

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 3
FETCH_DEADLINE_S = 60
PROGRESS_EVERY_S = 0.5
UNHEARD_AFTER = timedelta(seconds=15)  # a queued import whose doorbell was lost
LOST = {"code": "worker_lost", "message": "The worker was lost three times while it did this. Try again."}
_ENDED = (ImportState.APPLIED, ImportState.FAILED)


class Superseded(Exception):
    """Somebody else holds this import by now; whatever was done here is undone."""


@dataclass(slots=True)
class Claim:
    """An import held by this worker, and the number that proves it."""

    row: DocumentImport
    number: int
    _last: float = field(default=0.0)

    def write(self, **values: Any) -> None:
        """Updates the import if it is still held. Raises Superseded."""
        rows = DocumentImport.objects.filter(pk=self.row.pk, attempts=self.number, lease_until__isnull=False)
        if not rows.update(updated_at=timezone.now(), **values):
            raise Superseded

    def progress(self, done: int, total: int) -> None:
        """Shows how far it is and renews the lease, twice a second at most."""
        now = time.monotonic()
        if now - self._last >= PROGRESS_EVERY_S or done == total:
            self._last = now
            self.write(done=done, total=total, lease_until=timezone.now() + LEASE)
            hints.hint(f"import:{self.row.pk}", done)


def read_import(import_id: str) -> None:
    """Reads a queued import; applies it when it makes a new app or was asked to. Does nothing for one that is held."""
    _work(import_id, (ImportState.QUEUED, ImportState.READING), ImportState.READING, _read)


def apply_import(import_id: str) -> None:
    """Applies an import that a person decided to apply."""
    _work(import_id, (ImportState.APPLYING,), ImportState.APPLYING, _apply_decided)


def ring_stale() -> int:
    """Rings again for imports that nobody holds, and gives up those whose worker died three times. For the sweeper."""
    now = timezone.now()
    free = Q(lease_until__lt=now) | Q(lease_until=None, updated_at__lt=now - UNHEARD_AFTER)
    waiting = DocumentImport.objects.filter(
        free, state__in=(ImportState.QUEUED, ImportState.READING, ImportState.APPLYING)
    )
    for row in waiting.filter(attempts__gte=MAX_ATTEMPTS).only("url")[:500]:
        lost = {"state": ImportState.FAILED, "error": LOST, "lease_until": None, "document": None}
        waiting.filter(pk=row.pk).update(**lost, url=row.shown_address)
        hints.hint(f"import:{row.pk}", 0)
    rows = list(waiting.values_list("pk", "state")[:500])
    for pk, state in rows:
        applying = state == ImportState.APPLYING
        dispatch.ring(dispatch.APPLY_IMPORT if applying else dispatch.READ_IMPORT, str(pk))
    return len(rows)


def _work(import_id: str, states: tuple[str, ...], state: str, step: Callable[[Claim], None]) -> None:
    claim = _claim(import_id, states, state)
    if claim is None:
        return
    try:
        step(claim)
    except Superseded:
        log.warning("import_superseded", import_id=import_id)
    except (DocumentError, OutboundError, DomainError) as error:
        _failed(claim, error)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease ends by itself and the import is done again
    except Exception:
        _failed(claim, DomainError("This document could not be read: an error of ours.", code="internal"))
        raise
    else:
        hints.hint(f"import:{import_id}", claim.row.total)


def _claim(import_id: str, states: tuple[str, ...], state: str) -> Claim | None:
    now = timezone.now()
    free = DocumentImport.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now), pk=import_id, state__in=states, attempts__lt=MAX_ATTEMPTS
    )
    if not free.update(state=state, lease_until=now + LEASE, attempts=F("attempts") + 1, updated_at=now):
        return None
    row = DocumentImport.objects.select_related("workspace", "app", "created_by", "key__workspace").get(pk=import_id)
    return Claim(row, row.attempts)


def _read(claim: Claim) -> None:
    _actor(claim.row)
    draft = _draft(claim)
    if claim.row.apply_at_once:
        _apply(claim, draft, remove=True)
        return
    claim.write(
        state=ImportState.READY,
        lease_until=None,
        report=report_json(draft),
        difference=difference_json(compare(claim.row.app, draft)),
    )


def _apply_decided(claim: Claim) -> None:
    decided = claim.row.difference
    _apply(claim, _draft(claim), remove=bool(decided.get("remove", True)), shown=str(decided.get("digest", "")))


def _draft(claim: Claim) -> AppDraft:
    row = claim.row
    if row.document is None:
        address = row.url.partition("#")[0]  # what follows names an entry of an archive
        answer = fetch_sync(address, address_policy(), max_bytes=MAX_BYTES, deadline_s=FETCH_DEADLINE_S)
        if answer.status != 200:
            raise DocumentError("fetch-failed", f"The address answered with status {answer.status}.")
        content = answer.body
        sealed = vault.seal_bytes(row.workspace, row, "document", content)
        # The whole address, with what opens it, has done its work.
        claim.write(document=sealed, url=row.shown_address, lease_until=timezone.now() + LEASE)
    else:
        content = _opened(row, bytes(row.document))
    return read_document(content, filename=row.filename or row.url, progress=claim.progress)


def _opened(row: DocumentImport, sealed: bytes) -> bytes:
    try:
        return vault.open_bytes(row.workspace, row, "document", sealed)
    except SealError:
        raise DomainError("The stored document cannot be opened any more; import it again.", code="internal") from None


def _apply(claim: Claim, draft: AppDraft, *, remove: bool, shown: str | None = None) -> None:
    """Writes the app; where a difference was `shown` and is another one by now, writes that instead and asks again."""
    row = claim.row
    actor = _actor(row)
    with transaction.atomic():
        app = _app(actor, row, draft)
        found = compare(app, draft)
        difference = difference_json(found)
        if shown is not None and difference["digest"] != shown:
            log.info("import_stale", import_id=str(row.pk))
            claim.write(state=ImportState.READY, lease_until=None, difference={**difference, "stale": True})
            return
        removing = remove and row.app_id is not None
        apply_draft(app, draft, found, remove=removing)
        audit.record(actor, "app.imported", app, changes={
            "by": row.actor_name, "added": len(found.actions.added), "changed": len(found.actions.changed),
            "removed": len(found.actions.removed) if removing else 0,
        })  # fmt: skip
        claim.write(
            state=ImportState.APPLIED,
            app=app,
            lease_until=None,
            document=None,
            report=report_json(draft),
            difference={**difference, "remove": remove},
        )


def _app(actor: Actor, row: DocumentImport, draft: AppDraft) -> App:
    """The app to write to, locked: the one named at the start, or a new one. Two imports of it wait for each other."""
    if row.app_id is not None:
        app = access.mine(actor, access.apps_of(actor).select_for_update(), "app", id=row.app_id)
        need_reach(actor, app)
        return app
    return new_app(actor, {"name": draft.title[:200] or "Imported app", "tag": row.app_tag})


def _actor(row: DocumentImport) -> Actor:
    """Who asked, with what they may do now. Raises NotFound or Forbidden for somebody who has left."""
    now = timezone.now()
    if row.key is not None:
        if not is_valid(row.key, now):
            raise Forbidden("The access key that asked for this is not valid any more.")
        actor = access.client(row.key, row.workspace.tag, now=now)
    elif row.created_by is not None:
        actor = access.member(row.created_by, row.workspace.tag)
    else:
        actor = access.system(row.workspace)
        if row.actor_name != actor.name:
            raise Forbidden("Whoever asked for this is not here any more.")
    actor.need(Permission.EDIT_APPS)
    return actor


def _failed(claim: Claim, error: DocumentError | OutboundError | DomainError) -> None:
    said = {"code": error.code, "message": error.message}
    if isinstance(error, DocumentError):
        said |= {"line": error.line, "column": error.column}  # type: ignore[dict-item]
    try:
        claim.write(state=ImportState.FAILED, error=said, lease_until=None, document=None, url=claim.row.shown_address)
    except Superseded:
        return
    hints.hint(f"import:{claim.row.pk}", claim.row.total)
