"""Sample answers of an OpenAPI operation: the document's examples, and made-up ones of successful answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from products.importers.drafts import SampleDraft
from products.importers.media import best, concrete, format_of
from products.importers.openapi.context import Context
from products.importers.openapi.examples import examples_of
from products.importers.samples import NOTHING, sample_of
from products.importers.shapes import SHAPE_ERRORS, as_description, as_dict, clean_name

_MAX_SAMPLES = 20


def read_answers(context: Context, responses: Any, place: str) -> tuple[SampleDraft, ...]:
    """The samples of an operation's answers."""
    found: list[SampleDraft] = []
    for code, raw in as_dict(responses).items():
        where = f"{place}/responses/{code}"
        try:
            status = _status(code, context.refs.follow(raw, where), alone=len(responses) == 1)
            if not status:
                continue
            found.extend(_samples(context, raw, status, where))
        except SHAPE_ERRORS:
            context.report.skipped("bad-response", where, "An answer could not be read and was left out.")
    return tuple(found[:_MAX_SAMPLES])


def _samples(context: Context, raw: Any, status: int, place: str) -> Iterator[SampleDraft]:
    response = as_dict(context.refs.follow(raw, place))
    content = {clean_name(kind): as_dict(media) for kind, media in as_dict(response.get("content")).items()}
    name = clean_name(response.get("description"))[:80].strip() or str(status)
    if not content:
        if 200 <= status < 300:
            yield SampleDraft(name, status)
        return
    chosen = best(content)
    media, kind = content[chosen], concrete(chosen)
    examples = list(examples_of(context, media, place))
    for own_name, value in examples:
        yield SampleDraft(own_name or name, status, kind, body=value)
    if not examples and 200 <= status < 300 and format_of(chosen) in {"json", "form", "xml"}:
        schema = context.schemas.translate(media.get("schema"), place)
        value = sample_of(schema, context.schemas.resolved, direction="answer")
        if value is not NOTHING:
            yield SampleDraft(name, status, kind, body=value)


def _status(code: str, raw: Any, *, alone: bool) -> int:
    """The status of a response key: `2XX` is 200; a `default` without company is the success, unless it says error."""
    text = code.strip().upper().replace("X", "0")
    if text.isdecimal() and len(text) == 3:
        return int(text)
    told = as_description(as_dict(raw).get("description")).lower()
    return 200 if text == "DEFAULT" and alone and "error" not in told else 0
