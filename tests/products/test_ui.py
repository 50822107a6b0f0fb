"""The tags, drawings and the frame of pages: what they show, and that nothing they are given becomes markup."""

import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.http import HttpRequest, QueryDict
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory

from products.ui import charts, formats, json_tree, navigation, states, timeline
from products.ui.timeline import Bar, Row

PROJECT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</title><svg onload=alert(1)>",
    "{{ 7|add:7 }}{% debug %}",
    "javascript:alert(1)",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m",
    "right\u202eto\u2028left",
]


def drawn(source: str, request: HttpRequest | None = None, **context: object) -> str:
    """Render a piece of template as a page would."""
    return engines["django"].from_string(source).render(context, request)


def plain_request(query: str = "") -> HttpRequest:
    """A request of nobody."""
    return RequestFactory().get(f"/?{query}")


# Words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "—"),
        (0, "0 ms"),
        (0.4, "<1 ms"),
        (812, "812 ms"),
        (1_420, "1.42 s"),
        (12_000, "12 s"),
        (59_999, "60 s"),
        (60_000, "1 m"),
        (2_292_000, "38 m 12 s"),
        (7_500_000, "2 h 5 m"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_durations_are_said_in_words(given: float | None, said: str) -> None:
    assert formats.duration_text(given).replace("\xa0", " ") == said


@pytest.mark.parametrize(
    ("given", "said"), [(0, "0 B"), (999, "999 B"), (1_423, "1.4 kB"), (64_000_000, "64 MB"), (999_950, "1 MB")]
)
def test_sizes_are_said_in_words(given: float, said: str) -> None:
    assert formats.bytes_text(given).replace("\xa0", " ") == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(-2, "just now"), (-130, "2 min ago"), (7_300, "in 2 h"), (-86_400 * 800, "2 years ago")]
)
def test_moments_are_relative(seconds: int, said: str) -> None:
    assert formats.moment_text(NOW + dt.timedelta(seconds=seconds), NOW).replace("\xa0", " ") == said


def test_a_time_carries_the_absolute_moment() -> None:
    html = drawn("{% when at %}", at=NOW)
    assert 'datetime="2026-11-20T12:00:00+00:00"' in html
    assert 'title="2026-11-20 12:00:00 UTC"' in html


@pytest.mark.parametrize(
    ("state", "tone", "word"),
    [
        ("completed", "ok", "Completed"),
        ("failed", "bad", "Failed"),
        ("running", "busy", "Running"),
        ("waiting", "wait", "Waiting"),
        ("rolled_back", "warn", "Rolled back"),
        ("queued", "mute", "Queued"),
        ("never heard of", "mute", "Never heard of"),
        (None, "mute", "Unknown"),
    ],
)
def test_a_state_is_a_dot_and_a_word(state: str | None, tone: str, word: str) -> None:
    assert drawn("{% state s %}", s=state) == f'<span class="state state-{tone}">{word}</span>'
    assert states.tone_of(state) == tone


# Nothing becomes markup ---------------------------------------------------------------------------------------------

TAGS = [
    "{% state t %}",
    "{% state 'ok' t %}",
    "{% copyable t %}",
    "{% copyable 'x' t %}",
    "{% json t %}",
    "{% icon t %}",
    "{% markdown t %}",
    "{{ t|visible }}",
    "{% include 'ui/empty.html' with title=t text=t url='/' button=t %}",
    "{% include 'ui/notice.html' with text=t %}",
    "{% include 'ui/tile.html' with label=t value=t note=t %}",
    "{% include 'ui/code.html' with code=t %}",
    "{% include 'ui/_log_rows.html' with lines=lines %}",
    "{% include 'ui/log.html' with lines=lines url='/x' topic=t steps=steps %}",
    "{% timeline rows %}",
    "{% bars points t %}",
    "{% uptime checks %}",
]


