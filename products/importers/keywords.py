"""One schema of OpenAPI 3.0, Swagger 2.0 or JSON Schema, keyword by keyword, to JSON Schema 2020-12.

What a keyword may hold is checked here, so that every translated schema compiles. Unknown keywords are left out;
`$id`, `$anchor` and `$dynamicRef` too, because they would change what references mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from products.importers.keyword_values import (
    ODD_TYPES,
    OTHERS,
    TYPES,
    compiles,
    drop_read_only,
    nullable,
    number_in,
)
from products.importers.report import Report
from products.importers.shapes import as_number

Dialect = Literal["openapi-3.0", "json-schema"]
NameOf = Callable[[str, str], str]

_TEXT_LENGTH = 1000
_TEXTS = {"title", "description", "format", "contentEncoding", "contentMediaType"}
_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_COUNTS = {
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"),
}
_FLAGS = {"uniqueItems", "readOnly", "writeOnly", "deprecated"}
_VALUES = {"default", "const"}
_SCHEMAS = {"items", "additionalProperties", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"}
_IN_PLACE = {"not", "if", "then", "else"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_MAPS = {"properties", "patternProperties", "dependentSchemas"}
_OWN_WORDS = {"description", "title", "default", "example", "readOnly", "writeOnly", "deprecated", "nullable"}


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated schema, the definitions it refers to, and which of those references stand for the value itself."""

    schema: dict[str, Any]
    references: tuple[str, ...] = ()
    in_place: tuple[dict[str, Any], ...] = ()


def translate(raw: Any, dialect: Dialect, *, name_of: NameOf, report: Report, place: str) -> Translation:
    """Translate one schema. `name_of(ref, place)` names the definition of a reference ("" if it leads nowhere)."""
    work = _Translator(dialect, name_of, report, place)
    schema = work.schema(raw, in_place=True)
    return Translation(schema, tuple(dict.fromkeys(work.references)), tuple(work.in_place))


@dataclass(slots=True)
class _Translator:
    dialect: Dialect
    name_of: NameOf
    report: Report
    place: str
    references: list[str] = field(default_factory=list)
    in_place: list[dict[str, Any]] = field(default_factory=list)

    def schema(self, raw: Any, *, in_place: bool) -> dict[str, Any]:
        if raw is False:
            return {"not": {}}
        if not isinstance(raw, dict):
            if raw is not True and raw is not None:
                self.simplified("a schema that is no object accepts anything")
            return {}
        if isinstance(raw.get("$ref"), str):
            return self.reference(raw, in_place=in_place)
        return self.keywords(raw, in_place=in_place)

    def reference(self, raw: dict[str, Any], *, in_place: bool) -> dict[str, Any]:
        name = self.name_of(raw["$ref"], self.place)
        own = {key: raw[key] for key in raw if key != "$ref" and (self.dialect != "openapi-3.0" or key in _OWN_WORDS)}
        beside = self.keywords(own, in_place=in_place) if own else {}
        if not name:
            return beside
        edge = {"$ref": f"#/$defs/{name}"}
        self.references.append(name)
        if in_place:
            self.in_place.append(edge)
        if not beside:
            return edge
        if "anyOf" in beside and "anyOf" not in raw:  # nullable
            return {**beside, "anyOf": [edge, {"type": "null"}]}
        return {"allOf": [edge], **beside} if "allOf" not in beside else {**beside, "allOf": [*beside["allOf"], edge]}

    def keywords(self, raw: dict[str, Any], *, in_place: bool) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in raw.items():
            if key in _SCHEMAS:
                self.single(result, key, value)
            elif key in _IN_PLACE:
                result[key] = self.schema(value, in_place=in_place)
            elif key in _LISTS:
                self.several(result, key, value, in_place=in_place and key != "prefixItems")
            elif key in _MAPS:
                self.mapping(result, key, value, in_place=in_place and key == "dependentSchemas")
            else:
                self.plain(result, key, value)
        self.bounds(result, raw)
        drop_read_only(result)
        return nullable(result, raw)

    def single(self, result: dict[str, Any], key: str, value: Any) -> None:
        if key == "items" and isinstance(value, list):
            result["prefixItems"] = [self.schema(each, in_place=False) for each in value] or [{}]
        else:
            result[key] = value if isinstance(value, bool) else self.schema(value, in_place=False)

    def several(self, result: dict[str, Any], key: str, value: Any, *, in_place: bool) -> None:
        if not isinstance(value, list):
            value = [value]
        if value:
            result[key] = [self.schema(each, in_place=in_place) for each in value]

    def mapping(self, result: dict[str, Any], key: str, value: Any, *, in_place: bool) -> None:
        if not isinstance(value, dict):
            self.simplified(f"“{key}” is no object and was left out")
            return
        result[key] = {name: self.schema(each, in_place=in_place) for name, each in value.items()}
        if key == "patternProperties":
            result[key] = {name: each for name, each in result[key].items() if self.pattern_works(name)}

    def plain(self, result: dict[str, Any], key: str, value: Any) -> None:
        if key in _TEXTS and isinstance(value, str):
            result[key] = value[:_TEXT_LENGTH]
        elif key in _VALUES or (key in _FLAGS and isinstance(value, bool)):
            result[key] = value
        elif key in _COUNTS:
            self.count(result, key, value)
        elif key in _NUMBERS:
            self.number(result, key, value)
        elif key == "type":
            self.type(result, value)
        elif key == "pattern" and isinstance(value, str):
            if self.pattern_works(value):
                result[key] = value
        elif key in OTHERS:
            OTHERS[key](result, value)

    def count(self, result: dict[str, Any], key: str, value: Any) -> None:
        number = as_number(int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else value)
        if number is not None and number >= 0 and number.is_integer():
            result[key] = int(number)
        elif value is not None:
            self.simplified(f"“{key}” is no count and was left out")

    def number(self, result: dict[str, Any], key: str, value: Any) -> None:
        number = as_number(value) if not isinstance(value, str) else number_in(value)
        if number is None or (key == "multipleOf" and number <= 0):
            if value is not None and not isinstance(value, bool):
                self.simplified(f"“{key}” is no number and was left out")
            return
        result[key] = int(number) if number.is_integer() and abs(number) < 2**53 else number

    def type(self, result: dict[str, Any], value: Any) -> None:
        names = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
        known = [name for name in names if name in TYPES]
        if known:
            result["type"] = known[0] if len(known) == 1 else list(dict.fromkeys(known))
        for name in names:
            if name not in TYPES:
                self.odd_type(result, name, known)

    def odd_type(self, result: dict[str, Any], name: str, known: list[str]) -> None:
        lower = name.lower()
        meant = {"type": lower} if lower in TYPES else ODD_TYPES.get(lower)
        if meant is None:
            self.simplified(f"the type “{name[:40]}” is unknown and was left out")
        elif not known:
            for key, value in meant.items():
                result.setdefault(key, value)

    def bounds(self, result: dict[str, Any], raw: dict[str, Any]) -> None:
        """OpenAPI 3.0 says `exclusiveMinimum: true` beside `minimum`."""
        for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if raw.get(exclusive) is True and bound in result:
                result[exclusive] = result.pop(bound)

    def pattern_works(self, pattern: str) -> bool:
        works = compiles(pattern)
        if not works:
            self.simplified(f"the pattern {pattern[:80]} is not a usable regular expression and was left out")
        return works

    def simplified(self, what: str) -> None:
        self.report.changed("schema-simplified", self.place, f"In a schema, {what}.")
