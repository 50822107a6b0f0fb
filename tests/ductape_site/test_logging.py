"""Log lines carry the ids they need and never a secret."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from ductape_site.logging import RequestIdMiddleware, about_run, acceptable_request_id, description


@pytest.fixture(params=["json"])
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is logged inside the test, as JSON or as the parameter says."""
    stream = io.StringIO()
    form = description(level="INFO", form=request.param)["formatters"]["structured"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(form["()"](foreign_pre_chain=form["foreign_pre_chain"], processors=form["processors"]))
    logger = logging.getLogger("tests.lines")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield stream
    logger.removeHandler(handler)


def test_lines_of_both_kinds_carry_the_run(lines: io.StringIO) -> None:
    with about_run("run_1"):
        structlog.get_logger("tests.lines").info("called", status=200)
        logging.getLogger("tests.lines").info("and %s", "this")
    structlog.get_logger("tests.lines").info("later")
    first, second, third = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (first["event"], first["status"], first["run_id"]) == ("called", 200, "run_1")
    assert (second["event"], second["run_id"]) == ("and this", "run_1")
    assert "run_id" not in third
    assert third["timestamp"].endswith("Z")


def test_fields_with_secret_names_are_masked(lines: io.StringIO) -> None:
    structlog.get_logger("tests.lines").info("hello", access_key="dk_live_1", Authorization="Bearer x", tokens=None)
    line = json.loads(lines.getvalue())
    assert (line["access_key"], line["Authorization"], line["tokens"]) == ("***", "***", None)


@pytest.mark.parametrize("given", ["abc-1.2_Z", "x" * 64])
def test_a_harmless_request_id_is_kept(given: str) -> None:
    assert acceptable_request_id(given) == given


@pytest.mark.parametrize("given", ["", None, "x" * 65, "a b", "a\nb", "ä", "<script>", '{"a":1}', "a\n"])
def test_any_other_request_id_is_replaced(given: str | None) -> None:
    assert acceptable_request_id(given) != given
    assert len(acceptable_request_id(given)) == 32


def test_the_request_id_is_echoed_and_seen_by_the_view() -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append((request.headers["X-Request-ID"], structlog.contextvars.get_contextvars()["request_id"]))
        return HttpResponse()

    response = RequestIdMiddleware(view)(RequestFactory().get("/", HTTP_X_REQUEST_ID="mine-1"))
    assert response.headers["X-Request-ID"] == "mine-1"
    assert seen == [("mine-1", "mine-1")]
    response = RequestIdMiddleware(view)(RequestFactory().get("/", HTTP_X_REQUEST_ID="not mine"))
    assert response.headers["X-Request-ID"] == seen[1][0] != "not mine"


EVIL = "a\n2026-11-21T00:00:00Z [error    ] forged\r\x1b[31mred\x1b]0;title\x07\x85\u2028\u202e\x00 end"
both = pytest.mark.parametrize("lines", ["json", "console"], indirect=True)


def records(text: str) -> list[str]:
    """The lines that begin a record; those of a traceback are set in."""
    return [line for line in text.split("\n") if line and not line.startswith("    | ")]


@both
def test_J9_every_logged_field_stays_in_its_record(lines: io.StringIO) -> None:
    logging.getLogger("tests.lines").info("plain %s", EVIL)
    structlog.get_logger("tests.lines").info(EVIL, path=EVIL, nested={"a": [EVIL]}, number=7, **{f"name{EVIL}": 1})
    text = lines.getvalue()
    assert len(records(text)) == 2
    assert text.isprintable() or not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text)
    assert not re.search(r"^2026-11-21T00:00:00Z", text, re.MULTILINE)
    assert "\\n2026-11-21" in text, "escaped, not lost"


@both
def test_J9_long_fields_are_cut(lines: io.StringIO) -> None:
    structlog.get_logger("tests.lines").info("x" * 1_000_000, body="y" * 1_000_000, rows=["z" * 1_000_000])
    text = lines.getvalue()
    assert len(records(text)) == 1
    assert len(text) < 30_000
    assert "more characters" in text


@both
def test_J9_an_error_whose_message_forges_a_line_stays_in_its_record(lines: io.StringIO) -> None:
    try:
        raise ValueError(f"broken\n{EVIL}")
    except ValueError:
        structlog.get_logger("tests.lines").exception("failed")
        logging.getLogger("tests.lines").exception("failed")
    text = lines.getvalue()
    assert len(records(text)) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text)
    assert text.count("ValueError: broken") == 2


@both
def test_K5_a_traceback_shows_no_local_variables_and_no_password_of_an_address(lines: io.StringIO) -> None:
    def connect(canary: str) -> None:
        held = {"key": canary.upper()}
        raise ConnectionError(f"no answer from postgresql://site:{canary[::-1]}@db.internal/site {len(held)}")

    try:
        connect("hunter2-canary")
    except ConnectionError:
        structlog.get_logger("tests.lines").exception("failed")
    text = lines.getvalue()
    assert "db.internal" in text
    assert "HUNTER2-CANARY" not in text
    assert "yranac-2retnuh" not in text
    assert "held =" in text or "connect(" in text, "the traceback is there"


def test_J9_json_records_stay_readable(lines: io.StringIO) -> None:
    structlog.get_logger("tests.lines").info("hello", path="/a\nb", nested={"a": [1, "b\n"]})
    line = json.loads(lines.getvalue())
    assert (line["path"], line["nested"]) == ("/a\\nb", {"a": [1, "b\n"]})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/account/password/reset/key/abc-canary/", "/account/password/reset/key/***/"),
        ("/account/confirm-email/abc:canary/", "/account/confirm-email/***/"),
        ("/invitations/canary.1/", "/invitations/***/"),
        ("/oauth/callback/?code=canary&state=canary&x=3", "/oauth/callback/?code=***&state=***&x=3"),
        ("/files/signed/0/x.svg?expires=1&signature=canary&a=b", "/files/signed/0/x.svg?expires=1&signature=***&a=b"),
        ("/w/acme/?access_token=canary", "/w/acme/?access_token=***"),
        ("/w/acme/team/invitations/0192/revoke/", "/w/acme/team/invitations/0192/revoke/"),
        ("/w/acme/p/shop/runs/?state=failed&code=2", "/w/acme/p/shop/runs/?state=failed&code=2"),
    ],
)
def test_K1_an_address_that_lets_somebody_in_is_logged_without_what_does(
    lines: io.StringIO, address: str, shown: str
) -> None:
    structlog.get_logger("tests.lines").info("request_finished", request=f"GET {address}")
    logging.getLogger("tests.lines").warning(
        "Not Found: %s", address, extra={"request": repr(RequestFactory().get(address))}
    )
    logging.getLogger("tests.lines").warning("to https://site.example%s", address)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert (said[0]["request"], said[1]["event"]) == (f"GET {shown}", f"Not Found: {shown}")
    assert said[2]["event"] == f"to https://site.example{shown}"
    assert "canary" not in lines.getvalue()
