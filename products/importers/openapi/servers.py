"""Servers of an OpenAPI document: environments, their variables, and which operations go elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from products.importers.drafts import EnvironmentDraft
from products.importers.environments import BASE_URL, BASE_URL_KEY, EnvironmentBook
from products.importers.openapi.extension import base_url, told
from products.importers.report import Report
from products.importers.shapes import as_dict, as_list, as_text, clean_name
from products.importers.variable_keys import KeyBook
from products.importers.variables import VariableBook

_MAX_SERVERS = 50
_VARIABLE = re.compile(r"\{([^{}]+)\}")
_BARE_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/|$)|localhost\b")


def server_url(base_url: str) -> str:
    """A base URL with `{{variables}}` as the URL of a server, whose variables stand in single braces."""
    return base_url.replace("{{", "{").replace("}}", "}")


class ServerBook:
    """The environments of one document."""

    def __init__(self, document: dict[str, Any], report: Report, variables: VariableBook) -> None:
        self._report = report
        self._variables = variables
        self._keys = KeyBook(report)
        self._environments = EnvironmentBook()
        self._declare(document)

    def drafts(self) -> tuple[EnvironmentDraft, ...]:
        """The environments, at least one."""
        return self._environments.drafts()

    def base_url(self, item: dict[str, Any], operation: dict[str, Any], place: str) -> str:
        """Where an operation goes if the document sends it elsewhere than the app's environments; else ""."""
        servers = as_list(operation.get("servers")) or as_list(item.get("servers"))
        first = next((server for server in servers if isinstance(server, dict)), None)
        if first is None:
            return ""
        url = self._template(first, place)
        return "" if url in self._environments else url

    def _declare(self, document: dict[str, Any]) -> None:
        servers = [server for server in as_list(document.get("servers")) if isinstance(server, dict)]
        if not servers:
            servers = _commonest_of_paths(document)
        for number, server in enumerate(servers[:_MAX_SERVERS]):
            url = base_url(server) or self._template(server, f"/servers/{number}")
            self._environments.add(url, as_text(server.get("description")), slug=as_text(told(server).get("slug")))
        if not self._environments.drafts():
            self._need_base_url("/servers", "The document names no server")
            self._environments.add(BASE_URL, "")

    def _template(self, server: dict[str, Any], place: str) -> str:
        """The URL with `{{variables}}`, without a slash at the end."""
        url = clean_name(server.get("url")).replace("{{", "{").replace("}}", "}")
        named = as_dict(server.get("variables"))
        for name in _VARIABLE.findall(url):
            variable = as_dict(named.get(name))
            key = self._keys.usable(name, place)
            self._variables.declare(key, variable.get("default"), place, description=_describe(variable))
        filled = _VARIABLE.sub(lambda found: "{{" + self._keys.usable(found[1], place) + "}}", url)
        return self._absolute(filled.rstrip("/"), place)

    def _absolute(self, url: str, place: str) -> str:
        if url.startswith("//"):
            return f"https:{url}"
        if "://" in url or url.startswith("{{"):
            return url
        if _BARE_HOST.match(url):
            return f"https://{url}"
        self._need_base_url(place, f"The server “{url or '/'}” is relative")
        path = url.removeprefix(".").lstrip("/")
        return f"{BASE_URL}/{path}" if path else BASE_URL

    def _need_base_url(self, place: str, why: str) -> None:
        self._variables.declare(BASE_URL_KEY, None, place, description="Address of the API, for example https://host")
        self._report.warning("no-base-url", place, f"{why}: give the variable “{BASE_URL_KEY}” when connecting.")


def _describe(variable: dict[str, Any]) -> str:
    choices = ", ".join(as_text(choice) for choice in as_list(variable.get("enum"))[:20])
    return " ".join(filter(None, (as_text(variable.get("description")), f"One of: {choices}." if choices else "")))


def _commonest_of_paths(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Some documents name servers only beside their paths."""
    found: Counter[str] = Counter()
    servers: dict[str, dict[str, Any]] = {}
    for item in as_dict(document.get("paths")).values():
        for server in as_list(as_dict(item).get("servers"))[:1]:
            if isinstance(server, dict) and isinstance(server.get("url"), str):
                found[server["url"]] += 1
                servers.setdefault(server["url"], server)
    return [servers[url] for url, _ in found.most_common(1)]
