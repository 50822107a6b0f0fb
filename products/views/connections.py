"""Connections of a product: the list, connecting an app, one connection with a tab an environment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from products.access import Permission
from products.forms.apps import AppSearchForm
from products.forms.connections import ConnectForm, MappingForm, RenameForm
from products.lib.errors import Conflict, Invalid
from products.models import App
from products.queries import actions as action_queries
from products.queries import apps as app_queries
from products.queries import connections as queries
from products.queries import marketplace
from products.queries.secrets import secrets_of
from products.services import connections as services
from products.views.base import ProductPage

SHOWN = 200
CHOICES = 60
ACTIONS_SHOWN = 25


class ConnectionsPage(ProductPage):
    """`/w/<workspace>/p/<product>/connections/`"""

    template = "products/connections/page.html"
    fragment = "products/connections/_list.html"
    section = "connections"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """By tag, each with how it does in every environment, in their order."""
        found = list(queries.connections_of(self.actor, self.product.tag).order_by("tag")[:SHOWN])
        rows = [self._row(view) for view in queries.views(found)]
        return self.show(request, rows=rows, may_edit=self.actor.may(Permission.EDIT))

    def _row(self, view: queries.ConnectionView) -> dict[str, Any]:
        places = {each.environment.pk: each for each in view.environments}
        by_environment = [places.get(each.pk) for each in self.environments]
        return {"connection": view.connection, "app": view.app, "by_environment": by_environment}


class ConnectChoose(ProductPage):
    """`/w/<workspace>/p/<product>/connect/`: which app."""

    template = "products/connections/choose.html"
    fragment = "products/connections/_choices.html"
    section = "connection"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Own apps and the marketplace, by words and category."""
        self.actor.need(Permission.EDIT)
        form = AppSearchForm(request.GET)
        chosen = form.chosen()
        public = list(marketplace.published_apps(self.actor, **chosen)[:CHOICES])
        return self.show(
            request,
            form=form,
            filtered=any(chosen.values()),
            own=app_queries.apps_list(self.actor, **chosen)[:CHOICES],
            public=[app for app in public if app.workspace_id != self.actor.workspace.pk],
        )


class ConnectPage(ProductPage):
    """`/w/<workspace>/p/<product>/connect/<app>/`: under which tag, leading where."""

    template = "products/connections/connect.html"
    section = "connection"
    app: App

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.actor.need(Permission.EDIT)
        self.app = app_queries.app_parts(self.actor, kwargs["app"])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One form an environment, side by side."""
        form = ConnectForm(initial={"name": self.app.name, "tag": self.app.tag})
        return self._page(request, form, self._mappings(None))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Connects; `?draft=` only draws the credentials of one environment, for another auth."""
        mappings = self._mappings(request.POST)
        draft = next((each for each in mappings if each.slug == request.GET.get("draft")), None)
        if draft is not None:
            return _drawn(request, self.context(mapping=draft.redrawn()))
        form = ConnectForm(request.POST)
        row = self._connected(form, mappings)
        if row is None:
            return self._page(request, form, mappings, status=422)
        messages.success(request, f"{row.name} is connected as {row.tag}.")
        return redirect("connection", self.actor.workspace.tag, self.product.tag, row.tag)

    def _connected(self, form: ConnectForm, mappings: list[MappingForm]) -> Any:
        ready = [form.is_valid(), *(each.is_valid() for each in mappings)]
        if not all(ready):
            return None
        wanted = {each.slug: each.payload() for each in mappings if each.cleaned_data["app_environment"]}
        data = {**form.payload(), "app": str(self.app.pk), "environments": wanted}
        try:
            return services.connect(self.actor, self.product.tag, data)
        except Invalid as error:
            _spread(error, form, mappings)
        except Conflict as error:
            form.add_error(None, error.message)
        return None

    def _mappings(self, data: Any) -> list[MappingForm]:
        auth = next(iter(self.app.default_auths or [row.tag for row in self.app.auths.all()]), "")
        places = [row.slug for row in self.app.environments.all()]
        suggested = {"auth": auth, "app_environment": places[0] if len(places) == 1 else ""}
        mine = [row.slug for row in self.environments if self.actor.may_change_in(row)]
        return [MappingForm(data, app=self.app, slug=slug, suggested=suggested) for slug in mine]

    def _around(self) -> dict[str, Any]:
        return {"app": self.app, "secrets": secrets_of(self.actor)[:500]}

    def _page(self, request: HttpRequest, form: ConnectForm, mappings: Any, status: int = 200) -> HttpResponse:
        return self.show(request, form=form, mappings=mappings, status=status, **self._around())


