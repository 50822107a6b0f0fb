"""What a document would change in an app, and the state of the app against which that was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import TextField
from django.db.models.functions import MD5, Cast

from products.importers import AppDraft, Difference, difference
from products.lib.actions import ActionSpec, action_from_json
from products.lib.jsontypes import JsonObject, content_hash
from products.models import App, AppAuth, AppEnvironment, AppVariable
from products.services.draft_rows import ACTIONS_AT_ONCE, auth_rows, default_auths, environment_rows, variable_rows

_Row = AppAuth | AppEnvironment | AppVariable


@dataclass(frozen=True, slots=True)
class Part:
    """What changes among an app's auths, environments, variables or default auths; of what changes, in which fields."""

    added: list[str]
    fields: Mapping[str, list[str]]

    def as_json(self) -> JsonObject:
        """`{"added": [names], "changed": [names], "fields": {name: [fields]}}`"""
        return {"added": self.added, "changed": list(self.fields), "fields": dict(self.fields)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a document would change in an app: its actions, and by name its other parts.

    `state` is another one as soon as anything is changed of what the comparison has read.
    """

    actions: Difference
    parts: Mapping[str, Part]
    state: str


def compare(app: App | None, draft: AppDraft) -> Comparison:
    """The difference between an app as it stands and a document."""
    if app is None:
        return Comparison(difference({}, draft), _parts(None, draft), "")
    state = _state(app)  # before the rest: what changes while this reads is told from it later
    found = difference(_stored(app), draft)
    logins = _logins(app)
    removed = tuple(spec for spec in found.removed if spec.tag not in logins)
    return Comparison(replace(found, removed=removed), _parts(app, draft), state)


def _state(app: App) -> str:
    """A hash; of the definitions PostgreSQL makes one each, so that they need not all be here."""
    definition = MD5(Cast("spec", TextField()))
    read = {
        "actions": app.actions.values_list("tag", definition),
        "auths": app.auths.values_list("tag", definition),
        "environments": app.environments.values_list("slug", "name", "base_url"),
        "variables": app.variables.values_list("key", "type", "default", "description", "secret"),
    }
    stored = App.objects.filter(pk=app.pk).values_list("default_auths", flat=True).get()
    rows: dict[str, Any] = {part: sorted(map(list, found), key=lambda row: row[0]) for part, found in read.items()}
    return content_hash({**rows, "default_auths": stored})


def _stored(app: App) -> dict[str, ActionSpec]:
    """The app's actions by tag; each has its own copy of every schema it needs, and here equal ones are kept once."""
    known: dict[str, Any] = {}
    found: dict[str, ActionSpec] = {}
    for tag, spec in app.actions.values_list("tag", "spec").iterator(ACTIONS_AT_ONCE):
        schemas = spec.get("defs", {})
        shared = {name: known.setdefault(content_hash(schema), schema) for name, schema in schemas.items()}
        found[tag] = action_from_json({**spec, "defs": shared})
    return found


def _logins(app: App) -> set[str]:
    """Actions by which an auth logs in stay, whatever a document lacks: without them the auth would be dead."""
    return {row.spec["login"]["action"] for row in app.auths.filter(kind="credential") if row.spec.get("login")}


def _parts(app: App | None, draft: AppDraft) -> dict[str, Part]:
    auths = {row.tag: row for row in app.auths.all()} if app is not None else {}
    environments = {row.slug: row for row in app.environments.all()} if app is not None else {}
    variables = {row.key: row for row in app.variables.all()} if app is not None else {}
    defaults = app.default_auths if app is not None else []
    return {
        "auths": _part(auths, {row.tag: row for row in auth_rows(draft)}),
        "environments": _part(environments, {row.slug: row for row in environment_rows(draft)}),
        "variables": _part(variables, {row.key: row for row in variable_rows(draft, variables)}),
        "default_auths": Part([tag for tag in default_auths(draft, defaults) if tag not in defaults], {}),
    }


def _part(old: Mapping[str, _Row], new: Mapping[str, _Row]) -> Part:
    changed = {key: _differing(_values(old[key]), _values(row)) for key, row in new.items() if key in old}
    return Part([key for key in new if key not in old], {key: names for key, names in changed.items() if names})


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names: Iterable[str] = dict.fromkeys((*new, *old))
    return [name for name in names if old.get(name) != new.get(name)]


def _values(row: _Row) -> dict[str, Any]:
    """What applying a document writes, by field."""
    if isinstance(row, AppAuth):
        return dict(row.spec)
    if isinstance(row, AppEnvironment):
        return {"name": row.name, "base_url": row.base_url}
    return {"type": row.type, "default": row.default, "description": row.description, "secret": row.secret}
