"""What kind of API description a document is, and plain words for what is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from products.importers.errors import DocumentError
from products.importers.shapes import as_dict, as_text

_POSTMAN_VERSION = re.compile(r"collection/v(\d+)(?:\.(\d+))?")
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype|html|head|body)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Kind:
    """The format, its version, and the object that holds the API."""

    format: Literal["openapi", "swagger", "postman"]
    version: str
    document: dict[str, Any]


def refuse_pages(data: bytes) -> None:
    """Raise DocumentError for a web page or XML: what one gets by downloading the wrong address."""
    head = data[:4000].removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        raise DocumentError("web-page", "This is a web page, not an API description. Use the address of the raw file.")
    if head.lstrip().startswith(b"<"):
        raise DocumentError("xml", "This is XML. OpenAPI, Swagger and Postman files in JSON or YAML can be imported.")


def detect(tree: Any) -> Kind:
    """The kind of a loaded document. Raises DocumentError for everything that cannot be imported."""
    if not isinstance(tree, dict):
        raise DocumentError("not-an-object", "An API description must be an object; this is a list or a single value.")
    wrapped = tree.get("collection")
    if isinstance(wrapped, dict) and "info" not in tree and "openapi" not in tree and "swagger" not in tree:
        tree = wrapped
    if "openapi" in tree:
        return _openapi(tree)
    if "swagger" in tree:
        return _swagger(tree)
    _refuse_others(tree)
    return _postman(tree)


def _openapi(tree: dict[str, Any]) -> Kind:
    version = as_text(tree["openapi"])[:20]
    if version.startswith("2"):
        return Kind("swagger", version, tree)
    if version and not version.startswith("3"):
        raise DocumentError("unknown-version", f"OpenAPI {version} is not supported; 3.0 and 3.1 are.")
    return Kind("openapi", version or "3.0", tree)


def _swagger(tree: dict[str, Any]) -> Kind:
    version = as_text(tree["swagger"])[:20]
    if version.startswith("1"):
        raise DocumentError("unknown-version", f"Swagger {version} is not supported; convert it to Swagger 2.0 first.")
    if version.startswith("3"):
        return Kind("openapi", version, tree)
    return Kind("swagger", version or "2.0", tree)


def _refuse_others(tree: dict[str, Any]) -> None:
    if "asyncapi" in tree:
        raise DocumentError("asyncapi", "AsyncAPI documents describe messages, not HTTP calls, and cannot be imported.")
    if "swaggerVersion" in tree:
        raise DocumentError("unknown-version", "Swagger 1 is not supported; convert it to Swagger 2.0 first.")
    if isinstance(tree.get("requests"), list) and "item" not in tree:
        raise DocumentError("postman-1", "This is a Postman 1 collection. Export it as Collection v2.1 and try again.")
    if isinstance(tree.get("values"), list) and "item" not in tree and "info" not in tree:
        raise DocumentError("postman-environment", "This is a Postman environment. Import the collection instead.")
    if as_dict(tree.get("log")).get("entries") is not None:
        raise DocumentError("har", "This is a recording of a browser (HAR), not an API description.")
    if tree.get("_type") == "export":
        raise DocumentError("insomnia", "Insomnia exports cannot be imported. Export the API as OpenAPI instead.")


def _postman(tree: dict[str, Any]) -> Kind:
    schema = as_text(as_dict(tree.get("info")).get("schema"))
    found = _POSTMAN_VERSION.search(schema)
    if found and found[1] == "1":
        raise DocumentError("postman-1", "This is a Postman 1 collection. Export it as Collection v2.1 and try again.")
    if found or isinstance(tree.get("item"), list):
        return Kind("postman", f"{found[1]}.{found[2] or 0}" if found else "2.1", tree)
    if isinstance(tree.get("paths"), dict):
        raise DocumentError(
            "no-version", "The document has “paths” but neither “openapi” nor “swagger” with a version."
        )
    message = (
        "This is no OpenAPI, Swagger or Postman document: none of “openapi”, “swagger”, “info” and “item” is there."
    )
    raise DocumentError("unknown-format", message)
