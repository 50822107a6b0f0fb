"""What the expression fields of the editor ask while somebody types: names, and values of a run that has been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page

from processors.models import Run
from processors.queries.feature_past import of_last_try, past_of, run_to_try, runs_to_try, shapes_seen
from products.access import Permission
from products.features import Event, Feature
from products.features.naming import names_at, operators
from products.features.trying import Past, Tried, events_named, first_item, tried
from products.forms.feature_acts import edited_draft
from products.forms.feature_draft import Draft
from products.forms.panels import PanelField
from products.lib.errors import NotFound
from products.queries.feature_world import world_of
from products.queries.features import feature
from products.views.base import ProductPage


class ExpressionPage(ProductPage):
    """Asked by the editor, with all that it would send to be saved."""

    section = "feature"

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound, Forbidden."""
        super().prepare(request, **kwargs)
        self.actor.need(Permission.EDIT)
        self.row = feature(self.actor, self.product, kwargs["feature"])

    def draft(self, request: HttpRequest) -> Draft:
        """What the browser has."""
        return edited_draft(request.POST, world_of(self.product))

    def past(self, request: HttpRequest) -> Run | None:
        """The run that was chosen. Raises NotFound for one that is not of this feature."""
        chosen = request.POST.get("past", "")
        try:
            return run_to_try(self.actor, self.product, self.row.tag, UUID(chosen)) if chosen else None
        except ValueError:
            raise NotFound("There is no such run.") from None


@method_decorator(gzip_page, name="dispatch")
class FeatureNames(ExpressionPage):
    """`…/features/<feature>/names/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> JsonResponse:
        """The references that mean something in the panel's field `field`, with their keys, and all operators."""
        draft, run = self.draft(request), self.past(request)
        read = draft.read()
        seen = shapes_seen(self.actor, run, read) if run else {}
        found = names_at(read, draft.world, draft.pointer_of(request.POST.get("field", "")), seen)
        return JsonResponse({"names": found, "operators": operators()})


class FeatureValues(ExpressionPage):
    """`…/features/<feature>/values/`"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The runs to choose from; the newest that completed is chosen."""
        rows, chosen = runs_to_try(self.actor, self.environment, self.row.tag) if self.environment else ([], None)
        return render(request, "processors/features/_past.html", self.context(rows=rows, chosen=chosen))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What each expression field of the panel would have given in the chosen run."""
        draft, run = self.draft(request), self.past(request)
        panel = draft.panel()
        fields = [one for part in panel.parts for one in part.fields if one.expressive] if panel else []
        readable = [one for one in fields if one.key not in draft.errors]
        found = dict(self._tried(run, draft, readable)) if run else {}
        shown = [(one, found.get(one.key)) for one in fields]
        return render(request, "processors/features/_values.html", {"shown": shown})

    def _tried(self, run: Run, draft: Draft, fields: list[PanelField]) -> Iterator[tuple[str, Tried]]:
        read, event = draft.read(), _selected(draft)
        loop = event.loop.items if event and event.loop else None
        values = [(one.value, one.key == "condition") for one in fields]
        wanted = events_named([*values, (loop, False)], read)
        past = past_of(self.actor, run, read, wanted)
        inside, note = _first_of(loop, past)
        of_items = self._of_items(run, inside, draft.selected, item=0 if loop is None else 1)
        for one in fields:
            of_item = _part(one.key) in of_items
            here = of_items[_part(one.key)] if of_item else past
            found = tried(one.value, here, is_condition=one.key == "condition") if one.value is not None else None
            if found is not None:
                yield one.key, replace(found, note=found.note or (note if of_item else ""))

    def _of_items(self, run: Run, inside: Past, tag: str, *, item: int) -> dict[str, Past]:
        """What each part of the event saw that is evaluated for each item; an input in the last of its tries."""
        given, taken_back = (of_last_try(run, inside, one, item=item) for one in (tag, f"{tag}~undo"))
        return {"condition": inside, "cache/key": inside, "input": given, "rollback/input": taken_back}


def _part(key: str) -> str:
    """The part of an event that a field belongs to."""
    return next((one for one in ("input", "rollback/input") if key.startswith(f"{one}/")), key)


def _selected(draft: Draft) -> Event | None:
    read: Feature = draft.read()
    return next((one for one in read.events() if str(one.name) == draft.selected), None)


def _first_of(loop: Any, past: Past) -> tuple[Past, str]:
    """Inside a loop the first element is the item."""
    if loop is None:
        return past, ""
    item, count = first_item(loop, past)
    if not count:
        return past, ""
    return replace(past, roots={**past.roots, "Item": item, "Index": 0}), f"For the first of {count:,} items."
