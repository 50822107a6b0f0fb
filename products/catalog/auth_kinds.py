"""How an app can authenticate, in words."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import Term

AUTH_KIND_TERMS: Final[tuple[Term, ...]] = (
    Term("basic", "User name and password", "Sends `username` and `password` as HTTP Basic authentication."),
    Term("bearer", "Bearer token", "Sends `token` as Authorization: Bearer …"),
    Term("api_key", "API key", "Sends `api_key` in the header, query parameter or cookie that the app names."),
    Term(
        "token",
        "Values in places",
        "Puts any number of values into headers, query, path parameters or body, each written with {{placeholders}} "
        "for the credentials.",
    ),
    Term(
        "credential",
        "Log in first",
        "Logs in with one of the app's own actions, keeps the token for its expiry and renews it in time. However many "
        "runs need the token at the same moment, one of them logs in.",
    ),
    Term(
        "oauth2",
        "OAuth 2.0",
        "By the flow of the imported document: with client credentials the platform gets the token itself, with an "
        "authorization code somebody connects an account on the connection's page. Tokens are kept sealed and renewed "
        "in time, once for all runs. An `access_token` given by hand is sent instead.",
    ),
)
