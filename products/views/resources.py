"""Resources of a product: the list of a kind, a new one, one resource with a tab an environment.

Other parts of a resource's page inherit `ResourceBase` and extend `products/resources/base.html`; their tabs are
declared in `products.ui.resource_tabs`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from products.access import Permission
from products.catalog.resources import ResourceKind
from products.forms.products import SearchForm
from products.forms.resources import ConfigForm, ResourceForm
from products.lib.errors import Conflict
from products.queries import resources as queries
from products.queries.resource_pages import resource_page
from products.queries.secrets import secrets_of
from products.services import resources as services
from products.ui.resource_tabs import tabs_of
from products.views.base import ProductPage

SECRETS_SHOWN = 500


class KindPage(ProductPage):
    """A page about a kind of resource."""

    kind_name = ""  # where the route has no placeholder for it
    kind: ResourceKind

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.kind = services.kind_of(kwargs.get("kind") or self.kind_name)
        self.section = self.kind.plural

    def context(self, **extra: Any) -> dict[str, Any]:
        """Adds the kind."""
        return super().context(kind=self.kind, may_edit=self.actor.may(Permission.EDIT), **extra)


class ResourcesPage(KindPage):
    """`/w/<workspace>/p/<product>/resources/<kind>/`"""

    template = "products/resources/page.html"
    fragment = "products/resources/_list.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """By name, each with how it does in every environment, in their order."""
        form = SearchForm(request.GET)
        after = request.GET.get("after", "")[:200].replace("\x00", "")
        page = resource_page(self.actor, self.product.tag, self.kind.name, search=form.query, after=after)
        return self.show(request, form=form, page=page, rows=[self._row(each) for each in page.rows], q=form.query)

    def _row(self, view: queries.ResourceView) -> dict[str, Any]:
        return {"row": view.row, "configs": [view.of(each.slug) for each in self.environments]}


class ResourceNew(KindPage):
    """`/w/<workspace>/p/<product>/resource-new/<kind>/`"""

    template = "products/resources/new.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """An empty form."""
        self.actor.need(Permission.EDIT)
        return self.show(request, form=ResourceForm(kind=self.kind, is_new=True))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes one, and leads to where its environments are configured."""
        self.actor.need(Permission.EDIT)
        form = ResourceForm(request.POST, kind=self.kind, is_new=True)
        row = form.submit(lambda data: services.create_resource(self.actor, self.product.tag, self.kind.name, data))
        if row is None:
            return self.show(request, form=form, status=422)
        messages.success(request, f"{row.name} is there. Say now where each environment has it.")
        return redirect("resource", self.actor.workspace.tag, self.product.tag, self.kind.name, row.tag)


class ResourceBase(KindPage):
    """A page about one resource. `self.found` is it, `self.config` how the chosen environment has it."""

    tab: ClassVar[str] = "resource"  # which part of the resource's page this is: its URL name
    found: queries.ResourceView
    config: queries.ConfigView | None

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.find(kwargs["resource"])

    def find(self, tag: str) -> None:
        """How it stands now. Raises NotFound."""
        self.found = queries.view(queries.resource(self.actor, self.product.tag, self.kind.name, tag))
        self.config = self.found.of(self.environment.slug) if self.environment else None

    def context(self, **extra: Any) -> dict[str, Any]:
        """Adds the resource, its configuration here, and the tabs."""
        slug = self.environment.slug if self.environment else ""
        return super().context(
            found=self.found,
            config=self.config,
            tab=self.tab,
            may_change=self.environment is not None and self.actor.may_change_in(self.environment),
            may_run=self.environment is not None and self.actor.may_run_in(self.environment),
            tabs=tabs_of(
                self.kind.name,
                self.found.row.tag,
                workspace=self.actor.workspace.tag,
                product=self.product.tag,
                environment=slug,
            ),
            **extra,
        )

    def back(self, environment: str = "") -> HttpResponse:
        """To the resource's page."""
        where = [self.actor.workspace.tag, self.product.tag, self.kind.name, self.found.row.tag]
        return redirect(reverse("resource", args=where) + (f"?env={environment}" if environment else ""))


class ResourcePage(ResourceBase):
    """`…/resources/<kind>/<resource>/`"""

    template = "products/resources/resource.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The environment of the address; `?part=state` how it does alone."""
        if request.GET.get("part") == "state":
            return render(request, "products/resources/_state.html", self.context())
        return self._page(request, self._form(None))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves the environment; `?draft=` only draws the fields of another provider."""
        self.actor.need(Permission.EDIT)
        form = self._form(request.POST)
        if form is None:
            return self.back()
        if request.GET.get("draft"):
            return render(request, "products/resources/_settings.html", self.context(form=form.redrawn()))
        slug = form.view.environment.slug
        if form.submit(lambda data: services.configure(self.actor, self.found.row, slug, data)) is None:
            return self._page(request, form, status=422)
        messages.success(request, f"Saved for {slug}.")
        return self.back(slug)

    def _form(self, data: Any) -> ConfigForm | None:
        return ConfigForm(data, kind=self.kind, view=self.config) if self.config is not None else None

    def _page(self, request: HttpRequest, form: ConfigForm | None, status: int = 200) -> HttpResponse:
        given = self.found.row.shared
        shared = [{"title": each.title, "value": given.get(each.name, each.default)} for each in self.kind.shared]
        secrets = secrets_of(self.actor)[:SECRETS_SHOWN]
        return self.show(request, status=status, form=form, shared=shared, secrets=secrets)


class ResourceChange(ResourceBase):
    """`…/resources/<kind>/<resource>/edit/`"""

    template = "products/resources/edit.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What is the same in every environment."""
        self.actor.need(Permission.EDIT)
        row = self.found.row
        initial = {"name": row.name, "description": row.description, "shared": row.shared}
        return self.show(request, form=ResourceForm(kind=self.kind, is_new=False, initial=initial))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Another name, description or shared fields."""
        self.actor.need(Permission.EDIT)
        form = ResourceForm(request.POST, kind=self.kind, is_new=False)
        if form.submit(lambda data: services.update_resource(self.actor, self.found.row, **data)) is None:
            return self.show(request, form=form, status=422)
        messages.success(request, "Saved.")
        return self.back()


class ResourceForget(ResourceBase):
    """`…/resources/<kind>/<resource>/environments/<environment>/forget/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Forgets one environment and its settings."""
        services.forget(self.actor, self.found.row, kwargs["environment"])
        messages.success(request, f"{kwargs['environment']} is not configured any more.")
        return self.back(kwargs["environment"])


class ResourceDelete(ResourceBase):
    """`…/resources/<kind>/<resource>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes the resource; back to it, with the reason, while a feature uses it."""
        try:
            services.delete_resource(self.actor, self.found.row)
        except Conflict as error:
            messages.error(request, error.message)
            return self.back()
        messages.success(request, f"{self.found.row.tag} is deleted.")
        return redirect(self.kind.plural, self.actor.workspace.tag, self.product.tag)
