"""Descriptions that strangers wrote, in Markdown or HTML, to HTML that is safe to show.

Nothing in it loads from anywhere: images become their alternative text, styles and embedded content go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

MAX_LENGTH = 20_000
_TAGS = {
    *("p", "br", "hr", "b", "strong", "i", "em", "u", "s", "del", "sub", "sup", "small", "mark", "abbr", "code", "pre"),
    *("kbd", "samp", "var", "blockquote", "q", "cite", "ul", "ol", "li", "dl", "dt", "dd", "a", "details", "summary"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_BLOCK = re.compile(r"</(?:p|li|h\d|t[dh]|tr|div|pre|blockquote|summary)>|<br\b")
_SCHEMES = {"http", "https", "mailto"}


def safe_html(text: str) -> str:
    """Sanitised HTML of a Markdown (or HTML) description; text beyond 20,000 characters is left out.

    Links keep only absolute http, https and mailto addresses and carry `rel="noopener nofollow"`.
    """
    if not text.strip():
        return ""
    return _CLEANER.clean(_MARKDOWN.render(text[:MAX_LENGTH])).strip()


def plain_text(text: str, *, length: int = 300) -> str:
    """The first words of a description without any markup, for lists and previews."""
    html = _BLOCK.sub(r" \g<0>", _MARKDOWN.render(text[: length * 10]))
    bare = nh3.clean(html, tags=set(), clean_content_tags={"script", "style"})
    words = " ".join(_unescaped(bare).split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def _unescaped(text: str) -> str:
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&nbsp;", " "), ("&amp;", "&")):
        text = text.replace(entity, char)
    return text


def _image_as_text(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return escapeHtml(renderer.renderInlineAsText(tokens[index].children or [], options, env))


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name != "href":
        return value
    return value if value.lower().startswith(("https://", "http://", "mailto:")) else None


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image_as_text)
    return parser


_MARKDOWN = _markdown()
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style", "iframe", "object", "svg", "math", "template", "noscript", "title"},
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes=_SCHEMES,
    link_rel="noopener nofollow",
)
