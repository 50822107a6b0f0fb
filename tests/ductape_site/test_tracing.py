"""Traces go to the collector that was named, and to nobody otherwise; addresses and values stay here."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = PROJECT / "var" / "otel"
ONE_REQUEST = """
import django
from ductape_site import tracing
begun = tracing.begin("web")
django.setup()
from django.test import Client
assert Client().get("/account/login/?next=/canary-word").status_code == 200
assert Client().get("/no/such/canary-word").status_code == 404
if begun:
    from opentelemetry import trace
    trace.get_tracer_provider().force_flush()
import sys
sys.exit(0 if begun else 3 + ("opentelemetry.sdk" in sys.modules))
"""


class Collector(HTTPServer):
    """Keeps what it is sent."""

    received: list[tuple[str, bytes]]


class Keeper(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector(("127.0.0.1", 0), Keeper)
    server.received = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def packages() -> str:
    """Where `make traces` put what sends traces: nobody who sends none has it in the environment."""
    if not (PACKAGES / ".installed").exists():
        missing = "the packages that send traces are not installed: `make traces`"
        pytest.fail(missing) if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip(missing)
    return str(PACKAGES)


def one_request(endpoint: str, packages: str = "") -> subprocess.CompletedProcess[str]:
    from django.db import connection

    base = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "ductape_site.settings.test",
        "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "PYTHONPATH": packages,
    }
    return subprocess.run(
        [sys.executable, "-c", ONE_REQUEST], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.django_db(transaction=True)
def test_a_request_becomes_a_span_that_names_the_route_and_no_address(collector: Collector, packages: str) -> None:
    done = one_request(f"http://127.0.0.1:{collector.server_port}", packages)
    assert done.returncode == 0, done.stderr
    assert {path for path, _ in collector.received} == {"/v1/traces"}
    sent = b"".join(body for _, body in collector.received)
    assert b"ductape-web" in sent
    assert b"GET account_login" in sent
    assert b"canary-word" not in sent


@pytest.mark.django_db(transaction=True)
def test_a_collector_without_the_packages_is_named() -> None:
    done = one_request("http://127.0.0.1:1")
    assert done.returncode == 1
    assert "the packages of ductape[otel] are not installed" in done.stderr


@pytest.mark.django_db(transaction=True)
def test_without_a_collector_nothing_is_even_loaded() -> None:
    assert one_request("").returncode == 3
