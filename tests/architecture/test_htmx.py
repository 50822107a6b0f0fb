"""X7: what htmx asks for and where it puts it is made of our own addresses and tags, never of what people write."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ATTRIBUTE = re.compile(r"(hx-[\w:-]+)=(\"[^\"]*\"|'[^']*')")
FILLED = re.compile(r"\{\{\s*(.*?)\s*\}\}")
# Addresses that views made by `reverse`, the page's own path, slugs and ids, and what is escaped for a query.
OURS = re.compile(
    r"request\.path|[a-z_]+_url|[a-z_.]+\.(?:slug|tag|pk|id|run|after)|[a-z_]+\|urlencode|target|[a-z_.]*csrf_token"
)
NEVER = {"hx-on", "hx-vars", "hx-ext", "hx-request"}
HEADERS = {"HX-Request", "HX-Redirect", "HX-Reswap", "HX-Retarget"}


def attributes() -> list[tuple[str, str, str]]:
    found = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        found += [(path.name, name, value) for name, value in ATTRIBUTE.findall(path.read_text())]
    return found


def test_X7_attributes_are_filled_with_nothing_that_people_write() -> None:
    filled = [(name, word) for name, _, value in attributes() for word in FILLED.findall(value)]
    assert len(filled) > 10, "the scan sees them"
    assert [each for each in filled if not OURS.fullmatch(each[1])] == []


def test_X7_no_attribute_evaluates() -> None:
    assert [each for each in attributes() if each[1].split(":")[0] in NEVER or "js:" in each[2]] == []
    triggers = [value.replace("input[type=search]", "") for _, name, value in attributes() if name == "hx-trigger"]
    assert [each for each in triggers if "[" in each] == [], "a filter in brackets is code"


def test_X7_headers_that_move_a_page_are_known() -> None:
    names = {
        name
        for storey in ("ductape_site", "products", "processors")
        for path in (ROOT / storey).rglob("*.py")
        for name in re.findall(r"\"(HX-[A-Za-z-]+)", path.read_text())
    }
    assert names <= HEADERS


def test_X7_htmx_is_configured_not_to_leave_and_not_to_evaluate() -> None:
    settings = (ROOT / "templates/base.html").read_text()
    assert '"selfRequestsOnly":true' in settings
    assert '"allowEval":false' in settings
