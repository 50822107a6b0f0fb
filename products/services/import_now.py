"""Imports a document that was read already, at once: for the shell and for the sample product, not for requests."""

from __future__ import annotations

from django.db import transaction

from products import access
from products.access import Actor
from products.importers import AppDraft
from products.lib.errors import Invalid
from products.lib.jsontypes import JsonObject
from products.models import App, Workspace
from products.queries.import_reports import difference_json, report_json
from products.services import audit
from products.services.applying import apply_draft
from products.services.apps import new_app
from products.services.comparing import compare


def import_now(draft: AppDraft, *, workspace_tag: str = "", app_tag: str = "") -> JsonObject:
    """Makes or updates an app; actions that the document lacks are kept. Returns the report. Raises Invalid, Taken."""
    workspace = _workspace(workspace_tag)
    actor = access.system(workspace)
    with transaction.atomic():
        app = locked_or_new(actor, draft, app_tag)
        found = compare(app, draft)
        apply_draft(app, draft, found, remove=False)
        audit.record(actor, "app.imported", app, changes={"added": len(found.actions.added)})
    return {
        **report_json(draft),
        "workspace": workspace.tag,
        "app": app.tag,
        "difference": difference_json(found)["counts"],
    }


def locked_or_new(actor: Actor, draft: AppDraft, app_tag: str) -> App:
    """The app of this tag, locked, or a new one."""
    app = access.apps_of(actor).select_for_update().filter(tag=app_tag).first() if app_tag else None
    return app or new_app(actor, {"name": draft.title[:200] or "Imported app", "tag": app_tag})


def _workspace(tag: str) -> Workspace:
    rows = list(Workspace.objects.filter(tag=tag)[:2] if tag else Workspace.objects.all()[:2])
    if not rows:
        raise Invalid.field("workspace", f"There is no workspace “{tag}”." if tag else "There is no workspace yet.")
    if len(rows) > 1:
        raise Invalid.field("workspace", "There are several workspaces; name one with --workspace.")
    return rows[0]
