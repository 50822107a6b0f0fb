"""What `.ci/second_look.py` lets pass: few tests, red among others and green alone. Nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "second_look.py"
GREEN = "def test_green():\n    pass\n"
RED = "def test_red():\n    assert False\n"
FLAKY = """
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range({}))
def test_flaky(number):
    been = Path(f"been-{{number}}")
    seen = been.exists()
    been.touch()
    assert seen
"""


def looked_at(folder: Path, text: str, code: int | None = None) -> subprocess.CompletedProcess[str]:
    """Tests of this text are run, and looked at again where they were red, or where `code` is said to be their end."""
    folder.joinpath("test_it.py").write_text(text, encoding="utf-8")
    first = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=folder, check=False, capture_output=True)
    end = first.returncode if code is None else code
    return subprocess.run(
        [sys.executable, SCRIPT, str(end)], cwd=folder, check=False, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("count", [1, 5])
def test_few_that_are_green_alone_pass_and_are_named(tmp_path: Path, count: int) -> None:
    looked = looked_at(tmp_path, GREEN + FLAKY.format(count))
    assert looked.returncode == 0
    assert looked.stdout.count("FLAKY, to be mended: test_it.py::test_flaky[") == count


@pytest.mark.parametrize(
    "text", [GREEN + RED, GREEN + FLAKY.format(6), FLAKY.format(2) + RED, "import nothing_of_this"]
)
def test_what_is_red_again_too_much_or_never_ran_does_not_pass(tmp_path: Path, text: str) -> None:
    looked = looked_at(tmp_path, text)
    assert looked.returncode != 0
    assert "FLAKY" not in looked.stdout


@pytest.mark.parametrize("code", [2, 3, 4])
def test_a_run_that_was_broken_off_does_not_pass(tmp_path: Path, code: int) -> None:
    assert looked_at(tmp_path, FLAKY.format(1), code).returncode == code
