"""The stylesheet is small, and holds what pages use of Tabler."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
TABLER = PROJECT / "node_modules" / "@tabler" / "core" / "dist" / "css" / "tabler.min.css"
_CLASS = re.compile(r"\.((?:[A-Za-z_]|\\.)(?:[\w-]|\\.)*)")
_TAG = re.compile(r"\{[%{#].*?[%}#]\}", re.DOTALL)


def wanted() -> set[str]:
    lines = (PROJECT / "static" / "css" / "tabler.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def used_in_templates() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in (PROJECT / "templates").rglob("*.html"):
        for value in re.findall(r'class="([^"]*)"', _TAG.sub(" ", path.read_text())):
            found |= dict.fromkeys(value.split(), path.name)
    return found


def test_every_class_of_tabler_that_a_template_names_is_kept() -> None:
    known = {name.replace("\\", "") for name in _CLASS.findall(TABLER.read_text())}
    ours = {name for path in (PROJECT / "static" / "css").glob("*.css") for name in _CLASS.findall(path.read_text())}
    used = used_in_templates()
    missing = {name: used[name] for name in used.keys() & known - wanted() - ours}
    assert not missing, "add these to static/css/tabler.txt, or draw them in static/css"


def test_the_stylesheet_and_scripts_of_a_first_visit_stay_small() -> None:
    sizes = {
        name: len(gzip.compress((PROJECT / "static" / "dist" / name).read_bytes()))
        for name in ("main.css", "main.js", "icons.svg")
    }
    assert sum(sizes.values()) < 64_000, sizes


def test_trimming_left_the_ground_that_ours_stands_on() -> None:
    sheet = (PROJECT / "static" / "dist" / "main.css").read_text()
    assert "@layer tabler,ours;" in sheet
    assert ".visually-hidden" in sheet
    assert "box-sizing:border-box" in sheet
    undefined = {
        name for name in re.findall(r"var\((--tblr-[\w-]+)\)", sheet) if not re.search(rf"{re.escape(name)}\s*:", sheet)
    }
    whole = TABLER.read_text()
    assert {name for name in undefined if re.search(rf"{re.escape(name)}\s*:", whole)} == set()
