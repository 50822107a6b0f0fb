"""JSON bodies, read strictly: depth, numbers, duplicate keys and text that PostgreSQL cannot hold are refused here."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from products.lib.errors import FieldProblem, Invalid, TooLarge
from products.lib.jsontypes import JsonError, parse_json

MAX_BODY_BYTES = 20 * 1024 * 1024


class StrictJsonParser(BaseParser):
    """`application/json` only; an empty body is an empty object."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises Invalid with a pointer, or TooLarge."""
        data = stream.read(MAX_BODY_BYTES + 1)
        if len(data) > MAX_BODY_BYTES:
            raise TooLarge(f"A body may have at most {MAX_BODY_BYTES // 1024 // 1024} MiB.")
        if not data.strip():
            return {}
        try:
            parsed = parse_json(data, max_bytes=MAX_BODY_BYTES, twins=False)
        except JsonError as error:
            raise Invalid(errors=(FieldProblem(error.pointer, "json", str(error)),)) from error
        if not isinstance(parsed, dict):
            raise ParseError("The body must be a JSON object.")
        return parsed
