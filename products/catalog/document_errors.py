"""The error codes of imported documents."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import ErrorCode

DOCUMENT_ERRORS: Final[tuple[ErrorCode, ...]] = (
    ErrorCode("empty", "Empty", "There is nothing in the document, or in the app that is to be published."),
    ErrorCode("too-large", "Too large", "The document is over the limit in bytes, or in objects and lists."),
    ErrorCode(
        "too-deep", "Nested too deeply", "Objects and lists stand inside each other deeper than any real document."
    ),
    ErrorCode("not-text", "Not text", "The file is not text in UTF-8 or UTF-16: perhaps an archive or an image."),
    ErrorCode(
        "bad-archive",
        "Archive refused",
        "It is broken, encrypted, or holds links or names that lead out of it; or no zip.",
    ),
    ErrorCode(
        "archive-too-large", "Archive too large", "It holds too many entries, or more than it may when unpacked."
    ),
    ErrorCode("archive-empty", "Nothing in the archive", "No OpenAPI, Swagger or Postman document is in the archive."),
    ErrorCode(
        "archive-several", "Several documents", "Import the archive again and name the one document that is meant."
    ),
    ErrorCode("bad-json", "Invalid JSON", "The document looks like JSON and breaks its rules at the place given."),
    ErrorCode("bad-yaml", "Invalid YAML", "The document breaks the rules of YAML at the place given."),
    ErrorCode("yaml-alias", "Too many YAML anchors", "Anchors and aliases would make the document grow without limit."),
    ErrorCode("yaml-key", "YAML key is not text", "Keys of an API description are text."),
    ErrorCode("yaml-tag", "YAML tag refused", "The tag would construct something other than data."),
    ErrorCode("yaml-merge", "YAML merge refused", "A merge key (<<) takes an object or a list of objects."),
    ErrorCode("not-an-object", "Not an object", "An API description is an object; this is a list or a single value."),
    ErrorCode("web-page", "A web page", "The address leads to a page about the file. Use the address of the raw file."),
    ErrorCode("xml", "XML", "Documents in JSON or YAML can be imported."),
    ErrorCode("unknown-format", "Unknown format", "It is neither OpenAPI, nor Swagger, nor a Postman collection."),
    ErrorCode("unknown-version", "Unknown version", "OpenAPI 3.0 and 3.1 and Swagger 2.0 can be imported."),
    ErrorCode("no-version", "Version missing", "There are paths, but neither `openapi` nor `swagger` with a version."),
    ErrorCode("no-operations", "Nothing to import", "The document describes no operations."),
    ErrorCode("postman-1", "Postman 1", "Export the collection from Postman as v2.1."),
    ErrorCode("postman-environment", "A Postman environment", "It holds values only. Import the collection instead."),
    ErrorCode("asyncapi", "AsyncAPI", "It describes messages, not HTTP calls."),
    ErrorCode("har", "A recording (HAR)", "It records what a browser did and describes no API."),
    ErrorCode("fetch-failed", "Could not be fetched", "The address answered with another status than 200."),
    ErrorCode("no_file", "No such file", "Only from the shell: the file cannot be read."),
    ErrorCode("no_database", "No database", "Only from the shell: the database cannot be reached.", fault="us"),
    ErrorCode("insomnia", "An Insomnia export", "Export the API from Insomnia as OpenAPI instead."),
)
