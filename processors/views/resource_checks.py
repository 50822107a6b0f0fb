"""Whether a resource can be reached from an environment: asked at once, without a run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from processors.views.asking import ask
from products.lib.jsontypes import Json
from products.queries.callable_resources import Wanted
from products.views.resources import ResourceBase


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it. `took_ms` is what the whole question took, from here to the server and back."""

    ok: bool
    message: str
    took_ms: float


class ResourceCheck(ResourceBase):
    """`…/resources/<kind>/<resource>/environments/<environment>/check/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Tests, and shows beside the button what came of it."""
        slug, tag = kwargs["environment"], self.found.row.tag
        began = time.perf_counter()
        seen = ask(self.actor, self.product.tag, slug, Wanted(self.kind.name, tag, "check"), {})
        ok, message = seen.error is None, seen.message or server_words(seen.output, self._title(slug))
        checked = Checked(ok, message, (time.perf_counter() - began) * 1000)
        if getattr(request, "htmx", False):
            return render(request, "processors/resources/_checked.html", self.context(checked=checked))
        (messages.success if ok else messages.error)(request, message)
        return self.back(slug)

    def _title(self, slug: str) -> str:
        """What the provider of an environment is called."""
        titles = (each.provider.title for each in self.found.configs if each.environment.slug == slug and each.provider)
        return next(titles, "")


def server_words(output: Json, title: str) -> str:
    """The server and its version where there is one, else what was tried. `title` may be “MySQL or MariaDB”."""
    found = output if isinstance(output, dict) else {}
    version = str(found.get("version") or "")
    names = title.split(" or ")
    server = str(found.get("server") or next((name for name in names if name in version), names[0]))
    if version:
        return f"{server} {version}"[:200]
    return "Listed, and wrote, read and removed a small file." if found.get("written") else "It answers."
