"""The list of products, a new one, and a product's settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.products import ProductChangeForm, ProductForm, SearchForm
from products.lib.errors import Invalid
from products.queries.products import environments_of, products_list
from products.services.products import create_product, delete_product, update_product
from products.views.base import ProductPage, WorkspacePage
from products.views.saving import saved

SHOWN = 200


class ProductsPage(WorkspacePage):
    """`/w/<workspace>/products/`"""

    template = "products/products/page.html"
    fragment = "products/products/_list.html"
    section = "products"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first 200 by name; the search finds the others."""
        form = SearchForm(request.GET)
        rows = list(products_list(self.actor, search=form.query)[: SHOWN + 1])
        return self.show(
            request,
            products=rows[:SHOWN],
            more=len(rows) > SHOWN,
            form=form,
            filtered=bool(form.query),
            may_edit=self.actor.may(Permission.EDIT) and not self.actor.product_scope,
        )


class ProductNew(WorkspacePage):
    """`/w/<workspace>/products/new/`"""

    template = "products/products/new.html"
    section = "product-new"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.actor.need(Permission.EDIT)
        return self.show(request, form=ProductForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes it and goes there."""
        self.actor.need(Permission.EDIT)
        form = ProductForm(request.POST)
        row = saved(form, lambda data: create_product(self.actor, **data))
        if row is None:
            return self.show(request, form=form, status=422)
        messages.success(request, f"{row.name} is made, with dev, stg and prd.")
        return redirect("product-overview", self.actor.workspace.tag, row.tag)


class ProductSettings(ProductPage):
    """`/w/<workspace>/p/<product>/settings/`"""

    template = "products/products/settings.html"
    section = "product-settings"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Name, description, environments, and the end."""
        initial = {"name": self.product.name, "description": self.product.description}
        return self._page(request, ProductChangeForm(initial=initial))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves name and description."""
        self.actor.need(Permission.EDIT)
        form = ProductChangeForm(request.POST)
        if saved(form, lambda data: update_product(self.actor, self.product.tag, data)) is None:
            return self._page(request, form, status=422)
        messages.success(request, "Saved.")
        return redirect("product-settings", self.actor.workspace.tag, self.product.tag)

    def _page(self, request: HttpRequest, form: ProductChangeForm, status: int = 200) -> HttpResponse:
        rows = environments_of(self.actor, self.product.tag)
        return self.show(request, form=form, rows=rows, may_edit=self.actor.may(Permission.EDIT), status=status)


class ProductDelete(ProductPage):
    """`/w/<workspace>/p/<product>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it; the tag was typed once more."""
        self.actor.need(Permission.EDIT)
        if request.POST.get("confirm") != self.product.tag:
            raise Invalid.field("confirm", "Type the product's tag to delete it.")
        delete_product(self.actor, self.product.tag)
        messages.success(request, f"{self.product.name} is deleted; what was stored of it goes in the background.")
        return redirect("products", self.actor.workspace.tag)
