"""The scripts of the pages in a real browser, without a server: live parts, the log, the palette, dialogs, themes."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Page, Route, WebSocketRoute, expect

pytestmark = pytest.mark.browser

urlpatterns: list[object] = []

PROJECT = Path(__file__).resolve().parents[2]
SITE = "http://localhost:1"
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'nonce-abc'; object-src 'none'"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
PLACE = {
    "workspace": SimpleNamespace(name="Acme", tag="acme"),
    "product": SimpleNamespace(name="Shop", tag="shop"),
    "environment": SimpleNamespace(slug="prd", name="Production", colour="red"),
    "environments": [SimpleNamespace(slug=slug, name=slug, colour="red") for slug in ("dev", "stg", "prd")],
}


class Stage:
    """A page of our templates and the answers its scripts get; collects what the browser complains about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.answers: dict[str, Callable[[Route], str]] = {}
        self.sockets: list[WebSocketRoute] = []
        self.sent: list[dict[str, object]] = []
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message) or dialog.dismiss())
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.route(re.compile(r"^http://localhost:1/"), self._answer)
        page.route_web_socket(re.compile(r"/ws/live/$"), self._socket)

    def show(self, content: str, address: str = "/", **context: object) -> None:
        """Draw content inside the shell and open it."""
        source = '{% extends "shell.html" %}{% block content %}' + content + "{% endblock %}"
        request = RequestFactory().get(address, HTTP_HOST="localhost")
        request.csp_nonce = "abc"  # type: ignore[attr-defined]
        html = engines["django"].from_string(source).render({**PLACE, **context}, request)
        self.answers[urlsplit(address).path] = lambda _: html
        self.page.goto(SITE + address)

    def hint(self, topic: str, seq: int = 1) -> None:
        """What the server says when something changed."""
        self.sockets[-1].send(json.dumps({"topic": topic, "seq": seq}))

    def _socket(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda message: self.sent.append(json.loads(message)))

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = PROJECT / path.lstrip("/")
            route.fulfill(body=file.read_bytes(), content_type=TYPES.get(file.suffix, "text/plain"))
        elif path in self.answers:
            body = self.answers[path](route)
            kind = "application/json" if path == "/find/" else "text/html; charset=utf-8"
            route.fulfill(body=body, content_type=kind, headers={"Content-Security-Policy": POLICY})
        else:
            route.fulfill(status=404, body="nothing")


@pytest.fixture
def stage(page: Page, settings: Any) -> Stage:
    """A stage with the built scripts, and no routes behind the pages."""
    settings.ROOT_URLCONF = __name__
    if not (PROJECT / "static/dist/main.js").exists():
        reason = "static/dist is not built: npm run build"
        pytest.fail(reason) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    return Stage(page)


PART = '<div id="part" data-live="run:1" hx-get="/part/" hx-trigger="live" hx-target="this">drawn</div>'


def test_a_hint_fetches_the_part_again_and_many_hints_fetch_it_once(stage: Stage) -> None:
    fetched: list[str] = []
    stage.answers["/part/"] = lambda _: fetched.append("") or f"fetched {len(fetched)}"
    stage.show(PART)
    part = stage.page.locator("#part")
    expect(part).to_have_text("fetched 1")  # what changed between drawing and listening
    assert stage.sent == [{"subscribe": ["run:1"]}]
    for number in range(20):
        stage.hint("run:1", number)
    expect(part).to_have_text("fetched 2")
    stage.hint("run:2")
    stage.sockets[-1].send('{"topic": "run:1", "denied": true}')
    stage.sockets[-1].send("not json")
    stage.hint("run:1")
    expect(part).to_have_text("fetched 3")
    assert not stage.complaints


