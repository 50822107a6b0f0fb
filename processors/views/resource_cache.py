"""What a cache holds: figures, keys, one value, and forgetting one or all."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from processors.views.asking import LookingPage
from products.access import Permission
from products.lib.errors import NotFound
from products.lib.jsontypes import Json, JsonError, JsonObject, parse_json

PAGE = 100
LONGEST_KEY = 2_000
LONGEST_PREVIEW = 100_000


class CacheBase(LookingPage):
    """A page about what a cache holds in one environment."""

    kind_name = "cache"
    tab = "cache-keys"

    def to_keys(self) -> HttpResponse:
        """Back to the keys."""
        where = [self.actor.workspace.tag, self.product.tag, self.found.row.tag]
        query = {"env": self.environment.slug} if self.environment else {}
        return redirect(f"{reverse('cache-keys', args=where)}?{urlencode(query)}")


class CacheKeys(CacheBase):
    """`…/resources/cache/<resource>/keys/`; `?part=figures` and `?part=list` ask the cache, and so does `?plain=1`."""

    template = "processors/resources/cache/keys.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The frame at once, what the cache says afterwards."""
        part = request.GET.get("part", "")
        contains, after = _text(request, "q"), _text(request, "after")
        around: dict[str, Any] = {"q": contains, "after": after}
        if part == "figures":
            return render(request, "processors/resources/cache/_figures.html", self.context(**self._figures()))
        if part == "list":
            context = self.context(**around, **self._keys(contains, after))
            return render(request, "processors/resources/cache/_keys.html", context)
        if request.GET.get("plain") and self.config and self.config.complete:
            around |= {"plain": True, **self._figures(), **self._keys(contains, after)}
        return self.show(request, **around)

    def _figures(self) -> dict[str, Any]:
        seen = self.seen("figures", {})
        found = seen.output if isinstance(seen.output, dict) else {}
        asked = int(found.get("hits", 0)) + int(found.get("misses", 0))
        ratio = f"{100 * int(found['hits']) / asked:.1f} %" if asked else "—"
        return {"figures_seen": seen, "figures": found, "ratio": ratio}

    def _keys(self, contains: str, after: str) -> dict[str, Any]:
        given: JsonObject = {"limit": PAGE}
        given |= {"contains": contains} if contains else {}
        given |= {"after": after} if after else {}
        seen = self.seen("keys", given)
        output = seen.output if isinstance(seen.output, dict) else {}
        rows = [{**each, "ends_ms": 1000 * float(each.get("ends_in_s") or 0)} for each in output.get("keys", [])]
        return {"seen": seen, "keys": rows, "next": output.get("next") or ""}


class CacheKey(CacheBase):
    """`…/resources/cache/<resource>/key/?key=`"""

    template = "processors/resources/cache/key.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One value as people may see it: masked and bounded."""
        key = _text(request, "key")
        if not key:
            raise NotFound("Which key?")
        seen = self.seen("look", {"key": key})
        found = seen.output if isinstance(seen.output, dict) else {}
        times = {name: 1000 * float(found.get(f"{name}_s") or 0) for name in ("age", "ends_in")}
        return self.show(request, key=key, seen=seen, value=found, times=times, shown=_shown(found.get("preview")))


class CachePurge(CacheBase):
    """`…/resources/cache/<resource>/purge/`: one key, or with `all` everything."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the keys, with how many were forgotten."""
        self.actor.need(Permission.RUN)
        key = request.POST.get("key", "")[:LONGEST_KEY]
        if not key and request.POST.get("all") != "yes":
            raise NotFound("Which key?")
        seen = self.seen("purge", {"key": key} if key else {})
        if seen.error:
            messages.error(request, seen.message)
        else:
            count = (seen.output or {}).get("purged", 0)
            messages.success(request, f"{count} value{'' if count == 1 else 's'} forgotten.")
        return self.to_keys()


def _shown(preview: Json) -> Json:
    """The value that a whole preview holds: null and numbers are no texts."""
    try:
        return parse_json(str(preview), max_bytes=LONGEST_PREVIEW)
    except JsonError:
        return preview


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "")[:LONGEST_KEY].replace("\x00", "")
