"""D9: requests that two readers could read differently, and heads and bodies without end, against the real process."""

from __future__ import annotations

import socket

import psutil
import pytest

from ductape_site.answer_headers import BARE
from tests.e2e.harness import House
from tests.e2e.raw_http import dial, talk
from tests.patience import until

pytestmark = pytest.mark.e2e
pytest_plugins = ("tests.e2e.faults_scene",)

HOST = b"Host: localhost\r\n"
SECOND = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def post(*lines: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"POST /livez HTTP/" + version + b"\r\n" + HOST + b"".join(lines) + b"\r\n" + body


def get(*lines: bytes, target: bytes = b"/livez", version: bytes = b"1.1") -> bytes:
    return b"GET " + target + b" HTTP/" + version + b"\r\n" + HOST + b"".join(lines) + b"\r\n"


EMPTY = b"0\r\n\r\n"
REFUSED = {
    "CL.TE": post(b"Content-Length: 6\r\n", CHUNKED, body=EMPTY + b"G"),
    "CL.TE, whole": post(b"Content-Length: %d\r\n" % (5 + len(SECOND)), CHUNKED, body=EMPTY + SECOND),
    "TE.CL": post(CHUNKED, b"Content-Length: 4\r\n", body=b"2a\r\n" + SECOND + b"\r\n" + EMPTY),
    "two lengths": post(b"Content-Length: 0\r\n", b"Content-Length: %d\r\n" % len(SECOND), body=SECOND),
    "twice the same length": post(b"Content-Length: 1\r\n", b"Content-Length: 1\r\n", body=b"x" + SECOND),
    "list of lengths": post(b"Content-Length: 1, 1\r\n", body=b"x" + SECOND),
    "signed length": post(b"Content-Length: +1\r\n", body=b"x" + SECOND),
    "negative length": post(b"Content-Length: -1\r\n", body=SECOND),
    "endless length": post(b"Content-Length: 99999999999999999999999\r\n", body=SECOND),
    "space before the colon": post(b"Content-Length : 1\r\n", body=b"x" + SECOND),
    "xchunked": post(b"Transfer-Encoding: xchunked\r\n", body=EMPTY + SECOND),
    "xchunked and a length": post(b"Transfer-Encoding: xchunked\r\n", b"Content-Length: 0\r\n", body=SECOND),
    "chunked, identity": post(b"Transfer-Encoding: chunked, identity\r\n", body=EMPTY + SECOND),
    "identity, chunked": post(b"Transfer-Encoding: identity, chunked\r\n", body=EMPTY + SECOND),
    "two encodings": post(CHUNKED, b"Transfer-Encoding: x\r\n", body=EMPTY + SECOND),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked\r\n", body=EMPTY + SECOND),
    "folded encoding": post(b"Transfer-Encoding:\r\n chunked\r\n", body=EMPTY + SECOND),
    "chunks in 1.0": post(CHUNKED, body=EMPTY + SECOND, version=b"1.0"),
    "negative chunk": post(CHUNKED, body=b"-1\r\n\r\n" + SECOND),
    "chunk of 0x": post(CHUNKED, body=b"0x1\r\nx\r\n" + EMPTY + SECOND),
    "chunk with a bare LF": post(CHUNKED, body=b"1\nx\r\n" + EMPTY + SECOND),
    "endless chunk": post(CHUNKED, body=b"fffffffffffffffff\r\nx" + SECOND),
    "length after the body": post(CHUNKED, body=b"0\r\nContent-Length: 5\r\n\r\n" + SECOND),
    "bare LF": get().replace(b"\r\n", b"\n"),
    "bare CR": get(b"X: a\rY: b\r\n"),
    "NUL": get(b"X: a\0b\r\n"),
    "folded field": get(b"X: a\r\n b\r\n"),
    "name with a space": get(b"X Y: 1\r\n"),
    "no colon": get(b"nothing\r\n"),
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two hosts": get(b"Host: evil.example\r\n"),
    "another host in the target": get(target=b"http://evil.example/livez"),
    "version 0.9": get(version=b"0.9"),
    "version 2.0": get(version=b"2.0"),
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "unknown method": b"FOO" + get()[3:],
    "CONNECT": get(target=b"localhost:80").replace(b"GET", b"CONNECT"),
    "space in the target": get(target=b"/a b"),
    "control sign in the target": get(target=b"/a\x01"),
    "socket with a body": get(SOCKET, b"Content-Length: 5\r\n", target=b"/ws/live/") + SECOND,
    "socket by POST": post(SOCKET),
}
TOO_LARGE = {
    "20,000 fields": get(b"X-A: b\r\n" * 20_000),
    "one field of a megabyte": get(b"X-A: " + b"b" * 1_000_000 + b"\r\n"),
    "a cookie of a megabyte": get(b"Cookie: sessionid=" + b"b" * 1_000_000 + b"\r\n", target=b"/account/login/"),
    "a field without end": get()[:-2] + b"X-A: " + b"b" * 1_000_000,
    "a name without end": get()[:-2] + b"b" * 1_000_000,
}


@pytest.fixture
def web(house: House) -> str:
    return house.web()


def test_D9_what_can_be_read_in_two_ways_is_answered_once_with_400_and_closed(web: str) -> None:
    found = {name: talk(web, raw) for name, raw in REFUSED.items()}
    assert {name: (said.statuses, said.ended) for name, said in found.items()} == dict.fromkeys(REFUSED, ([400], True))
    assert [name for name, said in found.items() if said.lacks(BARE)] == []


def test_D9_a_head_without_end_is_answered_once_with_431_and_closed(web: str) -> None:
    found = {name: talk(web, raw) for name, raw in TOO_LARGE.items()}
    # The answer may be overtaken by the reset that follows bytes nobody reads any more; a second one never comes.
    assert all(said.ended and said.statuses in ([431], []) for said in found.values()), found
    too_long = talk(web, get(target=b"/" + b"a" * 17_000))
    assert (too_long.statuses, too_long.lacks(BARE)) == ([414], [])
    assert talk(web, get(b"Connection: close\r\n")).statuses == [200]


def test_D9_what_is_good_is_answered_also_when_it_comes_in_a_row(web: str) -> None:
    last = get(b"Connection: close\r\n")
    assert talk(web, SECOND + SECOND + last).statuses == [200, 200, 200]
    assert talk(web, last + SECOND).statuses == [200]
    assert talk(web, post(CHUNKED, body=b"1;name=value\r\nx\r\n" + EMPTY) + last).statuses == [405, 200]
    assert talk(web, post(b"Content-Length: 1\r\n", body=b"x") + last).statuses == [405, 200]


def test_D9_a_bad_request_is_never_the_answer_to_the_one_before_it(web: str) -> None:
    page = get(target=b"/account/login/")
    assert talk(web, page + b"nonsense\r\n\r\n").statuses in ([], [200])


def test_D9_fields_after_the_body_are_not_taken_for_the_head(web: str) -> None:
    """A proxy that checks or replaces a field in the head does not see it there."""
    head = b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + CHUNKED + b"\r\n"
    assert talk(web, head + EMPTY).statuses == [403]  # no token
    said = talk(web, head + b"0\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n")
    assert said.statuses == [403]


def test_D9_a_body_without_end_is_cut_off(house: House) -> None:
    web = house.web("from ductape_site import http_front", "http_front.MAX_BODY = 100_000")
    assert talk(web, post(b"Content-Length: 100001\r\n")).statuses == [413]
    said = talk(web, post(CHUNKED, body=b"ffff\r\n" + b"x" * 0xFFFF + b"\r\nffff\r\n" + b"x" * 0xFFFF))
    assert said.ended
    assert said.statuses in ([405], [413], [405, 413])  # the page refuses the method before it has read the body


UNFINISHED = {
    "nothing": (b"", []),
    "line ends": (b"\r\n\r\n", []),
    "half a line": (b"GET /livez HTT", [408]),
    "HTTP/0.9": (b"GET /livez\r\n", [408]),
    "half a head": (SECOND[:-2] + b"X: a", [408]),
    "line ends after a request": (SECOND + b"\r\n", [200]),
    "half a second request": (SECOND + b"GET /li", [200, 408]),
    "half a body": (post(b"Content-Length: 10\r\n", body=b"abc").replace(b"/livez", b"/account/login/"), [408]),
}


def test_D9_who_does_not_go_on_is_not_waited_for(house: House) -> None:
    web = house.web("from ductape_site import http_front", "http_front.HEAD_S = http_front.BODY_IDLE_S = 0.4")
    found = {name: talk(web, begun) for name, (begun, _) in UNFINISHED.items()}
    assert {name: (said.statuses, said.ended) for name, said in found.items()} == {
        name: (answers, True) for name, (_, answers) in UNFINISHED.items()
    }


def test_D9_more_connections_than_may_be_are_refused_and_the_others_answered(house: House) -> None:
    web = house.web("web.open_files = lambda: web.FILES_KEPT + 5")
    held = [dial(web) for _ in range(5)]
    assert talk(web, SECOND).statuses == [503]
    held.pop().close()
    until(lambda: talk(web, get(b"Connection: close\r\n")).statuses == [200], what="there is room again")
    for connection in held:
        connection.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel of this system has no such limit")
def test_D9_who_takes_no_answer_loses_the_connection(house: House) -> None:
    web = house.web("web.UNSENT_SECONDS = 1")
    process = psutil.Process(house.processes[-1].pid)
    page = b"GET /account/login/ HTTP/1.1\r\n" + HOST + b"\r\n"
    with dial(web) as connection:
        mine = connection.getsockname()[1]
        connection.setblocking(False)
        try:
            while True:
                connection.send(page * 100)
        except BlockingIOError:
            pass
        gone = lambda: not any(one.raddr and one.raddr.port == mine for one in process.net_connections("tcp"))  # noqa: E731
        until(gone, what="the connection of who does not read is cut")
