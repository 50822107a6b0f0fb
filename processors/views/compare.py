"""Two runs beside each other: facts, input, output, and step by step what differs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from processors.models import Run, Step
from processors.queries import feature_runs, run_pairs
from processors.queries.runs import output_for
from products.catalog.triggers import trigger_words
from products.lib.errors import DomainError, Invalid
from products.ui.formats import duration_text
from products.ui.json_diff import Pair, compared
from products.views.base import ProductPage


class ComparePage(ProductPage):
    """`?a=…&b=…`, or `?run=…&run=…` as the list sends it. `?step=` shows what one step got and gave in both."""

    template = "processors/runs/compare.html"
    section = "run"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Both runs have to be of this product."""
        picked = sorted(request.GET.getlist("run"))  # ids begin with their time: the earlier one comes first
        ids = [text for text in (request.GET.get("a", ""), request.GET.get("b", ""), *picked) if text]
        pair = run_pairs.pair_of(self.actor, self.product, ids)
        only = "" if request.GET.get("all") else "different"
        return self.show(
            request,
            pair=pair,
            facts=_facts(pair.a, pair.b),
            inputs=compared(pair.a.input, pair.b.input),
            outputs=compared(output_for(self.actor, pair.a), output_for(self.actor, pair.b)),
            steps=[one for one in pair.steps if one.differs or not only],
            only=only,
            step=self._step(pair, request.GET.get("step", "")),
        )

    def refused(self, request: HttpRequest, error: DomainError) -> HttpResponse:
        """Who chose none, one or three is sent back to choose."""
        if not isinstance(error, Invalid):
            return super().refused(request, error)
        messages.error(request, error.message)
        return redirect(reverse("runs", args=[self.actor.workspace.tag, self.product.tag]))

    def _step(self, pair: run_pairs.RunPair, tag: str) -> dict[str, Any] | None:
        if not tag or "\x00" in tag:
            return None
        left, right = run_pairs.steps_named(pair, tag)
        return {
            "tag": tag,
            "inputs": compared(left and left.input, right and right.input),
            "outputs": self._outputs(pair, left, right),
        }

    def _outputs(self, pair: run_pairs.RunPair, left: Step | None, right: Step | None) -> list[Pair]:
        one = feature_runs.output_for(self.actor, pair.a, left) if left else None
        other = feature_runs.output_for(self.actor, pair.b, right) if right else None
        return compared(one, other)


def _facts(a: Run, b: Run) -> list[tuple[str, str, str]]:
    return [
        ("Target", a.target, b.target),
        ("Environment", a.environment.slug, b.environment.slug),
        ("Runs", _version(a), _version(b)),
        ("Trigger", trigger_words(a.trigger), trigger_words(b.trigger)),
        ("By", a.actor, b.actor),
        ("Took", duration_text(a.took_ms), duration_text(b.took_ms)),
        ("Error", str((a.error or {}).get("message", ""))[:300], str((b.error or {}).get("message", ""))[:300]),
    ]


def _version(run: Run) -> str:
    if run.kind != "feature":
        return run.kind
    return f"release {run.release}" if run.release else "the draft"
