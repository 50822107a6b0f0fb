"""Runs that end after one event of a feature: what they execute, and how one knows them."""

from __future__ import annotations

from processors.models import Run, RunDefinition
from processors.services.feature_specs import PreparedFeature, prepared_feature
from products.access import Actor
from products.features import StepName
from products.features.partial import up_to
from products.lib.errors import Invalid
from products.lib.jsontypes import content_hash
from products.queries.callable_features import Draft, callable_feature, read_document

MARK = "until"  # in the definition of such a run: "sequence/event"


def prepared_until(actor: Actor, product: str, environment: str, tag: str, until: str) -> PreparedFeature:
    """The feature as it would run there now, to its end or up to "sequence/event" with nothing after it.

    Raises NotFound, Forbidden, Conflict; Invalid where the feature has no such event, or starts itself before it.
    """
    whole = prepared_feature(actor, product, environment, tag)
    if not until:
        return whole
    place = whole.environment
    draft = _shortened(whole.draft, until)
    content = {**callable_feature(actor, place.product, place, draft), MARK: until}
    return PreparedFeature(place, content, content_hash(content), draft)


def until_of(run: Run) -> str:
    """After which event a run ends by intent; "" for a whole one."""
    found = RunDefinition.objects.filter(hash=run.definition_id).values_list(f"content__{MARK}", flat=True).first()
    return found if isinstance(found, str) else ""


def _shortened(draft: Draft, until: str) -> Draft:
    sequence, _, event = until.partition("/")
    document = draft.documents[draft.tag]
    definition = up_to(document["definition"], StepName(sequence, event))
    if definition is None:
        raise Invalid.field("until", f"The feature “{draft.tag}” has no event “{until[:130]}”.", code="unknown")
    documents = {**draft.documents, draft.tag: {**document, "definition": definition}}
    read = {**draft.read, draft.tag: read_document(draft.tag, documents[draft.tag])}
    needed = _started(Draft(draft.tag, draft.release, documents, read))
    return Draft(draft.tag, draft.release, {tag: documents[tag] for tag in needed}, {tag: read[tag] for tag in needed})


def _started(draft: Draft) -> list[str]:
    """The feature and all that it still starts. Raises Invalid for one that starts itself: which half of it?"""
    found: list[str] = []
    waiting = [draft.tag]
    while waiting:
        tag = waiting.pop()
        if tag in found:
            continue
        found.append(tag)
        called = list(draft.read[tag].starts())
        if draft.tag in called:
            detail = f"The feature “{draft.tag}” starts itself, so that it only runs as a whole."
            raise Invalid.field("until", detail, code="invalid")
        waiting += called
    return found
