"""Checks an auth as people write it, and makes the definition that is stored."""

from __future__ import annotations

from typing import Any

from products.lib.action_checks import TOKEN
from products.lib.actions import AuthSpec, CredentialField, Login, Placement
from products.lib.errors import FieldProblem
from products.lib.fields import Fields, Problems
from products.lib.jsontypes import JsonObject
from products.lib.periods import PERIODS
from products.lib.requirements import FIELDS_OF_KIND
from products.lib.tags import TAG_PATTERN, slugify_tag

KINDS = tuple(FIELDS_OF_KIND)
PLACES = ("header", "query", "params", "body", "cookie")
KEY_PATTERN = r"[A-Za-z0-9_.\-][A-Za-z0-9_.\- ]{0,119}"
KEY_SAY = "Use letters, digits, _, - and dots."
AUTH_KEYS = ("tag", "name", "kind", "description", "fields", "placements", "login", "oauth")
_TAG_SAY = "Use lower-case letters, digits, - and _, starting with a letter or digit, at most 63."


def checked_auth(data: JsonObject) -> tuple[AuthSpec, tuple[FieldProblem, ...]]:
    """The definition, with the fields of its kind where it names none, and everything that is wrong with it."""
    problems = Problems()
    row = Fields(data, problems, known=AUTH_KEYS)
    kind: Any = row.choice("kind", KINDS, "bearer")
    name = row.text("name", most=200, required=True)
    spec = AuthSpec(
        tag=row.text("tag", most=63, pattern=TAG_PATTERN.pattern, say=_TAG_SAY) or slugify_tag(name),
        name=name,
        kind=kind,
        description=row.text("description", most=20_000),
        fields=_fields(row) or FIELDS_OF_KIND[kind],
        placements=_placements(row),
        login=_login(row, kind),
        oauth=row.object("oauth"),
    )
    _check_fields_of_kind(row, spec)
    if kind in {"token", "api_key", "credential"} and not spec.placements:
        row.wrong("placements", "Say where the value goes, such as the header Authorization.", "required")
    return spec, tuple(problems.found)


def _fields(row: Fields) -> tuple[CredentialField, ...]:
    found: dict[str, CredentialField] = {}
    for each in row.rows("fields", most=30, known=CredentialField.__slots__):
        key = each.text("key", most=120, required=True, pattern=KEY_PATTERN, say=KEY_SAY)
        if key in found:
            each.wrong("key", f"There are two fields “{key[:60]}”.", "taken")
        found[key] = CredentialField(
            key=key,
            label=each.text("label", most=200),
            secret=each.flag("secret", default=True),
            required=each.flag("required", default=True),
            description=each.text("description", most=4_000),
        )
    return tuple(found.values())


def _placements(row: Fields) -> tuple[Placement, ...]:
    found = []
    for each in row.rows("placements", most=30, known=Placement.__slots__):
        place: Any = each.choice("place", PLACES, "header")
        pattern = TOKEN if place in {"header", "cookie"} else r"[^\x00-\x1f\x7f]+"
        key = each.text("key", most=200, required=True, pattern=pattern, say="This cannot be a name there.")
        value = each.text("value", most=4_000, required=True, pattern=r"[^\r\n\x00]+", say="One line, please.")
        found.append(Placement(place=place, key=key, value=value))
    return tuple(found)


def _login(row: Fields, kind: str) -> Login | None:
    data = row.data.get("login")
    if data is None and kind != "credential":
        return None
    if not isinstance(data, dict):
        row.wrong("login", "Say by which action one logs in.", "required")
        return None
    if kind != "credential":
        row.wrong("login", "Only an auth of the kind “credential” logs in.")
    login = Fields(data, row.problems, pointer="/login", known=Login.__slots__)
    expires = login.number("expires_in", least=0.001, most=1_000_000)
    return Login(
        action=login.text("action", most=63, required=True, pattern=TAG_PATTERN.pattern, say=_TAG_SAY),
        input=login.object("input"),
        token_path=login.text("token_path", most=200) or "token",
        expires_in=1 if expires is None else expires,
        period=login.choice("period", tuple(PERIODS), "hours"),
    )


def _check_fields_of_kind(row: Fields, spec: AuthSpec) -> None:
    keys = {each.key for each in spec.fields}
    for needed in FIELDS_OF_KIND[spec.kind]:
        if needed.key not in keys and not spec.placements:
            row.wrong("fields", f"An auth of the kind “{spec.kind}” reads the field “{needed.key}”.", "required")
