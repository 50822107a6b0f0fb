"""What the software can say or be told stands in the help: error codes, settings, permissions, types, states."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import get_args

from processors.engine import states
from products import access
from products.access import Permission
from products.catalog.auth_kinds import AUTH_KIND_TERMS
from products.catalog.entries import Term
from products.catalog.errors import ERROR_GROUPS, ERRORS
from products.catalog.field_types import FIELD_TYPE_TERMS
from products.catalog.pages import HELP_GROUPS, HELP_PAGES
from products.catalog.people import KEY_VERB_TERMS, PERMISSION_TERMS, ROLE_TERMS
from products.catalog.run_states import ATTEMPT_STATE_TERMS, RUN_STATE_TERMS, STEP_STATE_TERMS
from products.catalog.settings import SETTING_GROUPS, SETTINGS
from products.lib.actions import AuthKind
from products.lib.field_types import FIELD_TYPES
from products.models import KeyVerb, Role

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ("ductape_site", "products", "processors")
# The sample API is somebody else's API as far as the product goes; the catalogue is what is compared.
# A feature to begin with fails with a code of its own, as people's features do.
LEFT_OUT = ("ductape_site/sample_api/", "products/catalog/", "/migrations/", "products/features/starting_points.py")
FIELD_LEVEL = {"field", "FieldProblem"}  # codes beside one field, not of the answer
# Read by tools that surround the software, or a header in a WSGI request.
NOT_OURS = {"MALLOC_ARENA_MAX", "PATH", "HOME", "VIRTUAL_ENV", "XDG_RUNTIME_DIR", "PYTHONPATH", "HTTP_AUTHORIZATION"}


@lru_cache(maxsize=1)
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of ours, parsed once."""
    paths = [(path, str(path.relative_to(ROOT))) for storey in STOREYS for path in (ROOT / storey).rglob("*.py")]
    ours = sorted((name, path) for path, name in paths if not any(part in name for part in LEFT_OUT))
    return tuple((name, ast.parse(path.read_text())) for name, path in ours)


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def codes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("code" in f"{ast.unparse(line)}"[:4] for line in node.body):
            yield from (
                text(line.value)
                for line in node.body
                if isinstance(line, (ast.Assign, ast.AnnAssign))
                and ast.unparse(line.targets[0] if isinstance(line, ast.Assign) else line.target) == "code"
            )
        if isinstance(node, ast.Dict) and {"code", "message"} <= {text(key) for key in node.keys}:
            yield from (text(value) for key, value in zip(node.keys, node.values, strict=True) if text(key) == "code")
        if isinstance(node, ast.Call) and name_of(node) not in FIELD_LEVEL:
            yield from codes_of_call(node)


def codes_of_call(call: ast.Call) -> Iterator[str]:
    name = name_of(call)
    raised = name in {
        "DomainError",
        "NotFound",
        "Forbidden",
        "Invalid",
        "Conflict",
        "TooLarge",
        "TooMany",
        "Unavailable",
    }
    if raised or name == "error":
        yield from (text(keyword.value) for keyword in call.keywords if keyword.arg == "code")
    if name in {"DocumentError", "_refused", "StepError"} and call.args:
        yield text(call.args[0])
    if name in {"problem_json", "_answer"} and len(call.args) > 2:
        yield text(call.args[2])


def environment_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            readers = {"text", "flag", "number", "words", "get", "getenv", "setdefault", "is_open", "given"}
            first = text(node.args[0]) if node.args else ""
            of_environ = "environ" in ast.unparse(node.func) or "env." in ast.unparse(node.func)
            if name_of(node) in readers and (of_environ or name_of(node) in {"is_open", "given"}):
                yield first
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            yield text(node.slice)
        if isinstance(node, ast.Call) and name_of(node) == "_number" and node.args:
            yield text(node.args[0])


def test_every_error_code_has_a_paragraph() -> None:
    missing = {f"{name}: {code}" for name, tree in trees() for code in codes_in(tree) if code and code not in ERRORS}
    assert sorted(missing) == []


def test_the_codes_of_django_rest_framework_have_one_too() -> None:
    assert {
        "parse_error", "authentication_failed", "not_authenticated", "permission_denied", "not_found",
        "method_not_allowed", "not_acceptable", "unsupported_media_type", "throttled",
    } <= set(ERRORS)  # fmt: skip


def test_no_error_code_is_explained_twice() -> None:
    assert len(ERRORS) == sum(len(group.codes) for group in ERROR_GROUPS)


def test_every_explained_code_exists() -> None:
    known = {code for _, tree in trees() for code in codes_in(tree)}
    django = {"parse_error", "authentication_failed", "not_authenticated", "permission_denied", "method_not_allowed",
              "not_acceptable", "unsupported_media_type", "throttled"}  # fmt: skip
    assert sorted(set(ERRORS) - known - django) == []


def test_every_environment_variable_is_explained() -> None:
    missing = {
        f"{name}: {variable}"
        for name, tree in trees()
        for variable in environment_names(tree)
        if re.fullmatch(r"[A-Z][A-Z0-9_]+", variable) and variable not in SETTINGS and variable not in NOT_OURS
    }
    assert sorted(missing) == []


def test_every_explained_variable_is_read_somewhere() -> None:
    read = {variable for _, tree in trees() for variable in environment_names(tree)}
    assert sorted(set(SETTINGS) - read) == []
    assert len(SETTINGS) == sum(len(group.settings) for group in SETTING_GROUPS)


def names(terms: tuple[Term, ...]) -> list[str]:
    return [term.name for term in terms]


def test_every_role_permission_and_verb_is_explained() -> None:
    assert names(ROLE_TERMS) == [str(role) for role in Role]
    assert names(PERMISSION_TERMS) == [str(permission) for permission in Permission]
    assert names(KEY_VERB_TERMS) == [str(verb) for verb in KeyVerb]
    assert set(access.ROLE_PERMISSIONS) == set(names(ROLE_TERMS))


def test_every_field_type_and_auth_kind_is_explained() -> None:
    assert names(FIELD_TYPE_TERMS) == list(FIELD_TYPES)
    assert sorted(names(AUTH_KIND_TERMS)) == sorted(get_args(AuthKind))


def test_every_state_is_explained() -> None:
    assert names(RUN_STATE_TERMS) == [str(state) for state in states.RunState]
    assert names(STEP_STATE_TERMS) == [str(state) for state in states.StepState]
    assert names(ATTEMPT_STATE_TERMS) == [str(state) for state in states.AttemptState]


def test_every_page_of_the_help_has_a_template_and_every_template_a_page() -> None:
    folder = ROOT / "templates" / "help"
    there = {path.name for path in folder.glob("[a-z]*.html")} - {"index.html", "page.html", "outside.html"}
    assert there == {page.template.removeprefix("help/") for page in HELP_PAGES.values()}
    assert len(HELP_PAGES) == sum(len(group.pages) for group in HELP_GROUPS)


def test_every_icon_of_the_help_is_in_the_sprite() -> None:
    sprite = set((ROOT / "static" / "icons.txt").read_text().split())
    assert {page.icon for page in HELP_PAGES.values()} - sprite == set()
