"""Writes an app as an OpenAPI 3.1 document that imports as the same app again."""

from __future__ import annotations

from products.importers.export.document import export_openapi

__all__ = ["export_openapi"]
