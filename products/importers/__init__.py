"""Turns API descriptions (OpenAPI, Swagger, Postman; JSON or YAML) into drafts of apps, from bytes alone."""

from __future__ import annotations

from products.importers.difference import Change, Difference, difference
from products.importers.drafts import AppDraft
from products.importers.errors import DocumentError
from products.importers.reading import Progress, read_document

__all__ = ["AppDraft", "Change", "Difference", "DocumentError", "Progress", "difference", "read_document"]
