"""What an HTTP action and its auth are, as plain frozen data that every room shares.

Importers make these, models store their JSON, the console draws forms from them and the HTTP connector
sends what they say. `to_json` and `from_json` are each other's inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

Place = Literal["path", "query", "header", "cookie"]
BodyFormat = Literal["json", "form", "multipart", "xml", "text", "binary", "graphql"]
AuthKind = Literal["token", "basic", "api_key", "bearer", "oauth2", "credential"]

# How each place is called in structured input: {"params": …, "query": …, "headers": …, "cookies": …, "body": …}
INPUT_KEY: dict[str, str] = {"path": "params", "query": "query", "header": "headers", "cookie": "cookies"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of an action outside its body.

    `type` is one of the domain's field types (`products.lib.inputs.FIELD_TYPES`); `schema` is the JSON Schema
    of the document it came from (self-contained: refs point into the action's `defs`), {} if there is none.
    `style` and `explode` are OpenAPI's serialisation rules ("" and None: the default of the place).
    """

    name: str
    place: Place
    type: str = "string"
    required: bool = False
    description: str = ""
    default: Any = None
    sample: Any = None
    minimum: float | None = None  # of a text or list: length; of a number: value
    maximum: float | None = None
    schema: dict[str, Any] = field(default_factory=dict)
    style: str = ""
    explode: bool | None = None
    enabled: bool = True  # a disabled Postman row is kept but sent only when a value is given


@dataclass(frozen=True, slots=True)
class Body:
    """The request body of an action: format, media type, JSON Schema and a sample."""

    format: BodyFormat = "json"
    content_type: str = "application/json"
    required: bool = False
    description: str = ""
    schema: dict[str, Any] = field(default_factory=dict)  # refs point into the action's `defs`
    sample: Any = None
    alternatives: tuple[str, ...] = ()  # further media types the document allows
    file_fields: tuple[str, ...] = ()  # multipart fields that carry a file


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One endpoint: method, path template (`{name}` marks a path parameter), inputs, and how it authenticates.

    `auths` names the auths any one of which will do (tags of the app); empty means the app's default,
    `anonymous` means none at all. `base_url` replaces the app environment's when the document says so for this
    operation ("" otherwise). `defs` holds the JSON Schemas that `$ref: "#/$defs/Name"` points at.
    """

    tag: str
    name: str
    method: str
    path: str
    folder: tuple[str, ...] = ()
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    auths: tuple[str, ...] = ()
    anonymous: bool = False
    base_url: str = ""
    deprecated: bool = False
    source_id: str = ""  # operationId or Postman id: how a re-import finds it again
    scripts: str = ""  # Postman scripts, kept as text, never executed
    defs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an auth puts a value: `value` may contain `{{credential}}` placeholders."""

    place: Literal["header", "query", "params", "body", "cookie"]
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One value that whoever connects the app must supply for an auth."""

    key: str
    label: str = ""
    secret: bool = True
    required: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """How a `credential` auth gets its token: an action of the same app, its input, and where the token is.

    `expires_in` counts `period`s (secs, mins, hours, days, weeks, months, years).
    """

    action: str
    input: dict[str, Any] = field(default_factory=dict)  # may contain {{credential}} placeholders
    token_path: str = "token"  # noqa: S105 - dotted path into the JSON answer, e.g. "data.access_token"
    expires_in: float = 1
    period: str = "hours"


@dataclass(frozen=True, slots=True)
class AuthSpec:
    """One way to authenticate with an app.

    `basic` reads the credentials `username` and `password`, `bearer` reads `token`, `api_key` reads `api_key`,
    `oauth2` reads `access_token`; `token` and `credential` place what `placements` say, where `credential`
    offers its token as `{{token}}`. `oauth` keeps the document's flows.
    """

    tag: str
    name: str
    kind: AuthKind
    description: str = ""
    fields: tuple[CredentialField, ...] = ()
    placements: tuple[Placement, ...] = ()
    login: Login | None = None
    oauth: dict[str, Any] = field(default_factory=dict)


def to_json(spec: ActionSpec | AuthSpec | Parameter | Body) -> dict[str, Any]:
    """The JSON object that `action_from_json` or `auth_from_json` reads back."""
    plain: dict[str, Any] = _plain(spec)
    return plain


def action_from_json(data: dict[str, Any]) -> ActionSpec:
    """Raises TypeError for an unknown key: stored definitions are only ever written by `to_json`."""
    body = data.get("body")
    return ActionSpec(**{
        **data,
        "folder": tuple(data.get("folder", ())),
        "auths": tuple(data.get("auths", ())),
        "parameters": tuple(Parameter(**p) for p in data.get("parameters", ())),
        "body": body_from_json(body) if body else None,
    })


def body_from_json(data: dict[str, Any]) -> Body:
    """Raises TypeError for an unknown key."""
    lists = {key: tuple(data.get(key, ())) for key in ("alternatives", "file_fields")}
    return Body(**{**data, **lists})


def auth_from_json(data: dict[str, Any]) -> AuthSpec:
    """Raises TypeError for an unknown key."""
    login = data.get("login")
    return AuthSpec(**{
        **data,
        "fields": tuple(CredentialField(**f) for f in data.get("fields", ())),
        "placements": tuple(Placement(**p) for p in data.get("placements", ())),
        "login": Login(**login) if login else None,
    })


def _plain(value: Any) -> Any:
    """A copy without dataclasses and tuples, in one pass: definitions of a large document are tens of megabytes."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
