"""One operation of a resource from a form: each call is a run, its answer beside the form; and the runs of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from processors.forms.operations import OperationForm
from processors.queries import run_pages
from processors.queries.run_pages import RunFilters
from processors.services.operations import OperationRequest
from processors.views.asking import started_from
from processors.views.run_context import run_context
from processors.views.snippets import operation_snippets
from products.access import Permission
from products.catalog.resources import Operation
from products.lib.errors import NotFound
from products.queries.callable_resources import Wanted
from products.views.resources import ResourceBase


class ResourceTry(ResourceBase):
    """`…/resources/<kind>/<resource>/try/`; `?operation=` chooses which."""

    template = "processors/resources/try.html"
    tab = "resource-try"
    operation: Operation

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.operations = [each for each in self.kind.operations if not each.inner]
        if self.kind.defined:
            raise NotFound("Its operations are its actions.")
        asked = request.GET.get("operation") or self.operations[0].name
        found = next((each for each in self.operations if each.name == asked), None)
        if found is None:
            raise NotFound("There is no such operation.")
        self.operation = found

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The empty form; with `?key=` for that key."""
        given = {"key": request.GET["key"][:1_024]} if "key" in request.GET else None
        form = OperationForm(self.operation.input, given=given)
        return self.show(request, form=form, **self._around())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Starts the run and waits a moment for it; 422 with the form when something is wrong."""
        self.actor.need(Permission.RUN)
        form = OperationForm(self.operation.input, request.POST)
        started = self._start(form) if form.is_valid() else None
        if not getattr(request, "htmx", False):
            return self._whole(request, form, started)
        if started is None:
            response = render(request, "processors/resources/_form.html", self._drawn(form=form), status=422)
            response["HX-Retarget"], response["HX-Reswap"] = "#try-form", "outerHTML"
            return response
        run = run_pages.find_run(self.actor, self.product, started)
        context = self._drawn(**run_context(self.actor, run_pages.run_view(run)))
        return render(request, "processors/resources/_result.html", context)

    def _whole(self, request: HttpRequest, form: OperationForm, started: UUID | None) -> HttpResponse:
        if started is None:
            return self.show(request, form=form, status=422, **self._around())
        return redirect("run", self.actor.workspace.tag, self.product.tag, started)

    def _start(self, form: OperationForm) -> UUID | None:
        slug = self.environment.slug if self.environment else ""
        wanted = Wanted(self.kind.name, self.found.row.tag, self.operation.name)
        asked = OperationRequest(self.product.tag, slug, wanted, form.values(), trigger="page", **form.how())
        return started_from(form, self.actor, asked)

    def _drawn(self, **extra: Any) -> dict[str, Any]:
        return self.context(operation=self.operation, operations=self.operations, **extra)

    def _around(self) -> dict[str, Any]:
        row, slug = self.found.row, self.environment.slug if self.environment else "dev"
        example = {each.name: each.default or f"<{each.name}>" for each in self.operation.input if each.required}
        body = {"product": self.product.tag, "environment": slug, self.kind.name: row.tag, "input": example, "wait": 10}
        name = f"{self.kind.name}.{self.operation.name}"
        return {
            "operation": self.operation,
            "operations": self.operations,
            "snippets": operation_snippets(self.actor.workspace.tag, name, body),
        }


class ResourceRun(ResourceBase):
    """`…/resources/<kind>/<resource>/runs/<run>/`: the answer of a run, fetched again while the run goes on."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The result panel alone."""
        run = run_pages.find_run(self.actor, self.product, kwargs["run"])
        context = self.context(**run_context(self.actor, run_pages.run_view(run)))
        return render(request, "processors/resources/_result.html", context)


class ResourceRuns(ResourceBase):
    """`…/resources/<kind>/<resource>/runs/`"""

    template = "processors/resources/runs.html"
    fragment = "processors/resources/_runs.html"
    tab = "resource-runs"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Those of the environment, newest first."""
        if self.environment is None:
            return self.back()
        filters = RunFilters(kind=self.kind.event_type, below=f"{self.found.row.tag}:")
        here = (self.actor, self.product, self.environment)
        return self.show(request, page=run_pages.run_list(*here, filters, request.GET.get("cursor", "")))
