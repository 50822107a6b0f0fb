"""K5: servers that are away or refuse us: neither pages nor logs say a word of the passwords in their addresses."""

from __future__ import annotations

import http.client
import os
import sys
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.e2e.harness import House
from tests.patience import until

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)
PASSWORD = "canary-of-a-dsn-8831"
AWAY = {
    "DATABASE_URL": f"postgresql://somebody:{PASSWORD}@127.0.0.1:9/nothing",
    "VALKEY_URL": f"redis://:{PASSWORD}@127.0.0.1:9/0",
    "CELERY_BROKER_URL": f"redis://:{PASSWORD}@127.0.0.1:9/0",
}


def refusing() -> dict[str, str]:
    """The real servers, which refuse this password."""
    found = {}
    for name in AWAY:
        parts = urlsplit(os.environ.get(name) or os.environ["VALKEY_URL"])
        who = "nobody" if name == "DATABASE_URL" else "default"
        found[name] = parts._replace(netloc=f"{who}:{PASSWORD}@{parts.hostname}:{parts.port}").geturl()
    return found


def pages(address: str) -> str:
    """What a visitor sees."""
    headers = {"Host": "localhost", "Authorization": "Bearer duk_x_y", "Cookie": "sessionid=a"}
    shown = ""
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)) as page:
        for path in ("/account/login/", "/readyz", "/w/acme/", "/api/v1/workspaces/"):
            page.request("GET", path, headers=headers)
            shown += page.getresponse().read().decode()
    return shown


@pytest.mark.parametrize("how", ["away", "refusing"])
def test_K5_no_process_names_a_password_of_a_server(house: House, how: str) -> None:
    settings = AWAY if how == "away" else refusing()
    worker = ["-m", "celery", "-A", "ductape_site.celery:app", "worker", "-P", "threads", "-c", "1", "-l", "INFO"]
    address = house.web(**settings)
    house._start("scheduler", [sys.executable, "manage.py", "ductape_scheduler"], settings)
    house._start("worker", [sys.executable, *worker], settings)
    shown = pages(address)
    assert "not ready" in shown
    until(lambda: all("\n" in process.text() for process in house.processes), what="each has logged")
    assert PASSWORD not in house.logs() + shown
