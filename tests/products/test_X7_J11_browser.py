"""X7, J11: what htmx may do on our pages, and what keys such as `__proto__` do in scripts, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.products.test_ui_scripts import Stage

pytestmark = pytest.mark.browser
urlpatterns: list[object] = []
POLLUTING = '{"__proto__": {"x": "polluted"}, "constructor": {"prototype": {"x": "polluted"}}}'


@pytest.fixture
def stage(page: Page, settings: Any) -> Stage:
    settings.ROOT_URLCONF = "tests.products.test_ui_scripts"
    return Stage(page)


def test_X7_htmx_asks_only_our_own_site_and_evaluates_nothing(stage: Stage) -> None:
    foreign: list[str] = []
    stage.page.on("request", lambda request: foreign.append(request.url) if "evil" in request.url else None)
    stage.answers["/ok/"] = lambda _: "<p>fetched</p>"
    stage.show(
        '<p id="out">drawn</p><a id="away" href="#" hx-get="http://evil.example/x" hx-target="#out">a</a>'
        '<a id="js" href="#" hx-get="/js/" hx-vals="js:{a: (window.ran = 1)}" hx-target="#out">b</a>'
        '<a id="on" href="#" hx-on:click="window.ran = 2">c</a>'
        '<a id="when" href="#" hx-get="/when/" hx-trigger="click[window.ran = 3]" hx-target="#out">d</a>'
        '<a id="ok" href="#" hx-get="/ok/" hx-target="#out">e</a>'
    )
    for name in ("away", "js", "on", "when", "ok"):
        stage.page.locator(f"#{name}").dispatch_event("click")
    expect(stage.page.locator("#out")).to_have_text("fetched")
    assert foreign == []
    assert stage.page.evaluate("() => window.ran ?? null") is None


def test_J11_keys_that_reach_for_the_prototype_change_nothing(stage: Stage) -> None:
    stage.answers["/part/"] = lambda _: "fetched"
    stage.answers["/ok/"] = lambda _: "<p>later</p>"
    stage.show(
        '<div id="part" data-live="run:1" hx-get="/part/" hx-trigger="live" hx-target="this">drawn</div>'
        '<p id="out"></p><a id="vals" href="#" hx-get="/ok/" hx-target="#out">a</a>'
    )
    expect(stage.page.locator("#part")).to_have_text("fetched")
    stage.page.evaluate("text => document.getElementById('vals').setAttribute('hx-vals', text)", POLLUTING)
    for text in (POLLUTING, POLLUTING.replace('{"__proto__"', '{"topic": "run:1", "seq": 2, "__proto__"', 1)):
        stage.sockets[-1].send(text)
    stage.page.locator("#vals").dispatch_event("click")
    expect(stage.page.locator("#out")).to_have_text("later")
    found = stage.page.evaluate("() => [({}).x ?? null, [].x ?? null, Object.prototype.hasOwnProperty('x')]")
    assert found == [None, None, False]
