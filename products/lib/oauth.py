"""OAuth 2 as values: which flow an auth offers, PKCE, the address a person is sent to, what a token answer says.

RFC 6749 (grants, answers), RFC 7636 (PKCE, S256 only), RFC 9207 (issuer is not required of the provider).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urljoin

from products.lib.http_errors import UrlRefused
from products.lib.placeholders import fill
from products.lib.safe_urls import parse_url

DEFAULT_LIFE_S = 3_600.0  # of an access token whose provider does not say (RFC 6749 section 5.1 only recommends it)
LONGEST_LIFE_S = 366 * 86_400.0
MAX_TOKEN_CHARACTERS = 32_000
ACCESS_TOKEN = "access_token"  # noqa: S105 - name of the credential that stands for a token given by hand
REFRESH = "refresh_token"
CODE: Literal["authorizationCode"] = "authorizationCode"
CLIENT: Literal["clientCredentials"] = "clientCredentials"
_FLOWS = (CODE, CLIENT)


@dataclass(frozen=True, slots=True)
class Grant:
    """How tokens are got: by a person who connects an account (`authorizationCode`), or by the client alone."""

    flow: Literal["authorizationCode", "clientCredentials"]
    token_url: str
    authorization_url: str = ""
    refresh_url: str = ""
    scopes: tuple[str, ...] = ()

    @property
    def by_person(self) -> bool:
        """Whether somebody has to press Connect."""
        return self.flow == CODE

    def filled(self, texts: Mapping[str, str], base_url: str) -> Grant:
        """With `{{variables}}` filled in, relative addresses resolved. Raises MissingPlaceholder."""
        urls = (self.token_url, self.authorization_url, self.refresh_url or self.token_url)
        token, authorization, refresh = (urljoin(base_url, fill(url, texts)) if url else "" for url in urls)
        return Grant(self.flow, token, authorization, refresh, self.scopes)


class TokenAnswerError(ValueError):
    """The provider's answer holds no usable token; the text says what is wrong and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a provider gave out. `life_s`: seconds from now."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    life_s: float = DEFAULT_LIFE_S

    def to_text(self) -> str:
        """As it is sealed."""
        return json.dumps({"access": self.access, "refresh": self.refresh, "life_s": self.life_s})

    @classmethod
    def from_text(cls, text: str) -> TokenAnswer:
        """What `to_text` wrote."""
        return cls(**json.loads(text))


def grant_of(kind: str, oauth: Mapping[str, Any]) -> Grant | None:
    """The flow of an auth that can be used; the one by a person comes first. None: only a token given by hand."""
    if kind != "oauth2":
        return None
    for flow in _FLOWS:
        found = oauth.get(flow)
        if not isinstance(found, dict):
            continue
        token, authorization = _text(found, "tokenUrl"), _text(found, "authorizationUrl")
        if token and (authorization or flow == CLIENT):
            return Grant(flow, token, authorization, _text(found, "refreshUrl"), _scopes(found.get("scopes")))
    return None


def new_verifier() -> str:
    """A PKCE code verifier of 64 characters (RFC 7636 section 4.1)."""
    return secrets.token_urlsafe(48)


def challenge(verifier: str) -> str:
    """Its S256 challenge (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def authorize_url(grant: Grant, *, client_id: str, redirect_uri: str, state: str, verifier: str) -> str:
    """Where the person goes (RFC 6749 section 4.1.1). Raises UrlRefused for what is not an http address."""
    wanted = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(grant.scopes),
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    url = parse_url(grant.authorization_url)
    if url.scheme not in {"http", "https"}:
        raise UrlRefused
    return str(url.update_query({key: value for key, value in wanted.items() if value}).with_fragment(None))


def read_answer(output: Any, *, before: TokenAnswer | None = None) -> TokenAnswer:
    """A token endpoint's answer (RFC 6749 section 5.1); a refresh token that is not replaced stays.

    Raises TokenAnswerError.
    """
    data = output if isinstance(output, dict) else {}
    access, refresh = data.get(ACCESS_TOKEN), data.get(REFRESH)
    if not isinstance(access, str) or not access.isprintable() or not 0 < len(access) <= MAX_TOKEN_CHARACTERS:
        raise TokenAnswerError("The provider's answer has no usable access token.")
    if str(data.get("token_type", "bearer")).lower() != "bearer":
        raise TokenAnswerError("The provider gives tokens of a kind that is not supported: only bearer tokens are.")
    kept = before.refresh if before is not None else ""
    usable = isinstance(refresh, str) and 0 < len(refresh) <= MAX_TOKEN_CHARACTERS
    return TokenAnswer(access, str(refresh) if usable else kept, _life(data.get("expires_in")))


def _life(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return DEFAULT_LIFE_S
    return min(seconds, LONGEST_LIFE_S) if seconds > 0 else DEFAULT_LIFE_S


def _text(flow: Mapping[str, Any], key: str) -> str:
    value = flow.get(key)
    return value.strip() if isinstance(value, str) else ""


def _scopes(value: Any) -> tuple[str, ...]:
    names = value.split() if isinstance(value, str) else value if isinstance(value, (dict, list, tuple)) else ()
    return tuple(name for name in names if isinstance(name, str) and name)