def test_a_lost_socket_shows_heals_and_catches_up(stage: Stage) -> None:
    fetched: list[str] = []
    stage.answers["/part/"] = lambda _: fetched.append("") or f"fetched {len(fetched)}"
    stage.show(PART)
    expect(stage.page.locator("#live")).to_have_text("Live")
    expect(stage.page.locator("#part")).to_have_text("fetched 1")
    stage.sockets[-1].close()
    expect(stage.page.locator("#live")).to_have_text("Reconnecting")
    expect(stage.page.locator("#live")).to_have_text("Live")
    expect(stage.page.locator("#part")).to_have_text("fetched 2")


def test_a_live_list_keeps_the_filters_of_the_address(stage: Stage) -> None:
    stage.show('<div data-live="runs" hx-get="?env=prd" hx-trigger="live" hx-target="this"></div>', "/list/?env=prd")
    stage.answers["/list/"] = lambda route: f"<p>{urlsplit(route.request.url).query}</p>"
    stage.page.evaluate("history.pushState({}, '', '?env=prd&state=failed')")
    stage.hint("runs")
    expect(stage.page.locator("[data-live] p")).to_have_text("env=prd&state=failed")


def log_rows(count: int) -> Callable[[Route], str]:
    """Answers `?after=` with up to 500 rows, `count` in all."""

    def answer(route: Route) -> str:
        after = int(parse_qs(urlsplit(route.request.url).query)["after"][0])
        lines = [
            SimpleNamespace(seq=seq, at=timezone.now(), level=("info", "warn")[seq % 2], step="call", message=HOSTILE)
            for seq in range(after + 1, min(after + 500, count) + 1)
        ]
        return engines["django"].from_string("{% include 'ui/_log_rows.html' %}").render({"lines": lines})

    return answer


HOSTILE = "\x1b[31m</script><img src=x onerror=alert(1)>\u2028<svg onload=alert(2)>"
LOG = '{% include "ui/log.html" with url="/log/" topic="run:1" %}'


def test_X2_a_hostile_log_is_text_comes_in_order_once_and_stays_bounded(stage: Stage) -> None:
    stage.answers["/log/"] = log_rows(6_000)
    stage.show(LOG)
    expect(stage.page.locator("[data-log-count]")).to_contain_text("1,000 earlier ones not shown", timeout=15_000)
    numbers = stage.page.evaluate("[...document.querySelectorAll('.log-row')].map((row) => Number(row.dataset.seq))")
    assert numbers == list(range(1_001, 6_001))
    expect(stage.page.locator(".log-row .text").last).to_contain_text("</script><img src=x onerror=alert(1)>")
    assert stage.page.locator(".log img, .log svg").count() == 0
    assert not stage.complaints


def test_X2_rows_arrive_without_blocking_the_page(stage: Stage) -> None:
    stage.answers["/log/"] = log_rows(3_000)
    stage.page.add_init_script(
        "window.slow = []; new PerformanceObserver((list) => list.getEntries().forEach((entry) =>"
        " window.slow.push(entry.duration))).observe({entryTypes: ['longtask']})"
    )
    stage.show(LOG)
    expect(stage.page.locator(".log-row")).to_have_count(3_000, timeout=15_000)
    assert max(stage.page.evaluate("window.slow") or [0]) < 200 * float(os.environ.get("SLOW_MACHINE", "2"))


def test_the_log_filters_by_level_step_and_words(stage: Stage) -> None:
    stage.answers["/log/"] = log_rows(40)
    stage.show(LOG)
    expect(stage.page.locator("[data-log-count]")).to_contain_text("40 lines")
    stage.page.select_option("[data-log-level]", "2")
    assert stage.page.locator(".log-row:visible").count() == 20
    stage.page.fill("[data-log-search]", "nowhere")
    assert stage.page.locator(".log-row:visible").count() == 0
    stage.page.fill("[data-log-search]", "")
    stage.page.select_option("[data-log-step]", "call")
    assert stage.page.locator(".log-row:visible").count() == 20


