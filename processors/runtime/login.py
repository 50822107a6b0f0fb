"""A login by an app's own action: what goes in, where the token is in what comes out, how long it holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from processors.connectors.errors import MalformedResponse, Misconfigured
from processors.runtime.composition import Composed
from products.lib.actions import Login
from products.lib.inputs import InputError, StructuredInput, validate_input
from products.lib.jsontypes import Json
from products.lib.periods import PeriodError, period_seconds
from products.lib.placeholders import MissingPlaceholder, fill


def login_input(composed: Composed) -> StructuredInput:
    """The login action's input with the credentials filled in. Raises Misconfigured."""
    login, action = _login(composed), composed.login
    if action is None:
        raise Misconfigured("This auth has no login action.")
    try:
        return validate_input(action, _filled(login.input, {**composed.texts, **composed.credentials}))
    except MissingPlaceholder as error:
        raise Misconfigured(f"Logging in needs the credential “{error.name}”.") from None
    except InputError as error:
        problems = ", ".join(problem.pointer for problem in error.errors[:5])  # pointers only: values are secret
        raise Misconfigured(f"The input of the login action “{action.tag}” does not fit: {problems}.") from None


def token_in(output: Json, composed: Composed) -> str:
    """The token at the login's dotted path. Raises MalformedResponse."""
    path = _login(composed).token_path
    found = output
    for part in path.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isascii() and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            found = None
    if isinstance(found, str) and found:
        return found
    raise MalformedResponse(f"The answer of the login has no token at “{path}”.")


def expiry_of(composed: Composed) -> timedelta:
    """How long a token holds. Raises Misconfigured."""
    login = _login(composed)
    try:
        return timedelta(seconds=period_seconds(login.expires_in, login.period))
    except (PeriodError, OverflowError):
        raise Misconfigured("The expiry of the login's token is not a length of time.") from None


def _login(composed: Composed) -> Login:
    auth = composed.definition.auth
    if auth is None or auth.login is None:
        raise Misconfigured("This auth has no login action.")
    return auth.login


def _filled(value: Json, values: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return value
