"""J10: Python's `re`, which backtracks without end, only ever gets patterns that stand in the code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
# These names stand for patterns of the code; the callers of `Fields.text` are read by the next test.
KNOWN = {
    "ductape_site/sample_api/routes.py": {"path"},
    "products/importers/environments.py": {"pattern"},
    "products/lib/fields.py": {"pattern"},
}


@cache
def sources() -> list[tuple[str, ast.Module]]:
    found = [path for storey in ("ductape_site", "products", "processors") for path in (ROOT / storey).rglob("*.py")]
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text())) for path in found]


def of_the_code(node: ast.expr, known: set[str]) -> bool:
    """Whether a pattern is made of literals, constants and escaped words alone."""
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "re.escape":
            continue
        if isinstance(each, ast.Call) and not quotes(each):
            return False
        if isinstance(each, ast.Attribute) and not constant(each):
            return False
        if isinstance(each, ast.Name) and not constant(each) and each.id not in known | {"re"}:
            return False
        waiting.extend(ast.iter_child_nodes(each))
    return True


def quotes(node: ast.Call) -> bool:
    return ast.unparse(node.func) in {"re.sub", "'|'.join"}


def constant(node: ast.Name | ast.Attribute) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr
    return name.isupper() or name in {"sub", "pattern", "join"}


def offenders(tree: ast.Module, known: set[str]) -> list[int]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    of_re = [call for call in calls if ast.unparse(call.func.value) == "re" and call.func.attr in CALLS]
    return [call.lineno for call in of_re if not of_the_code(call.args[0], known)]


def test_J10_no_pattern_of_a_stranger_reaches_re() -> None:
    found = [f"{name}:{line}" for name, tree in sources() for line in offenders(tree, KNOWN.get(name, set()))]
    assert found == []


def test_J10_the_patterns_of_checked_fields_stand_in_the_code() -> None:
    found = []
    for name, tree in sources():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            given = [each.value for each in call.keywords if each.arg == "pattern"]
            if isinstance(call.func, ast.Attribute) and call.func.attr == "text":
                found += [f"{name}:{each.lineno}" for each in given if not of_the_code(each, {"pattern"})]
    assert found == []


def test_the_check_sees_what_it_is_for() -> None:
    bad = "import re\nre.search(schema['pattern'], text)\nre.compile(user)\nre.match(f'{x}', y)\nre.compile(make(1))"
    good = "import re\nre.search('a', t)\nre.compile(A + r'b')\nre.sub(rf'{A}|{re.escape(B)}', '', t)"
    assert offenders(ast.parse(bad), set()) == [2, 3, 4, 5]
    assert offenders(ast.parse(good), set()) == []


def test_J10_every_validator_limits_what_a_pattern_may_do() -> None:
    found = []
    for name, tree in sources():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            made = ast.unparse(call.func)
            if made.startswith("jsonschema_rs.") and (
                "Validator" in made or made.endswith(("validator_for", "is_valid"))
            ):
                found += (
                    [] if any(each.arg == "pattern_options" for each in call.keywords) else [f"{name}:{call.lineno}"]
                )
    assert found == []
