"""Everything one call of an action needs, as plain JSON that a run can keep: secrets by reference, never by value."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from products.access import Actor, Permission
from products.lib import placeholders, requirements
from products.lib.actions import ActionSpec, AuthSpec, action_from_json, auth_from_json
from products.lib.errors import Conflict, NotFound
from products.lib.jsontypes import JsonObject
from products.models import (
    Action,
    Colour,
    Connection,
    ConnectionEnvironment,
    Environment,
    Product,
    Secret,
    ValueKind,
)
from products.queries.connection_values import missing_values, references, with_app_parts

NAMED_AT_MOST = 6  # missing values that one message names


@dataclass(frozen=True, slots=True)
class CallableAction:
    """A call that is complete and allowed to be addressed.

    `composition`: `product`, `environment`, `connection` (access tag), `connection_environment` (id),
    `app` {id, tag, name}, `action` (ActionSpec JSON), `policy`, `app_environment` {slug, base_url, request_format},
    `verify_tls`, `auth` (AuthSpec JSON or None), `login` (ActionSpec JSON of a `credential` auth or None),
    `constants` {key: value}, `variables` and `credentials` {key: reference}. A reference is one of {"value": json},
    {"text": "… $Secret{KEY} …"} and {"sealed": "<ConnectionValue id>"}; only `text` may be searched for `$Secret{…}`.
    """

    composition: JsonObject
    connection_environment_id: UUID
    action_id: UUID


def callable_action(
    actor: Actor | None, product: Product, environment: Environment, *, access_tag: str, action_tag: str
) -> CallableAction:
    """The call of `action_tag` of the app connected as `access_tag`; four queries at most.

    Raises NotFound for what is not there, and Conflict, naming it, for what is not mapped or has no value.
    """
    if actor is not None:
        actor.need(Permission.VIEW)
    if environment.product_id != product.pk or (actor is not None and product.workspace_id != actor.workspace.pk):
        raise NotFound("There is no such environment.")
    mapped = _mapped(product, environment, access_tag)
    actions = _actions(mapped, action_tag)
    spec = action_from_json(actions[action_tag].spec)
    auth = auth_for(spec, mapped)
    login = _login(auth, actions)
    values = references(mapped)
    _check_complete(mapped, environment, spec, auth, values)
    _check_secrets(product, values)
    return CallableAction(
        composition={
            "product": product.tag,
            "environment": environment.slug,
            "connection": access_tag,
            "connection_environment": str(mapped.pk),
            "app": {"id": str(mapped.connection.app_id), "tag": mapped.connection.app.tag,
                    "name": mapped.connection.app.name},
            "action": actions[action_tag].spec,
            "policy": actions[action_tag].policy,
            "app_environment": {key: getattr(mapped.app_environment, key)
                                for key in ("slug", "base_url", "request_format")},
            "verify_tls": mapped.verify_tls or environment.colour == Colour.RED,
            "auth": mapped.auth.spec if auth is not None and mapped.auth is not None else None,
            "login": login,
            "constants": {row["key"]: row["value"] for row in mapped.constants},  # type: ignore[attr-defined]
            "variables": values[ValueKind.VARIABLE],
            "credentials": values[ValueKind.CREDENTIAL] if auth is not None else {},
        },
        connection_environment_id=mapped.pk,
        action_id=actions[action_tag].pk,
    )  # fmt: skip


def auth_for(spec: ActionSpec, mapped: ConnectionEnvironment) -> AuthSpec | None:
    """How the action authenticates here: by the connection's auth if the action accepts it. Raises Conflict."""
    if spec.anonymous or mapped.auth is None:
        return None
    accepted = spec.auths or tuple(mapped.connection.app.default_auths)
    if accepted and mapped.auth.tag not in accepted:
        wanted = " or ".join(f"“{tag}”" for tag in accepted[:NAMED_AT_MOST])
        raise Conflict(
            f"The action “{spec.tag}” authenticates by {wanted}, but the connection “{mapped.connection.tag}” uses "
            f"“{mapped.auth.tag}” here. Choose that auth, or connect the app once more under another access tag.",
            code="auth_mismatch",
        )
    return auth_from_json(mapped.auth.spec)


def _mapped(product: Product, environment: Environment, access_tag: str) -> ConnectionEnvironment:
    rows = ConnectionEnvironment.objects.select_related("connection__app", "app_environment", "auth")
    rows = rows.filter(connection__product=product, connection__tag=access_tag, environment=environment)
    found: ConnectionEnvironment | None = with_app_parts(rows).prefetch_related("values").first()
    if found is not None:
        return found
    if Connection.objects.filter(product=product, tag=access_tag).exists():
        raise Conflict(
            f"The connection “{access_tag}” does not say which environment of its app “{environment.slug}” uses.",
            code="not_mapped",
        )
    raise NotFound(f"The product “{product.tag}” has no connection “{access_tag[:63]}”.")


def _actions(mapped: ConnectionEnvironment, action_tag: str) -> dict[str, Action]:
    login = ((mapped.auth.spec.get("login") or {}).get("action", "")) if mapped.auth is not None else ""
    rows = Action.objects.filter(app_id=mapped.connection.app_id, tag__in={action_tag, login} - {""})
    found = {action.tag: action for action in rows}
    if action_tag not in found:
        raise NotFound(f"The app “{mapped.connection.app.tag}” has no action “{action_tag[:63]}”.")
    return found


def _login(auth: AuthSpec | None, actions: dict[str, Action]) -> JsonObject | None:
    if auth is None or auth.login is None:
        return None
    if auth.login.action not in actions:
        raise Conflict(
            f"The auth “{auth.tag}” logs in by the action “{auth.login.action}”, which the app does not have.",
            code="no_login_action",
        )
    spec: JsonObject = actions[auth.login.action].spec
    return spec


def _check_complete(
    mapped: ConnectionEnvironment,
    environment: Environment,
    spec: ActionSpec,
    auth: AuthSpec | None,
    values: dict[str, dict[str, JsonObject]],
) -> None:
    base_url = mapped.app_environment.base_url
    where = f"the connection “{mapped.connection.tag}” in “{environment.slug}”"
    if not (spec.base_url or base_url):
        raise Conflict(f"The app environment “{mapped.app_environment.slug}” has no base URL.", code="no_base_url")
    variables, credentials = missing_values(mapped, requirements.names_of_action(spec, base_url), auth, values)
    if variables or credentials:
        parts = [_named("variable", variables), _named("credential", credentials)]
        wanted = " and ".join(part for part in parts if part)
        raise Conflict(f"{where[:1].upper()}{where[1:]} has no value for the {wanted}.", code="connection_incomplete")


def _check_secrets(product: Product, values: dict[str, dict[str, JsonObject]]) -> None:
    texts = [reference["text"] for kind in values.values() for reference in kind.values() if "text" in reference]
    wanted = {key for text in texts for key in placeholders.secret_refs(text)}
    if not wanted:
        return
    there = set(Secret.objects.filter(workspace_id=product.workspace_id, key__in=wanted).values_list("key", flat=True))
    if wanted - there:
        raise Conflict(f"There is no {_named('secret', tuple(sorted(wanted - there)))}.", code="no_secret")


def _named(what: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    shown = ", ".join(f"“{name}”" for name in names[:NAMED_AT_MOST])
    rest = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    return f"{what}{'s' if len(names) > 1 else ''} {shown}{rest}"