@pytest.mark.parametrize("source", TAGS)
@pytest.mark.parametrize("text", HOSTILE)
def test_X1_no_component_lets_text_become_markup(source: str, text: str) -> None:
    html = drawn(
        source,
        t=text,
        lines=[SimpleNamespace(seq=1, at=NOW, level="info", step=text, message=text)],
        steps=[text],
        rows=[Row(text, [Bar(0, 10, text, text)], text, "mail", "#")],
        points=[{"label": text, "total": 2, "failed": 1}],
        checks=[(text, text)],
    )
    outside_text = re.sub(r'"[^"]*"', '""', html)
    assert "<script" not in outside_text
    assert "<img" not in outside_text
    assert not re.search(r"<[^>]*\son\w+\s*=", outside_text)
    assert "onload" not in re.sub(r"&lt;.*?&gt;", "", outside_text)
    assert 'href="javascript:' not in html


def test_X1_keys_and_values_of_json_are_text() -> None:
    html = json_tree.json_html({"<b>": ["</script><script>alert(1)</script>", {"a\u2028b": "\u202e"}]})
    assert "<script" not in html
    assert "<b>" not in html
    assert "\u2028" not in html


def test_X2_a_log_line_of_a_megabyte_stays_bounded() -> None:
    line = SimpleNamespace(seq=1, at=NOW, level="info", step="", message="\x1b[31m" + "x" * 1_000_000)
    html = render_to_string("ui/_log_rows.html", {"lines": [line]})
    assert len(html) < 30_000
    assert "more characters" in html
    assert "\x1b" not in html


def test_X2_control_and_direction_marks_never_reach_the_page() -> None:
    assert formats.visible_text("a\x1b[1;31mb\x1b[0m\x00c\u202ed\u2028e\tf\ng") == "ab\ufffdc\ufffdd\ufffde\tf\ng"


# JSON ---------------------------------------------------------------------------------------------------------------


def test_masked_values_are_dots() -> None:
    html = json_tree.json_html({"token": "•••", "mail": "a•••@example.com"})
    assert 'class="masked"' in html
    assert "a•••@example.com" in html


def test_a_large_json_value_is_cut_and_says_how_much() -> None:
    html = json_tree.json_html(list(range(10_000)))
    assert "8,001 more" in html or "… 8001 more" in html
    assert len(html) < 200_000


def test_I6_deep_json_ends() -> None:
    value: object = 1
    for _ in range(500):
        value = [value]
    assert json_tree.json_html(value).count("<details") == json_tree.MAX_DEPTH


def test_a_json_text_is_drawn_as_a_tree_and_other_text_as_text() -> None:
    assert "<details" in drawn("{% json t %}", t='{"a": 1}')
    assert "<details" not in drawn("{% json t %}", t="{broken")


# Drawings -----------------------------------------------------------------------------------------------------------


def test_bars_keep_inside_the_drawing_when_more_failed_than_ran() -> None:
    html = charts.bars_svg(
        [{"label": "x", "total": 2, "failed": 9}, {"label": "y", "total": 0, "failed": 0}], label="l"
    )
    assert all(0 <= float(value) <= 100 for value in re.findall(r'="([\d.-]+)%"', html))
    assert html.count('class="chart-bar') == 1


def test_no_bars_is_an_empty_drawing() -> None:
    assert "<rect" not in charts.bars_svg([], label="nothing")


def test_the_timeline_shortens_a_long_wait_and_keeps_the_order() -> None:
    rows = [Row("a", [Bar(0, 1_000, "completed")]), Row("w", [Bar(1_000, 2_000_000, "waiting")])]
    rows.append(Row("b", [Bar(2_000_000, 2_001_000, "running")]))
    scale = timeline.scale_for(rows)
    places = [scale.at(moment) for moment in (0, 500, 1_000, 1_000_000, 2_000_000, 2_001_000)]
    assert places == sorted(places)
    assert places[2] > 30
    assert places[4] - places[2] < 30
    assert any("…" in words for _, words in timeline.ticks_for(scale))


def test_the_timeline_of_a_run_that_has_not_begun_is_drawn() -> None:
    html = drawn("{% timeline rows %}", rows=[Row("a"), Row("b", [Bar(0, 0, "running")])])
    assert "not started" in html


