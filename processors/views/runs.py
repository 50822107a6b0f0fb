"""The list of runs, one run with its live parts and its log, and what a person can do to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from processors.forms.runs import RunFilterForm
from processors.models import Run
from processors.queries import console, run_pages
from processors.services import runs as run_services
from processors.services.operations import RUN_KINDS
from processors.views import feature_page
from processors.views.run_context import run_context
from products.views.base import ProductPage, WorkspacePage

PARTS = {name: f"processors/runs/_{name}.html" for name in ("head", "timeline", "io", "attempts")}


class RunsPage(ProductPage):
    """The runs of an environment, newest first."""

    template = "processors/runs/page.html"
    fragment = "processors/runs/_list.html"
    section = "runs"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One keyset page by the filters of the address."""
        if self.environment is None:
            return redirect("product-overview", self.actor.workspace.tag, self.product.tag)
        here = (self.actor, self.product, self.environment)
        form = RunFilterForm(request.GET, targets=run_pages.known_targets(self.environment))
        filters = form.filters()
        return self.show(
            request,
            form=form,
            filters=filters,
            page=run_pages.run_list(*here, filters, request.GET.get("cursor", "")),
            counts_by_state=run_pages.state_counts(*here),
            clear_url=f"?env={self.environment.slug}",
        )


class RunBase(ProductPage):
    """A page about one run: its environment is the page's."""

    section = "run"
    run: Run

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound for a run of another product or workspace."""
        super().prepare(request, **kwargs)
        self.run = run_pages.find_run(self.actor, self.product, kwargs["run"])
        self.environment = self.run.environment
        self.environments = [self.environment]  # a run is where it is: there is nothing to switch to

    def back(self, run_id: UUID) -> HttpResponse:
        """To a run's page."""
        return redirect(reverse("run", args=[self.actor.workspace.tag, self.product.tag, run_id]))


class RunPage(RunBase):
    """One run. `?part=` gives one live part of it alone."""

    template = "processors/runs/run.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The whole page, or the part."""
        if self.run.kind == "feature":
            return self._feature(request)
        context = run_context(self.actor, run_pages.run_view(self.run))
        context["log_url"] = f"{request.path}log/"
        context["may_run"] = self.actor.may_run_in(self.run.environment)
        is_own = self.run.kind in RUN_KINDS and not run_services.is_inner(self.run)
        context["may_restart"] = context["may_run"] and is_own
        context["console_url"] = self._console_url() if context["may_run"] else ""
        part = PARTS.get(request.GET.get("part", ""))
        if part is not None:
            return render(request, part, self.context(**context))
        return self.show(request, **context)

    def _console_url(self) -> str:
        if not console.is_callable(self.run):
            return ""
        app, _, action = self.run.target.partition(":")
        path = reverse("action-console", args=[self.actor.workspace.tag, self.product.tag, app, action])
        return f"{path}?env={self.run.environment.slug}&run={self.run.pk}"

    def _feature(self, request: HttpRequest) -> HttpResponse:
        context = self.context(**feature_page.page_context(self.actor, self.run, request))
        context["log_url"] = f"{request.path}log/"
        context["may_run"] = self.actor.may_run_in(self.run.environment)
        return render(request, feature_page.part_of(request) or feature_page.PAGE, context)


class RunLogRows(WorkspacePage):
    """The log lines after a number, as rows: asked for many times a second while a run talks."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """`?after=` counts within the run; anything else starts at the beginning."""
        after = request.GET.get("after", "0")
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
        lines = run_pages.log_of(self.actor, kwargs["product"], kwargs["run"], number)
        return render(request, "ui/_log_rows.html", {"lines": lines})


class CancelRun(RunBase):
    """The button on a run that has not ended."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Nothing is called any more once it shows as cancelled."""
        run_services.cancel_run(self.actor, self.run)
        messages.success(request, "The run is being cancelled.")
        return self.back(self.run.pk)


class ReplayRun(RunBase):
    """The button that starts the same input afresh."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Leads to the new run."""
        started = run_services.replay_run(self.actor, self.run, trigger="replay")
        return self.back(started.run.pk)
