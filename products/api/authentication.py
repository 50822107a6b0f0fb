"""Who calls the REST API: a bearer of an access key, or a person signed in to the dashboard."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from products.lib.errors import TooMany
from products.models import AccessKey
from products.services.keys import find_key
from products.services.sign_in import guessed_too_often
from products.signup import address_of


class KeyHolder:
    """What `request.user` is for a client with an access key: nobody who could own a session."""

    is_authenticated = True
    is_active = True
    is_staff = False
    is_anonymous = False
    pk = None

    def __init__(self, key: AccessKey) -> None:
        self.key = key

    def __str__(self) -> str:
        return f"key {self.key.name}"


class AccessKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer duk_…`."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, AccessKey] | None:
        """Raises AuthenticationFailed in the same words for unknown, revoked and expired keys; TooMany for guessing."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, value = header.partition(" ")
        key = find_key(value.strip()) if scheme.lower() == "bearer" else None
        if key is None and guessed_too_often("key", address_of(request)):
            raise TooMany("Too many wrong access keys came from your address; wait a minute.")
        if key is None:
            raise AuthenticationFailed("This access key is not valid.")
        return KeyHolder(key), key

    def authenticate_header(self, request: Request) -> str:
        """Makes an anonymous call a 401."""
        return 'Bearer realm="ductape"'


class BrowserSessionAuthentication(SessionAuthentication):
    """The dashboard's session, with CSRF."""


class AccessKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes access keys."""

    target_class = AccessKeyAuthentication
    name = "accessKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """OpenAPI security scheme object."""
        return {"type": "http", "scheme": "bearer", "description": "An access key, made under Access keys."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the dashboard's session."""

    target_class = BrowserSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """OpenAPI security scheme object."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
