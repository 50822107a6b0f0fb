"""Features: a new one, and one with its editor: graph, list and JSON of the same unsaved document."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page

from products.access import Permission
from products.features import Findings
from products.features.starting_points import starting_points
from products.forms.event_panel import TYPE_WORDS
from products.forms.feature_acts import edited_draft
from products.forms.feature_bench import bench
from products.forms.feature_draft import Draft, beside_of, definition_of, differs, stored_draft
from products.forms.features import FeatureForm
from products.forms.input_rows import type_choices
from products.lib.errors import Conflict, Invalid
from products.models import Feature
from products.queries import features as queries
from products.queries.feature_releases import kept_of
from products.queries.feature_targets import TargetField, target_fields
from products.queries.feature_world import world_of
from products.services.feature_saving import save_if_unchanged
from products.services.features import create_feature, delete_feature, examine
from products.views.base import ProductPage
from products.views.saving import saved

SAVES = ("save", "overwrite")


class FeatureNew(ProductPage):
    """`/w/<workspace>/p/<product>/features/new/`"""

    template = "products/features/new.html"
    section = "feature"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.actor.need(Permission.EDIT)
        return self.show(request, form=FeatureForm(points=starting_points(world_of(self.product))))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Makes it and opens its editor."""
        self.actor.need(Permission.EDIT)
        form = FeatureForm(request.POST, points=starting_points(world_of(self.product)))
        made = saved(form, lambda data: create_feature(self.actor, self.product, **form.payload()))
        if made is None:
            return self.show(request, form=form, status=422)
        return redirect("feature", self.actor.workspace.tag, self.product.tag, made.row.tag)


class FeatureBase(ProductPage):
    """A page about one feature."""

    section = "feature"
    row: Feature

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.row = queries.feature(self.actor, self.product, kwargs["feature"])


@method_decorator(gzip_page, name="dispatch")
class FeaturePage(FeatureBase):
    """`/w/<workspace>/p/<product>/features/<feature>/`

    The document goes along, of a large feature a megabyte that packs twenty-fold. What is secret in the page, the CSRF
    token, is another text in every answer, so that its length tells nothing.
    """

    template = "products/features/feature.html"
    answer = "products/features/_answer.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """As it is stored; `?step=` opens an event or a sequence, `?open=` unfolds."""
        draft = stored_draft(self.row, world_of(self.product))
        draft.selected = request.GET.get("step", "")[:130]
        draft.opened = set(request.GET.get("open", "").split(",")[:20]) - {""}
        return self._page(request, draft, self._examined(draft))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What somebody does in the editor: the parts that change; nothing is stored but by `do=save`."""
        self.actor.need(Permission.EDIT)
        draft = edited_draft(request.POST, world_of(self.product))
        if request.POST.get("do") in SAVES and draft.document is not None and not draft.said:
            return self._save(request, draft, over=request.POST.get("do") == "overwrite")
        return self._page(request, draft, self._examined(draft))

    def _save(self, request: HttpRequest, draft: Draft, *, over: bool) -> HttpResponse:
        document = draft.document or {}
        stamp = self.row.updated_at.isoformat() if over else draft.stamp
        try:
            changes = {**beside_of(document), "definition": definition_of(document)}
            done = save_if_unchanged(self.actor, self.row, stamp=stamp, **changes)
        except Invalid as error:
            draft.said = "Nothing was saved: something needs a correction."
            return self._page(request, draft, Findings(errors=error.errors), status=422)
        except Conflict as error:
            return self._page(request, draft, self._examined(draft), clash=error.message, status=422)
        self.row, draft.stamp = done.row, done.row.updated_at.isoformat()
        return self._page(request, draft, Findings(warnings=done.warnings), just_saved=True)

    def _examined(self, draft: Draft) -> Findings:
        document = draft.document
        if document is None or not self.actor.may(Permission.EDIT):
            return Findings()
        name, tag = document.get("name") or "", document.get("tag") or self.row.tag
        return examine(self.actor, self.product, tag=tag, name=name, definition=definition_of(document))

    def _hints(self, draft: Draft) -> list[TargetField]:
        """Asked for only when the panel is drawn."""
        event = draft.event() if draft.redraw else None
        return target_fields(self.product, draft.world, event) if event else []

    def _page(
        self, request: HttpRequest, draft: Draft, findings: Findings, status: int = 200, **more: Any
    ) -> HttpResponse:
        may_edit = self.actor.may(Permission.EDIT)
        context = {
            "row": self.row,
            "bench": bench(draft, findings, readonly=not may_edit, hints=self._hints(draft)),
            "unsaved": differs(draft, self.row),
            "may_edit": may_edit,
            "event_types": TYPE_WORDS.items(),
            "field_types": type_choices(),
            **more,
        }  # fmt: skip
        partial = getattr(request, "htmx", False) and request.method == "POST"
        template = self.answer if partial else self.template
        response = render(request, template, self.context(**context, oob=bool(partial)), status=status)
        response["Vary"] = "HX-Request, Cookie"
        return response


class FeatureReleases(FeatureBase):
    """`…/features/<feature>/releases/`: a part of the feature's page."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The releases that it is in, the newest first, and where it changed."""
        kept, more = kept_of(self.actor, self.product, self.row)
        return render(request, "products/features/_releases.html", self.context(row=self.row, kept=kept, more=more))


class FeatureDelete(FeatureBase):
    """`…/features/<feature>/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Deletes it from the draft; releases keep theirs."""
        delete_feature(self.actor, self.row)
        messages.success(request, f"{self.row.tag} is deleted.")
        return redirect("features", self.actor.workspace.tag, self.product.tag)
