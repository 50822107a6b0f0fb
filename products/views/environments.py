"""The environments of a product."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.products import EnvironmentChangeForm, EnvironmentForm
from products.lib.errors import Invalid
from products.queries.products import environment_detail, environments_of
from products.services.environments import (
    create_environment,
    delete_environment,
    move_environment,
    update_environment,
)
from products.views.base import ProductPage
from products.views.saving import saved


class EnvironmentsPage(ProductPage):
    """`/w/<workspace>/p/<product>/environments/`"""

    template = "products/environments/page.html"
    fragment = "products/environments/_list.html"
    section = "environments"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """All of them, inactive ones too."""
        return self._page(request, EnvironmentForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Adds one."""
        self.actor.need(Permission.EDIT)
        form = EnvironmentForm(request.POST)
        row = saved(form, lambda data: create_environment(self.actor, self.product.tag, data))
        if row is None:
            return self._page(request, form, status=422)
        messages.success(request, f"{row.slug} is added. Connections need a mapping for it before anything runs there.")
        return _back(self)

    def _page(self, request: HttpRequest, form: EnvironmentForm, status: int = 200) -> HttpResponse:
        rows = environments_of(self.actor, self.product.tag)
        mine = {row.slug for row in rows if self.actor.may_change_in(row)}
        may_edit = self.actor.may(Permission.EDIT)
        return self.show(request, form=form, rows=rows, mine=mine, may_edit=may_edit, status=status)


class EnvironmentPage(EnvironmentsPage):
    """`/w/<workspace>/p/<product>/environments/<environment>/`"""

    template = "products/environments/edit.html"
    fragment = ""

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """The page wears the colours of the environment it is about, and offers no other. Raises NotFound."""
        super().prepare(request, **kwargs)
        self.row = environment_detail(self.actor, self.product.tag, kwargs["environment"])
        self.environment, self.environments = self.row, [self.row]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        names = ("name", "colour", "processor_tag", "keep_completed_days", "keep_failed_days", "active")
        return self._form(request, EnvironmentChangeForm(initial={name: getattr(self.row, name) for name in names}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Saves it."""
        self.actor.need_change_in(self.row)
        form = EnvironmentChangeForm(request.POST)
        if saved(form, lambda data: update_environment(self.actor, self.product.tag, self.row.slug, data)) is None:
            return self._form(request, form, status=422)
        messages.success(request, "Saved.")
        return _back(self)

    def _form(self, request: HttpRequest, form: EnvironmentChangeForm, status: int = 200) -> HttpResponse:
        return self.show(request, row=self.row, form=form, may_edit=self.actor.may_change_in(self.row), status=status)


class EnvironmentDelete(ProductPage):
    """`…/<environment>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it with what connections hold for it and its runs."""
        self.actor.need(Permission.EDIT)
        row = environment_detail(self.actor, self.product.tag, kwargs["environment"])
        if request.POST.get("confirm") != row.slug:
            raise Invalid.field("confirm", "Type the environment's slug to delete it.")
        delete_environment(self.actor, self.product.tag, kwargs["environment"])
        messages.success(request, f"{kwargs['environment']} is deleted.")
        return _back(self)


class EnvironmentMove(ProductPage):
    """`…/<environment>/move/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One place up, or down."""
        move_environment(self.actor, self.product.tag, kwargs["environment"], up=request.POST.get("to") == "up")
        return _back(self)


def _back(page: ProductPage) -> HttpResponse:
    return redirect("environments", page.actor.workspace.tag, page.product.tag)
