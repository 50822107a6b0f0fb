"""X8: what every answer of the site carries, of every route, of files, and of everything that goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from cryptography.fernet import Fernet
from django.conf import settings as site
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from ductape_site import worker_metrics
from ductape_site.health import HealthProbes
from ductape_site.metrics import MetricsPage
from ductape_site.pages import PagesHandler
from products.models import User
from tests.contracts.routes import address, our_routes, signed_in
from tests.matrix import ROUTES
from tests.people import Cast

pytestmark = pytest.mark.django_db
PROJECT = Path(__file__).resolve().parents[2]
EXACT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FORBIDDEN = ("unsafe-inline", "unsafe-eval", "unsafe-hashes", "http:", "https:", "*", "blob:")


def complaints(response: HttpResponse, *, private: bool = True) -> list[str]:
    """What is missing from an answer."""
    wrong = [name for name, value in EXACT.items() if response.get(name) != value]
    policy = response.get("Content-Security-Policy", "")
    if "frame-ancestors 'none'" not in policy or "default-src" not in policy:
        wrong.append(f"policy {policy!r}")
    wrong += [f"{word} in the policy" for word in FORBIDDEN if word in policy]
    if private and response.get("Cache-Control", "") not in {
        "no-store",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    }:
        wrong.append(f"Cache-Control {response.get('Cache-Control')!r}")
    if not response.get("Strict-Transport-Security", "").startswith("max-age=31536000"):
        wrong.append("HSTS")
    for name, cookie in response.cookies.items():
        if not (cookie["secure"] and cookie["httponly"] and cookie["samesite"] in {"Lax", "Strict"}):
            wrong.append(f"cookie {name}: {cookie.OutputString()}")
    return wrong


@pytest.fixture(autouse=True)
def as_in_production(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


def foreign_addresses() -> Iterator[str]:
    """Every address without placeholders of the packages we use: sign-in, second factor, sessions, admin, schema."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[str]:
        for entry in patterns:
            path = prefix + str(entry.pattern).replace("^", "").replace("$", "").replace("\\Z", "")
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, path)
            elif isinstance(entry, URLPattern) and "<" not in path:
                yield "/" + path

    ours = {"/" + found.path for found in our_routes()}
    return (path for path in walk(get_resolver().url_patterns, "") if path not in ours and "(" not in path)


def test_X8_every_route_of_ours_for_everybody(cast: Cast) -> None:
    wrong = []
    for client in (
        signed_in(cast.alice),
        signed_in(cast.charlie),
        Client(),
        Client(headers={"Authorization": "Bearer x"}),
    ):
        for route in ROUTES:
            url = address(route, cast)
            for method in ("get", "post"):
                with transaction.atomic():
                    response = getattr(client, method)(url, secure=True)
                    transaction.set_rollback(True)
                wrong += [f"{method} {url} ({response.status_code}): {one}" for one in complaints(response)]
    assert not wrong, "\n".join(wrong[:40])


def test_X8_every_page_of_sign_in_and_admin(cast: Cast) -> None:
    root = User.objects.create_superuser("root@example.com", "x")
    paths = list(foreign_addresses())
    assert {"/account/login/", "/account/sessions/", "/admin/", "/api/schema/"} <= set(paths)
    assert any(path.startswith("/account/2fa/") for path in paths)
    wrong = []
    clients = (signed_in(root), Client())
    for path in sorted(paths, key=lambda path: "logout" in path):  # leaving comes last
        for client in clients:
            response = client.get(path, secure=True)
            assert response.status_code < 500, path
            public = path.startswith(("/api/schema", "/admin/jsi18n"))
            wrong += [f"{path} ({response.status_code}): {one}" for one in complaints(response, private=not public)]
    assert not wrong, "\n".join(wrong)


