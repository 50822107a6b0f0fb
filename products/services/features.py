"""Features: made, changed, deleted, each checked against the whole product before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from products.access import Actor, Permission, mine, products_of
from products.features import BESIDE, RUNNABLE, Findings, check_feature, read_feature, whole
from products.features.key_order import orders
from products.lib.errors import Conflict, FieldProblem, Invalid
from products.lib.jsontypes import Json, JsonError, JsonObject, canonical, check_json, content_hash, escape_pointer
from products.lib.tags import slugify_tag, unique_tag
from products.models import Feature, Product
from products.queries.feature_world import world_of
from products.queries.features import MAX_FEATURES, placed
from products.services import audit
from products.services.validation import assign, check, insert, name_text

MAX_BYTES = 1_000_000
MAX_DEPTH = 80  # releases and runs keep definitions inside documents of their own, which may be 100 deep
CHANGEABLE = ("name", "description", "definition")


@dataclass(frozen=True, slots=True)
class Saved:
    """The row as it is stored, and what may go wrong with it all the same; pointers as in `examine`."""

    row: Feature
    warnings: tuple[FieldProblem, ...] = ()


def create_feature(
    actor: Actor, product: Product, *, name: str, definition: Json, tag: str = "", description: str = ""
) -> Saved:
    """Adds a feature; without a tag it is made from the name. Raises NotFound, Invalid, Taken, Conflict."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        product = _locked(actor, product)
        tags = set(Feature.objects.filter(product=product).values_list("tag", flat=True))
        if len(tags) >= MAX_FEATURES:
            raise Conflict(f"A product may have at most {MAX_FEATURES} features.")
        chosen = tag or unique_tag(slugify_tag(name, fallback="feature"), tags)
        row = Feature(product=product, tag=chosen, name=name_text(name), description=description)
        warnings = _fill(row, definition)
        insert(row, unique="tag", message=f"The product has a feature “{row.tag[:63]}” already.")
        audit.record(actor, "feature.created", row, changes={"tag": [None, row.tag]})
    return Saved(row, warnings)


def update_feature(actor: Actor, row: Feature, **changes: Any) -> Saved:
    """Changes `name`, `description` or `definition`; the tag is fixed. Raises NotFound, Invalid."""
    actor.need(Permission.EDIT)
    if changes.get("tag", row.tag) != row.tag:
        raise Invalid.field("tag", "A tag is fixed: runs, releases and other features know this one by it.")
    with transaction.atomic():
        row = _fresh(actor, row)
        before = row.definition
        known = {key: value for key, value in changes.items() if key in CHANGEABLE and key != "definition"}
        if "name" in known:
            known["name"] = name_text(known["name"])
        differs = assign(row, known, CHANGEABLE)
        warnings = _fill(row, changes.get("definition", before))
        if row.definition != before or orders(row.definition) != orders(before):
            differs["definition"] = [_short_hash(before), _short_hash(row.definition)]
        if differs:
            row.save(update_fields=[*differs, "updated_at"])
            audit.record(actor, "feature.changed", row, changes=differs)
    return Saved(row, warnings)


def delete_feature(actor: Actor, row: Feature) -> None:
    """Deletes it from the draft; releases keep theirs. Raises NotFound, Conflict while another feature starts it."""
    actor.need(Permission.EDIT)
    with transaction.atomic():
        row = _fresh(actor, row)
        parents = [f"“{tag}”" for tag in _starters(row)[:6]]
        if parents:
            start = "starts it" if len(parents) == 1 else "start it"
            raise Conflict(f"{', '.join(parents)} {start} as a child; take that out first.", code="in_use")
        audit.record(actor, "feature.deleted", row, changes={"tag": [row.tag, None]})
        row.delete()


def examine(actor: Actor, product: Product, *, tag: str, name: str, definition: Json) -> Findings:
    """What saving this would say, without saving it. Raises NotFound, Forbidden."""
    actor.need(Permission.EDIT)
    product = mine(actor, products_of(actor), "product", pk=product.pk)
    return _findings(product, {"tag": tag, "name": name, "definition": definition})


def _locked(actor: Actor, product: Product) -> Product:
    """Whoever changes what the product is made of waits here for the others: see `services.releases`."""
    return mine(actor, products_of(actor).select_for_update(no_key=True), "product", pk=product.pk)


def _fresh(actor: Actor, row: Feature) -> Feature:
    product = _locked(actor, row.product)
    return mine(actor, Feature.objects.filter(product=product).select_related("product"), "feature", pk=row.pk)


def _starters(row: Feature) -> list[str]:
    """The tags of the other features of the draft that start this one."""
    call = {"type": "feature", "event": row.tag}
    called, undone = ([{"events": [event]}] for event in (call, {"rollback": call}))
    naming = Q(definition__sequences__contains=called) | Q(definition__sequences__contains=undone)
    others = Feature.objects.filter(naming, product=row.product).exclude(pk=row.pk)
    return list(others.order_by("tag").values_list("tag", flat=True))


def _fill(row: Feature, definition: Json) -> tuple[FieldProblem, ...]:
    """Sets the definition once nothing is wrong with it, nor with the rest. Raises Invalid with all that is."""
    document = {"tag": row.tag, "name": row.name, "description": row.description, "definition": definition}
    found = _findings(row.product, document)
    if found.errors:
        raise Invalid(errors=found.errors)
    row.definition = definition
    check(row)
    return found.warnings


def _findings(product: Product, document: Mapping[str, Any]) -> Findings:
    wrong = _unusable(document["definition"])
    if wrong is not None:
        return Findings(errors=(wrong,))
    strange = tuple(_strange(document["definition"]))
    feature, problems = read_feature(whole(dict(document)), available=RUNNABLE)
    if problems or strange:
        return Findings(errors=(*strange, *(placed(one) for one in problems)))
    found = check_feature(feature, world_of(product))
    return Findings(tuple(placed(one) for one in found.errors), tuple(placed(one) for one in found.warnings))


def _unusable(definition: Json) -> FieldProblem | None:
    """Why nothing can be said of the parts; None for an object that can be stored."""
    at = "/definition"
    if not isinstance(definition, dict):
        return FieldProblem(at, "type", "This must be an object: “input”, “sequences”, “output”, “options”.")
    try:
        check_json(definition, pointer=at, max_depth=MAX_DEPTH)
    except JsonError as error:
        return FieldProblem(error.pointer, "json", error.message)
    size = len(canonical(definition))
    if size > MAX_BYTES:
        detail = f"A definition may have at most {MAX_BYTES:,} bytes as JSON; this one has {size:,}."
        return FieldProblem(at, "too_large", detail)
    return None


def _strange(definition: JsonObject) -> list[FieldProblem]:
    """Parts that a whole document has, and that stand beside the definition here."""
    detail = "This stands beside the definition, not in it."
    return [
        FieldProblem(f"/definition/{escape_pointer(key)}", "unknown", detail) for key in BESIDE if key in definition
    ]


def _short_hash(definition: Json) -> str:
    return content_hash(definition)[:12]
