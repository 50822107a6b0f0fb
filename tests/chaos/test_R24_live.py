"""The log of a run as a page follows it: over a socket that breaks, from a web process that is killed meanwhile."""

from __future__ import annotations

import http.client
import json
import random
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from ductape_site.embedded.ports import LOOPBACK
from tests.chaos.calls import calls, ended, lines, start
from tests.chaos.stage import Stage, listens
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]
PATIENCE_S = 20


@dataclass
class Page:
    """Follows one run: it fetches when it is told that there is news, and whenever it has connected anew."""

    stage: Stage
    run: str
    seed: int
    seen: list[tuple[int, str]] = field(default_factory=list)
    connected: int = 0
    told: int = 0
    is_done: bool = False

    def follow(self) -> None:
        """Until the run has ended and all of its log was fetched."""
        chance = random.Random(self.seed)
        while not self.is_done:
            with suppress(OSError, WebSocketException, http.client.HTTPException):
                self._watch(hints=chance.randint(1, 3))

    def _watch(self, *, hints: int) -> None:
        """One socket, dropped without a word after so many hints."""
        port = self.stage.port
        cookie = {"Cookie": f"sessionid={self.stage.session}"}
        url = f"ws://{LOOPBACK}:{port}/ws/live/"
        with connect(url, additional_headers=cookie, origin=f"http://localhost:{port}", open_timeout=5) as socket:  # type: ignore[arg-type]
            self._join(socket)
            self.connected += 1
            self._fetch()
            for _ in range(hints):
                if self.is_done:
                    return
                hint = json.loads(socket.recv(PATIENCE_S))
                assert hint["topic"] == f"run:{self.run}"
                self.told += 1
                self._fetch()
            socket.socket.close()

    def _join(self, socket: ClientConnection) -> None:
        """Known to be subscribed: the answer about a topic that is none comes after the others."""
        socket.send(json.dumps({"subscribe": [f"run:{self.run}", "nothing"]}))
        while json.loads(socket.recv(5)) != {"topic": "nothing", "denied": True}:
            continue

    def _fetch(self) -> None:
        """What came after the last line that was seen."""
        after = self.seen[-1][0] if self.seen else 0
        shown = self._get(f"{{w}}/runs/{self.run}/")
        page = self._get(f"{{w}}/runs/{self.run}/log/?after={after}&limit=1000")
        self.seen += [(line["seq"], line["message"]) for line in page["results"]]
        self.is_done = shown["state"] in {"completed", "failed"}

    def _get(self, path: str) -> Any:
        status, answer = self.stage.ask("GET", path)
        if status != 200:
            raise OSError(f"{path}: {status}")
        return answer


def test_R24_a_page_whose_socket_breaks_ends_with_the_log_of_the_database(stage: Stage, mark: str) -> None:
    run = start(stage, mark, mood="fail:7")
    page = Page(stage, run, seed=24)
    following = threading.Thread(target=page.follow, daemon=True)
    following.start()
    calls(stage, mark, least=3)
    web = stage.processes["web"]
    web.kill()
    web.start()
    until(lambda: listens(stage.port), what="the web process is back")
    assert ended(stage, run)[0]["state"] == "completed"
    following.join(PATIENCE_S)
    assert page.is_done, "the page was not told of the end"
    assert page.seen == lines(stage, run)
    assert page.connected >= 2
