"""Twelve secrets, used in every way and thrown back by the remote side in every way: nothing shows one again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import psycopg
import pytest
import redis
from psycopg import sql

from ductape_site.embedded.postgres import installed_programs
from tests.e2e import canary
from tests.e2e.raw_sockets import PING, PONG, Raw, frame, open_socket
from tests.e2e.site import METRICS_TOKEN, Person, Site
from tests.patience import until
from tests.processors.sink import Call, Reply

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("site")]
CONTROL = "no-secret-at-all-3391"  # is to be found wherever the search for the others looks
PEM = "-----BEGIN PRIVATE KEY-----\nMIIcanaryPEM7f3a9c1d\nqq77canarySECONDline88zz\n-----END PRIVATE KEY-----"
SECRETS = {
    "short": "qZ7j",
    "long": "cAnArY-lOnG-" + "k3v9" * 1_020,
    "quotes": 'canary"with\'quotes"7781',
    "backslash": "canary\\back\\\\slash-9913",
    "unicode": "canari-ünïcødé-密码-4471",
    "newline": "canary-first-5521\ncanary-second-5522",
    "percent": "canary%25%2Fpercent-6631",
    "plus": "canary+plus+and space-7741",
    "json": '{"canary": "inner-json-secret-8851", "n": 1}',
    "pem": PEM,
    "slashes": "canary/a+b/c==-9961",
    "plain": "canary-plain-1071",
}
# Where a value that spans lines can go: a header cannot carry it.
ONE_LINE = [name for name, value in SECRETS.items() if "\n" not in value]
IN_HEADERS = [name for name in ONE_LINE if SECRETS[name].isascii() and name != "long"]


def spellings(value: str) -> set[str]:
    """What a secret may look like when it leaks."""
    raw = value.encode()
    inner = json.dumps(value)[1:-1]
    return {
        value,
        inner,
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(inner)[1:-1],
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        *(line for line in value.splitlines() if len(line) > 12 and "PRIVATE KEY" not in line),
    }


NEEDLES = {name: {one for one in spellings(value) if len(one) >= 4} for name, value in SECRETS.items()}
NEEDLES[CONTROL] = {CONTROL}


def leaks(text: str) -> list[str]:
    """Names of the secrets in it."""
    return [name for name, needles in NEEDLES.items() if any(needle in text for needle in needles)]


@dataclass
class Mirror:
    """Throws everything that it gets back, in the way that the path names."""

    calls: list[Call] = field(default_factory=list)

    def __call__(self, call: Call, number: int) -> Reply:
        self.calls.append(call)
        got = {"path": unquote(call.path), "raw": call.path, "headers": call.headers, "body": call.body}
        seen = " ".join([call.headers.get("x-canary", ""), call.headers.get("authorization", "")])
        header = {"X-Mirror": seen.replace("\n", " ")[:3000]} if seen.isascii() else {}
        if call.path.startswith("/login"):
            return Reply(body={"token": json.loads(call.body).get("password", "none")})
        if call.path.startswith("/fail"):
            return Reply(500, {"error": {"message": json.dumps(got)}}, header)
        if call.path.startswith("/moved"):
            return Reply(302, got, {**header, "Location": "https://elsewhere.example" + call.path})
        if call.path.startswith("/lines"):
            half = len(call.body) // 2
            return Reply(
                400, f"{call.body[:half]}\n{call.body[half:]}\n{call.body}".encode(), {"Content-Type": "text/plain"}
            )
        return Reply(body=got, headers=header)


@pytest.fixture
def mirror(site: Site) -> Iterator[Mirror]:
    before, made = site.sink.answering, Mirror()
    site.sink.answering = made
    yield made
    site.sink.answering = before


@contextlib.contextmanager
def monitored(site: Site) -> Iterator[list[str]]:
    """Every command that Valkey gets meanwhile."""
    heard: list[str] = []
    client = redis.Redis.from_url(site.valkey_url, decode_responses=True, encoding_errors="replace")
    over = threading.Event()
    listening = threading.Event()

    def listen() -> None:
        with client.monitor() as monitor:
            listening.set()
            while not over.is_set():
                with contextlib.suppress(redis.TimeoutError):
                    if monitor.connection.can_read(timeout=0.2):
                        heard.append(str(monitor.connection.read_response()))

    thread = threading.Thread(target=listen)
    thread.start()
    assert listening.wait(120)
    try:
        yield heard
    finally:
        over.set()
        thread.join(120)
        client.close()


def furnish(owner: Person, site: Site) -> None:
    """A product whose actions send each secret in header, query, body, basic, bearer, and by logging in."""
    for name, value in SECRETS.items():
        owner.made("/workspaces/main/secrets/", {"key": f"CANARY_{name.upper()}", "value": value})
    owner.made("/workspaces/main/products/", {"name": "Canaries", "tag": "canaries"})
    owner.made("/workspaces/main/apps/", {"name": "Mirror", "tag": "mirror"})
    app = "/workspaces/main/apps/mirror"
    owner.made(f"{app}/environments/", {"slug": "live", "name": "Live", "base_url": site.sink.url})
    body = {"schema": {"type": "object"}}
    for path in ("echo", "fail", "moved", "lines", "login"):
        owner.made(f"{app}/actions/", {"name": path, "tag": path, "method": "POST", "path": f"/{path}", "body": body})
    credential = [{"key": "secret_value", "label": "Value"}]
    for place in ("header", "query", "body"):
        placed = [{"place": place, "key": "x-canary", "value": "{{secret_value}}"}]
        auth = {"name": place, "tag": place, "kind": "token", "fields": credential, "placements": placed}
        owner.made(f"{app}/auths/", auth)
    owner.made(f"{app}/auths/", {"name": "basic", "tag": "basic", "kind": "basic"})
    owner.made(f"{app}/auths/", {"name": "bearer", "tag": "bearer", "kind": "bearer"})
    login = {
        "action": "login",
        "input": {"password": "{{password}}"},
        "token_path": "token",
        "expires_in": 1,
        "period": "hours",
    }
    owner.made(f"{app}/auths/", {
        "name": "login", "tag": "login", "kind": "credential", "fields": [{"key": "password", "label": "Password"}],
        "placements": [{"place": "header", "key": "x-canary", "value": "{{token}}"}], "login": login,
    })  # fmt: skip


WAYS = [
    *(("body", "secret_value", name) for name in SECRETS),
    *(("query", "secret_value", name) for name in SECRETS),
    *(("header", "secret_value", name) for name in IN_HEADERS),
    *(("bearer", "token", name) for name in IN_HEADERS),
    *(("basic", "password", name) for name in ONE_LINE),
    *(("login", "password", name) for name in IN_HEADERS),
]


def connect(owner: Person) -> None:
    """A connection for each way a secret can go; the secret is named, or given itself in every second one."""
    for number, (auth, key, name) in enumerate(WAYS):
        value = SECRETS[name] if number % 2 else f"$Secret{{CANARY_{name.upper()}}}"
        credentials = {key: value, **({"username": "canary-user"} if auth == "basic" else {})}
        place = {"app_environment": "live", "auth": auth, "credentials": credentials}
        owner.made(
            "/workspaces/main/products/canaries/connections/",
            {"app": "mirror", "tag": f"c{number}", "name": f"C {number}", "environments": {"dev": place}},
        )


def topics_of(owner: Person) -> list[str]:
    """Everything that a page could listen to, but single runs."""
    workspace = next(one for one in owner.api("GET", "/workspaces/").json["results"] if one["tag"] == "main")["id"]
    product = owner.api("GET", "/workspaces/main/products/canaries/").json["id"]
    return [*(f"{kind}:{workspace}" for kind in ("workspace", "changes", "processors")), f"runs:{product}:dev"]


def run_all(owner: Person, frames: Frames) -> list[dict[str, Any]]:
    """Each connection with each kind of answer, all at once."""
    started = []
    for number in range(len(WAYS)):
        for action in ("echo", "fail", "moved", "lines"):
            wanted = {"product": "canaries", "environment": "dev", "app": f"c{number}", "action": action}
            started.append(
                owner.made(
                    "/workspaces/main/processor/action/run",
                    {**wanted, "input": {"body": {"note": CONTROL}}, "retries": 0},
                )
            )
            if len(started) % 16 == 1 and len(started) < 16 * 40:
                frames.follow(f"run:{started[-1]['id']}")
    list_of = "/workspaces/main/runs/?product=canaries&limit=200"
    running = ("queued", "claimed", "running", "waiting")
    until(
        lambda: not any(run["state"] in running for run in every(owner, list_of)),
        seconds=120,
        what="every run has ended",
    )
    return started


def every(owner: Person, path: str) -> list[dict[str, Any]]:
    """All rows of a list."""
    rows: list[dict[str, Any]] = []
    while path:
        page = owner.api("GET", path).json
        rows += page["results"]
        path = page["next"].split("/api/v1", 1)[1] if page.get("next") else ""
    return rows


def test_K1_K2_K13_no_canary_is_ever_seen_again(site: Site, owner: Person, mirror: Mirror, tmp_path: Path) -> None:
    site.seen.clear()
    with monitored(site) as heard:
        furnish(owner, site)
        connect(owner)
        with Frames(site, owner) as frames:
            frames.follow(*topics_of(owner))
            runs = run_all(owner, frames)
        where = list(pages_of(owner, runs))
    sent = " ".join(f"{unquote(call.path)} {call.headers} {call.body}" for call in mirror.calls)
    assert set(SECRETS) <= set(leaks(sent)), "each secret must have been sent at all"
    found = {path: leaks(text) for path, text in where}
    found |= {f"{method} {path}": leaks(answer.text + str(answer.headers)) for method, path, answer in site.seen}
    found |= {f"log {path.name}": leaks(path.read_text(errors="replace")) for path in site.logs}
    found |= {f"MONITOR {line[:80]}": leaks(canary.with_decoded(line)) for line in heard}
    found |= {f"frame {text[:80]}": leaks(text) for text in frames.heard}
    metrics = site.ask("GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert metrics.status == 200
    found["metrics"] = leaks(metrics.text)
    found |= dict(in_backup(site, tmp_path / "saved"))
    found |= dict(in_valkey(site))
    found |= dict(in_database(site))
    kinds = {place.split(" ")[0] for place, names in found.items() if CONTROL in names}
    assert {"GET", "table", "backup:"} <= kinds, kinds
    assert len(frames.heard) > 20, "hints came"
    assert any(place.startswith("/w/main/p/canaries/runs/") for place, names in found.items() if CONTROL in names)
    assert len(heard) > len(runs)
    assert {place: set(names) - {CONTROL} for place, names in found.items() if set(names) - {CONTROL}} == {}


def pages_of(owner: Person, runs: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every page and every answer that might show one; of runs, each way with each kind of answer."""
    for run in runs:
        for part in ("", "steps/", "log/?limit=1000"):
            owner.api("GET", f"/workspaces/main/runs/{run['id']}/{part}")
        path = f"/w/main/p/canaries/runs/{run['id']}/"
        yield path, owner.ask("GET", path).text
    for number in range(len(WAYS)):
        owner.api("GET", f"/workspaces/main/products/canaries/connections/c{number}/")
        for part in (f"c{number}/?env=dev", f"c{number}/actions/echo/?env=dev"):
            path = f"/w/main/p/canaries/connections/{part}"
            yield path, owner.ask("GET", path).text
    for part in (
        "secrets/",
        "audit/",
        "audit/export/",
        "",
        "p/canaries/",
        "p/canaries/runs/",
        "p/canaries/connections/",
    ):
        yield part, owner.ask("GET", f"/w/main/{part}").text
    for name in SECRETS:
        yield name, owner.ask("GET", f"/w/main/secrets/of/CANARY_{name.upper()}/").text
    for part in ("secrets/", "audit/", "audit/export/", "products/canaries/connections/"):
        owner.api("GET", f"/workspaces/main/{part}")


