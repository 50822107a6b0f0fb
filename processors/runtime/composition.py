"""Fills a definition with its values: base URL, path, auth; and collects every secret, so that all of it is masked.

What is filled in is never read again, so `$Secret{…}` or `{{…}}` inside a value or an input stays the text it is.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from processors.connectors.errors import Misconfigured
from processors.connectors.http.auth import FilledAuth, fill_auth
from processors.connectors.http.bounds import Bound
from processors.runtime.loader import Definition, SealedValue
from processors.runtime.secrets import Vault
from products.lib import placeholders
from products.lib.actions import ActionSpec, to_json
from products.lib.jsontypes import Json, JsonObject, content_hash
from products.lib.oauth import ACCESS_TOKEN, Grant, grant_of
from products.lib.redaction import Redactor
from products.lib.sealing import SealError

_TABLES = {
    "value": "products_connectionvalue",
    "secret": "products_secret",
    "setting": "products_resourcesecret",
}
_KEPT = 300
GIVEN_FOR = (
    "They were given for another host. Somebody who may use secrets can save the connection again to confirm it."
)
MAY_GO = "Its list of allowed hosts does not name this one."


@dataclass(frozen=True, slots=True)
class Composed:
    """A definition ready to be called; `texts` are the variables and constants as text."""

    definition: Definition
    action: ActionSpec
    base_url: str
    texts: Mapping[str, str]
    credentials: Mapping[str, str]
    auth: FilledAuth
    redactor: Redactor
    secrets: tuple[str, ...] = field(repr=False, default=())
    login: ActionSpec | None = None  # how a `credential` auth gets its token
    login_url: str = ""
    bounds: tuple[Bound, ...] = ()  # where the secret values may go
    grant: Grant | None = None  # how an `oauth2` auth gets its token
    fingerprint: str = ""  # of everything that login or grant depends on

    @property
    def needs_token(self) -> bool:
        """Whether something has to be asked for before the call."""
        return self.login is not None or self.grant is not None


class Composer:
    """Composes for one worker; the same definition with the same sealed values is composed once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, tuple[SealedValue, ...]], Composed] = OrderedDict()

    def compose(self, definition: Definition, values: tuple[SealedValue, ...], vault: Vault) -> Composed:
        """Raises Misconfigured, naming what has no value or does not open."""
        key = (definition.hash, values)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        opened = {(value.kind, value.name): open_value(value, vault) for value in values}
        made = _composed(definition, opened, _bounds(values))
        self._known[key] = made
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return made


def _bounds(values: tuple[SealedValue, ...]) -> tuple[Bound, ...]:
    """Whatever is secret goes only where the connection's values were given for, and a secret where it may go."""
    if not values:
        return ()
    given_for = Bound("The values of this connection", values[0].given_for, GIVEN_FOR)
    return (
        given_for,
        *(Bound(f"The secret “{value.name}”", value.hosts, MAY_GO) for value in values if value.hosts),
    )


def _composed(definition: Definition, opened: dict[tuple[str, str], str], bounds: tuple[Bound, ...]) -> Composed:
    open_texts: dict[str, str] = {key: as_text(value) for key, value in definition.constants.items()}
    variables, hidden = _filled(definition.variables, opened)
    credentials, hidden_credentials = _filled(definition.credentials, opened)
    texts = {**open_texts, **variables}
    action = definition.action
    try:
        base_url = placeholders.fill(action.base_url or definition.base_url, texts)
        path = placeholders.fill(action.path, texts)
        login_url = placeholders.fill(_login_url(definition), texts)
        grant = _grant(definition, texts, credentials, base_url)
    except placeholders.MissingPlaceholder as error:
        raise Misconfigured(f"The variable “{error.name}” has no value.", details={"field": error.name}) from None
    auth = FilledAuth()
    if definition.auth is not None and definition.auth.login is None and grant is None:
        auth = fill_auth(definition.auth, {**texts, **credentials})
    login = _login(definition, texts)
    shown = {*open_texts.values(), *(text for key, text in variables.items() if key not in hidden)}
    masked = [*hidden.values(), *hidden_credentials.values(), *(text for text in auth.secrets if text not in shown)]
    secrets = tuple(dict.fromkeys((*masked, *opened.values())))
    return Composed(
        definition=definition,
        action=replace(action, base_url="", path=path),
        base_url=base_url,
        texts=texts,
        credentials=credentials,
        auth=auth,
        redactor=Redactor(secrets),
        secrets=secrets,
        login=login,
        login_url=login_url,
        bounds=bounds,
        grant=grant,
        fingerprint=_fingerprint(definition, login_url, texts, credentials)
        if login
        else _granted_fingerprint(definition, grant, credentials),
    )


