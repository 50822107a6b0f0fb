"""A remote side that mirrors our secrets shows them to nobody."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict

import pytest

from processors.connectors import errors
from processors.connectors.base import PREVIEW_CHARS
from processors.connectors.http.auth import fill_auth
from products.lib.actions import ActionSpec, AuthSpec, Body, Parameter
from products.lib.redaction import MASK
from tests.processors.connectors.remote import raw_server

SECRET = "sk_live_9zQ+/x=\"'ü"
BASIC = AuthSpec("basic", "Basic", "basic")


def seen(result) -> str:
    shown = [asdict(result.request)] + ([asdict(result.response)] if result.response else [])
    return json.dumps(shown, ensure_ascii=False)


def assert_masked(text: str, *secrets: str) -> None:
    for secret in secrets:
        data = secret.encode()
        for form in (
            secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
            json.dumps(json.dumps(secret)[1:-1])[1:-1], data.hex(), base64.b64encode(data).decode(),
        ):  # fmt: skip
            assert form not in text


async def test_K2_a_mirrored_secret_is_masked_in_request_and_response(run, remote):
    spec = ActionSpec(
        "a", "A", "POST", "/x/{p}",
        parameters=(Parameter("p", "path"), Parameter("q", "query"), Parameter("c", "cookie")), body=Body(),
    )  # fmt: skip
    secret = SECRET.replace("ü", "u")
    data = {
        "params": {"p": secret}, "query": {"q": secret}, "headers": {"X-Plain": secret}, "cookies": {"c": secret},
        "body": {"deep": [{"text": f"key {secret}"}]},
    }  # fmt: skip
    result = await run(spec, data, secrets=[secret])
    assert secret in json.dumps(result.output) or secret in result.output["headers"]["X-Plain"]
    assert_masked(seen(result), secret)
    assert seen(result).count(MASK) >= 8


async def test_K2_basic_credentials_are_masked_in_their_header_form(run):
    filled = fill_auth(BASIC, {"username": "ann", "password": SECRET})
    result = await run(placements=filled.placements, secrets=filled.secrets)
    header = result.output["headers"]["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f"ann:{SECRET}"
    assert header.removeprefix("Basic ") not in seen(result)
    assert_masked(seen(result), SECRET)


@pytest.mark.parametrize("offset", range(-len(SECRET) - 2, 3))
def test_K2_masking_comes_before_cutting(offset):
    from processors.connectors.http.recording import masked_preview
    from products.lib.redaction import Redactor

    filler = "x" * (PREVIEW_CHARS + offset)
    text = SECRET + filler[: -len(SECRET)] + SECRET + "y" * 200_000
    shown, truncated = masked_preview(text, Redactor([SECRET]))
    assert truncated
    assert len(shown) <= PREVIEW_CHARS
    assert SECRET[:4] not in shown


@pytest.mark.parametrize("inside", range(1, len(SECRET)))
def test_K2_half_a_secret_cannot_slide_into_the_preview(inside):
    """Masks are shorter than secrets, so what stood behind the cut moves forward when many are masked before it."""
    from processors.connectors.http.recording import masked_preview
    from products.lib.redaction import Redactor

    redactor = Redactor([SECRET])
    front = f"{SECRET} " * 100
    window = PREVIEW_CHARS + redactor.longest
    text = front + "x" * (window - len(front) - inside) + SECRET + "y" * 1_000
    shown, _ = masked_preview(text, redactor)
    assert shown.replace(f"{MASK} ", "").strip("x") == ""


async def test_K2_a_long_answer_is_cut_after_masking(run):
    body = json.dumps({"password": "hunter22", "pad": "x" * 3_000, "text": SECRET})
    result = await run(path="/raw", data={"query": {"type": "text/plain", "body": body}}, secrets=[SECRET])
    assert "hunter22" not in result.response.body
    assert_masked(result.response.body, SECRET)
    assert result.response.body_bytes == len(body.encode())


async def test_K2_a_secret_in_an_error_answer_is_masked_everywhere(run):
    with pytest.raises(errors.RemoteRejected) as caught:
        await run(path="/status/400", data={"query": {"say": f"bad key {SECRET} " + "z" * 500}}, secrets=[SECRET])
    assert_masked(json.dumps(caught.value.to_json(), ensure_ascii=False) + seen(caught.value.result), SECRET)
    assert caught.value.details["remote_message"].startswith(f"bad key {MASK} zz")
    assert len(caught.value.details["remote_message"]) <= 300


async def test_K2_a_secret_in_the_reason_phrase_is_not_repeated(client, run):
    from processors.connectors.http.connector import HttpConnector
    from processors.connectors.http.request import HttpCall
    from products.lib.addresses import AddressPolicy
    from products.lib.inputs import StructuredInput
    from products.lib.redaction import Redactor
    from products.lib.safe_http import GuardedClient

    answer = b"HTTP/1.1 400 sk_live_reason\r\nContent-Length: 0\r\nX-Back: sk_live_reason\r\n\r\n"
    async with raw_server(answer) as port, GuardedClient(AddressPolicy.from_entries([f"127.0.0.1:{port}"])) as guarded:
        call = HttpCall(
            ActionSpec("a", "A", "GET", "/x"), StructuredInput(), f"http://127.0.0.1:{port}",
            redactor=Redactor(["sk_live_reason"]),
        )  # fmt: skip
        with pytest.raises(errors.RemoteRejected) as caught:
            await HttpConnector(guarded).call(call, deadline_s=5, max_bytes=1_000)
    assert "sk_live_reason" not in json.dumps(caught.value.to_json()) + seen(caught.value.result)
    assert caught.value.message == "The remote side answered 400 Bad Request."


FAILING = ["/silent", "/endless", "/not-gzip", "/status/500", "/redirect?code=302&to=http://127.0.0.2/"]


@pytest.mark.parametrize("path", FAILING)
async def test_K13_no_error_carries_the_secret_or_a_librarys_exception(run, path):
    filled = fill_auth(AuthSpec("b", "B", "bearer"), {"token": SECRET.replace("ü", "u")})
    secret = SECRET.replace("ü", "u")
    with pytest.raises(errors.ConnectorError) as caught:
        await run(
            path=path, method="POST", data={"query": {"k": secret}}, placements=filled.placements,
            secrets=filled.secrets, deadline_s=0.3, max_bytes=10_000,
        )  # fmt: skip
    error = caught.value
    assert_masked(repr(error) + str(error.__dict__) + json.dumps(error.to_json()) + seen(error.result), secret)
    assert error.__suppress_context__ or error.__context__ is None
    assert error.__cause__ is None


def test_K13_details_are_an_allow_list():
    error = errors.ConnectFailed(
        details={"status": 1, "headers": {"Authorization": "x"}, "dsn": "y", "method": "GET\0"}
    )
    assert error.details == {"status": 1, "method": "GET\ufffd"}
    assert set(error.to_json()) == {
        "code", "message", "fault", "retryable", "retry_after", "outcome_unknown", "details",
    }  # fmt: skip


def all_kinds(kind=errors.ConnectorError):
    """Those of the tree itself: a room above may refine one and keep its code."""
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield from all_kinds(inner)


def test_every_error_says_whose_fault_it_is_in_a_sentence_and_has_its_own_code():
    kinds = list(all_kinds())
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.fault in {"caller", "configuration", "remote", "network", "platform"}
        assert kind().message.endswith(".")
