"""Resources in a browser: files go into a storage, are shown without running, come out; a cache is seen and emptied."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
import wave
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser.conftest import opened
from tests.e2e.site import Person, Site

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("site")]
RESOURCES = "/w/main/p/storefront/resources/"
REST = "/workspaces/main/products/storefront/resources/"
HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
SLOW_MS = 30_000


@pytest.fixture(scope="module")
def files(site: Site, owner: Person) -> str:
    """Where the files of a storage on the disk are seen."""
    local = {"provider": "local", "settings": {"folder": "shown"}}
    owner.made(f"{REST}storage/", {"name": "Shown", "tag": "shown", "environments": {"dev": local}})
    return f"{RESOURCES}storage/shown/files/?env=dev"


@pytest.fixture(scope="module")
def keys(site: Site, owner: Person) -> str:
    """Where the keys of a cache are seen."""
    builtin = {"provider": "builtin"}
    owner.made(f"{REST}cache/", {"name": "Seen", "tag": "seen", "environments": {"dev": builtin}})
    return f"{RESOURCES}cache/seen/keys/?env=dev"


def uploaded(window: Page, files: str, tmp_path: Path, contents: dict[str, bytes]) -> None:
    """Through the page, into the folder `in/`."""
    window.goto(files)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    window.locator("[data-upload-folder]").fill("in")
    window.locator("form[data-upload] input[type=file]").set_input_files([tmp_path / name for name in contents])
    expect(window.locator("#files")).to_contain_text("in/", timeout=SLOW_MS)
    expect(window.locator(".uploads li")).to_have_count(0)


def signed_url(window: Page, file: str, method: str) -> str:
    """Made on a file's page."""
    window.goto(file)
    window.get_by_label("What the URL is for").select_option(method)
    window.get_by_role("button", name="Sign", exact=True).click()
    return str(window.locator("main [data-copy*='/files/signed/']").get_attribute("data-copy"))


def test_X1_a_file_that_is_a_page_is_shown_as_text_and_comes_out_as_it_went_in(
    window: Page, files: str, tmp_path: Path
) -> None:
    large = bytes(range(256)) * 40_000  # two pieces
    uploaded(window, files, tmp_path, {"page.html": HOSTILE.encode(), "large.bin": large})
    window.get_by_role("link", name="in/").click()
    expect(window.locator("#files")).to_contain_text("owner@example.com")
    window.get_by_role("link", name="page.html", exact=True).click()
    expect(window.locator("#preview")).to_contain_text("document.title = 'owned'")
    assert "owned" not in window.title()
    window.goto(f"{RESOURCES}storage/shown/file/?env=dev&key=in/large.bin")
    with window.expect_download(timeout=SLOW_MS) as download:
        window.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == large