FORM = """<form method="post" action="/gone/" data-confirm="Delete stripe-us?" data-confirm-text="Three actions stop."
  data-confirm-button="Delete" data-confirm-type="stripe-us"><button id="delete">Delete</button></form>"""


def test_a_dangerous_form_is_sent_only_after_its_tag_was_typed(stage: Stage) -> None:
    stage.answers["/gone/"] = lambda _: "<p id=gone>gone</p>"
    stage.show(FORM)
    stage.page.click("#delete")
    expect(stage.page.locator("#confirm")).to_contain_text("Three actions stop.")
    expect(stage.page.locator("#confirm-yes")).to_be_disabled()
    stage.page.keyboard.press("Escape")
    assert stage.page.locator("#gone").count() == 0
    stage.page.click("#delete")
    stage.page.fill("#confirm-typed", "stripe-us")
    stage.page.click("#confirm-yes")
    expect(stage.page.locator("#gone")).to_have_text("gone")


def test_X1_the_palette_shows_what_it_finds_as_text_and_opens_only_own_addresses(stage: Stage) -> None:
    found = [
        {"title": "<img src=x onerror=alert(1)>", "hint": "<b>", "url": "/there/", "icon": '"><script>'},
        {"title": "elsewhere", "hint": "", "url": "//evil.example/", "icon": "x"},
        {"title": "script", "hint": "", "url": "javascript:alert(1)", "icon": "x"},
    ]
    stage.answers["/find/"] = lambda _: json.dumps(found)
    stage.answers["/there/"] = lambda _: "<p id=there>there</p>"
    stage.show('{% include "ui/palette.html" with find_url="/find/" %}')
    stage.page.keyboard.press("Control+k")
    options = stage.page.locator("#palette-list li")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("<img src=x onerror=alert(1)>")
    stage.page.keyboard.press("Enter")
    expect(stage.page.locator("#there")).to_have_text("there")
    assert not stage.complaints


def test_the_theme_is_remembered_and_set_before_the_first_paint(stage: Stage) -> None:
    stage.show("{% include 'ui/theme.html' %}")
    stage.page.click("[data-theme-set=dark]")
    stage.page.reload(wait_until="commit")
    stage.page.wait_for_selector("body", state="attached")
    assert stage.page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_a_tag_follows_the_name_until_it_is_edited(stage: Stage) -> None:
    stage.show('<input id="name"><input id="tag" data-tag-from="name">')
    stage.page.fill("#name", "Café  Stripe (US)")
    expect(stage.page.locator("#tag")).to_have_value("cafe-stripe-us")
    stage.page.fill("#tag", "mine")
    stage.page.fill("#name", "Other")
    expect(stage.page.locator("#tag")).to_have_value("mine")


def test_X8_the_editor_works_under_the_strict_policy(stage: Stage) -> None:
    stage.show('<form><label for="b">Body</label><textarea id="b" data-editor="json">{"a": 1}</textarea></form>')
    editor = stage.page.locator(".cm-content")
    expect(editor).to_contain_text('{"a": 1}')
    editor.click()
    stage.page.keyboard.press("End")
    stage.page.keyboard.type(" ")
    assert stage.page.evaluate("document.querySelector('#b').value") == '{"a": 1} '
    assert not stage.complaints


@pytest.mark.parametrize("width", [360, 390, 860, 1360, 3840])
def test_no_page_is_wider_than_the_screen(stage: Stage, width: int) -> None:
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.answers["/log/"] = log_rows(20)
    stage.show(f"{FORM}<p><code>{'x' * 400}</code></p>{LOG}")
    expect(stage.page.locator("[data-log-count]")).to_contain_text("20 lines")
    root = "document.documentElement"
    assert stage.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0


