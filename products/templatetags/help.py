"""The one filter of the help pages: words in backticks become code."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_CODE = re.compile(r"`([^`]{1,200})`")


@register.filter
def coded(text: str) -> SafeString:
    """`{{ error.text|coded }}` — escaped, with every `word` in backticks as code."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308  (escaped before)
