"""Descriptions of strangers are shown as text that loads and runs nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.lib.descriptions import plain_text, safe_html
from tests.patience import ends


def test_markdown_is_rendered():
    html = safe_html("# Title\n\nSome **bold** `code`\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|\n")
    for part in ("<h1>Title</h1>", "<strong>bold</strong>", "<code>code</code>", "<li>one</li>", "<td>1</td>"):
        assert part in html


def test_html_descriptions_keep_their_shape():
    assert safe_html("<p>One<br>two <a href='https://a.example/x'>link</a></p>") == (
        '<p>One<br>two <a href="https://a.example/x" rel="noopener nofollow">link</a></p>'
    )


ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "![alt](https://sink.example/x.png)",
    "![alt](data:image/png;base64,AAAA)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "<a href=' java\nscript:alert(1)'>x</a>",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "<iframe src=https://sink.example></iframe>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext><script>alert(1)</script></mtext></math>",
    "<p style='background:url(https://sink.example)' onclick=alert(1)>x</p>",
    "<link rel=stylesheet href=https://sink.example><style>@import 'https://sink.example'</style>",
    "<form action=https://sink.example><input name=password><button>Sign in</button></form>",
    "<object data=https://sink.example></object><embed src=https://sink.example>",
    "<video src=https://sink.example></video><audio src=https://sink.example></audio>",
    "<base href=https://sink.example><meta http-equiv=refresh content='0;https://sink.example'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<a href='https://a.example' target=_top ping=https://sink.example>x</a>",
    "[x](/admin) [y](//sink.example)",
]
LOADS = re.compile(
    r"<(?!/?(?:p|br|hr|a|b|em|strong|code|pre|h\d|ul|ol|li|table|thead|tbody|tr|th|td|blockquote)\b)[a-z]"
    r"|\bon\w+\s*=|\b(?:src|style|ping|target|action|srcset|background)\s*=|href=\"(?!https://|http://|mailto:)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_I10_descriptions_load_and_run_nothing(attack):
    html = safe_html(f"Before {attack} after\n\n{attack}")
    shown_as_text = re.sub(r">[^<]*<", "><", f">{html}<")
    assert not LOADS.search(shown_as_text), html
    assert "Before" in html


def test_I10_links_do_not_vouch_for_their_target():
    assert 'rel="noopener nofollow"' in safe_html("[x](https://a.example)")


@pytest.mark.parametrize("piece", ["[", "*a ", ">", "`", "[a](", "<div>", "*_", "&", "- ", "![", "<a href='"])
def test_I10_descriptions_made_to_be_slow_end(piece):
    with ends():
        safe_html(piece * (20_000 // len(piece)))


def test_previews_are_plain_text():
    assert plain_text("# A <b>bold</b> *claim* & more") == "A bold claim & more"
    assert plain_text("- one\n- two\n\n<p>a</p><p>b</p>") == "one two a b"
    assert plain_text("word " * 100, length=20) == "word word word word…"
    assert plain_text("") == safe_html("  ") == ""


@given(st.text(max_size=200))
def test_any_text_can_be_shown(text):
    html = safe_html(text)
    assert not LOADS.search(re.sub(r">[^<]*<", "><", f">{html}<"))
