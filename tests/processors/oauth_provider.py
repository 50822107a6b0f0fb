"""A real OAuth provider on loopback: authorize, token (all grants, PKCE checked), and an API that takes its tokens."""

from __future__ import annotations

import base64
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from products.lib.actions import AuthSpec
from products.lib.oauth import challenge
from tests.processors.sink import Call, Reply, Sink

CLIENT_ID, CLIENT_SECRET = "client-1", "s-canary-client-secret"


def auth(url: str, flow: str) -> AuthSpec:
    """An auth by this provider."""
    flows = {
        "tokenUrl": f"{url}/token",
        "scopes": {"read": "Read", "write": "Write"},
        **({"authorizationUrl": f"{url}/authorize"} if flow == "authorizationCode" else {}),
    }
    return AuthSpec("oauth", "OAuth", "oauth2", oauth={flow: flows})


class OAuthProvider:
    """Codes and refresh tokens can be used once; each refresh gives another refresh token."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.issued = 0
        self.consents = 0
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh = ""
        self.life: Any = 3600
        self.gives_refresh = True
        self.only_in_body = False
        self.hold: Event | None = None
        self.reply: Reply | None = None
        sink.answering = self

    def __call__(self, call: Call, number: int) -> Reply:
        if call.path.startswith("/token"):
            return self.reply or self._token(call)
        good = call.headers.get("authorization") == f"Bearer {self.access}"
        return Reply(200 if good else 401, {"got": call.headers.get("authorization")})

    @property
    def access(self) -> str:
        """The only access token that is good now."""
        return f"access-{self.issued}-canary-token"

    @property
    def asked(self) -> list[Call]:
        """Calls of the token endpoint."""
        return [call for call in self.sink.calls if call.path.startswith("/token")]

    def consent(self, address: str) -> dict[str, str]:
        """What the person's browser brings back after agreeing."""
        given = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        assert (given["response_type"], given["code_challenge_method"]) == ("code", "S256")
        self.consents += 1
        code = f"code-{self.consents}-canary-code"
        self.codes[code] = given
        return {"code": code, "state": given["state"]}

    def _token(self, call: Call) -> Reply:
        form = {key: values[0] for key, values in parse_qs(call.body).items()}
        if not self._knows_client(call, form):
            return Reply(401, {"error": "invalid_client"})
        if form["grant_type"] == "authorization_code" and not self._takes_code(form):
            return Reply(400, {"error": "invalid_grant"})
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh:
            return Reply(400, {"error": "invalid_grant"})
        self.issued += 1
        body = {"access_token": self.access, "token_type": "Bearer", "expires_in": self.life}
        if form["grant_type"] != "client_credentials" and self.gives_refresh:
            self.refresh = f"refresh-{self.issued}-canary-refresh"
            body["refresh_token"] = self.refresh
        return Reply(body=body, hold=self.hold)

    def _knows_client(self, call: Call, form: dict[str, str]) -> bool:
        basic = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if self.only_in_body:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        return call.headers.get("authorization") == basic

    def _takes_code(self, form: dict[str, str]) -> bool:
        asked = self.codes.pop(form["code"], None)
        return (
            asked is not None
            and asked["redirect_uri"] == form["redirect_uri"]
            and asked["code_challenge"] == challenge(form["code_verifier"])
        )