def in_valkey(site: Site) -> Iterator[tuple[str, list[str]]]:
    """Every key with its value."""
    with redis.Redis.from_url(site.valkey_url) as client:
        yield from ((where, leaks(text)) for where, text in canary.in_valkey(client))


def in_backup(site: Site, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """What `ductape backup` writes while all runs, as the SQL that would restore it."""
    done = site.installation.run("backup", str(folder))
    assert done.returncode == 0, done.stderr
    command = [str(installed_programs() / "pg_restore"), "--file=-", "--", str(folder / "database.dump")]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    for line in text.splitlines():
        yield f"backup: {line[:60]}", leaks(line) + leaks(line.replace("\\\\", "\\"))
    for path in folder.iterdir():
        yield f"backup {path.name}", leaks(path.read_bytes().decode("latin-1"))


class Frames:
    """A page's socket that is subscribed to everything there is, and every frame that it gets meanwhile."""

    def __init__(self, site: Site, owner: Person) -> None:
        self.heard: list[str] = []
        self._site = site
        self._cookie = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._listen(),))
        self._raw: Raw | None = None
        self._ready = threading.Event()

    def __enter__(self) -> Frames:
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._raw is not None
        self._loop.call_soon_threadsafe(self._raw.leave)
        self._thread.join(120)
        self._loop.close()

    def follow(self, *topics: str) -> None:
        """Subscribes to more."""
        assert self._raw is not None
        asyncio.run_coroutine_threadsafe(self._raw.say(subscribe=list(topics)), self._loop).result(120)

    async def _listen(self) -> None:
        self._raw = await open_socket(self._site.address, self._cookie)
        self._ready.set()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, data = await self._raw.next()
                self.heard.append(data.decode("utf-8", "replace"))
                if kind == PING:
                    await self._raw.send(frame(PONG, data))


def in_database(site: Site) -> Iterator[tuple[str, list[str]]]:
    """Every column of every table; sealed ones too, for a seal that is none would be the worst leak."""
    with psycopg.connect(site.database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))):
                yield f"table {table}: {row[:60]}", leaks(row) + leaks(row.replace('""', '"').replace("\\\\", "\\"))
