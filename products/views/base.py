"""What every page of a workspace shares: sign-in, the actor, the product and environment of the address, errors."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View

from products import access
from products.access import Actor
from products.lib.errors import DomainError, Forbidden, NotFound
from products.models import Environment, Product
from products.queries.shell import frame

SWITCHER_LIMIT = 50


class WorkspacePage(LoginRequiredMixin, View):
    """A page below `/w/<workspace>/`. `self.actor` is set before any method runs; strangers get a 404."""

    actor: Actor
    template = ""  # the whole page; it includes the fragment
    fragment = ""  # what HTMX asks for: a template whose name starts with "_"
    section = ""  # url name of the navigation item that is marked

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Maps domain errors once: 404 and 403 pages; a service's refusal becomes a message where a page knows none."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        try:
            self.prepare(request, **kwargs)
            return super().dispatch(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(error.message) from error
        except Forbidden as error:
            return render(request, "403.html", {"detail": error.message}, status=403)
        except DomainError as error:
            return self.refused(request, error)

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Finds the actor, and in subclasses the product and so on. Raises NotFound."""
        request_id = str(getattr(request, "request_id", ""))[:64]
        self.actor = access.member(request.user, kwargs["workspace"], request_id=request_id)  # type: ignore[arg-type]
        if request.session.get("workspace") != self.actor.workspace.tag:
            request.session["workspace"] = self.actor.workspace.tag  # where `/` leads next time

    def refused(self, request: HttpRequest, error: DomainError) -> HttpResponse:
        """What a person sees when a service refuses and the page does not handle it beside a field."""
        messages.error(request, error.message)
        return render(request, "ui/refused.html", {"error": error}, status=error.status)

    def context(self, **extra: Any) -> dict[str, Any]:
        """What every template of a workspace needs."""
        mine = {"actor": self.actor, "workspace": self.actor.workspace, "section": self.section}
        return {**frame(self.actor, getattr(self, "product", None)), **mine, **extra}

    def show(self, request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
        """The fragment for HTMX, the whole page otherwise."""
        partial = bool(self.fragment) and bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]
        response = render(request, self.fragment if partial else self.template, self.context(**extra), status=status)
        response["Vary"] = "HX-Request, Cookie"
        return response


class ProductPage(WorkspacePage):
    """A page below `/w/<workspace>/p/<product>/`; `?env=` chooses the environment and is remembered."""

    product: Product
    environment: Environment | None
    environments: list[Environment]

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.product = access.product(self.actor, kwargs["product"])
        self.environments = access.active_environments(self.product)
        self.environment = self._chosen(request)

    def _chosen(self, request: HttpRequest) -> Environment | None:
        memory = f"env:{self.product.pk}"
        asked = request.GET.get("env") or request.session.get(memory, "")
        found = next((e for e in self.environments if e.slug == asked), None)
        if found is not None and request.session.get(memory) != found.slug:
            request.session[memory] = found.slug
        return found or (self.environments[0] if self.environments else None)

    def context(self, **extra: Any) -> dict[str, Any]:
        """Adds the product and its environments."""
        return super().context(
            product=self.product, environment=self.environment, environments=self.environments, **extra
        )
