"""The house keeps its shape: sizes, doors without queries, pure rooms, modules that load by themselves."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ("ductape_site", "products", "processors")
DOORS = ("views", "api", "tasks", "consumers", "admin", "management")
PURE = (
    "products.lib",
    "products.expressions",
    "products.importers",
    "products.catalog",
    "processors.engine",
    "processors.connectors",
    "processors.client",
)
ORM_CALLS = {
    "filter", "exclude", "select_related", "prefetch_related", "bulk_create", "bulk_update", "update_or_create",
    "get_or_create", "annotate", "aggregate", "select_for_update", "raw", "extra",
}  # fmt: skip


def modules() -> list[Path]:
    found = [path for storey in STOREYS for path in (ROOT / storey).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def length(node: ast.stmt) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def test_no_file_is_longer_than_400_lines_and_no_test_than_600() -> None:
    long = {str(p.relative_to(ROOT)): n for p in modules() if (n := len(p.read_text().splitlines())) > 400}
    long |= {
        str(p.relative_to(ROOT)): n
        for p in (ROOT / "tests").rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 600
    }
    assert long == {}


def test_no_function_is_longer_than_50_lines_and_no_class_than_250() -> None:
    long = []
    for path in modules():
        tree = ast.parse(path.read_text())
        long += [f"{path.relative_to(ROOT)}:{f.lineno} {f.name}" for f in functions(tree) if length(f) > 50]
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        long += [f"{path.relative_to(ROOT)}:{c.lineno} {c.name}" for c in classes if length(c) > 250]
    assert long == []


def test_every_module_says_in_a_sentence_what_it_is_for() -> None:
    silent = []
    for path in modules():
        source = path.read_text()
        if source.strip() and not ast.get_docstring(ast.parse(source)):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_doors_make_no_queries_of_their_own() -> None:
    found = []
    for path in modules():
        if path.relative_to(ROOT).parts[1] not in DOORS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            manager = isinstance(node, ast.Attribute) and node.attr == "objects"
            call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ORM_CALLS
            if manager or call:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_serializers_are_shape_only() -> None:
    forbidden = {"create", "update", "save"}
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any("Serializer" in ast.unparse(base) for base in node.bases):
                found += [f"{path.name}:{node.name}.{f.name}" for f in functions(node) if f.name in forbidden]
    assert found == []


def test_no_model_signals_of_our_own() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in modules()
        if "django.db.models.signals" in path.read_text() or "@receiver" in path.read_text()
    ]
    assert found == []


@pytest.mark.parametrize("package", PURE)
def test_pure_rooms_load_without_a_framework(package: str) -> None:
    code = (
        f"import importlib, pkgutil, sys\npackage = importlib.import_module('{package}')\n"
        "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
        "loaded = {name.split('.')[0] for name in sys.modules} & {'django', 'celery', 'channels', 'rest_framework'}\n"
        "sys.exit(', '.join(sorted(loaded)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_model_is_in_the_admin() -> None:
    from django.apps import apps
    from django.contrib import admin

    missing = [
        model.__name__
        for app in ("products", "processors")
        for model in apps.get_app_config(app).get_models()
        if model not in admin.site._registry
    ]
    assert missing == []


def test_every_task_module_is_discovered() -> None:
    from ductape_site.celery import app

    app.loader.import_default_modules()
    for path in (ROOT / "processors/tasks").glob("[a-z]*.py"):
        importlib.import_module(f"processors.tasks.{path.stem}")
    known = {name for name in app.tasks if name.startswith("ductape.")}
    assert {"ductape.runs.execute", "ductape.imports.read", "ductape.imports.apply"} <= known
