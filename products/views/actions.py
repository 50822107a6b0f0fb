"""An app's actions: found by folder and words, one as a reference, and its editor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from products.forms.actions import METHODS, ActionForm, ActionSearchForm
from products.forms.placing import value_text
from products.lib.actions import INPUT_KEY
from products.lib.field_types import FIELD_TYPES
from products.lib.schema_rows import schema_rows
from products.models import Action
from products.queries import actions as queries
from products.queries import apps as app_queries
from products.services import actions, samples
from products.views.app_base import AppPage, PartDelete, PartPage

PLACES = {"path": "Path", "query": "Query", "header": "Headers", "cookie": "Cookies"}


class ActionsPage(AppPage):
    """`/w/<workspace>/apps/<app>/`"""

    template = "products/apps/app.html"
    fragment = "products/actions/_rows.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A hundred at a time, by folder, words and method."""
        form = ActionSearchForm(request.GET)
        chosen = form.chosen()
        return self.show(
            request,
            form=form,
            chosen=chosen,
            filtered=any(chosen.values()),
            page=queries.action_page(self.app, chosen, request.GET.get("after", "")),
            folders=app_queries.folders_with_counts(self.app),
            connections=app_queries.own_connections_of(self.actor, self.app),
        )


class ActionPage(AppPage):
    """`…/actions/<action>/`"""

    template = "products/actions/action.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The reference: what goes in, what comes out."""
        row = queries.detail(self.actor, self.app, kwargs["action"])
        return self.show(request, action=row, spec=row.spec, **_reference(row))


class ActionNew(PartPage):
    """`…/add-action/`"""

    template = "products/actions/form.html"
    title = "New action"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> ActionForm:
        """Empty, or as it was sent."""
        return ActionForm(request.POST if request else None, app=self.app)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Adds it."""
        return actions.create_action(self.actor, self.app.tag, data)

    def more(self, **kwargs: Any) -> dict[str, Any]:
        """What the fields suggest."""
        return {"methods": METHODS, "folders": app_queries.folders_with_counts(self.app)}


class ActionEdit(ActionNew):
    """`…/actions/<action>/edit/`"""

    title = "Edit action"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> ActionForm:
        """As it is, or as it was sent."""
        row = queries.action_detail(self.actor, self.app.tag, kwargs["action"])
        return ActionForm(request.POST if request else None, app=self.app, row=row)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Changes it."""
        return actions.update_action(self.actor, self.app.tag, kwargs["action"], data)

    def after(self, **kwargs: Any) -> HttpResponse:
        """To the action."""
        return self.to("app-action", kwargs["action"])


class ActionDelete(PartDelete):
    """`…/actions/<action>/delete/`"""

    def delete_part(self, tag: str, **kwargs: Any) -> None:
        """With its samples."""
        actions.delete_action(self.actor, tag, kwargs["action"])


class SampleDelete(AppPage):
    """`…/actions/<action>/samples/<sample>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes one example answer."""
        samples.delete_sample(self.actor, self.need_own(), kwargs["action"], kwargs["sample"])
        messages.success(request, "Sample deleted.")
        return self.to("app-action", kwargs["action"])


class ParameterRow(AppPage):
    """`…/parameter-row/`: one more row for the table of parameters."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Empty."""
        context = {"row": {}, "places": tuple(INPUT_KEY), "types": tuple(FIELD_TYPES)}
        return render(request, "products/actions/_parameter.html", context)


def _shown(parameter: dict[str, Any]) -> dict[str, Any]:
    """With its default and sample as one reads them."""
    texts = {f"{key}_text": value_text(parameter.get(key)) for key in ("default", "sample")}
    return {**parameter, **texts}


def _reference(row: Action) -> dict[str, Any]:
    spec, body = row.spec, row.spec.get("body") or {}
    places = [
        {"label": label, "rows": [_shown(each) for each in spec["parameters"] if each["place"] == place]}
        for place, label in PLACES.items()
    ]
    return {
        "places": [each for each in places if each["rows"]],
        "body_rows": schema_rows(body.get("schema") or {}, spec.get("defs") or {}),
        "samples": list(row.samples.all()),
        "auths": spec.get("auths") or row.app.default_auths,
    }
