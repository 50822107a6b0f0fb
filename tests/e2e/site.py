"""One whole running Ductape and a remote side it may call, for tests that use it as people do."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ductape_site.embedded.folder import DataFolder
from ductape_site.embedded.servers import known_addresses
from tests.contracts.described import undescribed
from tests.processors.sink import Sink

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation

SAMPLE_VALUES = frozenset({"shop-demo-key", "shopkeeper", "demo-password"})  # of the sample shop, which shows them
METRICS_TOKEN = "metrics-of-tests-5518"
OWNER, PASSWORD = "owner@example.com", "a-password-of-tests-71"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass(slots=True)
class Site:
    """A running installation: its address, its owner, its remote side."""

    installation: Installation
    sink: Sink
    seen: list[tuple[str, str, Answer]] = field(
        default_factory=list
    )  # every REST answer, in which secrets are looked for

    @property
    def address(self) -> str:
        """Where it is."""
        return self.installation.address

    @property
    def database_url(self) -> str:
        """Its own PostgreSQL."""
        return self._addresses().database_url

    @property
    def valkey_url(self) -> str:
        """Its own Valkey."""
        return self._addresses().valkey_url

    @property
    def logs(self) -> list[Path]:
        """What its processes write."""
        return sorted(path for path in (self.installation.data / "logs").glob("*") if path.is_file())

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request as it stands, on a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.installation.port, timeout=60)) as connection:
            connection.request(
                method, path, body=body, headers={"Host": f"localhost:{self.installation.port}", **(headers or {})}
            )
            got = connection.getresponse()
            jar = SimpleCookie("\n".join(got.headers.get_all("Set-Cookie") or []))
            cookies = {name: morsel.value for name, morsel in jar.items()}
            answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, cookies, got.read())
        if path.startswith("/api/v1/"):
            self.seen.append((method, path, answer))
            kind = answer.headers.get("content-type", "")
            problem = undescribed(method, path.split("?")[0], answer.status, kind, answer.body)
            assert not problem, f"{method} {path} → {answer.status}: {problem}"
        return answer

    def _addresses(self) -> Any:
        found = known_addresses(DataFolder(self.installation.data))
        assert found is not None
        return found


@dataclass(slots=True)
class Person:
    """Somebody signed in without a browser: cookies, and the token that a form must carry."""

    site: Site
    email: str = OWNER
    password: str = PASSWORD
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> Person:
        """Through the sign-in form."""
        self.ask("GET", "/account/login/")
        answer = self.form("/account/login/", {"login": self.email, "password": self.password})
        assert answer.status == 302, answer.text[:2000]
        return self

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """With the cookies, which are kept as the server changes them."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.site.ask(method, path, body=body, headers={"Cookie": cookie, **sent} if cookie else sent)
        self.cookies.update(answer.cookies)
        return answer

    def form(self, path: str, fields: dict[str, Any]) -> Answer:
        """POST as a page does."""
        sent = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **fields}, doseq=True)
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, sent.encode(), Content_Type=kind, Origin=self.site.address)

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        """REST below `/api/v1`, by the session."""
        token = {"X_CSRFToken": self.cookies.get("csrftoken", ""), "Origin": self.site.address}
        raw = None if body is None else json.dumps(body).encode()
        return self.ask(method, f"/api/v1{path}", raw, Content_Type="application/json", **token)

    def made(self, path: str, body: Any) -> Any:
        """What a good POST made. Fails the test when it was not good."""
        answer = self.api("POST", path, body)
        assert answer.status in {200, 201, 202}, (path, answer.status, answer.text[:2000])
        return answer.json