def test_X8_what_goes_wrong(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("on purpose")

    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    browser.force_login(cast.alice)
    monkeypatch.setattr("products.views.profile.memberships_of", crash)
    monkeypatch.setattr("products.api.me.memberships_of", crash)
    answers = {
        400: [browser.get("/w/acme/products/", headers={"Host": "evil.example"}, secure=True)],
        403: [browser.post("/w/acme/products/new/", {}, secure=True)],
        404: [
            browser.get(path, secure=True)
            for path in ("/nothing", "/api/v1/nothing/", "/static/nothing.js", "/.git/config")
        ],
        405: [
            browser.delete("/profile/", secure=True, headers={"X-CSRFToken": "x"}),
            browser.get("/w/acme/team/leave/", secure=True),
        ],
        500: [browser.get("/profile/", secure=True), browser.get("/api/v1/me/", secure=True)],
    }
    for status, responses in answers.items():
        for response in responses:
            assert response.status_code in {status, 403}, response.request["PATH_INFO"]
            assert not complaints(response), (status, response.request["PATH_INFO"])
            assert b"Traceback" not in response.content
            assert b"on purpose" not in response.content


async def test_X8_files() -> None:
    file = next(path for path in Path(site.STATIC_ROOT).rglob("*.js") if path.is_file())
    for name, status in ((str(file.relative_to(site.STATIC_ROOT)), 200), ("nothing.js", 404), ("../manage.py", 404)):
        # Files are served by a chain of their own (`ductape_site.pages`).
        scope = {"type": "http", "method": "GET", "path": f"/static/{name}", "headers": [(b"host", b"localhost")]}
        asked = ApplicationCommunicator(PagesHandler(), {**scope, "query_string": b"", "scheme": "http"})
        await asked.send_input({"type": "http.request", "body": b"", "more_body": False})
        answer = await asked.receive_output(timeout=60)
        response = HttpResponse(status=answer["status"])
        for header, value in answer["headers"]:
            response[header.decode()] = value.decode()
        await asked.wait(timeout=60)
        assert response.status_code == status, name
        missing = complaints(response, private=status != 200)
        assert missing == ["HSTS"], (name, missing)  # spoken to without TLS
        assert status != 200 or "Set-Cookie" not in response


@pytest.mark.parametrize(
    ("path", "method", "authorization", "status"),
    [
        ("/livez", "GET", "", 200),
        ("/livez", "POST", "", 405),
        ("/readyz", "GET", "", 200),
        ("/metrics", "GET", "", 401),
        ("/metrics", "GET", "Bearer scrape", 200),
    ],
)
@pytest.mark.django_db(transaction=True)
async def test_X8_what_is_answered_ahead_of_the_site(
    settings: Any, path: str, method: str, authorization: str, status: int
) -> None:
    settings.METRICS_TOKEN = "scrape"
    headers = [(b"host", b"localhost"), (b"authorization", authorization.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b"", "scheme": "http"}
    asked = ApplicationCommunicator(HealthProbes(MetricsPage(PagesHandler())), scope)  # type: ignore[arg-type]
    answer = await asked.receive_output(timeout=60)
    await asked.wait(timeout=60)
    response = HttpResponse(status=answer["status"])
    for header, value in answer["headers"]:
        response[header.decode()] = value.decode()
    assert (response.status_code, complaints(response)) == (status, ["HSTS"])  # spoken to without TLS


def test_X8_the_figures_of_a_worker(settings: Any) -> None:
    settings.METRICS_TOKEN = "scrape"
    for authorization, wanted in (("", "401 Unauthorized"), ("Bearer scrape", "200 OK")):
        got: list[Any] = []
        worker_metrics.page({"HTTP_AUTHORIZATION": authorization}, lambda *said, got=got: got.extend(said))
        response = HttpResponse(status=int(wanted[:3]), headers=dict(got[1]))
        assert (got[0], complaints(response)) == (wanted, ["HSTS"])


def test_X3_a_download_is_a_download(cast: Cast) -> None:
    for client, url in (
        (signed_in(cast.alice), "/w/acme/audit/export/"),
        (signed_in(cast.alice), "/api/v1/workspaces/acme/audit/export/"),
    ):
        response = client.get(url, secure=True)
        assert response["Content-Disposition"].startswith("attachment")
        assert response["Content-Security-Policy"].startswith("sandbox")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "html" not in response["Content-Type"]


def test_X7_htmx_calls_only_us_and_evaluates_nothing() -> None:
    page = Client().get("/account/login/").content.decode()
    config = json.loads(page.split('name="htmx-config" content=\'')[1].split("'")[0])
    assert (config["selfRequestsOnly"], config["allowEval"]) == (True, False)


def test_X7_no_header_of_htmx_is_made_of_what_people_typed() -> None:
    """Each place that sets one is listed here with a constant; a new one must be looked at."""
    found = {}
    for room in ("products", "processors", "ductape_site"):
        for path in (PROJECT / room).rglob("*.py"):
            lines = [line.strip() for line in path.read_text().splitlines() if '["HX-' in line or '"HX-' in line]
            if lines:
                found[path.relative_to(PROJECT).as_posix()] = lines
    for path, lines in found.items():
        for line in lines:
            assert "request." not in line.split("=", 1)[-1] or "HX-Request" in line, (path, line)


def test_X7_no_attribute_of_htmx_takes_raw_values() -> None:
    for path in (PROJECT / "templates").rglob("*.html"):
        text = path.read_text()
        assert "|safe" not in text, path
        assert "autoescape off" not in text, path
        assert "hx-on" not in text, path
        for piece in text.split("hx-vals=")[1:] + text.split("hx-headers=")[1:]:
            assert not piece.startswith(("'js:", '"js:', "'javascript:")), path


def test_A16_check_deploy_is_clean_in_production(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "ductape.example",
        "BASE_URL": "https://ductape.example",
    }
    command = [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    result = subprocess.run(
        [*command, "--settings", "ductape_site.settings.prod"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout
