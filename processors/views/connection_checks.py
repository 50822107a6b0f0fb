"""A connection's account and health: connect by OAuth, come back, test, look again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View
from yarl import URL

from processors.accounts import connecting as oauth_connect
from processors.accounts import testing as connection_tests
from processors.accounts.places import find_place
from processors.queries import run_pages
from products.access import Permission
from products.lib.errors import DomainError
from products.queries import connections as queries
from products.views.base import ProductPage

WAIT_S = 2.0  # then the page follows the run by itself


class ConnectionChecks(ProductPage):
    """Below `…/connections/<connection>/environments/<environment>/`."""

    section = "connections"
    found: queries.ConnectionView
    view: queries.EnvironmentView | None

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.where = (self.product.tag, kwargs["connection"], kwargs["environment"])
        self.find()

    def find(self) -> None:
        """How it stands now. Raises NotFound."""
        self.found = queries.connection(self.actor, *self.where[:2])
        found = self.found.environments
        self.view = next((each for each in found if each.environment.slug == self.where[2]), None)

    def _may_connect(self) -> bool:
        if self.view is None or not self.view.by_person:
            return False
        return self.actor.may_change_in(self.view.environment) and self.actor.may(Permission.USE_SECRETS)

    def drawn(self, request: HttpRequest, template: str, **extra: Any) -> HttpResponse:
        """A part of the connection's page."""
        return render(request, template, self.context(found=self.found, view=self.view, **extra))


class ConnectionHealthPanel(ConnectionChecks):
    """`…/health/`: fetched again when something ran. `?checks=`: what can be done; `?run=`: what a test brought."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The part alone."""
        place = find_place(self.actor, *self.where)
        if request.GET.get("checks"):
            return self.drawn(
                request,
                "processors/connections/_checks.html",
                safe_actions=connection_tests.safe_actions(place)[:50],
                may_connect=self._may_connect(),
                may_run=self.actor.may_run_in(place.environment),
                redirect_uri=oauth_connect.redirect_uri(),
            )
        run_id = _id(request.GET.get("run", ""))
        if run_id is None:
            return self.drawn(request, "products/connections/_health.html")
        run = run_pages.find_run(self.actor, self.product, run_id)
        return self.drawn(request, "processors/connections/_tested.html", tested=connection_tests.tested(run))


class ConnectionTest(ConnectionChecks):
    """`…/test/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Tests, and shows the result beside the button."""
        action = request.POST.get("action", "")[:63]
        try:
            tested = connection_tests.try_connection(self.actor, self.where, action=action, wait_s=WAIT_S)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            tested = connection_tests.Tested("failed", error.message)
        if not getattr(request, "htmx", False):
            say = messages.success if tested.state == "ok" else messages.error
            say(request, tested.message)
            return _back(self.actor.workspace.tag, *self.where)
        self.find()
        return self.drawn(request, "processors/connections/_answer.html", tested=tested)


class ConnectAccount(ConnectionChecks):
    """`…/authorize/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Sends the person to the provider: at once from a page with scripts, by a link without."""
        address = oauth_connect.begin(self.actor, request.session, self.where)
        if getattr(request, "htmx", False):
            response = HttpResponse(status=204)
            response["HX-Redirect"] = address
            return response
        # A form's answer may not redirect to another site (`form-action`), a link may lead there.
        context = self.context(found=self.found, address=address, host=URL(address).host)
        return render(request, "processors/connections/leave.html", context)


class OAuthCallback(LoginRequiredMixin, View):
    """`/oauth/callback/`: the one address providers send people back to."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Back to the connection it began at; nothing in the address decides where that is."""
        given = {key: request.GET.get(key, "")[:4_000] for key in ("state", "code", "error")}
        request_id = str(getattr(request, "request_id", ""))[:64]
        try:
            ended = oauth_connect.finish(request.user, request.session, given, request_id=request_id)  # type: ignore[arg-type]
        except DomainError as error:
            messages.error(request, error.message)
            return redirect("start")
        if ended.failure:
            messages.error(request, ended.failure)
        else:
            messages.success(request, f"Connected for {ended.environment}.")
        return _back(ended.workspace, ended.product, ended.connection, ended.environment)


def _back(workspace: str, product: str, connection: str, environment: str) -> HttpResponse:
    return redirect(f"{reverse('connection', args=[workspace, product, connection])}?env={environment}")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
