"""The page of a feature's run, whole or one live part of it alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from processors.models import NEVER, Run
from processors.services.partial_runs import until_of
from processors.views.feature_run import Chosen, FeatureRunView, chosen_query
from processors.views.run_context import FAULTS, REPEATS, short_id
from processors.views.snippets import feature_snippets
from products.access import Actor
from products.catalog.errors import ERRORS

FOLDER = "processors/runs/feature"
PAGE = f"{FOLDER}/page.html"
PARTS = {
    name: f"{FOLDER}/_{name}.html" for name in ("head", "asks", "graph", "timeline", "steps", "io", "related", "step")
}
KNOWN_CODES = frozenset(ERRORS)  # a feature may fail with one of its own


def part_of(request: HttpRequest) -> str:
    """The template of the part that is asked for: by name, or because a link fills the place of the step."""
    if getattr(request, "htmx", None) and request.htmx.target == "step":  # type: ignore[attr-defined]
        return PARTS["step"]
    return PARTS.get(request.GET.get("part", ""), "")


def page_context(actor: Actor, run: Run, request: HttpRequest) -> dict[str, Any]:
    """What the page and its parts draw. Little is read before a template asks for it."""
    chosen = Chosen.of(request.GET)
    until = until_of(run)
    return {
        "run": run,
        "view": FeatureRunView(actor, run, chosen),
        "short_id": short_id(run),
        "topic": f"run:{run.pk}",
        "part_url": f"{request.path}?{chosen_query(chosen)}part=",
        "fault_text": FAULTS.get(str((run.error or {}).get("fault", "")), ""),
        "known_codes": KNOWN_CODES,
        "repeats": REPEATS.get(run.trigger, "Replay of"),
        "wakes": run.wake_at is not None and run.wake_at < NEVER,
        "until": until,
        "snippets": feature_snippets(
            run.workspace.tag, run.product.tag, run.environment.slug, run.target, run.input, until=until
        ),
    }
