"""The console of an action: fields by its schema, send in an environment, see the answer arrive."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from processors.forms.console import ConsoleForm
from processors.forms.earlier import earlier_values
from processors.models import Run
from processors.queries import console, run_pages
from processors.services import runs as run_services
from processors.views.run_context import run_context
from processors.views.snippets import call_snippets
from products import access
from products.access import Permission
from products.lib.errors import DomainError, Invalid
from products.lib.input_places import InputError
from products.services import samples
from products.views.base import ProductPage, WorkspacePage

WAIT_S = 2.0
PRODUCTS_SHOWN = 100


class ConsoleBase(ProductPage):
    """A page about one action of one connection."""

    section = "connections"
    found: console.Callable

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.found = console.find_callable(
            self.actor, self.product, self.environment, connection=kwargs["connection"], action=kwargs["action"]
        )

    def context(self, **extra: Any) -> dict[str, Any]:
        """Adds the action and whether it may be run here."""
        may_run = self.environment is not None and self.actor.may_run_in(self.environment)
        return super().context(
            found=self.found, spec=self.found.spec, may_run=may_run, may_edit=self._may_edit(), **extra
        )

    def _may_edit(self) -> bool:
        own = self.found.connection.app.workspace_id == self.actor.workspace.pk
        return own and self.actor.may(Permission.EDIT_APPS)


class ConsolePage(ConsoleBase):
    """Like a request in Postman, but every send is a run with its log."""

    template = "processors/console/page.html"
    earlier: Run | None = None

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """With the run that is edited."""
        super().prepare(request, **kwargs)
        self.earlier = console.earlier_run(self.actor, self.product, self.found.target, request.GET.get("run", ""))

    def context(self, **extra: Any) -> dict[str, Any]:
        """Adds the run that is edited."""
        return super().context(earlier=self.earlier, **extra)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The empty form, or that of an earlier run (`?run=`)."""
        return self.show(request, **self._form(), **self._around())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Starts the run and waits a moment for it; 422 with the form when something is wrong."""
        self.actor.need(Permission.RUN)
        form = ConsoleForm(self.found.spec, request.POST, request.FILES)
        started = self._start(form) if form.is_valid() else None
        if started is None:
            response = render(request, "processors/console/_form.html", self.context(form=form), status=422)
            response["HX-Retarget"], response["HX-Reswap"] = "#console-form", "outerHTML"
            return response
        run = run_pages.find_run(self.actor, self.product, started)
        return render(
            request, "processors/console/_result.html", self.context(**run_context(self.actor, run_pages.run_view(run)))
        )

    def _form(self) -> dict[str, Any]:
        if self.earlier is None:
            return {"form": ConsoleForm(self.found.spec)}
        around = {"retries": self.earlier.retries, "timeout": self.earlier.timeout_s}
        try:
            values = earlier_values(self.found.spec, self.earlier.input)
        except InputError as error:
            said = " ".join(one.detail for one in error.errors[:3])
            return {"form": ConsoleForm(self.found.spec, initial=around), "outdated": said}
        return {"form": ConsoleForm(self.found.spec, initial={**around, **values.initial}), "values": values}

    def _start(self, form: ConsoleForm) -> UUID | None:
        data = form.cleaned_data
        run_services.listen()
        try:
            started = run_services.start_run(
                self.actor,
                run_services.RunRequest(
                    product=self.product.tag,
                    environment=self.environment.slug if self.environment else "",
                    app=self.found.connection.tag,
                    action=self.found.action.tag,
                    input=form.structured(),
                    idempotency_key=data["idempotency_key"] or "",
                    retries=data["retries"],
                    timeout_s=data["timeout"],
                    trigger="restart" if self.earlier else "page",
                    replay_of=self.earlier.pk if self.earlier else None,
                ),
            )
        except Invalid as error:
            form.add_problems(error.errors)
            if not error.errors:
                form.add_error(None, error.message)
            return None
        except DomainError as error:
            form.add_error(None, error.message)
            return None
        run_services.wait_for(started.run.pk, WAIT_S)
        run_id: UUID = started.run.pk
        return run_id

    def _around(self) -> dict[str, Any]:
        body = {
            "product": self.product.tag,
            "environment": self.environment.slug if self.environment else "dev",
            "app": self.found.connection.tag,
            "action": self.found.action.tag,
            "input": _example(self.found),
            "wait": 10,
        }
        latest = (
            console.latest_of(self.actor, self.product, self.environment, self.found.target) if self.environment else []
        )
        return {"snippets": call_snippets(self.actor.workspace.tag, "action", body), "latest": latest}


class ConsoleResult(ConsoleBase):
    """The answer of a run, fetched again while the run goes on."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The result panel alone."""
        run = run_pages.find_run(self.actor, self.product, kwargs["run"])
        return render(
            request, "processors/console/_result.html", self.context(**run_context(self.actor, run_pages.run_view(run)))
        )


class SaveSample(ConsoleBase):
    """Keeps the answer of a run as a sample of the action."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Only for the app's own workspace."""
        run = run_pages.find_run(self.actor, self.product, kwargs["run"])
        view = run_pages.run_view(run)
        answer: dict[str, Any] = next((a.response for s in view.steps for a in reversed(s.attempts) if a.response), {})
        name = request.POST.get("name", "").strip() or f"{answer.get('status', '')} from {run.environment.slug}"
        samples.save_sample(
            self.actor,
            self.found.connection.app.tag,
            self.found.action.tag,
            {"name": name, "status": answer.get("status", 200), "content_type": answer.get("content_type", ""),
             "body": answer.get("body")},
        )  # fmt: skip
        messages.success(request, "Saved as a sample of the action.")
        response = render(request, "ui/_toasts.html", {"oob": True})
        response["HX-Reswap"] = "none"
        return response


class ActionRunPage(WorkspacePage):
    """From an app's action to the console of a product that has connected it."""

    template = "processors/console/choose.html"
    section = "apps"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Straight there if there is only one."""
        action = console.find_action(self.actor, str(kwargs["app"]), kwargs["action"])
        connections = console.connections_with(self.actor, action)
        if len(connections) == 1:
            only = connections[0]
            names = [self.actor.workspace.tag, only.product.tag, only.tag, action.tag]
            return redirect(reverse("action-console", args=names))
        products = [] if connections else list(access.products_of(self.actor)[:PRODUCTS_SHOWN])
        may_edit = self.actor.may(Permission.EDIT)
        return self.show(request, action=action, connections=connections, products=products, may_edit=may_edit)


def _example(found: console.Callable) -> dict[str, Any]:
    given: dict[str, Any] = {p.name: p.sample for p in found.spec.parameters if p.required and p.sample is not None}
    body = found.spec.body
    if body is not None and isinstance(body.sample, dict) and len(json.dumps(body.sample)) < 4000:
        given |= body.sample
    return given
