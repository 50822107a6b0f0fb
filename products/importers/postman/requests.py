"""One Postman request as an action, before it is known which base URL the collection shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from products.importers.names import TagBook
from products.importers.postman.auth import PostmanAuths
from products.importers.postman.bodies import read_body
from products.importers.postman.parameters import header_parameters, path_parameters, query_parameters
from products.importers.postman.rows import Row, read_rows
from products.importers.postman.scripts import read_scripts
from products.importers.postman.urls import Url, read_url, within_length
from products.importers.postman.walk import Leaf
from products.importers.report import Report
from products.importers.shapes import SHAPE_ERRORS, as_description, as_dict, as_text
from products.lib.actions import ActionSpec, Body, Parameter

_METHOD = re.compile(r"[A-Z0-9!#$%&'*+.^_`|~-]{1,20}")


@dataclass(frozen=True, slots=True)
class RequestReader:
    """Reads the requests of one collection."""

    report: Report
    auths: PostmanAuths
    tags: TagBook

    def read(self, leaf: Leaf, source_id: str) -> ActionSpec:
        """The action of an item; its `base_url` is that of the request. Never raises for what the item holds."""
        raw = leaf.item.get("request")
        if not isinstance(raw, (dict, str)):
            self.report.changed(
                "bad-request", leaf.place, "The request is empty; it came in as GET without an address."
            )
        request = {"url": raw} if isinstance(raw, str) else as_dict(raw)
        method = self._method(request, leaf.place)
        url = self._url(request, leaf.place)
        name = self.report.name(leaf.item.get("name"), leaf.place, f"{method} {url.path}")
        tag = self.tags.tag(name, f"{method} {url.path}")
        try:
            return self._whole(leaf, request, url=url, named=(tag, name, method, source_id))
        except SHAPE_ERRORS:
            message = "The request could not be read; only its method and address came in."
            self.report.changed("bad-request", leaf.place, message)
            paths = path_parameters(url, self.report, leaf.place)
            return ActionSpec(
                tag, name, method, url.path, leaf.folder, parameters=paths, base_url=url.base, source_id=source_id
            )

    def _whole(self, leaf: Leaf, request: dict[str, Any], *, url: Url, named: tuple[str, str, str, str]) -> ActionSpec:
        tag, name, method, source_id = named
        headers = read_rows(request.get("header"))
        body = read_body(request.get("body"), _content_type(headers), report=self.report, place=leaf.place)
        own = self.auths.read(request.get("auth", leaf.item.get("auth")), leaf.place)
        auth = leaf.auth if own.inherits else own
        return ActionSpec(
            tag=tag,
            name=name,
            method=method,
            path=url.path,
            folder=leaf.folder,
            description=as_description(request.get("description") or leaf.item.get("description")),
            parameters=self._parameters(url, headers, body, leaf.place),
            body=body,
            auths=auth.tags,
            anonymous=auth.anonymous,
            base_url=url.base,
            source_id=source_id,
            scripts=read_scripts(leaf.item.get("event"), self.report, leaf.place),
        )

    def _parameters(self, url: Url, headers: list[Row], body: Body | None, place: str) -> tuple[Parameter, ...]:
        kept = [row for row in headers if not (body and row.key.lower() == "content-type")]
        return (
            *path_parameters(url, self.report, place),
            *query_parameters(url.query, self.report, place),
            *header_parameters(kept, self.report, place),
        )

    def _method(self, request: dict[str, Any], place: str) -> str:
        written = as_text(request.get("method")).strip()
        method = written.upper()
        if _METHOD.fullmatch(method):
            return method
        if request:
            what = f"The method “{written[:40]}” is none" if written else "The request has no method"
            self.report.changed("no-method", place, f"{what}; GET is used.")
        return "GET"

    def _url(self, request: dict[str, Any], place: str) -> Url:
        try:
            url = within_length(read_url(request.get("url")), self.report, place)
        except SHAPE_ERRORS:
            url = Url()
        if not url.base and url.path == "/" and not url.query:
            self.report.changed("no-url", place, "The request has no address; the base URL itself is called.")
        if url.had_password:
            self.report.warning("secret-removed", place, "The address had a user name or password; they were removed.")
        return url


def _content_type(headers: list[Row]) -> str:
    rows = (row for row in headers if row.key.lower() == "content-type" and row.enabled)
    return next((as_text(row.value).strip()[:200] for row in rows), "")
