"""Broker and database go away and come back: what was accepted settles, with its exact value."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from ductape_site.embedded.ports import LOOPBACK
from tests.chaos.calls import attempt, calls, ended, start
from tests.chaos.drill import settle
from tests.chaos.driver import Driver
from tests.chaos.history import Outcome
from tests.chaos.sink import value_of
from tests.chaos.stage import Stage
from tests.patience import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos")]


def test_R6_what_is_accepted_while_the_broker_is_away_settles(stage: Stage, mark: str) -> None:
    stage.valkey.stop()
    heard = [attempt(stage, f"{mark}-{number}", amount=number) for number in range(10)]
    assert {status for status, _ in heard} <= {202, 503}, heard
    stage.start_valkey()
    accepted = [answer["id"] for status, answer in heard if status == 202]
    later = start(stage, f"{mark}-later")
    runs = ended(stage, later, *accepted)
    assert {run["state"] for run in runs} == {"completed"}
    assert len(calls(stage, mark)) == len(runs)


def test_R7_every_run_has_its_value_though_the_database_dies_again_and_again(stage: Stage, mark: str) -> None:
    driver = Driver((f"http://{LOOPBACK}:{stage.port}",), stage.home, prefix=mark).start()
    accepted = 0
    for _ in range(3):
        wanted = accepted + 10
        until(lambda wanted=wanted: len(driver.history.of(Outcome.OK)) >= wanted, what=f"{wanted} starts")  # type: ignore[misc]
        stage.stop_postgres()
        stage.start_postgres()
        accepted = len(driver.history.of(Outcome.OK))
    driver.stop()
    verdict = settle(stage, driver, mark, drain_s=60)
    assert verdict.is_good, verdict.lines()
    assert verdict.completed == verdict.accepted >= 30
    assert sum(operation.amount for operation in driver.history) * 7 + 3 * verdict.accepted == sum(
        value_of(amount) for amount in {call["key"]: call["body"]["amount"] for call in calls(stage, mark)}.values()
    )


def test_R7_who_asks_after_the_database_is_back_hears_nothing_of_it(stage: Stage, mark: str) -> None:
    paths = [f"{{w}}/runs/?limit={1 + number % 5}" for number in range(50)]
    with ThreadPoolExecutor(8) as callers:
        asked = list(callers.map(lambda path: stage.ask("GET", path)[0], paths))
        assert set(asked) == {200}, "the lines of the pool are open"
        stage.stop_postgres()
        stage.start_postgres()
        again = list(callers.map(lambda path: stage.ask("GET", path), paths))
    assert [answer for answer in again if answer[0] != 200] == []
    assert ended(stage, start(stage, mark))[0]["state"] == "completed"


def test_R7_a_request_asks_the_database_for_a_bounded_time_and_a_command_for_as_long_as_it_likes(
    stage: Stage, mark: str
) -> None:
    stage.have("web", WEB_STATEMENT_S="1")
    run = ended(stage, start(stage, mark))
    assert run[0]["state"] == "completed"
    with psycopg.connect(stage.postgres.url()) as holder:
        holder.execute("LOCK TABLE processors_run IN ACCESS EXCLUSIVE MODE")
        status, answer = stage.ask("GET", "{w}/runs/")
    assert (status, answer["code"]) == (503, "unavailable")
    assert stage.ask("GET", "{w}/runs/")[0] == 200


def test_R7_a_page_without_its_database_says_that_it_is_not_available(stage: Stage) -> None:
    stage.stop_postgres()
    with closing(http.client.HTTPConnection(LOOPBACK, stage.port, timeout=60)) as connection:
        connection.request("GET", "/w/acme/", headers={"Cookie": f"sessionid={stage.session}"})
        answer = connection.getresponse()
        page = answer.read().decode()
    assert (answer.status, answer.getheader("Retry-After")) == (503, "5")
    assert "Not available just now" in page
    stage.start_postgres()
