"""D11: calls that become holes, found in the syntax of our own code. Every exception says since when and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ("ductape_site", "processors", "products")

FORBIDDEN_CALLS = {
    "eval": "evaluates", "exec": "evaluates", "compile": "evaluates", "__import__": "evaluates",
    "os.system": "shell", "os.popen": "shell", "subprocess.getoutput": "shell", "subprocess.getstatusoutput": "shell",
    "asyncio.create_subprocess_shell": "shell",
    "yaml.load": "unpickles", "yaml.load_all": "unpickles", "yaml.unsafe_load": "unpickles",
    "yaml.full_load": "unpickles", "tempfile.mktemp": "names a file that is not there yet",
    "mark_safe": "markup", "SafeString": "markup", "RawSQL": "raw SQL",
    "ssl._create_unverified_context": "no TLS verification",
    "socket.create_connection": "dials", "urlopen": "dials", "urllib.request.urlopen": "dials",
    "asyncio.open_connection": "dials",
}  # fmt: skip
FORBIDDEN_MODULES = {
    **dict.fromkeys(("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"), "unpickles"),
    **dict.fromkeys(("requests", "httpx", "aiohttp", "urllib.request", "urllib3", "http.client", "ftplib"), "dials"),
    **dict.fromkeys(("smtplib", "telnetlib", "websockets", "websocket"), "dials"),
    **dict.fromkeys(("xml.etree", "xml.dom", "xml.sax", "lxml"), "reads XML"),
    **dict.fromkeys(("ctypes", "cffi"), "native code"),
}
PATTERN_CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
PLACEHOLDER = re.compile(r"\|\s*(safe|safeseq)\b|autoescape\s+off")
SCRIPT = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment)\b|document\.write|\beval\(|new Function\("
)

# (file, what it does): since when, why it may.
EXCEPTIONS = {
    ("ductape_site/cli/outside.py", "dials"): "2026-11-21: whether the broker of the environment answers",
    ("ductape_site/cli/up.py", "dials"): "2026-11-21: asks the web process that it has just started",
    ("ductape_site/embedded/valkey.py", "dials"): "2026-11-21: whether the server that it started answers, on loopback",
    ("ductape_site/embedded/processes.py", "native code"): "2026-11-21: prctl, so that children die with their parent",
    ("ductape_site/sample_api/routes.py", "pattern that is not written here"): "2026-11-21: its own routes",
    ("ductape_site/socket_front.py", "dials"): "2026-11-21: names of frames and codes, for the serving side",
    ("processors/connectors/http/xml_bodies.py", "reads XML"): "2026-11-21: escapes what is written, reads nothing",
    ("processors/connectors/storage/gateway.py", "dials"): "2026-11-21: addresses that were checked, for the storages",
    ("processors/runtime/memory.py", "native code"): "2026-11-21: malloc_trim, without an argument of anybody's",
    ("processors/client/transport.py", "dials"): "2026-11-21: the client runs at the user's, and calls Ductape",
    (
        "products/importers/environments.py",
        "pattern that is not written here",
    ): "2026-11-21: its own table",
    (
        "products/lib/fields.py",
        "pattern that is not written here",
    ): "2026-11-21: our own callers write it",
    ("products/services/invitations.py", "dials"): "2026-11-21: the errors that Django's mail raises",
    ("products/ui/key_examples.py", "formats a text that is not written here"): "2026-11-21: examples of the module",
    ("products/lib/safe_http.py", "dials"): "2026-11-21: the one guarded way out",
    ("products/templatetags/help.py", "markup"): "2026-11-21: <code> around what was escaped just before",
    ("products/templatetags/ui.py", "markup"): "2026-11-21: what nh3 has cleaned",
    ("products/ui/json_tree.py", "markup"): "2026-11-21: constants, and a join of what format_html made",
}


def calls_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from call_kinds(node)
        elif isinstance(node, ast.Import):
            yield from (kind for alias in node.names for kind in module_kinds(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from {kind for name in names for kind in module_kinds(name)}


def call_kinds(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name in FORBIDDEN_CALLS:
        yield FORBIDDEN_CALLS[name]
    for keyword in call.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg == "shell" and value is not False:
            yield "shell"
        if keyword.arg in {"verify", "verify_ssl", "check_hostname"} and value is False:
            yield "no TLS verification"
    if isinstance(call.func, ast.Attribute):
        yield from method_kinds(call, call.func)


def method_kinds(call: ast.Call, func: ast.Attribute) -> Iterator[str]:
    of = ast.unparse(func.value)
    if func.attr in {"extra", "raw"} and "objects" in of:
        yield "raw SQL"
    if func.attr in {"format", "format_map"} and not is_written_here(func.value):
        yield "formats a text that is not written here"
    if of == "re" and func.attr in PATTERN_CALLS and call.args and not is_written_here(call.args[0]):
        yield "pattern that is not written here"


def is_written_here(node: ast.expr) -> bool:
    """A literal, a constant of the module by its name, or SQL composed by psycopg, which quotes."""
    if isinstance(node, ast.JoinedStr):
        return all(is_written_here(part.value) for part in node.values if isinstance(part, ast.FormattedValue))
    if isinstance(node, ast.BinOp):
        return is_written_here(node.left) and is_written_here(node.right)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in {"sql.SQL", "SQL", "re.escape"}
    if isinstance(node, ast.Attribute):
        return node.attr.isupper()
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def module_kinds(name: str) -> Iterator[str]:
    yield from (kind for module, kind in FORBIDDEN_MODULES.items() if name == module or name.startswith(f"{module}."))


def found() -> dict[tuple[str, str], int]:
    kinds: dict[tuple[str, str], int] = {}
    for storey in STOREYS:
        for path in (ROOT / storey).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            for kind in calls_in(ast.parse(path.read_text())):
                kinds[name, kind] = kinds.get((name, kind), 0) + 1
    return kinds


def test_D11_no_call_that_becomes_a_hole() -> None:
    assert {key: count for key, count in found().items() if key not in EXCEPTIONS} == {}


def test_D11_every_exception_is_still_needed_and_dated() -> None:
    assert sorted(set(EXCEPTIONS) - set(found())) == []
    assert all(re.match(r"20\d\d-\d\d-\d\d: \S", reason) for reason in EXCEPTIONS.values())


def test_D11_templates_escape_everything() -> None:
    pages = [path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt", ".svg"}]
    assert [str(path.relative_to(ROOT)) for path in pages if PLACEHOLDER.search(path.read_text())] == [
        "templates/products/invitations/mail.txt"  # 2026-11-21: a mail in plain text
    ]


def test_D11_scripts_put_no_text_into_a_page_as_markup() -> None:
    scripts = (ROOT / "static" / "js").rglob("*.js")
    assert [str(path.relative_to(ROOT)) for path in scripts if SCRIPT.search(path.read_text())] == [
        "static/js/log.js"  # 2026-11-21: rows that our own server has drawn and escaped
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("eval(x)", "evaluates"), ("__import__('os')", "evaluates"), ("run(x, shell=True)", "shell"),
        ("run(x, shell=y)", "shell"), ("os.system(x)", "shell"), ("import pickle", "unpickles"),
        ("from urllib.request import urlopen", "dials"), ("from urllib import request", "dials"),
        ("import aiohttp.client", "dials"), ("yaml.load(x)", "unpickles"), ("mark_safe(x)", "markup"),
        ("Run.objects.filter().extra(where=x)", "raw SQL"), ("Run.objects.raw(x)", "raw SQL"),
        ("text.format(user=user)", "formats a text that is not written here"),
        ("re.compile(pattern)", "pattern that is not written here"),
        ("re.search(f'^{pattern}$', x)", "pattern that is not written here"),
        ("get(x, verify=False)", "no TLS verification"), ("import ctypes", "native code"),
    ],
)  # fmt: skip
def test_D11_the_rules_see_what_they_should(line: str, kind: str) -> None:
    assert kind in list(calls_in(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "'{}'.format(x)", "NAME.format(x)", "sql.SQL('…').format(x)", "re.compile('a')", "re.compile(PATTERN)",
        "re.sub(rf'{re.escape(x)}', y, z)", "from urllib.parse import quote", "run(x, shell=False)", "self.raw(x)",
    ],
)  # fmt: skip
def test_D11_the_rules_leave_alone_what_is_good(line: str) -> None:
    assert list(calls_in(ast.parse(line))) == []
