"""The one error a document can cause: it says where and why, in words for people."""

from __future__ import annotations

from products.lib.document_errors import DocumentError

__all__ = ["DocumentError"]
