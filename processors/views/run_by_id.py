"""From a run's id alone to its page: what the palette and people with an id in a log need."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from processors.queries import runs
from products.views.base import WorkspacePage


class RunById(WorkspacePage):
    """`/w/<workspace>/runs/<run>/`"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """To the run's page below its product. Raises NotFound."""
        run = runs.run(self.actor, kwargs["run"])
        return redirect("run", self.actor.workspace.tag, run.product.tag, run.pk)
