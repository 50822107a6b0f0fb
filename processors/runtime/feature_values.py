"""The values that expressions of a feature see, and which of what they give nobody may see."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from yarl import URL

from processors.connectors.errors import HostNotAllowed, Misconfigured
from processors.connectors.http.bounds import Bound
from processors.runtime.composition import MAY_GO, Composed, open_value, with_secrets
from processors.runtime.feature_definition import FeatureDefinition
from processors.runtime.loader import SealedValue
from processors.runtime.masking import masked_output
from processors.runtime.secrets import Vault
from products.lib.jsontypes import Json, JsonObject
from products.lib.redaction import Redactor

SHOWN_MOST = 256 * 1024  # of a step's input, for people to look at
PREVIEW = 4_000
_SHORTEST = 4  # a secret of fewer characters is in everything


@dataclass(frozen=True, slots=True)
class Opened:
    """The values by root; `hosts` says of a secret where it may go."""

    secrets: Mapping[str, str]
    variables: Mapping[str, dict[str, Json]]
    constants: Mapping[str, JsonObject]
    hosts: Mapping[str, tuple[str, ...]]
    hidden: tuple[str, ...] = field(repr=False, default=())

    def roots(self) -> dict[str, Json | Mapping[str, Any]]:
        """As expressions name them."""
        return {"Secret": self.secrets, "Variable": self.variables, "Constant": self.constants}


def open_values(definition: FeatureDefinition, values: tuple[SealedValue, ...], vault: Vault) -> Opened:
    """Raises Misconfigured, naming what has no value or does not open."""
    texts = {(value.kind, value.name): open_value(value, vault) for value in values}
    secrets = {value.name: texts["secret", value.name] for value in values if value.kind == "secret"}
    hidden: list[str] = []
    variables = {
        tag: {key: _value(key, reference, texts, hidden) for key, reference in references.items()}
        for tag, references in definition.variables.items()
    }
    hosts = {value.name: value.hosts for value in values if value.kind == "secret" and value.hosts}
    return Opened(secrets, variables, definition.constants, hosts, tuple(hidden))


def _value(key: str, reference: JsonObject, texts: Mapping[tuple[str, str], str], hidden: list[str]) -> Json:
    if "value" in reference:
        return reference["value"]
    if "sealed" in reference:
        text = texts.get(("value", reference["sealed"]))
        if text is None:
            raise Misconfigured(f"The connection no longer has the value “{key}”.", details={"field": key})
    else:
        text = with_secrets(reference["text"], texts)
    hidden.append(text)
    return text


class Guard:
    """Hears of every secret that an expression of one run gives out, masks it, and binds it to its hosts."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._read: dict[str, set[str]] = {}  # the texts that came out, with the secrets that they are made of
        # All that the feature names, read or not: another worker may have read it before.
        self._texts = dict.fromkeys((*opened.secrets.values(), *opened.hidden))
        self._redactor = Redactor(tuple(self._texts))

    def heard(self, reference: str, value: Json) -> None:
        """A sensitive value came out, or text that an operator made of one."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key in self._opened.secrets:
            if f"{{{key}}}" in reference:
                self._read.setdefault(text, set()).add(key)
        if text and text not in self._texts:
            self._texts[text] = None
            self._redactor = Redactor(tuple(self._texts))

    def shown(self, value: Json) -> Json:
        """For people: masked, and cut where it is very long."""
        masked: Json = self._redactor.json(value)
        text = json.dumps(masked, ensure_ascii=False)
        if len(text) <= SHOWN_MOST:
            return masked
        return {"truncated": True, "characters": len(text), "preview": text[:PREVIEW]}

    def masked(self, value: Json) -> Json:
        """By value only, so that a result stays usable."""
        return masked_output(value, self._redactor, tuple(self._texts))

    def around(self, composed: Composed, given: Json) -> Composed:
        """The same call, with what the run has read masked too, and sent only where each secret in it may go."""
        if not self._texts:
            return composed
        secrets = tuple(dict.fromkeys((*composed.secrets, *self._texts)))
        bounds = (*composed.bounds, *self._bounds(given))
        return replace(composed, redactor=Redactor(secrets), secrets=secrets, bounds=bounds)

    @property
    def texts(self) -> tuple[str, ...]:
        """What has to be masked in whatever a step brings."""
        return tuple(self._texts)

    def check_leads(self, given: Json, leads_to: Collection[str]) -> None:
        """A secret with a list of hosts goes into no resource that is elsewhere. Raises HostNotAllowed."""
        for key in self._inside(given):
            allowed = {URL(host).host for host in self._opened.hosts[key]}
            if not allowed.issuperset(leads_to):
                raise HostNotAllowed(f"The secret “{key}” may not be sent there. {MAY_GO}")

    def _bounds(self, given: Json) -> list[Bound]:
        return [Bound(f"The secret “{key}”", self._opened.hosts[key], MAY_GO) for key in self._inside(given)]

    def _inside(self, given: Json) -> list[str]:
        """The keys of secrets with a list of hosts that are in an input."""
        inside = "\n".join(_texts_in(given))
        keys: set[str] = set()
        for text, made_of in self._read.items():
            if len(text) >= _SHORTEST and text in inside:
                keys |= made_of
        return sorted(key for key in keys if key in self._opened.hosts)


def _texts_in(value: Json) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            found += one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif one is not None:
            found.append(json.dumps(one))
    return found