def test_what_a_reader_opened_stays_open_when_the_part_is_fetched_again(stage: Stage) -> None:
    answers = iter(["one", "two", "two"])
    stage.answers["/part/"] = lambda _: f"<details><summary>{next(answers)}</summary>inside</details>"
    stage.show(PART)
    stage.page.click("summary:text('one')")
    stage.hint("run:1")
    expect(stage.page.locator("#part details[open] summary")).to_have_text("two")
    stage.page.evaluate("document.querySelector('#part details').dataset.same = 'yes'")
    with stage.page.expect_response("**/part/"):
        stage.hint("run:1")
    expect(stage.page.locator("#part details[data-same]")).to_be_visible()


def test_on_a_narrow_screen_the_current_part_of_a_page_is_in_view(stage: Stage) -> None:
    stage.page.set_viewport_size({"width": 390, "height": 800})
    names = ("Configuration", "Actions", "Migrations", "Explorer", "Console", "Runs")
    links = "".join(f'<a href="#"{" aria-current=page" if name == "Runs" else ""}>{name}</a>' for name in names)
    buttons = "".join(f'<button type="button" role="tab" aria-controls="{name}">{name}</button>' for name in names)
    stage.show(f'<nav class="tabs">{links}</nav><div class="tabs" role="tablist" data-tabs>{buttons}</div>')
    expect(stage.page.locator(".tabs > a").last).to_be_in_viewport(ratio=0.9)
    last = stage.page.get_by_role("tab", name="Runs")
    expect(last).not_to_be_in_viewport(ratio=0.9)
    stage.page.get_by_role("tab", name="Configuration").press("ArrowLeft")
    expect(last).to_be_in_viewport(ratio=0.9)
    assert stage.page.evaluate("window.scrollX") == 0
    assert not stage.complaints


@pytest.mark.parametrize(("width", "shown"), [(390, "steps"), (1280, "graph")])
def test_a_phone_begins_with_the_panel_that_suits_it_and_keeps_what_is_chosen(
    stage: Stage, width: int, shown: str
) -> None:
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.show(
        '<div class="tabs" role="tablist" data-tabs data-tabs-remember="run" data-tabs-narrow="steps">'
        '<button type="button" role="tab" aria-controls="graph" aria-selected="true">Graph</button>'
        '<button type="button" role="tab" aria-controls="steps" aria-selected="false">Steps</button></div>'
        '<div role="tabpanel" id="graph">the graph</div><div role="tabpanel" id="steps" hidden>the list</div>'
    )
    expect(stage.page.locator(f"#{shown}")).to_be_visible()
    other = "graph" if shown == "steps" else "steps"
    expect(stage.page.locator(f"#{other}")).to_be_hidden()
    stage.page.locator(f"[aria-controls={other}]").click()
    stage.page.reload()
    expect(stage.page.locator(f"#{other}")).to_be_visible()
    assert not stage.complaints


def test_a_graph_that_is_shown_later_shows_what_failed(stage: Stage) -> None:
    stage.page.set_viewport_size({"width": 390, "height": 800})
    stage.show(
        '<div class="tabs" role="tablist" data-tabs data-tabs-narrow="steps">'
        '<button type="button" role="tab" aria-controls="graph" aria-selected="true">Graph</button>'
        '<button type="button" role="tab" aria-controls="steps" aria-selected="false">Steps</button></div>'
        '<div role="tabpanel" id="graph"><div class="graph" data-graph><svg width="4000" height="200">'
        '<foreignObject x="3000" width="200" height="60"><div class="graph-card graph-bad">it failed</div>'
        "</foreignObject>"
        '</svg></div></div><div role="tabpanel" id="steps" hidden>the list</div>'
    )
    stage.page.get_by_role("tab", name="Graph").click()
    expect(stage.page.get_by_text("it failed")).to_be_in_viewport()
    stage.page.locator("[data-graph]").evaluate("graph => graph.scrollTo({ left: 100, behavior: 'instant' })")
    stage.page.get_by_role("tab", name="Steps").click()
    stage.page.get_by_role("tab", name="Graph").click()
    expect(stage.page.get_by_text("it failed")).not_to_be_in_viewport()
    assert not stage.complaints
