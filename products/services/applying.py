"""Makes what a document says part of an app: everything in the caller's transaction, in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from products.importers import AppDraft, Difference
from products.importers.drafts import ActionDraft
from products.lib.actions import ActionSpec, to_json
from products.lib.errors import Conflict
from products.lib.jsontypes import clean_json
from products.models import Action, ActionSample, App, AppAuth, AppEnvironment, AppVariable, Folder
from products.services import values
from products.services.actions import MAX_ACTIONS
from products.services.comparing import Comparison
from products.services.draft_rows import (
    ACTIONS_AT_ONCE,
    auth_rows,
    default_auths,
    environment_rows,
    variable_rows,
)
from products.services.folders import SEPARATOR

BATCH = 200


@transaction.atomic
def apply_draft(app: App, draft: AppDraft, found: Comparison, *, remove: bool) -> None:
    """Brings a locked app up to the document with which it was compared; what the document lacks of actions is
    deleted only with `remove`. Raises Conflict.

    Auths, variables and environments that the document lacks stay, and so do default auths: people may have made them,
    connections use them. Policies and samples of people stay too.
    """
    if app.actions.count() + len(found.actions.added) > MAX_ACTIONS:
        raise Conflict(f"An app may have at most {MAX_ACTIONS} actions.")
    _auths(app, draft)
    _environments(app, draft)
    _variables(app, draft)
    folders = _folders(app, draft)
    _actions(app, draft, found.actions, folders)
    if remove:
        app.actions.filter(tag__in=[spec.tag for spec in found.actions.removed]).delete()
    app.default_auths = default_auths(draft, app.default_auths)
    if not app.description:
        app.description = draft.description[:200_000]
    app.save(update_fields=["default_auths", "description", "updated_at"])


def _auths(app: App, draft: AppDraft) -> None:
    rows = auth_rows(draft)
    for row in rows:
        row.app = app
    AppAuth.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["app", "tag"],
        update_fields=["name", "kind", "spec", "updated_at"],
    )


def _environments(app: App, draft: AppDraft) -> None:
    rows = environment_rows(draft)
    if not rows and not app.environments.exists():
        rows = [AppEnvironment(slug="default", name="Default")]
    for row in rows:
        row.app = app
    AppEnvironment.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["app", "slug"],
        update_fields=["name", "base_url", "updated_at"],
    )


def _variables(app: App, draft: AppDraft) -> None:
    known = {row.key: row for row in app.variables.all()}
    rows = variable_rows(draft, known)
    for row in rows:
        row.app = app
    AppVariable.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["app", "key"],
        update_fields=["type", "default", "description", "secret", "updated_at"],
    )
    values.seal_plain(app, [row.key for row in rows if row.secret and row.key in known and not known[row.key].secret])


def _folders(app: App, draft: AppDraft) -> dict[str, Folder]:
    names = [*draft.folders, *(each.spec.folder for each in draft.actions)]
    paths = list(dict.fromkeys(_path(each) for each in names if each))
    rows = [Folder(app=app, path=path, position=position) for position, path in enumerate(paths)]
    Folder.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return {folder.path: folder for folder in app.folders.all()}


def _path(names: Iterable[str]) -> str:
    return SEPARATOR.join(name.replace("/", "-") for name in names)[:1000]


def _actions(app: App, draft: AppDraft, found: Difference, folders: dict[str, Folder]) -> None:
    order = {_call(each.spec): position for position, each in enumerate(draft.actions)}
    existing = {row.tag: row for row in app.actions.defer("spec")}
    pairs: list[tuple[Action, ActionDraft]] = [(Action(app=app), each) for each in found.added]
    pairs += [(existing[change.tag], _named(change.new, change.tag)) for change in found.changed]
    pairs += [(existing[tag], _named(each, tag)) for tag, each in found.same]
    for at in range(0, len(pairs), ACTIONS_AT_ONCE):
        lot = pairs[at : at + ACTIONS_AT_ONCE]
        for row, each in lot:
            _fill(row, each.spec, folders, order[_call(each.spec)])
        _write(lot)


def _write(lot: list[tuple[Action, ActionDraft]]) -> None:
    new = [row for row, _ in lot if row._state.adding]
    old = [row for row, _ in lot if not row._state.adding]
    Action.objects.bulk_create(new)
    Action.objects.bulk_update(old, [*_COLUMNS, "updated_at"])
    _samples(lot)
    for row, _ in lot:
        row.spec = {}  # it is stored, and nobody reads it here any more


_COLUMNS = ("folder", "name", "method", "path", "source_id", "deprecated", "position", "spec")


def _call(spec: ActionSpec) -> tuple[str, str, str]:
    """What tells the operations of a document apart, whatever tags they get."""
    return spec.source_id, spec.method, spec.path


def _named(draft: ActionDraft, tag: str) -> ActionDraft:
    """The app's tag stays when the document renames an operation."""
    return draft if draft.spec.tag == tag else replace(draft, spec=replace(draft.spec, tag=tag))


def _fill(row: Action, spec: ActionSpec, folders: dict[str, Folder], position: int) -> None:
    row.folder = folders.get(_path(spec.folder)) if spec.folder else None
    row.tag, row.name, row.method, row.path = spec.tag, spec.name[:200], spec.method, spec.path
    row.source_id, row.deprecated, row.position = spec.source_id[:300], spec.deprecated, position
    row.spec, row.updated_at = clean_json(to_json(spec)), timezone.now()


def _samples(pairs: list[tuple[Action, ActionDraft]]) -> None:
    ActionSample.objects.filter(action__in=[row.pk for row, _ in pairs], imported=True).delete()
    rows = [
        ActionSample(
            action=row,
            name=sample.name[:200],
            status=sample.status,
            content_type=sample.content_type[:200],
            headers=clean_json(sample.headers),
            body=clean_json(sample.body),
            imported=True,
        )
        for row, each in pairs
        for sample in each.samples
    ]
    ActionSample.objects.bulk_create(rows, batch_size=BATCH)
