"""Variables and credentials of a connection: checked, sealed where they are secret, never given back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from products.access import Actor, Permission
from products.lib import placeholders, requirements
from products.lib.actions import auth_from_json
from products.lib.errors import FieldProblem, Invalid
from products.lib.field_types import FIELD_TYPES
from products.lib.json_schemas import schema_errors
from products.lib.jsontypes import JsonError, check_json, escape_pointer
from products.lib.redaction import MASK
from products.models import App, AppVariable, ConnectionEnvironment, ConnectionValue, Secret, ValueKind, Workspace
from products.services import vault

MAX_VALUE_CHARACTERS = 64_000


@dataclass(slots=True)
class _Change:
    """What one request does to the values of one kind: checked first, written only when nothing was wrong."""

    place: ConnectionEnvironment
    kind: ValueKind
    workspace: Workspace
    known: Mapping[str, _Declared]
    existing: dict[str, ConnectionValue]
    problems: list[FieldProblem] = field(default_factory=list)
    write: dict[str, Any] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)

    @property
    def touched(self) -> list[str]:
        """Keys whose value changes; for the audit log, which never holds values."""
        return sorted([*self.write, *self.remove])


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the app says of a value."""

    type: str
    secret: bool


def set_values(
    actor: Actor, place: ConnectionEnvironment, *, variables: Mapping[str, Any], credentials: Mapping[str, Any]
) -> dict[str, Any]:
    """Merges values into an environment of a connection: None removes, the mask keeps what is there.

    Needs `place.auth` and `place.connection.app`. Returns the touched keys by kind. Raises Invalid naming each value,
    Forbidden where secrets are given or named without the permission for that.
    """
    changes = [
        _change(actor, place, ValueKind.VARIABLE, _declared_variables(place.connection.app), variables),
        _change(actor, place, ValueKind.CREDENTIAL, _declared_credentials(place), credentials),
    ]
    _check_secrets_exist(actor, changes)
    problems = [problem for change in changes for problem in change.problems]
    if problems:
        raise Invalid(errors=tuple(problems))
    for change in changes:
        _apply(actor, change)
    return {change.kind.label.lower() + "s": change.touched for change in changes if change.touched}


def drop_credentials(place: ConnectionEnvironment) -> None:
    """Credentials belong to one auth: with another one they are gone, even where a key has the same name."""
    ConnectionValue.objects.filter(connection_environment=place, kind=ValueKind.CREDENTIAL).delete()


def seal_plain(app: App, keys: Iterable[str]) -> None:
    """Seals what connections, in any workspace, hold in clear for variables that have just become secret."""
    rows = ConnectionValue.objects.select_for_update(of=("self",)).filter(
        connection_environment__connection__app=app, kind=ValueKind.VARIABLE, key__in=set(keys), sealed=None
    )
    for row in rows.select_related("connection_environment__connection__product__workspace"):
        if not _is_reference(row.value) and row.value is not None:
            workspace = row.connection_environment.connection.product.workspace
            row.sealed, row.value = vault.seal(workspace, row, "sealed", as_text(row.value)), None
            row.save(update_fields=["sealed", "value", "updated_at"])


def as_text(value: Any) -> str:
    """A value as it is sealed and sent: texts as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _declared_variables(app: App) -> dict[str, _Declared]:
    rows = AppVariable.objects.filter(app=app)
    return {row.key: _Declared(row.type, row.secret) for row in rows}


def _declared_credentials(place: ConnectionEnvironment) -> dict[str, _Declared]:
    if place.auth is None:
        return {}
    fields = requirements.credential_fields(auth_from_json(place.auth.spec))
    return {each.key: _Declared("string", secret=True) for each in fields}


def _change(
    actor: Actor,
    place: ConnectionEnvironment,
    kind: ValueKind,
    known: Mapping[str, _Declared],
    given: Mapping[str, Any],
) -> _Change:
    existing = {row.key: row for row in ConnectionValue.objects.filter(connection_environment=place, kind=kind)}
    change = _Change(place, kind, actor.workspace, known, existing)
    for key, value in given.items():
        problem = _take(change, key, value)
        if problem:
            pointer = f"/{kind.label.lower()}s/{escape_pointer(str(key)[:120])}"
            change.problems.append(FieldProblem(pointer, "invalid", problem))
    return change


def _take(change: _Change, key: str, value: Any) -> str:
    """Notes what to do with one value; the problem in words, "" for none."""
    declared = change.known.get(key)
    if declared is None:
        return f"The app has no {change.kind.label.lower()} “{str(key)[:60]}” here."
    if value == MASK:
        return "" if key in change.existing else "This is only a mask; give the value."
    if value is None or value == "":
        change.remove += [key] if key in change.existing else []
        return ""
    problem = _wrong(declared, value)
    if not problem:
        change.write[key] = value
    return problem


def _wrong(declared: _Declared, value: Any) -> str:
    try:
        check_json(value, max_depth=20)
    except JsonError as error:
        return error.message
    if len(as_text(value)) > MAX_VALUE_CHARACTERS:
        return f"A value may have at most {MAX_VALUE_CHARACTERS} characters."
    if isinstance(value, str) and MASK in value:
        return "This contains the mask; give the whole value."
    if _is_reference(value):
        return ""
    errors = schema_errors(FIELD_TYPES.get(declared.type, {}), value, pointer="")
    return errors[0].detail if errors else ""


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and requirements.names_secrets(value)


def _check_secrets_exist(actor: Actor, changes: list[_Change]) -> None:
    named = {
        (change.kind, key, secret)
        for change in changes
        for key, value in change.write.items()
        if _is_reference(value)
        for secret in placeholders.secret_refs(value)
    }
    if named or any(change.known[key].secret for change in changes for key in change.touched if key in change.known):
        actor.need(Permission.USE_SECRETS)
    wanted = {secret for _, _, secret in named}
    there = set(Secret.objects.filter(workspace=actor.workspace, key__in=wanted).values_list("key", flat=True))
    for change in changes:
        change.problems += [
            FieldProblem(
                f"/{kind.label.lower()}s/{escape_pointer(key)}", "unknown", f"There is no secret “{secret}” here."
            )
            for kind, key, secret in sorted(named)
            if kind == change.kind and secret not in there
        ]


def _apply(actor: Actor, change: _Change) -> None:
    ConnectionValue.objects.filter(pk__in=[change.existing[key].pk for key in change.remove]).delete()
    rows = []
    for key, value in change.write.items():
        row = change.existing.get(key) or ConnectionValue(
            connection_environment=change.place, kind=change.kind, key=key
        )
        secret = change.known[key].secret and not _is_reference(value)
        row.sealed = vault.seal(actor.workspace, row, "sealed", as_text(value)) if secret else None
        row.value = None if secret else value
        rows.append(row)
    ConnectionValue.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection_environment", "kind", "key"],
        update_fields=["value", "sealed", "updated_at"],
    )
