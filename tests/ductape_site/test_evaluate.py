"""`ductape evaluate`: a value, or an error with its place; no server and no Django."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ductape_site.cli.command import main

CASES = Path(__file__).parents[1] / "data" / "conformance" / "expressions.json"


@pytest.fixture
def context(tmp_path: Path) -> str:
    path = tmp_path / "context.json"
    path.write_text(json.dumps({"Input": {"amount": 20, "name": "Zoë"}}), encoding="utf-8")
    return str(path)


def evaluate(*arguments: str) -> int:
    return main(["evaluate", *arguments])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["$Add($Input{amount}, 1)"], 21),
        (["$Input{name} pays $Input{amount}"], "Zoë pays 20"),
        (["$Input"], "$Input"),
        (["$Input{amount} > 3 && !false", "--condition"], True),
    ],
)
def test_the_value_is_printed_as_json(
    arguments: list[str], expected: Any, context: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(*arguments, "--context", context) == 0
    assert json.loads(capsys.readouterr().out) == expected


def test_an_error_shows_its_place(context: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("$Add($Input{amout}, 1)", "--context", context) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "There is no key “amout”. There is: amount, name. Did you mean “amount”?",
        "$Add($Input{amout}, 1)",
        "            ^^^^^",
    ]


def test_a_file_of_cases_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--cases", str(CASES)) == 0
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    count = sum(len(cases[part]) for part in ("values", "conditions", "errors"))
    assert capsys.readouterr().out == f"{count} of {count} cases as expected.\n"
    cases["values"] = [{"expression": "$Add(1, 1)", "expected": "2"}]
    cases["conditions"] = [{"condition": "1 >", "expected": True}]
    cases["errors"] = [{"expression": "$Now", "error": "never"}]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases), encoding="utf-8")
    assert evaluate("--cases", str(path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "'$Add(1, 1)' gave 2; expected '2'"
    assert lines[1].startswith("'1 >' refused: The end comes")
    assert lines[2].startswith("'$Now' gave 1")
    assert lines[3] == "0 of 3 cases as expected."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "line 1"),
        ("[]", "does not hold an object"),
        ('{"values": [1]}', "is not a list of objects"),
        (None, "read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    content: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert evaluate("--cases", str(path)) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["$Now", "--cases", str(CASES)]])
def test_an_expression_or_cases_must_be_given(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(*arguments) == 1
    assert "Give an expression, or --cases FILE." in capsys.readouterr().err


def test_django_is_not_loaded() -> None:
    code = (
        "import sys\nfrom ductape_site.cli.command import main\ncode = main(['evaluate', '$Add(1, 2)'])\n"
        "sys.exit(code or sorted({'django', 'celery', 'channels'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
