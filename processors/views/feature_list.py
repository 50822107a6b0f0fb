"""The features of a product with how they did last, and the past runs of one of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from processors.queries.feature_states import feature_rows, past_runs
from products.access import Permission
from products.forms.products import SearchForm
from products.queries.features import feature
from products.views.base import ProductPage

SHOWN = 200


class FeaturesPage(ProductPage):
    """`/w/<workspace>/p/<product>/features/`"""

    template = "processors/features/page.html"
    fragment = "processors/features/_list.html"
    section = "features"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first 200 by name; the search finds the others."""
        form = SearchForm(request.GET)
        rows = feature_rows(self.actor, self.product, self.environment, search=form.query, limit=SHOWN + 1)
        may_edit = self.actor.may(Permission.EDIT)
        more = len(rows) > SHOWN
        return self.show(request, rows=rows[:SHOWN], more=more, form=form, filtered=bool(form.query), may_edit=may_edit)


class FeatureRuns(ProductPage):
    """`…/features/<feature>/runs/`: a part of the feature's page."""

    section = "feature"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The newest ten in the environment of the page."""
        row = feature(self.actor, self.product, kwargs["feature"])
        rows = past_runs(self.actor, self.environment, row.tag) if self.environment else []
        return render(request, "processors/features/_runs.html", self.context(row=row, rows=rows))
