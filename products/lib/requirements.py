"""What an action and its auth need of whoever connects the app: the `{{names}}` in their texts, and credentials."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from products.lib import placeholders
from products.lib.actions import ActionSpec, AuthSpec, CredentialField
from products.lib.jsontypes import Json
from products.lib.oauth import ACCESS_TOKEN, grant_of

_TOKEN = "token"  # noqa: S105 - what a `credential` auth calls the token it got by logging in

# The credentials that each kind of auth reads, for auths that declare no fields of their own.
FIELDS_OF_KIND: dict[str, tuple[CredentialField, ...]] = {
    "basic": (
        CredentialField("username", "User name", secret=False),
        CredentialField("password", "Password", required=False),
    ),
    "bearer": (CredentialField("token", "Token"),),
    "api_key": (CredentialField("api_key", "API key"),),
    "oauth2": (CredentialField("access_token", "Access token"),),
    "token": (),
    "credential": (),
}  # fmt: skip

_BY_HAND = CredentialField(
    ACCESS_TOKEN, "Access token", required=False, description="Only to use a token of your own instead of the flow."
)
_CLIENT_ID = CredentialField("client_id", "Client ID", description="As the provider names this client.")


def texts_in(value: Json) -> Iterator[str]:
    """Every text in a JSON value, without recursion."""
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            queue.extend(item.values())
        elif isinstance(item, (list, tuple)):
            queue.extend(item)


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The `{{names}}` in texts, each once; `{{$guid}}` and its like are made by the platform, not supplied."""
    found = dict.fromkeys(name for text in texts for name in placeholders.find(text))
    return tuple(name for name in found if not name.startswith("$"))


def names_secrets(text: str) -> bool:
    """Whether a text refers to workspace secrets, as `$Secret{KEY}`, instead of being one."""
    return bool(placeholders.secret_refs(text))


def credential_fields(auth: AuthSpec) -> tuple[CredentialField, ...]:
    """What must be supplied for an auth: its own fields, those of its OAuth flow, or those of its kind."""
    own = auth.fields or FIELDS_OF_KIND[auth.kind]
    grant = grant_of(auth.kind, auth.oauth)
    if grant is None:
        return own
    secret = CredentialField("client_secret", "Client secret", required=not grant.by_person)
    flow = {field.key: field for field in (_CLIENT_ID, secret, _BY_HAND)}
    return (*flow.values(), *(field for field in own if field.key not in flow))


def lacking_credentials(auth: AuthSpec, given: Collection[str]) -> tuple[str, ...]:
    """Keys of the credentials that are needed and not given; with a token given by hand no flow is needed."""
    fields = credential_fields(auth)
    if grant_of(auth.kind, auth.oauth) is not None and ACCESS_TOKEN in given:
        fields = tuple(field for field in fields if field.key not in {"client_id", "client_secret"})
    return tuple(field.key for field in fields if field.required and field.key not in given)


def names_of_address(base_url: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Names that an environment's base URL and its actions' paths use."""
    return names_in((base_url, *paths))


def names_of_auth(auth: AuthSpec | None) -> tuple[str, ...]:
    """Names in an auth's placements and login input that are not its own credentials or its token."""
    if auth is None:
        return ()
    own = {field.key for field in credential_fields(auth)}
    own |= {_TOKEN} if auth.kind == "credential" else set()
    texts = [placement.value for placement in auth.placements]
    texts += texts_in(auth.login.input) if auth.login else ()
    return tuple(name for name in names_in(texts) if name not in own)


def names_of_action(spec: ActionSpec, base_url: str) -> tuple[str, ...]:
    """Names that a call of this action cannot be addressed without."""
    return names_of_address(spec.base_url or base_url, (spec.path,))
