"""From bytes to a draft: load, detect, and hand over to the reader of the format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from products.importers.archive import is_archive, open_archive
from products.importers.detect import Kind, detect, refuse_pages
from products.importers.drafts import AppDraft
from products.importers.masking import masked_notices, without_secrets
from products.importers.openapi.document import read_openapi
from products.importers.postman.document import read_postman
from products.importers.report import Report
from products.importers.swagger2 import to_openapi
from products.lib.documents import MAX_BYTES, load_document

Progress = Callable[[int, int], None]


def read_document(
    data: bytes, *, filename: str = "", progress: Progress | None = None, max_bytes: int = MAX_BYTES
) -> AppDraft:
    """Read an API description, also from within a zip archive. Nothing it refers to is ever opened or fetched.

    After a `#`, `filename` says which document of an archive is meant; without it there must be only one.

    `progress(done, total)` is called now and then with numbers of operations. Raises DocumentError, with line and
    column where they are known, when the document cannot be imported at all; smaller troubles become notices.
    """
    report = Report()
    if is_archive(data):
        member = open_archive(data, chosen=filename.partition("#")[2])
        data, filename = member.data, member.name
        for note in (f"Read from “{member.name[:100]}” in the archive.", *member.notes):
            report.changed("archive", "", note)
    refuse_pages(data)
    loaded = load_document(data, filename=filename, max_bytes=max_bytes)
    for note in loaded.notes:
        report.warning("document", "", note)
    draft = without_secrets(_read(detect(loaded.tree), report, progress), report)
    return replace(draft, notices=masked_notices(report))


def _read(kind: Kind, report: Report, progress: Progress | None) -> AppDraft:
    if kind.format == "postman":
        return read_postman(kind.document, version=kind.version, report=report, progress=progress)
    if kind.format == "openapi":
        return read_openapi(kind.document, version=kind.version, report=report, progress=progress)
    converted = to_openapi(kind.document, report)
    draft = read_openapi(converted, version="2.0", report=report, progress=progress)
    return replace(draft, format="swagger", version=kind.version)
