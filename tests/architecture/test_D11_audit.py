"""D11: what `make audit` makes of the answers of the advisory services."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "audit.py"
PYTHON = {"dependencies": [{"name": "left-pad", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}]}
NPM = {"vulnerabilities": {"x": {"name": "x", "range": "<2", "severity": "high", "via": [{"url": "https://a/GHSA-1"}]}}}
CLEAN_PYTHON: dict[str, Any] = {"dependencies": [{"name": "left-pad", "version": "1", "vulns": []}]}
CLEAN_NPM: dict[str, Any] = {"vulnerabilities": {}}


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "EXCEPTIONS", tmp_path / "exceptions")
    module.EXCEPTIONS.write_text("# none\n")
    return module


def answer(monkeypatch: pytest.MonkeyPatch, audit: Any, python: Any, npm: Any) -> None:
    """Text is what the tool says on standard error, everything else what it answers."""

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        said = python if "pip_audit" in command else npm
        out, err = ("", said) if isinstance(said, str) else (json.dumps(said), "")
        return subprocess.CompletedProcess(command, 1, out, err)

    monkeypatch.setattr(audit, "run", run)


@pytest.mark.parametrize(
    ("python", "npm", "code", "words"),
    [
        (CLEAN_PYTHON, CLEAN_NPM, 0, "No advisory is known"),
        (PYTHON, CLEAN_NPM, 1, "left-pad 1: PYSEC-1"),
        (CLEAN_PYTHON, NPM, 1, "x <2: high, https://a/GHSA-1"),
        ("requests.exceptions.ConnectionError: no route", CLEAN_NPM, 0, "could not be asked"),
        (CLEAN_PYTHON, {"error": {"summary": "request failed, reason: ENOTFOUND"}}, 0, "could not be asked"),
        ("the lock is not one", CLEAN_NPM, 1, "the audit itself failed"),
    ],
)
def test_D11_the_audit_fails_on_findings_and_not_on_silence(
    audit: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    python: Any, npm: Any, code: int, words: str,
) -> None:  # fmt: skip
    answer(monkeypatch, audit, python, npm)
    assert audit.main() == code
    assert words in capsys.readouterr().out


def test_D11_an_exception_excuses_until_its_day(audit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, audit, PYTHON, CLEAN_NPM)
    audit.EXCEPTIONS.write_text("PYSEC-1 until 9999-01-01: we never call it\n")
    assert audit.main() == 0
    audit.EXCEPTIONS.write_text("PYSEC-1 until 2020-01-01: we never call it\n")
    assert audit.main() == 1
    audit.EXCEPTIONS.write_text("PYSEC-1: we never call it\n")
    with pytest.raises(ValueError, match="until"):
        audit.main()
