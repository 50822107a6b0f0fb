"""Makes what a document says part of an app: everything in the caller's transaction, in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from products.importers import AppDraft, Difference, difference
from products.importers.drafts import ActionDraft
from products.importers.secrets import holds_secret
from products.lib.actions import ActionSpec, action_from_json, to_json
from products.lib.errors import Conflict
from products.lib.jsontypes import clean_json, content_hash
from products.models import (
    Action,
    ActionSample,
    App,
    AppAuth,
    AppEnvironment,
    AppVariable,
    Folder,
)
from products.services import values
from products.services.actions import MAX_ACTIONS
from products.services.folders import SEPARATOR

BATCH = 200
# An action may carry every schema of its document: written out they are far larger than the document, and the
# connection keeps a buffer as large as its largest statement.
ACTIONS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a document would change in an app: its actions, and by name its other parts."""

    actions: Difference
    parts: Mapping[str, Mapping[str, list[str]]]  # {"auths": {"added": [tags], "changed": [tags]}, …}


def compare(app: App | None, draft: AppDraft) -> Comparison:
    """The difference between an app as it stands and a document."""
    return Comparison(difference(_stored(app) if app is not None else {}, draft), _parts(app, draft))


def _stored(app: App) -> dict[str, ActionSpec]:
    """The app's actions by tag; each has its own copy of every schema it needs, and here equal ones are kept once."""
    known: dict[str, Any] = {}
    found: dict[str, ActionSpec] = {}
    for tag, spec in app.actions.values_list("tag", "spec").iterator(ACTIONS_AT_ONCE):
        schemas = spec.get("defs", {})
        shared = {name: known.setdefault(content_hash(schema), schema) for name, schema in schemas.items()}
        found[tag] = action_from_json({**spec, "defs": shared})
    return found


@transaction.atomic
def apply_draft(app: App, draft: AppDraft, *, remove: bool) -> Comparison:
    """Brings a locked app up to the document; actions that the document lacks are deleted only with `remove`.

    Auths, variables and environments that the document lacks stay: people may have made them, connections use them.
    Policies and samples of people stay too.
    """
    found = compare(app, draft)
    if app.actions.count() + len(found.actions.added) > MAX_ACTIONS:
        raise Conflict(f"An app may have at most {MAX_ACTIONS} actions.")
    _auths(app, draft)
    _environments(app, draft)
    _variables(app, draft)
    folders = _folders(app, draft)
    _actions(app, draft, found.actions, folders)
    if remove:
        _remove(app, found.actions.removed)
    app.default_auths = list(draft.default_auths)
    if not app.description:
        app.description = draft.description[:200_000]
    app.save(update_fields=["default_auths", "description", "updated_at"])
    return found


def _auths(app: App, draft: AppDraft) -> None:
    rows = [
        AppAuth(app=app, tag=spec.tag, name=spec.name[:200], kind=spec.kind, spec=clean_json(to_json(spec)))
        for spec in draft.auths
    ]
    AppAuth.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["app", "tag"],
        update_fields=["name", "kind", "spec", "updated_at"],
    )


def _environments(app: App, draft: AppDraft) -> None:
    rows = [
        AppEnvironment(app=app, slug=each.slug, name=each.name[:200], base_url=each.base_url[:2000], position=position)
        for position, each in enumerate(draft.environments)
    ]
    if not rows and not app.environments.exists():
        rows = [AppEnvironment(app=app, slug="default", name="Default")]
    AppEnvironment.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["app", "slug"],
        update_fields=["name", "base_url", "updated_at"],
    )


def _variables(app: App, draft: AppDraft) -> None:
    known = {row.key: row for row in app.variables.all()}
    rows = []
    for each in draft.variables:
        key = each.key[:120]
        before = known.get(key)
        secret = each.secret or holds_secret(key, each.default) or (before is not None and before.secret)
        rows.append(
            AppVariable(
                app=app,
                key=key,
                type=each.type,
                default=None if secret else clean_json(each.default),
                description=each.description[:4000],
                secret=secret,
                required=before.required if before is not None else False,
            )
        )
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


def _remove(app: App, removed: Iterable[ActionSpec]) -> None:
    """Actions by which an auth logs in stay: without them the auth would be dead."""
    logins = {row.spec["login"]["action"] for row in app.auths.filter(kind="credential") if row.spec.get("login")}
    tags = [spec.tag for spec in removed if spec.tag not in logins]
    app.actions.filter(tag__in=tags).delete()


def _parts(app: App | None, draft: AppDraft) -> dict[str, dict[str, list[str]]]:
    new: dict[str, dict[str, Any]] = {
        "auths": {spec.tag: clean_json(to_json(spec)) for spec in draft.auths},
        "environments": {each.slug: each.base_url for each in draft.environments},
        "variables": {each.key: (each.type, each.description[:4000]) for each in draft.variables},
    }
    old: dict[str, dict[str, Any]] = {key: {} for key in new}
    if app is not None:
        old["auths"] = {row.tag: row.spec for row in app.auths.all()}
        old["environments"] = {row.slug: row.base_url for row in app.environments.all()}
        old["variables"] = {row.key: (row.type, row.description) for row in app.variables.all()}
    return {
        part: {
            "added": [key for key in new[part] if key not in old[part]],
            "changed": [key for key in new[part] if key in old[part] and old[part][key] != new[part][key]],
        }
        for part in new
    }
