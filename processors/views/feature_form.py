"""The form by which a feature is run: fields by its input, or one JSON object; in the environment of the top bar."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from processors.forms.feature_run import FeatureRunForm, example_of
from processors.forms.input_twins import in_step
from processors.models import Run
from processors.queries import console, run_pages
from processors.services.features import FeatureRequest, start_feature
from processors.services.starting import Started
from processors.views.snippets import feature_snippets
from products import features
from products.access import Permission
from products.lib.actions import Parameter
from products.lib.errors import Conflict, Forbidden, Invalid, NotFound
from products.queries.callable_features import draft_of
from products.views.base import ProductPage

TABS = ("fields", "json")


class FeatureRunFormPage(ProductPage):
    """What runs is what the environment runs: its release, or the draft."""

    template = "processors/features/run.html"
    section = "feature"
    feature: features.Feature | None = None
    missing = ""  # why it cannot run here

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound where neither the draft nor the environment has such a feature."""
        super().prepare(request, **kwargs)
        self.tag = str(kwargs["feature"])
        if self.environment is None:
            self.missing = "This product has no active environment to run in."
            return
        try:
            self.feature = draft_of(self.product, self.environment, self.tag).feature
        except NotFound as error:
            if self.environment.release is None:
                raise
            self.missing = error.message
        except Conflict as error:
            self.missing = error.message

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The empty form, or that of an earlier run (`?run=`); `?until=` an event after which it is to end."""
        earlier = self._earlier(request.GET.get("run", ""))
        form = FeatureRunForm(self._declared(), given=earlier.input if earlier else None)
        return self._page(request, form, earlier=earlier, until=request.GET.get("until", "")[:130])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """To the run's page; 422 with what is wrong beside its field, and nothing that was typed lost.

        `to`, a tab, asks only what it has to show so that both say the same.
        """
        if request.POST.get("to") in TABS:
            return JsonResponse(in_step(self._declared(), request.POST.dict(), request.POST["to"]))
        self.actor.need(Permission.RUN)
        form = FeatureRunForm(self._declared(), request.POST)
        started = self._start(form) if form.is_valid() else None
        if started is None:
            return self._page(request, form, status=422, until=form.data.get("until", "")[:130])
        response = HttpResponse(status=302)
        response["Location"] = reverse("run", args=[self.actor.workspace.tag, self.product.tag, started.run.pk])
        return response

    def _start(self, form: FeatureRunForm) -> Started | None:
        key, environment = form.cleaned_data["idempotency_key"], self.environment.slug if self.environment else ""
        until = form.cleaned_data["until"]
        request = FeatureRequest(self.product.tag, environment, self.tag, form.input(), key, "page", until=until)
        try:
            return start_feature(self.actor, request)
        except Invalid as error:
            form.place_problems(error.errors)
            if not error.errors:
                form.add_error(None, error.message)
        except (Conflict, Forbidden, NotFound) as error:
            form.add_error(None, error.message)
        return None

    def _declared(self) -> tuple[Parameter, ...]:
        return self.feature.input if self.feature else ()

    def _earlier(self, text: str) -> Run | None:
        try:
            return run_pages.find_run(self.actor, self.product, UUID(text)) if text else None
        except (ValueError, NotFound):
            return None

    def _page(
        self, request: HttpRequest, form: FeatureRunForm, *, status: int = 200, until: str, **extra: Any
    ) -> HttpResponse:
        slug = self.environment.slug if self.environment else ""
        example = example_of(self._declared())
        latest = console.latest_of(self.actor, self.product, self.environment, self.tag) if self.environment else []
        return self.show(
            request,
            status=status,
            form=form,
            feature=self.feature,
            tag=self.tag,
            missing=self.missing,
            may_run=self.environment is not None and self.actor.may_run_in(self.environment),
            latest=[run for run in latest if run.kind == "feature"],
            until=until,
            until_there=not until or (self.feature is not None and until in map(str, _names(self.feature))),
            snippets=feature_snippets(self.actor.workspace.tag, self.product.tag, slug, self.tag, example, until=until),
            **extra,
        )


def _names(feature: features.Feature) -> list[features.StepName]:
    return [event.name for event in feature.events()]