class ConnectionBase(ProductPage):
    """A page about one connection."""

    section = "connection"
    found: queries.ConnectionView

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.found = queries.connection(self.actor, self.product.tag, kwargs["connection"])

    def back(self) -> HttpResponse:
        """To the connection's page."""
        return redirect("connection", self.actor.workspace.tag, self.product.tag, self.found.connection.tag)


class ConnectionPage(ConnectionBase):
    """`/w/<workspace>/p/<product>/connections/<connection>/`"""

    template = "products/connections/connection.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The environment of the address, and the app's actions."""
        if request.GET.get("actions") is not None and getattr(request, "htmx", False):
            return render(
                request, "products/connections/_actions.html", self.context(found=self.found, **self._actions(request))
            )
        return self._page(request, self._form(None))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves the environment; `?draft=` only draws its credentials, for another auth."""
        self.actor.need(Permission.EDIT)
        form = self._form(request.POST)
        if form is None:
            return self.back()
        if request.GET.get("draft"):
            return _drawn(request, self.context(mapping=form.redrawn()))
        where = (self.product.tag, self.found.connection.tag, form.slug)
        if form.submit(lambda data: services.map_environment(self.actor, *where, data=data)) is None:
            return self._page(request, form, status=422)
        messages.success(request, f"Saved for {form.slug}.")
        return redirect(f"{request.path}?env={form.slug}")

    def _form(self, data: Any) -> MappingForm | None:
        view = next((each for each in self.found.environments if each.environment == self.environment), None)
        if view is None:
            return None
        app = queries.app_of(self.found.connection)
        return MappingForm(data, app=app, slug=view.environment.slug, view=view)

    def _actions(self, request: HttpRequest) -> dict[str, Any]:
        search = request.GET.get("q", "")[:120].replace("\x00", "")
        page = action_queries.action_page(
            self.found.app, {"search": search}, request.GET.get("after", ""), size=ACTIONS_SHOWN
        )
        return {"page": page, "q": search}

    def _around(self) -> dict[str, Any]:
        return {"found": self.found, "secrets": secrets_of(self.actor)[:500]}

    def _page(self, request: HttpRequest, form: MappingForm | None, status: int = 200) -> HttpResponse:
        view = next((each for each in self.found.environments if each.environment == self.environment), None)
        return self.show(
            request,
            mapping=form,
            view=view,
            may_edit=self.actor.may(Permission.EDIT),
            may_change=view is not None and self.actor.may_change_in(view.environment),
            rename=RenameForm(initial={"name": self.found.connection.name}),
            visible=self.found.app.visibility == "public" or self.found.app.workspace_id == self.actor.workspace.pk,
            status=status,
            **self._around(),
            **self._actions(request),
        )


class ConnectionRename(ConnectionBase):
    """`…/connections/<connection>/rename/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Another name."""
        services.rename(self.actor, self.product.tag, self.found.connection.tag, {"name": request.POST.get("name", "")})
        messages.success(request, "Saved.")
        return self.back()


class ConnectionUnmap(ConnectionBase):
    """`…/connections/<connection>/environments/<environment>/unmap/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Forgets one environment and its values."""
        where = (self.product.tag, self.found.connection.tag, kwargs["environment"])
        services.unmap_environment(self.actor, *where)
        messages.success(request, f"{kwargs['environment']} is not mapped any more.")
        return self.back()


class ConnectionDelete(ConnectionBase):
    """`…/connections/<connection>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Disconnects the app and deletes every value."""
        services.disconnect(self.actor, self.product.tag, self.found.connection.tag)
        messages.success(request, f"{self.found.connection.tag} is disconnected.")
        return redirect("connections", self.actor.workspace.tag, self.product.tag)


def _drawn(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "products/connections/_credentials.html", context)


def _spread(error: Invalid, form: ConnectForm, mappings: list[MappingForm]) -> None:
    """Each problem to the form of its environment, the others to the connection's own."""
    for mapping in mappings:
        own = tuple(each for each in error.errors if each.pointer.startswith(f"/environments/{mapping.slug}/"))
        if own:
            mapping.place(Invalid(errors=own))
    rest = tuple(each for each in error.errors if not each.pointer.startswith("/environments/"))
    if rest:
        form.place(Invalid(errors=rest))
