"""Saved answers of a Postman request as samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from products.importers.drafts import SampleDraft
from products.importers.postman.rows import read_rows
from products.importers.report import Report
from products.importers.secrets import holds_secret
from products.importers.shapes import as_dict, as_list, as_text, clean_name
from products.lib.documents import DocumentError
from products.lib.json_documents import read_json

_MAX_SAMPLES = 20
_LONGEST = 200_000
_PRIVATE_HEADERS = {"set-cookie", "authorization", "cookie", "proxy-authorization", "www-authenticate"}


def read_answers(raw: Any, report: Report, place: str) -> tuple[SampleDraft, ...]:
    """The saved answers of an item, in the order they are saved."""
    return tuple(_samples(as_list(raw)[:_MAX_SAMPLES], report, place))


def _samples(saved: list[Any], report: Report, place: str) -> Iterator[SampleDraft]:
    for number, each in enumerate(saved, start=1):
        answer = as_dict(each)
        if not answer:
            report.skipped("bad-response", place, "A saved answer is no object and was left out.")
            continue
        rows = read_rows(answer.get("header"))[:100]
        headers = {row.key[:200]: as_text(row.value)[:2000] for row in rows if row.key.lower() not in _PRIVATE_HEADERS}
        content_type = next((value for key, value in headers.items() if key.lower() == "content-type"), "")
        yield SampleDraft(
            name=clean_name(answer.get("name")) or f"Answer {number}",
            status=_status(answer.get("code")),
            content_type=content_type,
            headers={key: value for key, value in headers.items() if not holds_secret(key, value)},
            body=_body(answer.get("body"), report, place),
        )


def _status(code: Any) -> int:
    text = as_text(code)
    return int(text) if text.isdecimal() and len(text) == 3 else 200


def _body(raw: Any, report: Report, place: str) -> Any:
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    if len(text) > _LONGEST:
        report.changed("sample-cut", place, "A saved answer is very long and was cut.")
        return text[:_LONGEST]
    if text[:1] not in {"{", "["}:
        return text or None
    try:
        return read_json(text)[0]
    except DocumentError:
        report.changed("sample-as-text", place, "A saved answer is not valid JSON; it was kept as text.")
        return text