def test_a_sound_is_played_from_its_middle_without_the_rest(window: Page, files: str, tmp_path: Path) -> None:
    """A browser asks for ranges; what it plays is sent as what it is, what it could run is not."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as made:
        made.setparams((1, 2, 22_050, 0, "NONE", ""))
        made.writeframes(bytes(2 * 22_050 * 120))
    uploaded(window, files, tmp_path, {"tone.wav": sound.getvalue(), "owned.svg": HOSTILE.encode()})
    window.goto(f"{RESOURCES}storage/shown/file/?env=dev&key=in/tone.wav")
    with window.expect_response(lambda answer: answer.status == 206 and "tone.wav" in answer.url):
        window.locator("audio").wait_for()
    moved = """async () => {
        const sound = document.querySelector("audio");
        sound.currentTime = 100;
        await new Promise((done) => sound.addEventListener("seeked", done, { once: true }));
        return [Math.round(sound.duration), sound.currentTime];
    }"""
    assert window.evaluate(moved) == [120, 100]
    shown = window.request.get(f"{RESOURCES}storage/shown/file/image/?env=dev&key=in/owned.svg")
    assert shown.status == 404


def test_a_signed_url_opens_what_it_was_made_for_and_nothing_else(window: Page, files: str, tmp_path: Path) -> None:
    uploaded(window, files, tmp_path, {"signed.txt": b"first"})
    file = f"{RESOURCES}storage/shown/file/?env=dev&key=in/signed.txt"
    fetching = signed_url(window, file, "GET")
    with urllib.request.urlopen(fetching) as answer:
        assert answer.read() == b"first"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Set-Cookie"] is None
    putting = signed_url(window, file, "PUT")
    with urllib.request.urlopen(urllib.request.Request(putting, data=b"second", method="PUT")) as answer:
        assert answer.status == 204
    with urllib.request.urlopen(fetching) as answer:
        assert answer.read() == b"second"
    for url, method in (
        (fetching, "PUT"),
        (putting, "GET"),
        (fetching.replace("signed.txt", "page.html"), "GET"),
        (re.sub(r"expires=\d", "expires=2", fetching), "GET"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, data=b"x" if method == "PUT" else None, method=method))
        assert refused.value.code == 403, (url, method)
        refused.value.close()


def test_a_file_is_copied_and_deleted_after_a_question(window: Page, files: str, tmp_path: Path) -> None:
    uploaded(window, files, tmp_path, {"moved.txt": b"here"})
    window.goto(f"{RESOURCES}storage/shown/file/?env=dev&key=in/moved.txt")
    window.get_by_label("Copy to").fill("out/moved.txt")
    window.get_by_role("button", name="Copy", exact=True).first.click()
    expect(window.locator("#preview")).to_contain_text("here")
    expect(window).to_have_url(re.compile("out%2Fmoved.txt"))
    window.get_by_role("button", name="Delete", exact=True).first.click()
    window.locator("#confirm-yes").click()
    expect(window.locator("#files")).to_contain_text("Nothing in this folder")


def test_without_scripts_files_are_listed_and_uploaded_all_the_same(
    browser: Browser, owner: Person, files: str, tmp_path: Path
) -> None:
    context, complaints = opened(browser, owner, java_script_enabled=False)
    page = context.new_page()
    (tmp_path / "plain.txt").write_bytes(b"plain")
    page.goto(f"{files}&plain=1")
    page.locator("[data-upload-folder]").fill("noscript")
    page.locator("form[data-upload] input[type=file]").set_input_files(tmp_path / "plain.txt")
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("link", name="Show the files").click()
    expect(page.locator("#files")).to_contain_text("plain.txt")
    context.close()
    assert complaints.found == []


def test_a_cache_shows_what_it_holds_masked_and_forgets_it(window: Page, keys: str) -> None:
    for name, value in (("greeting", "hello"), ("card", {"password": "canary", "name": "Ada"})):
        window.goto(f"{RESOURCES}cache/seen/try/?env=dev&operation=set&key={name}")
        window.locator(".cm-content").click()
        window.keyboard.press("Control+a")
        window.keyboard.insert_text(json.dumps(value))
        window.get_by_role("button", name="Run in dev").click()
        expect(window.locator("#answer")).to_contain_text("Completed")
    window.goto(keys)
    expect(window.locator("#figures")).to_contain_text("Keys2")
    window.get_by_label("Part of the key").fill("card")
    expect(window.locator("#keys")).not_to_contain_text("greeting")
    window.get_by_role("link", name="card").click()
    expect(window.locator("main")).to_contain_text("Ada")
    assert "canary" not in window.content()
    window.goto(keys)
    window.get_by_role("button", name="Purge all").click()
    expect(window.locator("#confirm")).to_contain_text("Forget all 2 values?")
    window.locator("#confirm-yes").click()
    expect(window.locator("#keys")).to_contain_text("The cache is empty")


def test_a_test_of_the_connection_says_what_answered_or_why_not(window: Page, files: str, keys: str) -> None:
    window.goto(f"{RESOURCES}storage/shown/?env=dev")
    window.get_by_role("button", name="Test connection").click()
    expect(window.locator("#tested")).to_contain_text("wrote, read and removed")
    window.goto(f"{RESOURCES}cache/seen/?env=stg")
    window.get_by_label("Provider").select_option("redis")
    window.get_by_label("Host").fill("127.0.0.1")
    window.get_by_label("Port").fill("1")
    window.get_by_role("button", name="Save").click()
    window.get_by_role("button", name="Test connection").click()
    expect(window.locator("#tested")).to_contain_text("It failed")
