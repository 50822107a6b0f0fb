"""A new installation, as somebody meets it: sign in with what was printed, run an action of the sample product."""

from __future__ import annotations

import json
import re
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import pytest

from tests.e2e.conftest import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("up")]


class Browser:
    """Keeps cookies, sends forms and JSON."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> str:
        with self.opener.open(self.address + path, timeout=60) as answer:
            return answer.read().decode()

    def post(self, path: str, body: bytes, kind: str) -> str:
        token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        headers = {"Content-Type": kind, "X-CSRFToken": token or "", "Referer": self.address}
        request = urllib.request.Request(self.address + path, body, headers)
        with self.opener.open(request, timeout=60) as answer:
            return answer.read().decode()

    def sign_in(self, email: str, password: str) -> str:
        self.get("/account/login/")
        fields = urlencode({"login": email, "password": password}).encode()
        return self.post("/account/login/", fields, "application/x-www-form-urlencoded")

    def run(self, action: str, given: object, environment: str) -> dict[str, object]:
        wanted = {"product": "storefront", "environment": environment, "app": "shop", "action": action}
        body = json.dumps({**wanted, "input": given, "wait": 20}).encode()
        return json.loads(self.post("/api/v1/workspaces/main/processor/action/run", body, "application/json"))


def test_the_printed_sign_in_leads_to_a_run_in_every_environment(installation: Installation) -> None:
    with installation.up() as running:
        printed = running.printed()
        email, password = (re.search(rf"{word}\s+(\S+)", printed)[1] for word in ("Sign in with", "Password"))  # type: ignore[index]
        browser = Browser(installation.address)
        assert "Storefront" in browser.sign_in(email, password)
        for environment, way in (("dev", "api_key"), ("stg", "token"), ("prd", "api_key")):
            run = browser.run("me", {}, environment)
            assert run["state"] == "completed", run
            assert run["output"]["signed_in_by"] == way  # type: ignore[index]
        failed = browser.run("create-payment", {"amount": 13}, "dev")
        assert failed["error"]["code"] == "remote_rejected"  # type: ignore[index]
