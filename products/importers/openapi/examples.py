"""Examples that an OpenAPI media object offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from products.importers.openapi.context import Context
from products.importers.shapes import as_dict, as_list, clean_name

_MAX_EXAMPLES = 5


def examples_of(context: Context, media: dict[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    """Names and values of the examples; values outside the document are reported, never fetched."""
    if "example" in media:
        yield "", media["example"]
    examples = media.get("examples")
    if isinstance(examples, list):
        yield from (("", value) for value in examples[:_MAX_EXAMPLES])
    for name, raw in list(as_dict(examples).items())[:_MAX_EXAMPLES]:
        example = as_dict(context.refs.follow(raw, place))
        key = next((key for key in ("value", "dataValue", "serializedValue") if key in example), "")
        if key:
            yield clean_name(example.get("summary")) or clean_name(name), example[key]
        elif "externalValue" in example:
            where = clean_name(example["externalValue"])[:120]
            context.report.changed(
                "unresolved-reference", place, f"Unresolved reference: {where} is outside the document."
            )


def first_schema_example(schema: dict[str, Any]) -> Any:
    """The example a translated schema carries itself, or None."""
    return next(iter(as_list(schema.get("examples"))), None)
