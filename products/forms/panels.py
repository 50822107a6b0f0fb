"""The panel beside a feature's graph: the fields of what is selected, and what a person changed in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.http import QueryDict

from products.features.reading import TAG_SAY
from products.forms.panel_values import PanelError, at_path, number_of, text_of, value_of, with_path
from products.lib.jsontypes import Json, JsonObject, content_hash
from products.lib.tags import TAG_PATTERN

Kind = Literal["text", "lines", "expression", "value", "whole", "decimal", "flag", "choice", "choices"]
Sent = QueryDict  # a submitted form
PREFIX = "p:"
MOST_CHOICES = 2_000
_SHORT = frozenset({"retry_delay", "timeout", "options/timeout"})
_EXPRESSIVE = frozenset({
    "input",
    "condition",
    "for_each",
    "cache/key",
    "rollback/input",
    "output",
    "options/concurrency/key",
})


@dataclass(frozen=True, slots=True)
class PanelField:
    """One field. ``key`` is the path in the row: "rollback/input". ``redraw``: others depend on it."""

    key: str
    label: str
    kind: Kind
    value: Json = None
    choices: Sequence[tuple[str, str]] = ()
    says: str = ""
    usual: str = ""  # the choice that is not written down
    redraw: bool = False
    lines: int = 2  # that a value has room for at least
    errors: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Its name in the form."""
        return PREFIX + self.key

    @property
    def id(self) -> str:
        """Its id in the page."""
        return "p-" + self.key.replace("/", "-").replace("@", "")

    @property
    def text(self) -> str:
        """As it stands in the field."""
        if self.kind in {"text", "lines", "expression"} and isinstance(self.value, str):
            return self.value
        return self.usual if self.kind == "choice" and self.value is None else text_of(self.value)

    @property
    def half(self) -> bool:
        """Whether two such fields stand side by side: numbers and lengths of time."""
        return self.kind in {"whole", "decimal"} or self.key in _SHORT

    @property
    def expressive(self) -> bool:
        """Whether expressions may stand in it."""
        return self.key in _EXPRESSIVE or self.key.startswith(("input/", "rollback/input/"))

    @property
    def rows(self) -> int:
        """How many lines a person sees of a value."""
        return min(14, max(self.lines, self.text.count("\n") + 1))

    def read(self, sent: Sent) -> Json:
        """What was submitted; None for nothing. Raises PanelError."""
        if self.kind == "flag":
            return True if sent.get(self.name) else None
        if self.kind == "choices":
            return [one for one in sent.getlist(self.name) if one][:50] or None
        text = sent.get(self.name, "").replace("\r\n", "\n")
        if self.kind in {"whole", "decimal"}:
            return number_of(text, whole=self.kind == "whole")
        if self.kind == "value":
            return value_of(text)
        if self.key == "tag" and not TAG_PATTERN.fullmatch(text.strip()):
            raise PanelError(TAG_SAY)
        return None if text.strip() in {"", self.usual} else text.strip()


@dataclass(frozen=True, slots=True)
class Part:
    """Some fields of a panel under one heading; the first part has none and is always open."""

    title: str
    fields: Sequence[PanelField]

    @property
    def used(self) -> bool:
        """Whether something is set, or wrong, in it."""
        return any((one.value is not None and one.key != "@sequence") or one.errors for one in self.fields)


@dataclass(frozen=True, slots=True)
class Panel:
    """The fields of one event, one sequence or the feature. ``pointer`` is its place in the document."""

    kind: Literal["event", "sequence", "feature"]
    title: str
    parts: Sequence[Part]
    pointer: str = ""
    hint: str = ""
    icon: str = ""
    help: str = "features"  # the slug of the page that explains it

    @property
    def was(self) -> str:
        """A digest of what is shown: a panel that shows something older changes nothing."""
        return content_hash([self.title, [[one.key, one.text] for part in self.parts for one in part.fields]])[:16]


@dataclass(slots=True)
class Changes:
    """What was changed in a panel, by key, and what could not be read."""

    values: dict[str, Json] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    redraw: bool = False


def changes_in(panel: Panel, sent: Sent) -> Changes:
    """The fields that say something else than the document does."""
    found = Changes()
    for one in (each for part in panel.parts for each in part.fields):
        if one.kind not in {"flag", "choices"} and one.name not in sent:
            continue
        try:
            value = one.read(sent)
        except PanelError as error:
            found.errors[one.key] = str(error)
            continue
        if value != one.value and not _same_text(one, sent):
            found.values[one.key] = value
            found.redraw = found.redraw or one.redraw
    return found


def changed_row(row: JsonObject, values: Mapping[str, Json]) -> JsonObject:
    """The row with the changes of its panel."""
    for key, value in values.items():
        if not key.startswith("@"):
            row = with_path(row, key, value)
    if isinstance(row.get("cache"), dict) and set(row["cache"]) == {"for"}:
        row["cache"] = row["cache"]["for"]
    if "rollback/type" in values and values["rollback/type"] is None:
        row.pop("rollback", None)
    return row


def kept_row(row: JsonObject) -> JsonObject:
    """The row with its short spellings written out, as panels know it."""
    cache = row.get("cache")
    return {**row, "cache": {"for": cache}} if cache is not None and not isinstance(cache, dict) else row


def field_for(row: JsonObject, key: str, label: str, kind: Kind, **more: object) -> PanelField:
    """A field that shows what the row has at the key."""
    return PanelField(key, label, kind, at_path(row, key), **more)  # type: ignore[arg-type]


def _same_text(one: PanelField, sent: Sent) -> bool:
    return (
        one.kind not in {"flag", "choices"} and sent.get(one.name, "").replace("\r\n", "\n").strip() == one.text.strip()
    )
