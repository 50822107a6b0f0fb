"""Which features of a product's draft use a resource: its operations, its actions, or a cache for results."""

from __future__ import annotations

from products.catalog.resources import KINDS
from products.features import Event, read_stored
from products.models import Feature, Resource


def users_of(resource: Resource) -> list[str]:
    """The tags of the features, in order."""
    rows = Feature.objects.filter(product_id=resource.product_id).order_by("tag")
    documents = rows.values_list("tag", "name", "definition")
    return [tag for tag, name, definition in documents if _uses(tag, name, definition, resource)]


def _uses(tag: str, name: str, definition: dict[str, object], resource: Resource) -> bool:
    feature, _ = read_stored(tag, {"name": name, "description": "", "definition": definition})
    return any(_names(event, resource) for event in feature.events())


def _names(event: Event, resource: Resource) -> bool:
    kept = resource.kind == "cache" and event.keep is not None and event.keep.name == resource.tag
    wanted = (KINDS[resource.kind].event_type, resource.tag)
    return kept or any((call.type, call.event.partition(":")[0]) == wanted for call in event.calls())
