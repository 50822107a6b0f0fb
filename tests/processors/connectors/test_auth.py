"""Each kind of auth puts its credentials where they belong."""

from __future__ import annotations

import pytest

from processors.connectors.errors import Misconfigured
from processors.connectors.http.auth import fill_auth, needed_credentials
from products.lib.actions import AuthSpec, CredentialField, Placement

TOKEN = (Placement("query", "key", "{{key}}"), Placement("header", "X-Sig", "v1 {{ sig }}"))

CASES = [
    (AuthSpec("a", "A", "basic"), {"username": "u", "password": "p"}, [("header", "Authorization", "Basic dTpw")]),
    (AuthSpec("a", "A", "basic"), {"username": "u"}, [("header", "Authorization", "Basic dTo=")]),
    (AuthSpec("a", "A", "bearer"), {"token": "t"}, [("header", "Authorization", "Bearer t")]),
    (AuthSpec("a", "A", "oauth2"), {"access_token": "t"}, [("header", "Authorization", "Bearer t")]),
    (AuthSpec("a", "A", "credential"), {"token": "t"}, [("header", "Authorization", "Bearer t")]),
    (AuthSpec("a", "A", "api_key"), {"api_key": "k"}, [("header", "X-API-Key", "k")]),
    (
        AuthSpec("a", "A", "api_key", placements=(Placement("query", "appid", "{{api_key}}"),)),
        {"api_key": "{{other}}"},
        [("query", "appid", "{{other}}")],
    ),
    (
        AuthSpec("a", "A", "token", placements=TOKEN),
        {"key": "k", "sig": "s"},
        [("query", "key", "k"), ("header", "X-Sig", "v1 s")],
    ),
    (AuthSpec("a", "A", "token"), {}, []),
]


@pytest.mark.parametrize(("auth", "credentials", "placed"), CASES)
def test_credentials_are_placed(auth, credentials, placed):
    filled = fill_auth(auth, credentials)
    assert [(one.place, one.key, one.value) for one in filled.placements] == placed


@pytest.mark.parametrize("kind", ["basic", "bearer", "api_key", "oauth2", "credential"])
def test_K12_a_missing_credential_is_named_and_nothing_is_sent_instead(kind):
    auth = AuthSpec("main", "Main key", kind)
    with pytest.raises(Misconfigured) as caught:
        fill_auth(auth, {"unrelated": "x"})
    assert caught.value.details == {"auth": "main", "field": needed_credentials(auth)[0]}
    assert "Main key" in caught.value.message


def test_everything_secret_is_handed_to_masking_and_what_is_open_is_not():
    basic = fill_auth(AuthSpec("a", "A", "basic"), {"username": "user", "password": "pass"})
    assert set(basic.secrets) == {"pass", "dXNlcjpwYXNz"}
    fields = (CredentialField("account", secret=False), CredentialField("key"))
    token = AuthSpec("a", "A", "token", fields=fields, placements=(Placement("header", "K", "{{key}}"),))
    assert fill_auth(token, {"account": "open", "key": "closed"}).secrets == ("closed",)
    assert needed_credentials(token) == ("account", "key")
