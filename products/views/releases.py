"""Releases of a product: what runs where, what differs, making one, deploying one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from products.access import Permission
from products.forms.releases import DRAFT, CompareForm, ReleaseForm, number_from
from products.lib.errors import NotFound
from products.queries.release_matrix import content_at, matrix, number_in, numbers_of
from products.queries.releases import difference, may_deploy, missing_in
from products.services.releases import deploy, make_release
from products.views.base import ProductPage
from products.views.saving import saved


class ReleasesPage(ProductPage):
    """`/w/<workspace>/p/<product>/releases/`"""

    template = "products/releases/page.html"
    fragment = "products/releases/_matrix.html"
    section = "releases"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The matrix; `?before=` leads to older releases."""
        return self._page(request, ReleaseForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes a release of the draft."""
        self.actor.need(Permission.EDIT)
        form = ReleaseForm(request.POST)
        row = saved(form, lambda data: make_release(self.actor, self.product, note=data["note"]))
        if row is None:
            return self._page(request, form, status=422)
        messages.success(request, f"Release {row.number} is made. Environments run it once it is deployed there.")
        return redirect("releases", self.actor.workspace.tag, self.product.tag)

    def _page(self, request: HttpRequest, form: ReleaseForm, status: int = 200) -> HttpResponse:
        before = number_from(request.GET.get("before") or DRAFT)
        shown = matrix(self.actor, self.product, self.environments, before)
        may_edit = self.actor.may(Permission.EDIT)
        return self.show(request, matrix=shown, form=form, before=before, may_edit=may_edit, status=status)


class ReleaseDifference(ProductPage):
    """`…/releases/difference/?a=3&b=draft`"""

    template = "products/releases/difference.html"
    fragment = "products/releases/_changes.html"
    section = "releases"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What has to be done to the first to make it the second; by default the newest release and the draft."""
        numbers = numbers_of(self.actor, self.product)
        a = request.GET.get("a") or (str(numbers[0]) if numbers else DRAFT)
        b = request.GET.get("b") or DRAFT
        form = CompareForm({"a": a, "b": b}, numbers=numbers)
        sides = [content_at(self.actor, self.product, number_from(one)) for one in (a, b)]
        return self.show(request, form=form, changes=difference(*sides), filtered=False)


class DeployPage(ProductPage):
    """`…/releases/deploy/<environment>/?release=3`"""

    template = "products/releases/deploy.html"
    section = "releases"

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """The page wears the colours of the environment it is about. Raises NotFound."""
        super().prepare(request, **kwargs)
        self.actor.need(Permission.EDIT)
        found = next((one for one in self.environments if one.slug == kwargs["environment"]), None)
        if found is None:
            raise NotFound("There is no such environment in this product.")
        self.environment, self.environments = found, [found]
        self.target = found

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What would change there, and what is missing there for it."""
        number = number_from(request.GET.get("release") or DRAFT)
        content = content_at(self.actor, self.product, number)
        now = number_in(self.target)
        return self.show(
            request,
            number=number,
            now=now,
            back=number is not None and now is not None and number < now,
            same=number == now,
            missing=missing_in(self.target, content),
            changes=difference(content_at(self.actor, self.product, now), content),
            may=may_deploy(self.actor, self.target),
        )

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deploys it."""
        number = number_from(request.POST.get("release") or DRAFT)
        deploy(self.actor, self.target, number)
        what = "follows the draft" if number is None else f"runs release {number}"
        messages.success(request, f"{self.target.slug} {what} from now on. Runs that are there stay as they are.")
        return redirect("releases", self.actor.workspace.tag, self.product.tag)
