"""Documents on their way to becoming apps: accepted here, read by a worker, then applied or discarded."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from products import access, dispatch
from products.access import Actor, Permission
from products.lib.document_errors import MAX_BYTES
from products.lib.errors import Conflict, Invalid, TooLarge, TooMany
from products.lib.http_errors import UrlRefused
from products.lib.safe_urls import parse_url
from products.lib.tags import TAG_PATTERN
from products.models import DocumentImport, ImportState, Workspace
from products.services import audit, vault
from products.services.apps import need_reach

MAX_WAITING = 20  # imports of one workspace that are not read yet
MAX_URL = 1_700  # with the entry of an archive it is as long as may be stored
MAX_ENTRY = 200
WAITING = (ImportState.QUEUED, ImportState.READING, ImportState.APPLYING)


@dataclass(frozen=True, slots=True)
class NewImport:
    """What somebody sent: `document` (upload or paste) or `url`. `app` is the tag of an app to update or to make.

    `entry` names the document that is meant where what was sent is an archive of several.
    """

    document: bytes | None = None
    url: str = ""
    filename: str = ""
    pasted: bool = False
    app: str = ""
    apply_at_once: bool = False
    entry: str = ""

    @property
    def source(self) -> str:
        """upload, paste or url."""
        return "url" if self.url else "paste" if self.pasted else "upload"


def start_import(actor: Actor, new: NewImport) -> DocumentImport:
    """Accepts a document; a worker reads it. Raises Invalid, TooLarge, TooMany, Forbidden.

    A new app is made at once. For an app that is there already the difference waits for `apply_import`, unless
    `apply_at_once`.
    """
    actor.need(Permission.EDIT_APPS)
    _check(new)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace.pk)
        if DocumentImport.objects.filter(workspace=actor.workspace, state__in=WAITING).count() >= MAX_WAITING:
            raise TooMany(f"{MAX_WAITING} imports are waiting already; try again when they are done.")
        app = access.apps_of(actor).filter(tag=new.app).first() if new.app else None
        if app is not None:
            need_reach(actor, app)
        row = DocumentImport(
            workspace=actor.workspace,
            app=app,
            app_tag=new.app,
            source=new.source,
            filename=_named(new.filename, new.entry) if not new.url else "",
            url=_named(new.url, new.entry) if new.url else "",
            apply_at_once=app is None or new.apply_at_once,
            created_by=actor.user,
            key=actor.key,
            actor_name=actor.name,
        )
        if new.document is not None:
            row.document = vault.seal_bytes(actor.workspace, row, "document", new.document)
        row.save(force_insert=True)
        audit.record(actor, "import.started", row, changes={"source": row.source, "app": new.app})
        dispatch.after_commit(dispatch.READ_IMPORT, str(row.pk))
    return row


def apply_import(actor: Actor, import_id: object, *, remove: bool = True, seen: str = "") -> DocumentImport:
    """Lets a worker apply what was read; with `remove` actions the document lacks go. Raises NotFound, Conflict.

    `seen`: the digest of the difference that the decision is about, if it is known. The worker applies nothing where
    the app is another one by then; it shows the new difference and the import is ready once more.
    """
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = _ready(actor, import_id)
        if row.app is not None:
            need_reach(actor, row.app)
        if seen and seen != row.difference.get("digest"):
            raise Conflict("The app was changed; what this import would do is not what you saw: look at it again.",
                           code="changed_meanwhile")  # fmt: skip
        row.state, row.lease_until, row.attempts = ImportState.APPLYING, None, 0
        row.created_by, row.key = actor.user, actor.key
        row.difference = {key: value for key, value in row.difference.items() if key != "stale"} | {"remove": remove}
        row.save(update_fields=["state", "lease_until", "attempts", "created_by", "key", "difference", "updated_at"])
        audit.record(actor, "import.applied", row, changes={"remove": remove})
        dispatch.after_commit(dispatch.APPLY_IMPORT, str(row.pk))
    return row


def discard_import(actor: Actor, import_id: object) -> DocumentImport:
    """Forgets what was read; the app stays as it is. Raises NotFound, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        row = _ready(actor, import_id)
        row.state, row.document = ImportState.DISCARDED, None
        row.save(update_fields=["state", "document", "updated_at"])
        audit.record(actor, "import.discarded", row)
    return row


def _named(name: str, entry: str) -> str:
    """The name or address, with the entry of an archive after a `#`, where `read_document` looks for it."""
    if not entry:
        return name[:2_000] if "://" in name else name[:300].replace("\x00", "").replace("#", "_")
    plain = name.partition("#")[0] if "://" in name else name[-80:].replace("#", "_")
    return f"{plain}#{entry}".replace("\x00", "")


def _ready(actor: Actor, import_id: object) -> DocumentImport:
    rows = DocumentImport.objects.select_for_update(of=("self",)).filter(workspace=actor.workspace).defer("document")
    row = access.mine(actor, rows, "import", id=import_id)
    if row.state != ImportState.READY:
        raise Conflict(f"This import is {row.get_state_display().lower()}; there is nothing to decide.")
    return row


def _check(new: NewImport) -> None:
    if (new.document is None) == (not new.url):
        raise Invalid.field("document", "Give either a document or a URL.", code="required")
    if new.document is not None and len(new.document) > MAX_BYTES:
        raise TooLarge(f"A document may have at most {MAX_BYTES // 1024 // 1024} MiB.")
    if new.document is not None and not new.document.strip():
        raise Invalid.field("document", "The document is empty.", code="required")
    if new.app and not TAG_PATTERN.fullmatch(new.app):
        raise Invalid.field("app", "A tag has lower-case letters, digits, - and _, at most 63.")
    if len(new.entry) > MAX_ENTRY:
        raise Invalid.field("entry", f"This may have at most {MAX_ENTRY} characters.", code="too_long")
    if new.url:
        _check_url(new.url)


def _check_url(url: str) -> None:
    try:
        parse_url(url)
    except UrlRefused as error:
        raise Invalid.field("url", error.message) from error
    if len(url) > MAX_URL:
        raise Invalid.field("url", f"This may have at most {MAX_URL} characters.", code="too_long")
