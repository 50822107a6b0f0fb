"""One database action: its statements, a form from its placeholders, a dry run, and a run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from processors.forms.operations import OperationForm
from processors.queries import run_pages
from processors.services.operations import OperationRequest
from processors.views.asking import ask, started_from
from processors.views.run_context import run_context
from processors.views.snippets import operation_snippets
from products.access import Permission
from products.catalog.resources.operations import input_fields
from products.lib.database_actions import as_read
from products.models import DatabaseAction
from products.queries import database_actions as queries
from products.queries.callable_resources import Wanted
from products.views.database_actions import DatabaseBase


class DatabaseActionPage(DatabaseBase):
    """`…/resources/database/<resource>/actions/<action>/`"""

    template = "processors/databases/action.html"
    tab = "database-actions"
    row: DatabaseAction

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.row = queries.database_action(self.actor, self.found.row, kwargs["action"])
        self.declared = input_fields("database", "run", self.row.definition)
        self.slug = self.environment.slug if self.environment else ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The empty form."""
        return self.show(request, form=OperationForm(self.declared), **self._around())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Runs it and waits a moment; `do=explain` asks the database only for its plan."""
        form = OperationForm(self.declared, request.POST)
        if request.POST.get("do") == "explain":
            return self._explained(request, form)
        self.actor.need(Permission.RUN)
        started = self._start(form) if form.is_valid() else None
        if started is None:
            return self._refused(request, form)
        if not getattr(request, "htmx", False):
            return redirect("run", self.actor.workspace.tag, self.product.tag, started)
        run = run_pages.find_run(self.actor, self.product, started)
        context = self.context(**run_context(self.actor, run_pages.run_view(run)))
        return render(request, "processors/resources/_result.html", context)

    def _explained(self, request: HttpRequest, form: OperationForm) -> HttpResponse:
        if not form.is_valid():
            return self._refused(request, form)
        wanted = Wanted("database", self.found.row.tag, "explain")
        given = {"action": self.row.tag, "input": form.values()}
        seen = ask(self.actor, self.product.tag, self.slug, wanted, given)
        if getattr(request, "htmx", False):
            return render(request, "processors/databases/_plan.html", self.context(seen=seen))
        return self.show(request, form=form, seen=seen, **self._around())

    def _refused(self, request: HttpRequest, form: OperationForm) -> HttpResponse:
        if not getattr(request, "htmx", False):
            return self.show(request, form=form, status=422, **self._around())
        context = self.context(form=form, row=self.row)
        response = render(request, "processors/databases/_form.html", context, status=422)
        response["HX-Retarget"], response["HX-Reswap"] = "#try-form", "outerHTML"
        return response

    def _start(self, form: OperationForm) -> UUID | None:
        wanted = Wanted("database", self.found.row.tag, self.row.tag)
        asked = OperationRequest(self.product.tag, self.slug, wanted, form.values(), trigger="page", **form.how())
        return started_from(form, self.actor, asked)

    def _around(self) -> dict[str, Any]:
        example = {each.name: each.default or f"<{each.name}>" for each in self.declared if each.required}
        body = {
            "product": self.product.tag, "environment": self.slug or "dev", "database": self.found.row.tag,
            "action": self.row.tag, "input": example, "wait": 10,
        }  # fmt: skip
        snippets = operation_snippets(self.actor.workspace.tag, "db.run", body)
        return {"row": self.row, "snippets": snippets, "listed": list(_listed(self.row.definition))}


def _listed(definition: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Its statements by dialect, as they are shown."""
    groups = [("", definition.get("sql")), *(definition.get("variants") or {}).items()]
    found = [(name, [given] if isinstance(given, str) else given) for name, given in groups if given]
    return [*found, *([("mongodb", [as_read(definition["mongodb"])])] if definition.get("mongodb") else [])]
