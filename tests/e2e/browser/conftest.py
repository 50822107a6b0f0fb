"""A browser that is signed in to the running site, and remembers everything it complained about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Response, expect

from tests.e2e.site import Person, Site

PATIENCE_MS = 60_000  # what never comes fails; what comes late on a busy machine does not
expect.set_options(timeout=PATIENCE_MS)
# A refused form or a missing page is an answer like others; the browser reports it in the console all the same.
_EXPECTED = "Failed to load resource: the server responded with a status of 4"


@dataclass  # without slots: Playwright hangs its wrappers on the object
class Complaints:
    """What went wrong in a browser: errors in the console, policy violations, dialogs, answers of 500 and above."""

    found: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        """To every page of it."""
        context.on("console", self._said)
        context.on("dialog", self._asked)
        context.on("weberror", lambda error: self.found.append(f"{error.page and error.page.url}: {error.error}"))
        context.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        is_wrong = message.type == "error" or "Content Security Policy" in message.text
        if is_wrong and not message.text.startswith(_EXPECTED):
            self.found.append(f"{message.page and message.page.url}: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.found.append(f"a dialog: {dialog.message}")
        dialog.accept()

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.found.append(f"{response.status} {response.request.method} {response.url}")


def opened(browser: Browser, person: Person, **options: Any) -> tuple[BrowserContext, Complaints]:
    """A window of a person who is signed in already."""
    cookies = [{"name": name, "value": value, "url": person.site.address} for name, value in person.cookies.items()]
    context = browser.new_context(base_url=person.site.address, locale="en-GB", **options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    complaints = Complaints()
    complaints.listen(context)
    return context, complaints


@pytest.fixture
def window(browser: Browser, owner: Person) -> Iterator[Page]:
    """The owner's; the test fails when the browser complained about anything."""
    context, complaints = opened(browser, owner)
    yield context.new_page()
    context.close()
    assert complaints.found == []


@pytest.fixture
def stranger(browser: Browser, site: Site) -> Iterator[Page]:
    """Of somebody who is not signed in yet."""
    context, complaints = opened(browser, Person(site))
    yield context.new_page()
    context.close()
    assert complaints.found == []
