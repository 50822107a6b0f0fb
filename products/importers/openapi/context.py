"""What the parts of the OpenAPI reader share while they read one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from products.importers.names import TagBook
from products.importers.openapi.security import AuthBook
from products.importers.openapi.servers import ServerBook
from products.importers.refs import Refs
from products.importers.report import Report
from products.importers.schemas import SchemaBook


@dataclass(frozen=True, slots=True)
class Context:
    """One document and the books kept about it."""

    document: dict[str, Any]
    report: Report
    refs: Refs
    schemas: SchemaBook
    auths: AuthBook
    servers: ServerBook
    tags: TagBook
