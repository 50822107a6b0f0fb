"""Folders of actions: a path of names, joined by ` / `, made as soon as something is put there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from products.access import Actor, Permission, mine
from products.lib.errors import Conflict, Invalid
from products.models import App, Folder
from products.services import audit
from products.services.apps import locked_app
from products.services.validation import insert, name_text

MAX_FOLDERS = 2_000
MAX_PATH = 1_000
SEPARATOR = " / "


def create_folder(actor: Actor, app_tag: str, data: Mapping[str, Any]) -> Folder:
    """Adds a folder by `path` ("Payments / Refunds"). Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = Folder(app=app, path=folder_path(str(data.get("path") or "").split("/")), position=_next(app))
        insert(row, unique="path", message="The app has this folder already.")
        audit.record(actor, "folder.created", row)
    return row


def rename_folder(actor: Actor, app_tag: str, folder_id: object, data: Mapping[str, Any]) -> Folder:
    """Moves a folder and those inside it to another path. Raises NotFound, Invalid, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = mine(actor, app.folders.all(), "folder", id=folder_id)
        old, new = row.path, folder_path(str(data.get("path") or "").split("/"))
        inside = [each for each in app.folders.all() if each.path == old or each.path.startswith(old + SEPARATOR)]
        moved = {each.pk: new + each.path[len(old) :] for each in inside}
        _refuse_clash(app, moved)
        for each in inside:
            each.path = moved[each.pk]
        Folder.objects.bulk_update(inside, ["path"])
        _rewrite_actions(app, inside)
        audit.record(actor, "folder.renamed", row, changes={"path": [old, new]})
        row.path = new
    return row


def delete_folder(actor: Actor, app_tag: str, folder_id: object) -> None:
    """Deletes a folder that holds no action and no folder. Raises NotFound, Conflict."""
    actor.need(Permission.EDIT_APPS)
    with transaction.atomic():
        app = locked_app(actor, app_tag)
        row = mine(actor, app.folders.all(), "folder", id=folder_id)
        if row.actions.exists() or app.folders.filter(path__startswith=row.path + SEPARATOR).exists():
            raise Conflict("The folder is not empty; move or delete what is inside first.", code="not_empty")
        audit.record(actor, "folder.deleted", row)
        row.delete()


def folder_path(names: Sequence[str]) -> str:
    """The stored form of a path. Raises Invalid for one that is empty or too long."""
    clean = [name_text(name) for name in names]
    path = SEPARATOR.join(name for name in clean if name)
    if not path:
        raise Invalid.field("path", "A folder needs a name.", code="required")
    if len(path) > MAX_PATH:
        raise Invalid.field("path", f"This may have at most {MAX_PATH} characters.", code="too_long")
    return path


def folder_for(app: App, names: Sequence[str]) -> Folder | None:
    """The folder of these names, made if need be; None for the root."""
    if not names:
        return None
    found, _ = Folder.objects.get_or_create(
        app=app, path=folder_path([name.replace("/", "-") for name in names]), defaults={"position": _next(app)}
    )
    return found


def _next(app: App) -> int:
    count = app.folders.count()
    if count >= MAX_FOLDERS:
        raise Conflict(f"An app may have at most {MAX_FOLDERS} folders.")
    return count


def _refuse_clash(app: App, moved: dict[Any, str]) -> None:
    if app.folders.exclude(pk__in=moved).filter(path__in=moved.values()).exists():
        raise Invalid.field("path", "The app has this folder already.", code="taken")
    if max(map(len, moved.values())) > MAX_PATH:
        raise Invalid.field("path", f"This may have at most {MAX_PATH} characters.", code="too_long")


def _rewrite_actions(app: App, folders: Sequence[Folder]) -> None:
    paths: dict[Any, str] = {folder.pk: folder.path for folder in folders}
    actions = list(app.actions.filter(folder__in=folders).only("id", "folder_id", "spec"))
    for action in actions:
        action.spec = {**action.spec, "folder": paths[action.folder_id].split(SEPARATOR)}
    app.actions.bulk_update(actions, ["spec"], batch_size=200)
