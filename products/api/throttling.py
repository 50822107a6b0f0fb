"""How often one caller and one workspace may use the REST API, and the headers that say what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from products.lib.errors import TooMany
from products.models import AccessKey, Workspace
from products.services.counting import Count, Limit, count

MINUTE = 60


def spend(request: Any, workspace: Workspace | None = None) -> list[Count]:
    """Counts this request for its caller, and for the workspace once the caller has proved to belong there."""
    wanted = [(Limit("caller", settings.RATE_LIMIT_CALLER, MINUTE), caller_of(request))]
    if workspace is not None:
        wanted.append((Limit("workspace", settings.RATE_LIMIT_WORKSPACE, MINUTE), str(workspace.pk)))
    return count(*wanted)


def refuse_too_many(counts: Sequence[Count]) -> None:
    """Raises TooMany when one of them is used up."""
    for one in counts:
        if one.exceeded:
            whose = "You have" if one.limit.name == "caller" else "Everybody in this workspace together has"
            raise TooMany(
                f"{whose} made {one.limit.most} requests in this minute; try again in {one.resets_in_s} seconds."
            )


def caller_of(request: Any) -> str:
    """The key or the person, as they are counted and remembered."""
    if isinstance(request.auth, AccessKey):
        return f"key:{request.auth.pk}"
    return f"user:{request.user.pk}"


def headers(counts: Sequence[Count]) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` of the IETF's draft 10, `X-RateLimit-*` of the limit that is nearest."""
    if not counts:
        return {}
    nearest = min(counts, key=lambda one: one.remaining / one.limit.most)
    said = {
        "RateLimit-Policy": ", ".join(f'"{c.limit.name}";q={c.limit.most};w={c.limit.window_s}' for c in counts),
        "RateLimit": ", ".join(f'"{c.limit.name}";r={c.remaining};t={c.resets_in_s}' for c in counts),
        "X-RateLimit-Limit": str(nearest.limit.most),
        "X-RateLimit-Remaining": str(nearest.remaining),
        "X-RateLimit-Reset": str(int(time.time()) + nearest.resets_in_s),
    }
    exceeded = [one.resets_in_s for one in counts if one.exceeded]
    return {**said, "Retry-After": str(max(exceeded))} if exceeded else said