def _login_url(definition: Definition) -> str:
    """The login action's own host: the action that is called may have another."""
    return (definition.login.base_url or definition.base_url) if definition.login is not None else ""


def _grant(
    definition: Definition, texts: Mapping[str, str], credentials: Mapping[str, str], base_url: str
) -> Grant | None:
    """The OAuth flow with its addresses filled in; none where a token is given by hand."""
    auth = definition.auth
    grant = grant_of(auth.kind, auth.oauth) if auth is not None and not credentials.get(ACCESS_TOKEN) else None
    return grant.filled(texts, base_url) if grant is not None else None


def _granted_fingerprint(definition: Definition, grant: Grant | None, credentials: Mapping[str, str]) -> str:
    """Of what a granted token belongs to: another client, scope or provider means another token."""
    if grant is None or definition.auth is None:
        return ""
    client = [credentials.get("client_id", ""), credentials.get("client_secret", "")]
    return content_hash([definition.auth.tag, grant.flow, grant.token_url, list(grant.scopes), client])


def _login(definition: Definition, texts: Mapping[str, str]) -> ActionSpec | None:
    if definition.login is None:
        return None
    return replace(definition.login, base_url="", path=placeholders.fill(definition.login.path, texts))


def _fingerprint(
    definition: Definition, login_url: str, texts: Mapping[str, str], credentials: Mapping[str, str]
) -> str:
    auth, login = definition.auth, definition.login
    specs = [to_json(spec) for spec in (auth, login) if spec is not None]
    return content_hash([specs, login_url, dict(texts), dict(credentials)])


def _filled(
    references: dict[str, JsonObject], opened: dict[tuple[str, str], str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The texts by key, and of them those that were sealed or contain a secret."""
    texts: dict[str, str] = {}
    hidden: dict[str, str] = {}
    for key, reference in references.items():
        if "sealed" in reference:
            text = opened.get(("value", reference["sealed"]))
            if text is None:
                raise Misconfigured(f"The connection no longer has the value “{key}”.", details={"field": key})
            hidden[key] = texts[key] = text
        elif "text" in reference:
            hidden[key] = texts[key] = with_secrets(reference["text"], opened)
        else:
            texts[key] = as_text(reference["value"])
    return texts, hidden


def with_secrets(text: str, opened: Mapping[tuple[str, str], str]) -> str:
    """The text with its `$Secret{…}` filled in. Raises Misconfigured, naming one that is not there."""
    try:
        return placeholders.fill_secrets(text, lambda key: opened.get(("secret", key)))
    except placeholders.MissingPlaceholder as error:
        message = f"There is no secret “{error.name}”, or it has expired."
        raise Misconfigured(message, details={"field": error.name}) from None


def open_value(value: SealedValue, vault: Vault) -> str:
    """The text of a sealed value. Raises Misconfigured."""
    try:
        return vault.open(_TABLES[value.kind], value.id, value.sealed)
    except SealError:
        raise Misconfigured("A sealed value cannot be opened with the master keys of this worker.") from None


def as_text(value: Json) -> str:
    """As it stands in a URL or header: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
