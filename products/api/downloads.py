"""Files to save: never opened by the browser on our origin, whatever they hold."""

from __future__ import annotations

from django.http import HttpResponse


def json_file(data: bytes, name: str) -> HttpResponse:
    """A JSON document under a name made of a tag."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return HttpResponse(data, content_type="application/json; charset=utf-8", headers=headers)
