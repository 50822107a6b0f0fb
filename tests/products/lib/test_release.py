"""The version that workers report."""

from __future__ import annotations

from pathlib import Path

import pytest

from products.lib.release import our_version

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "source"),
        ({"pyproject.toml": '[project]\nversion = "1.2.3"'}, "1.2.3"),
        ({"pyproject.toml": "no toml ["}, "source"),
        ({"pyproject.toml": '[project]\nversion = "1.2.3"', ".git/HEAD": f"{COMMIT}\n"}, "1.2.3+012345678"),
        ({".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{COMMIT}\n"}, "source+012345678"),
        ({".git/HEAD": "ref: refs/heads/a", ".git/packed-refs": f"# x\n{COMMIT} refs/heads/a\n"}, "source+012345678"),
        ({".git/HEAD": "ref: refs/heads/main"}, "source"),
        ({".git/HEAD": "ref: refs/heads/main", ".git/refs/heads/main": "../../etc/passwd"}, "source"),
    ],
)  # fmt: skip
def test_the_version_is_that_of_the_checkout(tmp_path: Path, files: dict[str, str], found: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert our_version(tmp_path) == found
