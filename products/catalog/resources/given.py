"""Settings as somebody gives them: checked against what a kind declares, merged into what is there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from products.catalog.resources.shapes import ResourceKind, Setting
from products.lib import placeholders
from products.lib.errors import FieldProblem
from products.lib.jsontypes import Json, JsonObject, escape_pointer
from products.lib.periods import PeriodError, duration_seconds
from products.lib.redaction import MASK

LONGEST = 64_000


@dataclass(slots=True)
class Change:
    """What a request makes of the settings: `plain` as a whole, texts to `seal`, sealed ones to `drop`."""

    plain: JsonObject
    seal: dict[str, str] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)
    problems: list[FieldProblem] = field(default_factory=list)

    def named_secrets(self) -> tuple[str, ...]:
        """The keys of `$Secret{…}` in the plain texts."""
        texts = (value for value in self.plain.values() if isinstance(value, str))
        return tuple(dict.fromkeys(key for text in texts for key in placeholders.secret_refs(text)))


def merged(
    declared: Sequence[Setting],
    given: Mapping[str, Json],
    *,
    plain: JsonObject,
    sealed: Collection[str] = (),
    pointer: str = "/settings",
) -> Change:
    """`given` merged into `plain` and `sealed`: null removes, the mask keeps what is there."""
    known = {setting.name: setting for setting in declared}
    change = Change({key: value for key, value in plain.items() if key in known})
    for key, value in given.items():
        setting = known.get(key)
        problem = _take(change, setting, value, sealed) if setting else f"There is no setting “{str(key)[:60]}” here."
        if problem:
            change.problems.append(FieldProblem(f"{pointer}/{escape_pointer(str(key)[:120])}", "invalid", problem))
    return change


def missing(declared: Sequence[Setting], plain: Mapping[str, Json], sealed: Collection[str]) -> tuple[Setting, ...]:
    """The required ones that have no value and no default."""
    return tuple(
        each
        for each in declared
        if each.required and each.default is None and each.name not in sealed and plain.get(each.name) in {None, ""}
    )


def filled(declared: Sequence[Setting], plain: Mapping[str, Json]) -> JsonObject:
    """Every setting that is not sealed, with its default where nothing was given."""
    return {each.name: plain.get(each.name, each.default) for each in declared}


def shared_problems(kind: ResourceKind, shared: Mapping[str, Json]) -> Iterator[FieldProblem]:
    """Lengths of time among a resource's own fields that are none."""
    for setting in kind.shared:
        value = shared.get(setting.name)
        if setting.name in {"for", "stale_for"} and isinstance(value, str) and value not in {"0", "0s"}:
            try:
                duration_seconds(value)
            except PeriodError as error:
                yield FieldProblem(f"/shared/{setting.name}", "invalid", str(error))


def _take(change: Change, setting: Setting, value: Json, sealed: Collection[str]) -> str:
    """Notes what becomes of one value; the problem in words, "" for none."""
    key = setting.name
    if value == MASK:
        return "" if key in sealed or key in change.plain else "This is only a mask; give the value."
    if value is None or value == "":
        change.plain.pop(key, None)
        change.drop += [key] if key in sealed else []
        return ""
    problem = _wrong(setting, value)
    if problem:
        return problem
    if setting.secret and isinstance(value, str) and not placeholders.secret_refs(value):
        change.plain.pop(key, None)
        change.seal[key] = value
    else:
        change.plain[key] = value
        change.drop += [key] if key in sealed else []
    return ""


def _wrong(setting: Setting, value: Json) -> str:
    if setting.type == "boolean":
        return "" if isinstance(value, bool) else "This must be true or false."
    if setting.type == "integer":
        return _wrong_number(setting, value)
    if not isinstance(value, str):
        return "This must be a text."
    if setting.type == "choice":
        return "" if value in setting.choices else f"This must be one of: {', '.join(setting.choices)}."
    return _wrong_text(setting, value)


def _wrong_number(setting: Setting, value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return "This must be a whole number."
    low, high = setting.minimum, setting.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return f"This must be between {low} and {high}."
    return ""


def _wrong_text(setting: Setting, value: str) -> str:
    if MASK in value:
        return "This contains the mask; give the whole value."
    if setting.type == "string" and not value.isprintable():
        return "This must be on one line, without control characters."
    if placeholders.secret_refs(value):
        return "" if len(value) <= LONGEST else f"At most {LONGEST} characters."
    if setting.minimum is not None and len(value) < setting.minimum:
        return f"At least {setting.minimum} characters."
    most = setting.maximum if setting.maximum is not None else LONGEST
    return f"At most {most} characters." if len(value) > most else ""