@pytest.mark.parametrize("length", [1, 40, 999, 60_000, 86_400_000, 10**12])
def test_ticks_are_few_at_every_length(length: int) -> None:
    scale = timeline.scale_for([Row("a", [Bar(0, length, "completed")])])
    assert 1 <= len(timeline.ticks_for(scale)) <= 15


# Forms and lists ----------------------------------------------------------------------------------------------------


class ExampleForm(forms.Form):
    """Two fields, one wrong."""

    name = forms.CharField(help_text="As people call it.")
    active = forms.BooleanField(required=False)


def test_an_error_stands_beside_its_field_and_is_tied_to_it() -> None:
    form = ExampleForm({"name": ""})
    html = drawn("{% field form.name %}", form=form)
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_error id_name_help"' in html
    assert 'id="id_name_error"' in html
    assert html.count("aria-describedby") == 1


def test_a_whole_form_says_that_nothing_was_saved() -> None:
    html = drawn("{% include 'ui/form.html' with submit='Create' %}", form=ExampleForm({"name": ""}))
    assert "1 field needs a correction" in html
    assert ">Create</button>" in html


def test_links_keep_the_filters_of_the_page() -> None:
    request = plain_request("env=prd&state=failed&cursor=abc")
    link = drawn("{% query_with state='running' cursor=None %}", request)
    assert QueryDict(link.replace("&amp;", "&").lstrip("?")).dict() == {"env": "prd", "state": "running"}


def test_the_sidebar_shows_only_pages_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_reversed", lambda name, _: "/x/" if name in {"runs", "connections"} else "")
    found = navigation.sections(navigation.Place("acme", "shop", "prd", page="runs"), counts={"connections": 6})
    links = [link for section in found for link in section.links]
    assert [(link.label, link.current, link.count) for link in links] == [
        ("Connections", False, "6"),
        ("Runs", True, ""),
    ]
    assert links[0].url == "/x/?env=prd"


def test_the_sidebar_hides_what_the_role_may_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_reversed", lambda *_: "/x/")

    def labels(permissions: set[str]) -> set[str]:
        found = navigation.sections(navigation.Place("acme"), permissions=permissions)
        return {link.label for section in found for link in section.links}

    assert "Audit log" not in labels({"view"})
    assert "Audit log" in labels({"view", "view_audit"})


# The files ----------------------------------------------------------------------------------------------------------


def test_X8_no_template_has_inline_script_style_or_handlers() -> None:
    wrong = []
    for path in (PROJECT / "templates").rglob("*.html"):
        text = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.S)
        if re.search(r"<style|\sstyle\s*=|<script(?![^>]*\ssrc=)|<[^>]*\son[a-z]+\s*=|javascript:", text):
            wrong.append(str(path.relative_to(PROJECT)))
    assert not wrong


def test_X7_no_template_evaluates_in_the_browser() -> None:
    text = {path: path.read_text() for path in (PROJECT / "templates").rglob("*.html")}
    assert not [str(path) for path, source in text.items() if re.search(r"hx-on|hx-vals=['\"]js:|hx-vars", source)]


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    lines = (PROJECT / "static/icons.txt").read_text().splitlines()
    known = {line.rpartition("/")[2] for line in lines if line and not line.startswith("#")}
    named = {item.icon for group in (*navigation.WORKSPACE, *navigation.PRODUCT) for item in group.items}
    for path in (PROJECT / "templates").rglob("*.html"):
        found = re.findall(r"""(?:{% icon |\sicon=)["']([a-z0-9-]+)["']""", path.read_text())
        named |= set(found)
    assert named - known == set()


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html"])
def test_error_pages_need_nothing_and_say_what_to_do(name: str) -> None:
    html = render_to_string(name, {}, plain_request())
    assert name[:3] in html
    assert 'href="/"' in html


def test_every_template_compiles() -> None:
    for path in sorted((PROJECT / "templates").rglob("*.html")):
        engines["django"].get_template(str(path.relative_to(PROJECT / "templates")))
