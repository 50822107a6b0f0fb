"""Features in a browser: Dev builds one from the pages alone, and Vera sees it and cannot change it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser.conftest import opened
from tests.e2e.site import Person, Site

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
FEATURES = "/w/main/p/storefront/features/"
EDITED = "() => JSON.parse(document.querySelector('#document').value)"


def joined(site: Site, owner: Person, email: str, role: str) -> Person:
    """Somebody who followed an invitation and chose a password."""
    link = owner.made("/workspaces/main/invitations/", {"email": email, "role": role})["link"]
    person = Person(site, email, "a-password-of-theirs-23")
    person.ask("GET", urlsplit(link).path)
    answer = person.form("/account/signup/", {"password1": person.password, "password2": person.password})
    assert answer.status == 302, answer.text[:2000]
    return person


def page_of(browser: Browser, person: Person) -> Iterator[Page]:
    """Their browser; the test fails when it complained about anything."""
    context, complaints = opened(browser, person)
    yield context.new_page()
    context.close()
    assert complaints.found == []


@pytest.fixture(scope="module")
def developer(site: Site, owner: Person) -> Person:
    return joined(site, owner, "dev.builds@example.com", "developer")


@pytest.fixture(scope="module")
def viewer(site: Site, owner: Person) -> Person:
    return joined(site, owner, "vera.looks@example.com", "viewer")


@pytest.fixture
def dev(browser: Browser, developer: Person) -> Iterator[Page]:
    yield from page_of(browser, developer)


@pytest.fixture
def vera(browser: Browser, viewer: Person) -> Iterator[Page]:
    yield from page_of(browser, viewer)


def started(page: Page, name: str, begin: str = "Empty") -> None:
    """A new feature's editor."""
    page.goto(FEATURES)
    page.get_by_role("link", name=re.compile("New feature|Build the first")).first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("radio", name=re.compile(f"^{begin}")).check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def add(page: Page, what: str, kind: str) -> None:
    page.get_by_text(what, exact=True).click()
    page.get_by_role("button", name=kind, exact=True).click()


def test_dev_builds_a_feature_from_the_pages_alone_and_vera_cannot_change_it(dev: Page, vera: Page) -> None:
    started(dev, "Refill the shelf")
    dev.locator('#bench-graph [data-step="main/start"]').click()
    dev.get_by_label("Type", exact=True).select_option("action")
    dev.get_by_label("Connection", exact=True).select_option("shop")
    dev.get_by_label("Action", exact=True).select_option("list-products")
    dev.get_by_label("Tag", exact=True).fill("products")
    dev.get_by_label("Tag", exact=True).press("Tab")
    expect(dev.locator('#bench-graph [data-step="main/products"]')).to_contain_text("list-products")
    expect(dev.get_by_text("No problem found")).to_be_visible()

    add(dev, "Add sequence", "Wait for a signal")
    expect(dev.locator("#bench-panel")).to_contain_text("wait")
    condition = dev.get_by_label("Condition")
    dev.get_by_text("When and how often").click()
    condition.fill("$Sequence{main}{prodcts} != null")
    condition.press("Tab")
    wrong = dev.locator("#bench-troubles [data-trouble]")
    expect(wrong).to_have_attribute("data-trouble", "/sequences/1/events/0/condition")
    expect(dev.locator("#p-condition-errors")).to_contain_text("prodcts")
    expect(dev.locator('#bench-graph [data-step="sequence/wait"]')).to_contain_text("1 problem")
    wrong.locator("[data-jump]").click()
    expect(dev.locator(".cm-activeLine")).to_contain_text("prodcts")
    expect(dev.locator(".cm-lintRange-error")).to_contain_text("prodcts")

    dev.get_by_role("tab", name="Graph").click()
    dev.get_by_role("button", name="Save", exact=True).click()
    expect(dev.get_by_text("Nothing was saved")).to_be_visible()
    expect(condition).to_have_value("$Sequence{main}{prodcts} != null")
    condition.fill("$Sequence{main}{products} != null")
    condition.press("Tab")
    expect(dev.get_by_text("No problem found")).to_be_visible()
    dev.get_by_role("button", name="Save", exact=True).click()
    expect(dev.locator("#bench-bar")).to_contain_text("Saved")
    dev.reload()
    made = dev.evaluate(EDITED)
    assert [one["tag"] for one in made["sequences"]] == ["main", "sequence"]
    assert made["sequences"][1]["events"][0]["condition"] == "$Sequence{main}{products} != null"

    vera.goto(FEATURES)
    vera.get_by_role("link", name="Refill the shelf").click()
    vera.locator('#bench-graph [data-step="sequence/wait"]').click()
    expect(vera.locator("#bench-panel")).to_contain_text("$Sequence{main}{products} != null")
    expect(vera.get_by_role("button", name="Save")).to_have_count(0)
    expect(vera.locator("main textarea, main input:not([type=hidden])")).to_have_count(0)


def test_the_json_and_the_graph_stay_in_step_both_ways(dev: Page) -> None:
    started(dev, "In step", "Wait, then go on")
    dev.get_by_role("tab", name="JSON").click()
    dev.locator(".cm-line span", has_text='"after"').dblclick()  # selects the word
    dev.keyboard.type("later")
    dev.get_by_role("tab", name="Graph").click()
    expect(dev.locator('#bench-graph [data-step="main/later"]')).to_be_visible()
    dev.get_by_role("tab", name="List").click()
    dev.get_by_role("button", name="Move main/later up").click()
    expect(dev.locator("#bench-list tbody tr").nth(1)).to_contain_text("later")
    assert [one["tag"] for one in dev.evaluate(EDITED)["sequences"][0]["events"]] == ["later", "wait"]
    expect(dev.get_by_text("not saved")).to_be_visible()


def test_two_who_edit_the_same_feature_hear_of_each_other(dev: Page, window: Page) -> None:
    started(dev, "Of two")
    window.goto(dev.url)
    for page, name in ((dev, "By Dev"), (window, "By the owner")):
        page.locator("#p-name").fill(name)
        page.locator("#p-name").press("Tab")
        page.get_by_role("button", name="Save", exact=True).click()
    expect(dev.locator("#bench-bar")).to_contain_text("Saved")
    expect(window.get_by_text("Somebody else saved this feature")).to_be_visible()
    expect(window.locator("#p-name")).to_have_value("By the owner")
    window.get_by_role("button", name="Save mine over it").click()
    window.get_by_role("button", name="Save mine", exact=True).click()
    expect(window.locator("#bench-bar")).to_contain_text("Saved")
    dev.reload()
    expect(dev.get_by_role("heading", level=1)).to_contain_text("By the owner")
