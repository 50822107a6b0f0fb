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
from products.services.comparing import Comparison, compare


def import_now(draft: AppDraft, *, workspace_tag: str = "", app_tag: str = "", remove: bool = False) -> JsonObject:
    """Makes or updates an app; actions that the document lacks go with `remove`. Returns the report.

    Raises Invalid, Taken, Conflict.
    """
    workspace = _workspace(workspace_tag)
    actor = access.system(workspace)
    with transaction.atomic():
        app = locked_or_new(actor, draft, app_tag)
        found = compare(app, draft)
        apply_draft(app, draft, found, remove=remove)
        removed = len(found.actions.removed) if remove else 0
        changes = {"added": len(found.actions.added), "changed": len(found.actions.changed), "removed": removed}
        audit.record(actor, "app.imported", app, changes=changes)
    return {**_report(draft, found, workspace, app.tag), "removed": remove}


def compare_now(draft: AppDraft, *, workspace_tag: str = "", app_tag: str) -> JsonObject:
    """The report with what `import_now` would change, in an app that may be a new one. Raises Invalid."""
    workspace = _workspace(workspace_tag)
    app = access.apps_of(access.system(workspace)).filter(tag=app_tag).first()
    return {**_report(draft, compare(app, draft), workspace, app_tag), "new": app is None}


def locked_or_new(actor: Actor, draft: AppDraft, app_tag: str) -> App:
    """The app of this tag, locked, or a new one."""
    app = access.apps_of(actor).select_for_update().filter(tag=app_tag).first() if app_tag else None
    return app or new_app(actor, {"name": draft.title[:200] or "Imported app", "tag": app_tag})


def _report(draft: AppDraft, found: Comparison, workspace: Workspace, app_tag: str) -> JsonObject:
    changes = difference_json(found)
    counts = changes.pop("counts")
    about = {"workspace": workspace.tag, "app": app_tag, "difference": counts, "changes": changes}
    return {**report_json(draft), **about}


def _workspace(tag: str) -> Workspace:
    rows = list(Workspace.objects.filter(tag=tag)[:2] if tag else Workspace.objects.all()[:2])
    if not rows:
        raise Invalid.field("workspace", f"There is no workspace “{tag}”." if tag else "There is no workspace yet.")
    if len(rows) > 1:
        raise Invalid.field("workspace", "There are several workspaces; name one with --workspace.")
    return rows[0]
