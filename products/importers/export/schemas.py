"""The definitions of all actions under the names of one document."""

from __future__ import annotations

from typing import Any

from products.lib.tags import unique_tag

_FROM, _TO = "#/$defs/", "#/components/schemas/"


class Definitions:
    """Collects definitions; the same name for different schemas becomes two names."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}  # name in the document → schema as the actions hold it

    def schema(self, schema: Any, names: dict[str, str]) -> Any:
        """A schema with its references leading to the document's definitions."""
        if isinstance(schema, dict):
            return {
                key: self._ref(value, names) if key == "$ref" and isinstance(value, str) else self.schema(value, names)
                for key, value in schema.items()
            }
        return [self.schema(each, names) for each in schema] if isinstance(schema, list) else schema

    def names_of(self, defs: dict[str, Any]) -> dict[str, str]:
        """What the definitions of one action are called in the document."""
        return {name: self._name(name, schema) for name, schema in defs.items()}

    def all(self) -> dict[str, Any]:
        """Every definition. Those that differ only in being cut short in one action are one."""
        own = {name: name for name in self._kept}
        return {name: self.schema(schema, own) for name, schema in self._kept.items()}

    def _name(self, name: str, schema: Any) -> str:
        known = self._kept.get(name)
        if known is None or known == {}:
            self._kept[name] = schema
        elif schema not in ({}, known):
            twin = next(
                (each for each, kept in self._kept.items() if each.startswith(f"{name}-") and kept == schema), ""
            )
            name = twin or unique_tag(name, self._kept)
            self._kept[name] = schema
        return name

    @staticmethod
    def _ref(ref: str, names: dict[str, str]) -> str:
        name = ref.removeprefix(_FROM)
        return _TO + names.get(name, name) if ref.startswith(_FROM) else ref
